//! The loop over a plan.

use super::plan::{Arena, Plan};
use crate::error::RunError;

impl Plan {
    /// Runs the model once.
    ///
    /// `input` and `output` hold the declared tensors one after another, row-major, little-endian,
    /// [`crate::tensor::DType::size_bytes`] per element.
    ///
    /// # Errors
    /// [`RunError`]; what `output` then holds is unspecified.
    pub fn run(
        &self,
        _arena: &mut Arena,
        _input: &[u8],
        _output: &mut [u8],
    ) -> Result<(), RunError> {
        todo!()
    }
}
