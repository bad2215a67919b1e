//! `.fxp` files: a model's payload, as it goes on chain.

use fixpoint_runtime::{
    error::{ModelError, ParseError},
    model::{self, ValidModel},
};
use std::{io, path::Path};

/// A model read from a file.
#[derive(Clone, Debug)]
pub struct ModelFile {
    /// The canonical bytes.
    pub payload: Vec<u8>,
    /// The model they encode.
    pub model: ValidModel,
}

/// Why there is no model in a file.
#[derive(Debug, thiserror::Error)]
pub enum ModelFileError {
    /// The file can't be read.
    #[error("can't read {path}")]
    Read {
        /// The file.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The bytes encode no model.
    #[error(
        "{name} is damaged or not a compiled model; `fixpoint compile` makes one from ONNX, TFLite or TOSA"
    )]
    Parse {
        /// The file, or what else the bytes are called.
        name: String,
        /// Where it is broken.
        source: ParseError,
    },
    /// The model breaks a rule.
    #[error("{name} is not a valid model")]
    Invalid {
        /// The file, or what else the bytes are called.
        name: String,
        /// The rule.
        source: ModelError,
    },
}

/// Reads and validates a model.
///
/// # Errors
/// The file can't be read, or its bytes are not a valid model.
pub fn read(path: &Path) -> Result<ModelFile, ModelFileError> {
    let name = path.display().to_string();
    match std::fs::read(path) {
        Ok(payload) => of(payload, &name),
        Err(source) => Err(ModelFileError::Read { path: name, source }),
    }
}

/// Parses and validates a model's bytes, which errors call by a name.
///
/// # Errors
/// They are not those of a valid model.
pub fn of(payload: Vec<u8>, name: &str) -> Result<ModelFile, ModelFileError> {
    let parsed = model::parse(&payload).map_err(|source| ModelFileError::Parse {
        name: name.to_owned(),
        source,
    })?;
    let model = model::validate(parsed).map_err(|source| ModelFileError::Invalid {
        name: name.to_owned(),
        source,
    })?;
    Ok(ModelFile { payload, model })
}

/// An input's or output's name as text; the format allows printable ASCII only.
pub fn name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
