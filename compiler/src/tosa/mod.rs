//! `.tosa` files: flatbuffer bytes to a runtime model, and back.
//!
//! 1. `flatbuffer`: bounds-checked reads by field slot;
//! 2. `schema`: the file's tables as plain structs;
//! 3. `import` with `attributes`: operators one to one, values numbered, model validated;
//! 4. `declared`: the file's own types against the inferred ones;
//! 5. [`IoDescription`]: names and scales, which a `.tosa` file does not carry.
//!
//! [`mod@export`] is the way back: a model as a file for the TOSA reference model.

mod attributes;
mod declared;
mod error;
pub mod export;
mod flatbuffer;
mod import;
mod io;
mod schema;

pub use error::{Attribute, NodeError};
pub use export::export;
pub use import::PLACEHOLDER_INPUT;
pub use io::{IoDescription, PortDescription};

use crate::error::CompileError;
use fixpoint_runtime::model::ValidModel;

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
