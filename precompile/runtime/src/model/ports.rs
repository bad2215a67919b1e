//! What callers see of a model: names, element types and quantisation of inputs and outputs.

use super::format::{Affine, Input, Model, Output, Quantisation, Ratio};
use crate::{
    error::{ModelError, QuantisationError, Side},
    tensor::{DType, TensorType},
};

/// Checks the inputs. The sizes of their types have been checked.
pub(super) fn check_inputs(model: &Model) -> Result<(), ModelError> {
    if model.inputs.is_empty() {
        return Err(ModelError::NoInput);
    }
    for (port, input) in (0..).zip(model.inputs.iter()) {
        let earlier = model.inputs.iter().take(usize::from(port));
        let mut names = earlier.map(|input: &Input| &input.name[..]);
        if !is_name(&input.name) || names.any(|name| name == &input.name[..]) {
            let side = Side::Input;
            return Err(ModelError::Name { side, port });
        }
        check_quantisation(Side::Input, port, &input.quantisation, &input.tensor)?;
        if input.saturates && input.quantisation == Quantisation::None {
            return Err(ModelError::Saturation { port });
        }
    }
    Ok(())
}

/// Checks the outputs, given the types of all values and the number of the first operator's.
pub(super) fn check_outputs(
    model: &Model,
    types: &[TensorType],
    first_output: usize,
) -> Result<(), ModelError> {
    if model.outputs.is_empty() {
        return Err(ModelError::NoOutput);
    }
    for (port, output) in (0..).zip(model.outputs.iter()) {
        let earlier = || model.outputs.iter().take(usize::from(port));
        let is_taken = earlier().any(|other: &Output| other.name == output.name);
        if !is_name(&output.name) || is_taken {
            let side = Side::Output;
            return Err(ModelError::Name { side, port });
        }
        let value = output.value;
        let tensor = types.get(usize::from(value));
        let is_repeated = earlier().any(|other| other.value == value);
        let (Some(tensor), false) = (tensor, is_repeated || usize::from(value) < first_output)
        else {
            return Err(ModelError::OutputValue { port, value });
        };
        check_quantisation(Side::Output, port, &output.quantisation, tensor)?;
    }
    Ok(())
}

/// At least one character, all of them printable ASCII.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| (b' '..=b'~').contains(byte))
}

fn check_quantisation(
    side: Side,
    port: u16,
    quantisation: &Quantisation,
    tensor: &TensorType,
) -> Result<(), ModelError> {
    let check = match quantisation {
        Quantisation::None => return Ok(()),
        Quantisation::PerTensor(entry) => check_entries(&[*entry], tensor.dtype),
        Quantisation::PerElement(list) => check_axis(list.axis, list.entries.len(), tensor)
            .and_then(|()| check_entries(&list.entries, tensor.dtype)),
    };
    check.map_err(|cause| ModelError::Quantisation { side, port, cause })
}

fn check_axis(axis: u8, entries: usize, tensor: &TensorType) -> Result<(), QuantisationError> {
    let Some(&want) = tensor.shape.get(usize::from(axis)) else {
        let rank = tensor.shape.len() as u8;
        return Err(QuantisationError::Axis { axis, rank });
    };
    let got = entries as u32;
    if got != want {
        return Err(QuantisationError::Entries { got, want });
    }
    Ok(())
}

fn check_entries(entries: &[Affine], dtype: DType) -> Result<(), QuantisationError> {
    if !matches!(dtype, DType::I8 | DType::I16 | DType::I32) {
        return Err(QuantisationError::Type { dtype });
    }
    let (min, max) = dtype.range();
    for (index, entry) in (0..).zip(entries) {
        if !is_lowest_terms(entry.scale) {
            return Err(QuantisationError::Scale { index });
        }
        if !(min..=max).contains(&i64::from(entry.zero_point.0)) {
            return Err(QuantisationError::ZeroPoint { index });
        }
    }
    Ok(())
}

/// Positive, and nothing divides both terms: one encoding per scale.
fn is_lowest_terms(scale: Ratio) -> bool {
    let (mut a, mut b) = (scale.numerator, scale.denominator);
    if a == 0 || b == 0 {
        return false;
    }
    // Euclid: at most 93 rounds on 64 bits.
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_in_lowest_terms() {
        let ratio = |numerator, denominator| Ratio {
            numerator,
            denominator,
        };
        for (scale, fits) in [
            (ratio(1, 1), true),
            (ratio(1, 255), true),
            (ratio(u64::MAX, u64::MAX - 1), true),
            (
                ratio(12_200_160_415_121_876_738, 7_540_113_804_746_346_429),
                true,
            ),
            (ratio(2, 4), false),
            (ratio(3, 3), false),
            (ratio(0, 1), false),
            (ratio(1, 0), false),
            (ratio(0, 0), false),
        ] {
            assert_eq!(is_lowest_terms(scale), fits, "{scale:?}");
        }
    }

    #[test]
    fn names_are_printable_ascii() {
        assert!(is_name(b"image 1~"));
        for name in [&b""[..], b"a\n", b"\x7F", "\u{e9}".as_bytes()] {
            assert!(!is_name(name), "{name:?}");
        }
    }
}
