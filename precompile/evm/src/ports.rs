//! Inputs and outputs as a contract sees them: words to packed tensors and back.
//!
//! Arithmetic is in [`crate::wad`]; here is only which scale belongs to which element, in which
//! order elements stand, and how they are packed.

use crate::wad::{Element, element_of_word, word_of_element};
use alloc::vec::Vec;
use alloy_primitives::I256;
use fixpoint_runtime::{
    model::{
        ValidModel,
        format::{Affine, Quantisation},
    },
    tensor::{DType, TensorType},
};

/// An input or an output.
#[derive(Clone, Debug)]
pub struct Port {
    /// The declared name.
    pub name: Vec<u8>,
    /// Element type and shape.
    pub tensor: TensorType,
    /// What real number an element stands for.
    pub quantisation: Quantisation,
    /// Whether a word outside the range becomes the nearest element. Always false for an output.
    pub saturates: bool,
}

impl Port {
    /// The inputs of a model, in calldata order.
    #[must_use]
    pub fn inputs_of(model: &ValidModel) -> Vec<Self> {
        let inputs = model.model().inputs.iter();
        inputs
            .map(|input| Self {
                name: input.name.to_vec(),
                tensor: input.tensor.clone(),
                quantisation: input.quantisation.clone(),
                saturates: input.saturates,
            })
            .collect()
    }

    /// The outputs of a model, in return-data order.
    #[must_use]
    pub fn outputs_of(model: &ValidModel) -> Vec<Self> {
        let outputs = model.model().outputs.iter();
        outputs
            .zip(model.output_types())
            .map(|(output, tensor)| Self {
                name: output.name.to_vec(),
                tensor: tensor.clone(),
                quantisation: output.quantisation.clone(),
                saturates: false,
            })
            .collect()
    }

    /// Number of elements.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.tensor.shape.iter().fold(1, |product, dimension| {
            product.saturating_mul(usize::try_from(*dimension).unwrap_or(usize::MAX))
        })
    }

    /// The scale of each element in row-major order; `None` where the element is the value.
    pub fn scales(&self) -> impl Iterator<Item = Option<Affine>> + '_ {
        // Along the axis an entry holds for `inner` elements in a row, and the entries repeat.
        let (entries, inner): (&[Affine], usize) = match &self.quantisation {
            Quantisation::None => (&[], 1),
            Quantisation::PerTensor(affine) => (core::slice::from_ref(affine), 1),
            Quantisation::PerElement(per_element) => {
                let inner = self
                    .tensor
                    .shape
                    .iter()
                    .skip(usize::from(per_element.axis) + 1);
                let inner = inner.fold(1usize, |product, dimension| {
                    product.saturating_mul(usize::try_from(*dimension).unwrap_or(usize::MAX))
                });
                (&per_element.entries, inner.max(1))
            }
        };
        let each = entries
            .iter()
            .flat_map(move |affine| core::iter::repeat_n(*affine, inner));
        let mut cycle = each.cycle();
        (0..self.elements()).map(move |_| cycle.next())
    }
}

/// Packs the elements that `words` stand for: the inputs of one run after another, and runs one
/// after another.
///
/// # Errors
/// The index, over all words, of the first that is outside its element's range. A quantised input
/// that saturates has no such words.
pub fn pack(inputs: &[Port], words: impl Iterator<Item = I256>) -> Result<Vec<u8>, u64> {
    let mut packed = Vec::new();
    let mut words = (0u64..).zip(words).peekable();
    while words.peek().is_some() {
        let before = packed.len();
        for port in inputs {
            let size_bytes = port.tensor.dtype.size_bytes();
            for (scale, (index, word)) in port.scales().zip(words.by_ref()) {
                let element = element(port, scale, word).ok_or(index)?;
                packed.extend(element.to_le_bytes().iter().take(size_bytes));
            }
        }
        if packed.len() == before {
            break;
        }
    }
    Ok(packed)
}

/// The words that packed outputs stand for, run after run.
#[must_use]
pub fn unpack(outputs: &[Port], packed: &[u8]) -> Vec<I256> {
    let mut words = Vec::new();
    let mut rest = packed;
    while !rest.is_empty() {
        let before = rest.len();
        for port in outputs {
            let dtype = port.tensor.dtype;
            for scale in port.scales() {
                let Some((element, tail)) = rest.split_at_checked(dtype.size_bytes()) else {
                    return words;
                };
                rest = tail;
                words.push(word_of_element(integer(element, dtype), scale));
            }
        }
        if rest.len() == before {
            break;
        }
    }
    words
}

fn element(port: &Port, scale: Option<Affine>, word: I256) -> Option<i64> {
    let dtype = port.tensor.dtype;
    let saturates = port.saturates && scale.is_some();
    match element_of_word(word, scale, dtype) {
        Element::Exact(element) => Some(element),
        Element::Below if saturates => Some(dtype.range().0),
        Element::Above if saturates => Some(dtype.range().1),
        Element::Below | Element::Above => None,
    }
}

/// The integer that little-endian bytes hold.
fn integer(bytes: &[u8], dtype: DType) -> i64 {
    let mut wide = [0; 8];
    wide.iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = *from);
    let unused_bits = u32::try_from(8 * 8usize.saturating_sub(bytes.len())).unwrap_or(0);
    let sign_extended = (i64::from_le_bytes(wide) << unused_bits) >> unused_bits;
    match dtype {
        DType::Bool => i64::from(wide[0]),
        DType::I8 | DType::I16 | DType::I32 | DType::I48 => sign_extended,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloy_primitives::U256;
    use fixpoint_runtime::model::format::{PerElement, Ratio, Signed32};

    fn port(dtype: DType, shape: &[u32], quantisation: Quantisation, saturates: bool) -> Port {
        let shape = shape.to_vec().try_into().unwrap();
        Port {
            name: Vec::new(),
            tensor: TensorType { dtype, shape },
            quantisation,
            saturates,
        }
    }

    fn affine(numerator: u64, zero_point: i32) -> Affine {
        let scale = Ratio {
            numerator,
            denominator: 1,
        };
        Affine {
            scale,
            zero_point: Signed32(zero_point),
        }
    }

    fn words(values: &[i64]) -> Vec<I256> {
        values
            .iter()
            .map(|value| I256::try_from(*value).unwrap())
            .collect()
    }

    fn wads(values: &[i64]) -> Vec<I256> {
        let wad = I256::from_raw(U256::from(10u64.pow(18)));
        words(values).into_iter().map(|word| word * wad).collect()
    }

    #[test]
    fn each_element_has_the_scale_of_its_place_on_the_axis() {
        let entries = vec![affine(1, 0), affine(2, 0), affine(3, 0)]
            .try_into()
            .unwrap();
        let quantisation = Quantisation::PerElement(PerElement { axis: 1, entries });
        let port = port(DType::I8, &[2, 3, 2], quantisation, false);
        let numerators: Vec<_> = port
            .scales()
            .map(|scale| scale.map(|affine| affine.scale.numerator))
            .collect();
        let rows = [1, 1, 2, 2, 3, 3].map(Some);
        assert_eq!(numerators, [rows, rows].concat());
    }

    #[test]
    fn inputs_follow_one_another_in_every_run() {
        let inputs = [
            port(
                DType::I16,
                &[2],
                Quantisation::PerTensor(affine(2, 1)),
                false,
            ),
            port(DType::Bool, &[1], Quantisation::None, false),
        ];
        let run = [wads(&[-4, 6]), words(&[1])].concat();
        let packed = pack(&inputs, [run.clone(), run.clone()].concat().into_iter()).unwrap();
        let one = [0xff, 0xff, 4, 0, 1];
        assert_eq!(packed, [one, one].concat());
        assert_eq!(unpack(&inputs, &packed), [run.clone(), run].concat());
    }

    #[test]
    fn the_first_word_out_of_range_is_named_over_all_runs() {
        let inputs = [port(
            DType::I8,
            &[2],
            Quantisation::PerTensor(affine(1, 0)),
            false,
        )];
        assert_eq!(
            pack(&inputs, wads(&[1, 2, 3, 128, 4, -129]).into_iter()),
            Err(3)
        );
        assert_eq!(
            pack(&inputs, wads(&[1, 2, 3, 127]).into_iter()),
            Ok(vec![1, 2, 3, 127])
        );
    }

    #[test]
    fn saturation_is_for_quantised_inputs_that_declare_it() {
        let inputs = [port(
            DType::I8,
            &[2],
            Quantisation::PerTensor(affine(1, 0)),
            true,
        )];
        let extremes = vec![I256::MIN, I256::MAX];
        assert_eq!(
            pack(&inputs, extremes.clone().into_iter()),
            Ok(vec![0x80, 0x7f])
        );
        let plain = [port(DType::I8, &[2], Quantisation::None, true)];
        assert_eq!(pack(&plain, extremes.into_iter()), Err(0));
    }

    #[test]
    fn outputs_are_sign_extended() {
        let outputs = [
            port(DType::I8, &[1], Quantisation::None, false),
            port(DType::I32, &[1], Quantisation::None, false),
            port(DType::I48, &[1], Quantisation::None, false),
        ];
        let packed = [
            &[0x80][..],
            &(-2i32).to_le_bytes(),
            &(-(1i64 << 47)).to_le_bytes(),
        ]
        .concat();
        assert_eq!(unpack(&outputs, &packed), words(&[-128, -2, -(1 << 47)]));
    }
}
