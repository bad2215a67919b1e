//! `.tosa` files: flatbuffer bytes to a runtime model, and back.
//!
//! 1. `schema`: the file's tables as plain structs, by the crate's flatbuffer reader;
//! 2. `import` with `attributes`: operators one to one, values numbered, model validated;
//! 3. `declared`: the file's own types against the inferred ones;
//! 4. [`IoDescription`]: names and scales, which a `.tosa` file does not carry.
//!
//! [`mod@export`] is the way back: a model as a file for the TOSA reference model.

mod attributes;
mod declared;
mod error;
pub mod export;
mod import;
mod io;
mod schema;

pub use error::{Attribute, NodeError};
pub use export::export;
pub use import::PLACEHOLDER_INPUT;
pub use io::{IoDescription, PortDescription};

use crate::error::CompileError;
use fixpoint_runtime::{model::ValidModel, tensor::DType};

/// Type of an input or output of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PortType {
    pub(crate) dtype: DType,
    /// Dimensions; one that is not known is negative.
    pub(crate) shape: Vec<i32>,
}

/// Types of a file's inputs and outputs, in order.
///
/// # Errors
/// [`CompileError`]: a malformed file, a type outside the integer profile.
pub(crate) fn port_types(bytes: &[u8]) -> Result<(Vec<PortType>, Vec<PortType>), CompileError> {
    let block = schema::read(bytes)?;
    Ok((
        import::port_types(&block, &block.inputs)?,
        import::port_types(&block, &block.outputs)?,
    ))
}

/// Reads a `.tosa` file (TOSA 1.0) as a model and validates it. Ports are named after tensors and
/// carry plain integers unless `io` says otherwise. A graph that reads nothing gets the input
/// [`PLACEHOLDER_INPUT`], as a model takes at least one element.
///
/// # Errors
/// [`CompileError`]: a malformed file, an operator or a type outside the integer profile, an
/// operator that the file declares wrongly or the runtime refuses.
pub fn import(bytes: &[u8], io: Option<&IoDescription>) -> Result<ValidModel, CompileError> {
    import::import(&schema::read(bytes)?, io)
}
