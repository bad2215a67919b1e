//! What the stages of one call share: the block's constants, state, and the meter.
//!
//! Nothing is decided here.

use crate::{
    answers::AnswerCache, gas::GasTable, load::ModelCache, meter::Meter, state::State, tally::Tally,
};
use alloy_primitives::Address;
use fixpoint_runtime::kernels::Isa;

/// What does not change from call to call of one block.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    /// The fork's prices.
    pub gas: &'a GasTable,
    /// The node's loaded models.
    pub cache: &'a dyn ModelCache,
    /// The node's answers of before. `None` runs models each time.
    pub answers: Option<&'a dyn AnswerCache>,
    /// Where inferences are counted.
    pub tally: &'a Tally,
    /// The node's kernels.
    pub isa: Isa,
}

/// What the steps of one call share.
pub(crate) struct Context<'a> {
    pub(crate) state: &'a mut dyn State,
    pub(crate) environment: &'a Environment<'a>,
    pub(crate) meter: &'a mut Meter,
    pub(crate) caller: Address,
}
