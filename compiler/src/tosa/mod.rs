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
use fixpoint_runtime::model::Model;

/// Reads a `.tosa` file (TOSA 1.x) as a model. Ports are named after tensors and carry plain
/// integers unless `io` says otherwise.
///
/// # Errors
/// [`CompileError`]: a malformed file, an operator or a type outside the runtime's registry.
pub fn import(bytes: &[u8], io: Option<&IoDescription>) -> Result<Model, CompileError> {
    import::import(&schema::read(bytes)?, io)
}
