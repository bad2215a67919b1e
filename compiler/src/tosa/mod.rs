//! `.tosa` files: flatbuffer bytes to a runtime model.
//!
//! 1. `schema`: the file's tables as plain structs, by the crate's flatbuffer reader;
//! 2. `import` with `attributes`: operators one to one, values numbered;
//! 3. [`IoDescription`]: names and scales, which a `.tosa` file does not carry.

mod attributes;
mod import;
mod io;
mod schema;

pub use io::{IoDescription, PortDescription};

use crate::error::CompileError;
use fixpoint_runtime::{model::Model, tensor::DType};

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

/// Reads a `.tosa` file (TOSA 1.x) as a model. Ports are named after tensors and carry plain
/// integers unless `io` says otherwise.
///
/// # Errors
/// [`CompileError`]: a malformed file, an operator or a type outside the runtime's registry.
pub fn import(bytes: &[u8], io: Option<&IoDescription>) -> Result<Model, CompileError> {
    import::import(&schema::read(bytes)?, io)
}
