//! Model bytes, version 1: SSZ containers, in the order in which they stand.
//!
//! `docs/model-format.md` is the byte map. Values are numbered: inputs first, then constants, then
//! each operator's single output, in the order written; nothing else names a value. Types of
//! operator outputs are inferred, so nothing in the bytes can disagree with them.
//!
//! Only the shape of the bytes lives here; what they must satisfy lives in [`super::validate`].

#![allow(
    clippy::disallowed_methods,
    reason = "the derived decoders reserve no more than the bytes they were given hold"
)]

use super::limits::{
    MAX_CHANNELS, MAX_CONSTANTS, MAX_NAME_BYTES, MAX_OPERATORS, MAX_PAYLOAD_BYTES, MAX_PORTS,
};
use crate::{ops::Operator, tensor::TensorType};
use alloc::vec::Vec;
use libssz::DecodeError;
use libssz_derive::{SszDecode, SszEncode};
use libssz_types::SszList;

/// The format version this runtime reads and writes.
pub const FORMAT_VERSION: u16 = 1;

/// Number of a value: inputs, then constants, then operator outputs.
pub type ValueId = u16;

/// A whole model.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Model {
    /// [`FORMAT_VERSION`].
    pub version: u16,
    /// What a caller supplies, in calldata order.
    pub inputs: SszList<Input, MAX_PORTS>,
    /// Weights, biases, tables.
    pub constants: SszList<Constant, MAX_CONSTANTS>,
    /// The graph, in execution order: an operator reads only values with lower numbers.
    pub operators: SszList<Operator, MAX_OPERATORS>,
    /// What a caller gets, in return-data order.
    pub outputs: SszList<Output, MAX_PORTS>,
}

/// An input tensor.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Input {
    /// Printable ASCII, unique among the inputs.
    pub name: SszList<u8, MAX_NAME_BYTES>,
    /// Element type and shape.
    pub tensor: TensorType,
    /// What real number an element stands for.
    pub quantisation: Quantisation,
    /// Whether an out-of-range value saturates instead of failing the call.
    pub saturates: bool,
}

/// A constant tensor.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Constant {
    /// Element type and shape.
    pub tensor: TensorType,
    /// Elements, row-major, little-endian, [`crate::tensor::DType::size_bytes`] each.
    pub data: SszList<u8, MAX_PAYLOAD_BYTES>,
}

/// An output tensor.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Output {
    /// Printable ASCII, unique among the outputs.
    pub name: SszList<u8, MAX_NAME_BYTES>,
    /// The value that is returned: an operator's output.
    pub value: ValueId,
    /// What real number an element stands for.
    pub quantisation: Quantisation,
}

/// What real number an integer element stands for: `(element - zero_point) * scale`.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
#[ssz(enum_behaviour = "union")]
pub enum Quantisation {
    /// The integer itself: a token id, a flag, a class index.
    None,
    /// One scale and zero point for the whole tensor.
    PerTensor(Affine),
    /// One scale and zero point for each element of one axis.
    PerElement(PerElement),
}

/// A scale and a zero point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SszEncode, SszDecode)]
pub struct Affine {
    /// Scale, an exact positive rational in lowest terms.
    pub scale: Ratio,
    /// The element that stands for 0; in the element type's range.
    pub zero_point: Signed32,
}

/// [`Quantisation::PerElement`]: as many entries as the axis has elements.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct PerElement {
    /// The axis that the entries run along.
    pub axis: u8,
    /// One entry per index of that axis.
    pub entries: SszList<Affine, MAX_CHANNELS>,
}

/// A positive rational number in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SszEncode, SszDecode)]
pub struct Ratio {
    /// At least 1.
    pub numerator: u64,
    /// At least 1, coprime with the numerator.
    pub denominator: u64,
}

/// A signed 32-bit attribute. SSZ has no signed integers: it stands as its two's complement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signed32(pub i32);

impl libssz::SszEncode for Signed32 {
    fn is_fixed_size() -> bool {
        true
    }
    fn fixed_size() -> usize {
        4
    }
    fn encoded_len(&self) -> usize {
        4
    }
    fn ssz_append(&self, buffer: &mut Vec<u8>) {
        self.0.cast_unsigned().ssz_append(buffer);
    }
}

impl libssz::SszDecode for Signed32 {
    fn is_fixed_size() -> bool {
        true
    }
    fn fixed_size() -> usize {
        4
    }
    fn from_ssz_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        u32::from_ssz_bytes(bytes).map(|bits| Self(bits.cast_signed()))
    }
}
