//! A random graph with operators of every kind runs on every kernel set as its definition says, and
//! where an operator fails, that one is reported.

use crate::{
    agreement,
    choices::{Choices, noise},
    structured::{self, Draft},
};
use fixpoint_runtime::{
    error::{ExecutionError, RunError},
    model::ValidModel,
};
use std::collections::BTreeMap;

/// Operators of one graph, not counting those that only prepare operands.
const MAX_OPERATORS: usize = 30;
/// Decisions of one graph that a seed stands for.
const DECISIONS: usize = 4096;

/// How often an operator was seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// Its output was compared.
    pub positive: u64,
    /// It was the first to fail.
    pub failing: u64,
    /// The runtime did not accept it.
    pub refused: u64,
}

/// What was compared.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Graphs.
    pub graphs: u64,
    /// Runs of a graph that gave outputs.
    pub positive: u64,
    /// Runs of a graph that failed.
    pub failing: u64,
    /// By name.
    pub operators: BTreeMap<&'static str, Count>,
    /// Why the runtime did not accept an operator.
    pub refusals: BTreeMap<(&'static str, String), u64>,
}

/// # Panics
/// If something is wrong.
pub fn check(bytes: &[u8]) {
    count(bytes, &mut Tally::default());
}

/// The graph that a seed stands for.
///
/// # Panics
/// As [`check`].
pub fn check_seed(seed: u64, tally: &mut Tally) {
    count(&noise(seed, DECISIONS), tally);
}

fn count(bytes: &[u8], tally: &mut Tally) {
    let mut choices = Choices::new(bytes);
    let seed = choices.u64();
    let operators = 1 + choices.below(MAX_OPERATORS);
    let mut draft = structured::graph(&mut choices, operators);
    tally.graphs += 1;
    for is_edgy in [false, true] {
        run_until_it_succeeds(&mut draft, seed, is_edgy, tally);
    }
    for (operator, cause) in draft.refused {
        tally.operators.entry(operator).or_default().refused += 1;
        *tally.refusals.entry((operator, cause)).or_default() += 1;
    }
}

/// Takes out operators that fail, so that those after them are compared as well.
fn run_until_it_succeeds(draft: &mut Draft, seed: u64, is_edgy: bool, tally: &mut Tally) {
    while let Some(valid) = draft.make_valid() {
        let model = valid.model();
        let outputs = &valid.value_types()[valid.value_types().len() - draft.len()..];
        assert!(draft.expected_types().eq(outputs), "{model:?}");
        let input = draft.input_bytes(seed, is_edgy);
        let operators = &mut tally.operators;
        match agreement::check_once(&valid, &input) {
            Ok(_) => {
                for operator in model.operators.iter() {
                    operators.entry(operator.name()).or_default().positive += 1;
                }
                tally.positive += 1;
                return;
            }
            Err(RunError::Execution(ExecutionError { operator })) => {
                let name = model.operators[usize::from(operator)].name();
                operators.entry(name).or_default().failing += 1;
                tally.failing += 1;
                draft.remove(operator);
            }
            Err(error) => panic!("{error} in {model:?}"),
        }
    }
}

/// A graph that gives an answer, with its input: that of the seed, without the operators that fail on
/// the input. `None` if none is left.
///
/// # Panics
/// As [`check`].
#[must_use]
pub fn answered_graph(seed: u64) -> Option<(ValidModel, Vec<u8>)> {
    let bytes = noise(seed, DECISIONS);
    let mut choices = Choices::new(&bytes);
    let input_seed = choices.u64();
    let operators = 1 + choices.below(MAX_OPERATORS);
    let mut draft = structured::graph(&mut choices, operators);
    while let Some(valid) = draft.make_valid() {
        let input = draft.input_bytes(input_seed, false);
        match agreement::check_once(&valid, &input) {
            Ok(_) => return Some((valid, input)),
            Err(RunError::Execution(ExecutionError { operator })) => draft.remove(operator),
            Err(error) => panic!("{error} in {:?}", valid.model()),
        }
    }
    None
}
