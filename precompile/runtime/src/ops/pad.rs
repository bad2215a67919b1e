//! [PAD](https://www.mlplatform.org/tosa/tosa_spec.html#_pad)

use crate::model::format::ValueId;
use crate::{model::{format::Signed32, limits::MAX_RANK}, ops::geometry::Margin};
use alloc::vec::Vec;
use libssz_types::SszList;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of PAD.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Pad {
    /// `input1`.
    pub input: ValueId,
    /// Elements added before and after, per axis.
    pub padding: SszList<Margin, MAX_RANK>,
    /// Value of the added elements, in the range of the element type.
    pub value: Signed32,
}
