//! Which layers need 16 bits for a wanted error: the worst first, until it is reached.

use super::{Integers, LayerError, Network};
use crate::{
    error::CompileError,
    progress::{Progress, Stage, Watch},
    report::{Answers, evaluate, gas},
    samples::Batch,
};

/// An error to get below, and what it is measured on.
pub(super) struct Goal<'a> {
    /// The error: [`crate::report::Accuracy::worst`].
    pub(super) error: f64,
    /// Samples that ranges were not taken from.
    pub(super) samples: &'a Batch,
    /// The float model's answers to them.
    pub(super) answers: &'a Answers,
}

/// What was chosen for a goal.
pub(super) struct Reached {
    /// The network.
    pub(super) integers: Integers,
    /// Its layers with 16 bits.
    pub(super) raised: Vec<bool>,
    /// Its error.
    pub(super) error: f64,
    /// Gas of the work at 8 bits, as chosen, and at 16 bits, if prices are known.
    pub(super) work_gas: Option<[f64; 3]>,
}

/// A network whose worst layers have 16 bits, as few as bring its error below the goal; `narrow` is the
/// network at 8 bits. A mixture that costs more than 16 bits everywhere is not taken.
///
/// # Errors
/// [`CompileError::MaxError`] if not even 16 bits everywhere are enough.
pub(super) fn reach(
    network: &Network<'_>,
    narrow: Integers,
    errors: &[Option<LayerError>],
    goal: &Goal<'_>,
    progress: &mut dyn Watch,
) -> Result<Reached, CompileError> {
    let gas = |integers: &Integers| {
        let prices = network.options.prices.as_ref();
        prices.map(|prices| gas(integers.model.work(), prices))
    };
    let everywhere: Vec<bool> = network
        .layers
        .list
        .iter()
        .map(|layer| layer.computes)
        .collect();
    let wide = network.build(&everywhere)?;
    let wide_error = goal.error_of(network, &wide)?;
    let (narrow_gas, wide_gas) = (gas(&narrow), gas(&wide));
    let reached = |integers: Integers, raised: Vec<bool>, error: f64| {
        let chosen = gas(&integers);
        Reached {
            integers,
            raised,
            error,
            work_gas: narrow_gas
                .zip(chosen)
                .zip(wide_gas)
                .map(|((a, b), c)| [a, b, c]),
        }
    };
    let mut raised = vec![false; errors.len()];
    let error = goal.error_of(network, &narrow)?;
    if error < goal.error {
        return Ok(reached(narrow, raised, error));
    }
    if wide_error >= goal.error {
        return Err(CompileError::MaxError {
            wanted: goal.error,
            reached: wide_error,
        });
    }
    let order = worst_first(errors);
    for (done, &layer) in order.iter().enumerate() {
        progress.tell(Progress {
            stage: Stage::Raise,
            done: done + 1,
            total: order.len(),
        })?;
        raised[layer] = true;
        let integers = network.build(&raised)?;
        let error = goal.error_of(network, &integers)?;
        if error < goal.error {
            if gas(&integers) < wide_gas || wide_gas.is_none() {
                return Ok(reached(integers, raised, error));
            }
            break;
        }
    }
    Ok(reached(wide, everywhere, wide_error))
}

impl Goal<'_> {
    /// The error of a network in integers.
    ///
    /// # Errors
    /// [`CompileError::Run`].
    pub(super) fn error_of(
        &self,
        network: &Network<'_>,
        integers: &Integers,
    ) -> Result<f64, CompileError> {
        let outputs = &network.graph.outputs;
        let answers = Some(self.answers);
        let accuracy = evaluate(
            &integers.model,
            outputs,
            answers,
            self.samples,
            None,
            &mut |_| {},
        )?;
        Ok(accuracy.worst())
    }
}

/// Layers that were measured, by what they add.
fn worst_first(errors: &[Option<LayerError>]) -> Vec<usize> {
    let error = |&layer: &usize| errors[layer].map_or(0.0, |measured| measured.error);
    let mut order: Vec<usize> = (0..errors.len())
        .filter(|&layer| errors[layer].is_some())
        .collect();
    order.sort_by(|a, b| error(b).total_cmp(&error(a)));
    order
}
