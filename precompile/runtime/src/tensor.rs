//! Element types, shapes and tensor types: what an operator needs to know of a tensor before any
//! data exists.
//!
//! No data lives here; buffers belong to [`crate::graph`].

#![allow(
    clippy::disallowed_methods,
    reason = "the derived decoders reserve no more than the bytes they were given hold"
)]

use crate::model::limits::MAX_RANK;
use alloc::vec::Vec;
use libssz::{DecodeError, SszDecode, SszEncode};
use libssz_types::SszList;

/// An element type. The number is TOSA's own `DType` code and stands in model bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum DType {
    /// `bool_t`: one byte, 0 or 1.
    Bool = 1,
    /// `i8_t`.
    I8 = 3,
    /// `i16_t`.
    I16 = 4,
    /// `i32_t`.
    I32 = 5,
    /// `i48_t`: eight bytes, sign-extended; only ever in -2^47 .. 2^47.
    I48 = 6,
}

impl DType {
    /// The type with this TOSA code, if it is in the profile.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Bool),
            3 => Some(Self::I8),
            4 => Some(Self::I16),
            5 => Some(Self::I32),
            6 => Some(Self::I48),
            _ => None,
        }
    }

    /// Bytes per element, in model bytes, in raw calldata and in the arena alike.
    pub const fn size_bytes(self) -> usize {
        match self {
            Self::Bool | Self::I8 => 1,
            Self::I16 => 2,
            Self::I32 => 4,
            Self::I48 => 8,
        }
    }

    /// Smallest and largest value.
    pub const fn range(self) -> (i64, i64) {
        match self {
            Self::Bool => (0, 1),
            Self::I8 => (i8::MIN as i64, i8::MAX as i64),
            Self::I16 => (i16::MIN as i64, i16::MAX as i64),
            Self::I32 => (i32::MIN as i64, i32::MAX as i64),
            Self::I48 => (-(1 << 47), (1 << 47) - 1),
        }
    }
}

impl SszEncode for DType {
    fn is_fixed_size() -> bool {
        true
    }
    fn fixed_size() -> usize {
        1
    }
    fn encoded_len(&self) -> usize {
        1
    }
    fn ssz_append(&self, buffer: &mut Vec<u8>) {
        buffer.push(*self as u8);
    }
}

impl SszDecode for DType {
    fn is_fixed_size() -> bool {
        true
    }
    fn fixed_size() -> usize {
        1
    }
    fn from_ssz_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let code = u8::from_ssz_bytes(bytes)?;
        Self::from_code(code).ok_or(DecodeError::InvalidUnionSelector(code))
    }
}

/// Dimensions, outermost first. TOSA allows rank 0 to 6; every dimension is at least 1.
pub type Shape = SszList<u32, MAX_RANK>;

/// Element type and shape.
#[derive(Clone, Debug, PartialEq, libssz_derive::SszEncode, libssz_derive::SszDecode)]
pub struct TensorType {
    /// Element type.
    pub dtype: DType,
    /// Dimensions, outermost first.
    pub shape: Shape,
}

impl TensorType {
    /// A type from its dimensions; `None` if there are more than [`MAX_RANK`].
    pub fn new(dtype: DType, dimensions: &[u32]) -> Option<Self> {
        let shape = Shape::try_from(dimensions.to_vec()).ok()?;
        Some(Self { dtype, shape })
    }

    /// Number of elements. Saturates; a type that passed validation is far below that.
    pub fn elements(&self) -> u64 {
        self.shape.iter().fold(1_u64, |product, dimension| {
            product.saturating_mul(u64::from(*dimension))
        })
    }

    /// Bytes of all elements together. Saturates like [`Self::elements`].
    pub fn size_bytes(&self) -> u64 {
        self.elements()
            .saturating_mul(self.dtype.size_bytes() as u64)
    }
}
