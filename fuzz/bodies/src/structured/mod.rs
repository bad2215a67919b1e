//! Small graphs, nearly all of them valid, from decisions: operators of every kind on few tensors.
//!
//! `operands` says what an operator reads, the other files add operators, one file per family. What
//! the runtime does not accept (an accumulator that may overflow, say) is taken out again.

mod convolutions;
mod draft;
mod elementwise;
mod fill;
mod layout;
mod lookup;
mod operands;
mod rescale;
mod windows;

pub use draft::Draft;
pub use fill::Fill;

use crate::choices::Choices;
use draft::Value;
use fixpoint_runtime::model::Model;

/// Adds an operator, sometimes with others that make its operands; `None` if it gave up.
type Step = fn(&mut Draft, &mut Choices<'_>) -> Option<Value>;

/// A graph of about as many operators.
#[must_use]
pub fn graph(choices: &mut Choices<'_>, operators: usize) -> Draft {
    let families: [&[Step]; 6] = [
        elementwise::STEPS,
        convolutions::STEPS,
        windows::STEPS,
        layout::STEPS,
        lookup::STEPS,
        rescale::STEPS,
    ];
    let steps: Vec<_> = families.concat();
    let mut draft = Draft::default();
    // A model needs an input, whether or not anything reads it.
    draft.operand(choices, operands::MOVABLE);
    // A step that gives up counts too: there may be nothing that any could take.
    for _ in 0..4 * operators {
        if draft.len() >= operators {
            break;
        }
        choices.pick(&steps)(&mut draft, choices);
    }
    draft
}

/// A small model.
#[must_use]
pub fn model(choices: &mut Choices<'_>) -> Model {
    let operators = 1 + choices.below(8);
    let mut draft = graph(choices, operators);
    match draft.make_valid() {
        Some(valid) => valid.model().clone(),
        None => draft.model(),
    }
}
