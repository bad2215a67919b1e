//! Is a model on chain the one that an ONNX file and its recorded choices make?

use alloy_primitives::{B256, keccak256};
use fixpoint_compiler::{CompileError, CompileOptions, Record, compile_onnx};

/// A model that was built again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Hash of its bytes: the chain measured that of the model there when it was activated.
    pub content_hash: B256,
    /// How many bytes those are.
    pub bytes: usize,
}

/// Builds a model from its file and the choices that were recorded, without samples and without
/// running it.
///
/// # Errors
/// The record is not this file's, or the file does not compile.
pub fn rebuild(onnx: &[u8], record: Record) -> Result<Rebuilt, CompileError> {
    let options = CompileOptions {
        recorded: Some(record),
        ..CompileOptions::default()
    };
    let compiled = compile_onnx(onnx, &options, &mut |_| {})?;
    Ok(Rebuilt {
        content_hash: keccak256(&compiled.payload),
        bytes: compiled.payload.len(),
    })
}
