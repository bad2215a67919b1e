//! `.fxp` files: a model's payload, as it goes on chain.

use anyhow::{Context as _, Result};
use fixpoint_runtime::model::{self, ValidModel};
use std::path::Path;

/// A model read from a file.
pub(crate) struct ModelFile {
    /// The canonical bytes.
    pub(crate) payload: Vec<u8>,
    /// The model they encode.
    pub(crate) model: ValidModel,
}

/// Reads and validates a model.
///
/// # Errors
/// The file can't be read, or its bytes are not a valid model.
pub(crate) fn read(path: &Path) -> Result<ModelFile> {
    let name = path.display();
    let payload = std::fs::read(path).with_context(|| format!("can't read {name}"))?;
    let parsed = model::parse(&payload).with_context(|| {
        format!("{name} is damaged or not a compiled model; `fixpoint compile` makes one from ONNX, TFLite or TOSA")
    })?;
    let model = model::validate(parsed).with_context(|| format!("{name} is not a valid model"))?;
    Ok(ModelFile { payload, model })
}

/// Parses and validates a model's bytes.
///
/// # Errors
/// They are not those of a valid model.
pub(crate) fn of(payload: Vec<u8>) -> Result<ModelFile> {
    let model = model::validate(model::parse(&payload)?)?;
    Ok(ModelFile { payload, model })
}

/// An input's or output's name as text; the format allows printable ASCII only.
pub(crate) fn name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
