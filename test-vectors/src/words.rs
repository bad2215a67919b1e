//! Words of 18 decimals to elements and back, in integers without bounds, from the definition.

use crate::reference::Tensor;
use alloy_primitives::{I256, U256};
use fixpoint_runtime::{
    model::format::{Affine, Quantisation},
    tensor::{DType, TensorType},
};
use num_bigint::{BigInt, Sign};
use num_integer::Integer as _;

/// A port as the conversion sees it.
#[derive(Clone, Debug)]
pub struct Port {
    /// Element type and shape.
    pub tensor: TensorType,
    /// What real number an element stands for.
    pub quantisation: Quantisation,
    /// Whether words outside the range become the nearest element.
    pub saturates: bool,
}

/// `10^18`.
fn wad() -> BigInt {
    BigInt::from(10_u64).pow(18)
}

/// The nearest integer to a fraction; of two, the greater.
fn nearest(numerator: &BigInt, denominator: &BigInt) -> BigInt {
    let (whole, rest) = numerator.div_mod_floor(denominator);
    if rest * 2 >= *denominator {
        whole + 1
    } else {
        whole
    }
}

/// The integer that a word stands for, as if elements had no range.
#[must_use]
pub fn element_of_word(word: I256, scale: Option<Affine>) -> BigInt {
    let word = wide(word);
    let Some(Affine { scale, zero_point }) = scale else {
        return word;
    };
    let numerator = word * BigInt::from(scale.denominator);
    let denominator = wad() * BigInt::from(scale.numerator);
    nearest(&numerator, &denominator) + BigInt::from(zero_point.0)
}

/// The word that an element stands for.
#[must_use]
pub fn word_of_element(element: i128, scale: Option<Affine>) -> I256 {
    let Some(Affine { scale, zero_point }) = scale else {
        return narrow(&BigInt::from(element));
    };
    let steps = BigInt::from(element) - BigInt::from(zero_point.0);
    let numerator = steps * BigInt::from(scale.numerator) * wad();
    narrow(&nearest(&numerator, &BigInt::from(scale.denominator)))
}

/// The scale of the element at a row-major position.
fn scale_at(quantisation: &Quantisation, shape: &[u32], at: usize) -> Option<Affine> {
    match quantisation {
        Quantisation::None => None,
        Quantisation::PerTensor(affine) => Some(*affine),
        Quantisation::PerElement(entries) => {
            let axis = usize::from(entries.axis);
            let inner: usize = shape[axis + 1..]
                .iter()
                .map(|size| *size as usize)
                .product();
            Some(entries.entries[at / inner % shape[axis] as usize])
        }
    }
}

/// The input tensors that words stand for.
///
/// # Errors
/// The index of the first word that is out of range.
pub fn tensors_of_words(ports: &[Port], words: &[I256]) -> Result<Vec<Tensor>, usize> {
    let mut tensors = Vec::new();
    let mut index = 0;
    for port in ports {
        let mut data = Vec::new();
        for at in 0..port.tensor.elements() as usize {
            let scale = scale_at(&port.quantisation, &port.tensor.shape, at);
            let element = element_of_word(words[index], scale);
            let element = in_range(&element, port.tensor.dtype, port.saturates).ok_or(index)?;
            data.push(element);
            index += 1;
        }
        let shape = port
            .tensor
            .shape
            .iter()
            .map(|size| *size as usize)
            .collect();
        tensors.push(Tensor {
            dtype: port.tensor.dtype,
            shape,
            data,
        });
    }
    Ok(tensors)
}

fn in_range(element: &BigInt, dtype: DType, saturates: bool) -> Option<i128> {
    let (lowest, highest) = dtype.range();
    let clamped = element
        .clone()
        .clamp(BigInt::from(lowest), BigInt::from(highest));
    let fits = clamped == *element;
    (fits || saturates).then(|| i128::try_from(clamped).expect("clamped to 64 bits"))
}

/// The words that an output tensor stands for.
#[must_use]
pub fn words_of_tensor(quantisation: &Quantisation, tensor: &Tensor) -> Vec<I256> {
    let shape: Vec<_> = tensor.shape.iter().map(|size| *size as u32).collect();
    let elements = tensor.data.iter().enumerate();
    elements
        .map(|(at, x)| word_of_element(*x, scale_at(quantisation, &shape, at)))
        .collect()
}

fn wide(word: I256) -> BigInt {
    let sign = if word.is_negative() {
        Sign::Minus
    } else {
        Sign::Plus
    };
    BigInt::from_bytes_be(sign, &word.unsigned_abs().to_be_bytes::<32>())
}

fn narrow(value: &BigInt) -> I256 {
    let (sign, bytes) = value.to_bytes_be();
    let magnitude = I256::from_raw(U256::from_be_slice(&bytes));
    if sign == Sign::Minus {
        magnitude.wrapping_neg()
    } else {
        magnitude
    }
}
