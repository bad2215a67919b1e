//! Constants as they stand in model bytes to constants in memory.

use super::format::Constant;
use crate::{buffer::Buffer, error::ModelError};

/// Checks the length and the elements of a constant. Its type's size has been checked.
///
/// # Errors
/// [`ModelError::ConstantLength`], [`ModelError::ConstantValue`].
pub(super) fn load(index: u16, constant: &Constant) -> Result<Buffer, ModelError> {
    let (got, want) = (constant.data.len() as u64, constant.tensor.size_bytes());
    if got != want {
        return Err(ModelError::ConstantLength {
            constant: index,
            got,
            want,
        });
    }
    let mut buffer = Buffer::zeroed(&constant.tensor);
    let read = buffer.view_mut().read_little_endian(&constant.data);
    read.map_err(|element| ModelError::ConstantValue {
        constant: index,
        element: element as u32,
    })?;
    Ok(buffer)
}
