//! `.npy` and `.npz` files as the inputs of a model.
//!
//! An `.npz` holds one array per input, by name; a bare `.npy` serves a model with a single input.

use anyhow::{Context as _, Result, ensure};
use fixpoint_client::{ports::Port, samples::Samples};
use fixpoint_compiler::npy::{Array, read_npz};
use std::path::Path;

/// Reads a file for a model's inputs.
///
/// # Errors
/// The file can't be read, misses an input, or has another shape than the model.
pub(crate) fn read(path: &Path, declared: &[Port]) -> Result<Samples> {
    let shown = path.display();
    let arrays = if path.extension().is_some_and(|extension| extension == "npz") {
        read_npz(path).with_context(|| format!("can't read {shown}"))?
    } else {
        ensure!(
            declared.len() == 1,
            "the model has {} inputs: give an .npz with one array per input name",
            declared.len()
        );
        let array = Array::read(path).with_context(|| format!("can't read {shown}"))?;
        [(declared[0].name.clone(), array)].into()
    };
    Samples::of(arrays, declared).with_context(|| shown.to_string())
}
