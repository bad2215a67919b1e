//! Arena by liveness, packed weights, steps in order.

use crate::{kernels::Isa, model::ValidModel};

/// A model made ready to run: steps in order, weights packed for one set of kernels. It is not
/// changed by running, so one plan serves any number of threads, each with its own [`Arena`].
#[derive(Debug)]
pub struct Plan {}

impl Plan {
    /// Plans a model for a set of kernels. Every set gives the same results.
    pub fn new(_model: &ValidModel, _isa: Isa) -> Self {
        todo!()
    }
}

/// The memory of one running inference.
#[derive(Debug)]
pub struct Arena {}

impl Arena {
    /// Memory for a plan.
    pub fn new(_plan: &Plan) -> Self {
        todo!()
    }
}
