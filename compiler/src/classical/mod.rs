//! Classical models: trees, forests, boosting, linear models and what scikit-learn puts around them,
//! from the operators of `ai.onnx.ml`.
//!
//! - [`mod@import`], `operators`, `models`: ONNX, by the project's own reader, to a [`pipeline`];
//! - [`ensemble`]: tree ensembles;
//! - [`grid`], `demand`: features as integers on decimal grids, comparisons as float32 makes them;
//! - `lower`, `trees`: TOSA operators in the 32-bit lane ([`crate::fixed`]);
//! - `float`: the pipeline in floating point, to compare with.
//!
//! Nothing is trained away: a tree's answer is the source model's own for every input with as many
//! decimals as the report names. There are no precisions to choose from.

mod demand;
pub mod ensemble;
mod float;
pub mod grid;
pub mod import;
mod lower;
mod models;
mod operators;
pub mod pipeline;
mod trees;

pub use demand::Sizes;
pub use import::{MARGIN, import};
pub use pipeline::Pipeline;

use crate::error::CompileError;
use fixpoint_runtime::model::Model;

/// Most classes or targets of one model.
pub const MAX_SCORES: usize = 1_024;

/// A lowered pipeline and what its report says besides.
#[derive(Debug)]
pub struct Lowered {
    /// The model.
    pub model: Model,
    /// Per input: the decimals with which each feature is exact.
    pub decimals: Vec<Vec<i32>>,
    /// Per input and feature: the largest magnitude that was made room for; nothing if any value has
    /// its right answer.
    pub magnitudes: Vec<Vec<Option<f64>>>,
}

/// Lowers a pipeline. Only linear models need to know how large features get.
///
/// # Errors
/// [`CompileError`]: missing samples, an operator without a lowering, a limit of the format.
pub fn lower(
    pipeline: &Pipeline,
    sizes: Sizes<'_>,
    saturating: &[String],
) -> Result<Lowered, CompileError> {
    let grids = pipeline.grids(sizes)?;
    for name in saturating {
        if !pipeline.inputs.iter().any(|port| port.name == *name) {
            let inputs = pipeline.inputs.iter().map(|port| port.name.as_str());
            return Err(CompileError::NoSuchInput {
                name: name.clone(),
                inputs: inputs.collect::<Vec<_>>().join(", "),
            });
        }
    }
    let model = lower::lower(pipeline, &grids, saturating)?;
    Ok(Lowered {
        model,
        decimals: grids.iter().map(|grid| grid.decimals.clone()).collect(),
        magnitudes: grids.into_iter().map(|grid| grid.magnitudes).collect(),
    })
}
