//! Real numbers to the elements of a model's ports and back, as the chain does it for WAD words:
//! rounded half up, then the zero point.

use fixpoint_runtime::{
    model::format::{Affine, Input, Quantisation},
    tensor::{DType, TensorType},
};

/// Elements of an input, packed, and how many of them had to be clipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Elements, little-endian.
    pub bytes: Vec<u8>,
    /// Elements whose value is outside the element type's range: unless the input saturates, a
    /// contract's call with them fails.
    pub clipped: usize,
}

/// Quantises an input's real values; there must be as many as the input has elements.
pub fn pack(input: &Input, values: &[f64]) -> Packed {
    let (min, max) = input.tensor.dtype.range();
    let mut packed = Packed {
        bytes: Vec::new(),
        clipped: 0,
    };
    for (index, &value) in values.iter().enumerate() {
        let element = match affine_at(&input.quantisation, &input.tensor, index) {
            Some(affine) => {
                let numerator = affine.scale.numerator as f64;
                let scaled = value * affine.scale.denominator as f64 / numerator;
                (scaled + 0.5).floor() + f64::from(affine.zero_point.0)
            }
            None => value.round(),
        };
        let clamped = element.clamp(min as f64, max as f64);
        packed.clipped += usize::from(clamped != element);
        let size = input.tensor.dtype.size_bytes();
        packed
            .bytes
            .extend_from_slice(&(clamped as i64).to_le_bytes()[..size]);
    }
    packed
}

/// The elements of a packed tensor.
pub fn elements(dtype: DType, bytes: &[u8]) -> Vec<i64> {
    let size = dtype.size_bytes();
    let extend = |element: &[u8]| {
        let negative = dtype != DType::Bool && element.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut word = if negative { [0xff; 8] } else { [0; 8] };
        word[..size].copy_from_slice(element);
        i64::from_le_bytes(word)
    };
    bytes.chunks_exact(size).map(extend).collect()
}

/// The real values of a packed tensor.
pub fn unpack(quantisation: &Quantisation, tensor: &TensorType, bytes: &[u8]) -> Vec<f64> {
    let real = |(index, element): (usize, i64)| match affine_at(quantisation, tensor, index) {
        Some(affine) => {
            (element - i64::from(affine.zero_point.0)) as f64 * affine.scale.numerator as f64
                / affine.scale.denominator as f64
        }
        None => element as f64,
    };
    elements(tensor.dtype, bytes)
        .into_iter()
        .enumerate()
        .map(real)
        .collect()
}

/// Scale and zero point of one element.
fn affine_at(quantisation: &Quantisation, tensor: &TensorType, index: usize) -> Option<Affine> {
    match quantisation {
        Quantisation::None => None,
        Quantisation::PerTensor(affine) => Some(*affine),
        Quantisation::PerElement(per_element) => {
            let inner: usize = tensor
                .shape
                .iter()
                .skip(usize::from(per_element.axis) + 1)
                .map(|&dim| dim as usize)
                .product();
            let entries = per_element.entries.len();
            per_element
                .entries
                .get(index / inner.max(1) % entries.max(1))
                .copied()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::{list, tensor_type};
    use fixpoint_runtime::model::format::{PerElement, Ratio, Signed32};

    fn affine(numerator: u64, denominator: u64, zero_point: i32) -> Affine {
        Affine {
            scale: Ratio {
                numerator,
                denominator,
            },
            zero_point: Signed32(zero_point),
        }
    }

    fn input(dtype: DType, shape: &[usize], quantisation: Quantisation) -> Input {
        Input {
            name: list(b"x".to_vec(), "bytes").expect("short"),
            tensor: tensor_type(dtype, shape).expect("small"),
            quantisation,
            saturates: false,
        }
    }

    #[test]
    fn halves_round_up_and_the_rest_is_clipped() {
        let input = input(DType::I8, &[5], Quantisation::PerTensor(affine(1, 2, 3)));
        let packed = pack(&input, &[0.25, -0.25, -0.26, 62.0, 62.25]);
        assert_eq!(elements(DType::I8, &packed.bytes), [4, 3, 2, 127, 127]);
        assert_eq!(packed.clipped, 1);
    }

    #[test]
    fn features_have_their_own_scales() {
        let entries = list(vec![affine(1, 1, 0), affine(1, 100, 0)], "entries").expect("short");
        let quantisation = Quantisation::PerElement(PerElement { axis: 1, entries });
        let input = input(DType::I16, &[1, 2, 2], quantisation);
        let packed = pack(&input, &[7.0, 8.0, 0.07, 0.08]);
        assert_eq!(elements(DType::I16, &packed.bytes), [7, 8, 7, 8]);
        let back = unpack(&input.quantisation, &input.tensor, &packed.bytes);
        assert_eq!(back, [7.0, 8.0, 0.07, 0.08]);
    }
}
