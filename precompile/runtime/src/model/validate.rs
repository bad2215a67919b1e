//! [`Model`] to [`ValidModel`]: everything that must hold before a model may run.

use super::format::Model;
use crate::{error::ModelError, tensor::TensorType, work::Work};

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

    /// Type of every value, by its number.
    pub fn value_types(&self) -> &[TensorType] {
        todo!()
    }

    /// Types of the outputs, in declared order.
    pub fn output_types(&self) -> impl ExactSizeIterator<Item = &TensorType> {
        core::iter::empty()
    }

    /// Bytes of all inputs together, packed.
    pub const fn input_bytes(&self) -> u64 {
        todo!()
    }

    /// Bytes of all outputs together, packed.
    pub const fn output_bytes(&self) -> u64 {
        todo!()
    }

    /// Elements of all inputs together.
    pub const fn input_elements(&self) -> u64 {
        todo!()
    }

    /// Elements of all outputs together.
    pub const fn output_elements(&self) -> u64 {
        todo!()
    }

    /// Bytes of the arena: all inputs and intermediate tensors of one inference. Consensus data:
    /// it depends on the model alone, never on kernels.
    pub const fn arena_bytes(&self) -> u64 {
        todo!()
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
