//! [MATMUL](https://www.mlplatform.org/tosa/tosa_spec.html#_matmul)

use crate::model::format::ValueId;
use alloc::vec::Vec;
use crate::model::format::Signed32;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of MATMUL.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct MatMul {
    /// `A`, `[N, H, C]`, i8 or i16.
    pub a: ValueId,
    /// `B`, `[N, C, W]`, of the type of `A`.
    pub b: ValueId,
    /// Zero point of `A`; 0 unless i8.
    pub a_zero_point: Signed32,
    /// Zero point of `B`; 0 unless i8.
    pub b_zero_point: Signed32,
}
