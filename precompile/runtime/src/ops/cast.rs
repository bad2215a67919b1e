//! [CAST](https://www.mlplatform.org/tosa/tosa_spec.html#_cast)

use crate::model::format::ValueId;
use crate::tensor::DType;
use alloc::vec::Vec;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of CAST.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Cast {
    /// `input`.
    pub input: ValueId,
    /// Element type of the output.
    pub to: DType,
}
