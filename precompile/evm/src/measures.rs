//! What a model measures: the numbers that its record holds and its price depends on.
//!
//! Activation writes them down; a load compares them with what is written, so that a made-up record
//! (a simulation may invent any storage) cannot run a model at another price or size.

use crate::record::{CURRENT_RECORD_VERSION, Record};
use fixpoint_runtime::model::{Model, ValidModel, format::Quantisation};

/// Operands of an operator beyond which it counts as one more item.
const OPERANDS_PER_ITEM: usize = 8;

/// What takes time to check beside bytes. A payload cannot hold more than a `u32` counts.
pub(crate) fn items(model: &Model) -> u32 {
    let inputs = model.inputs.iter().map(|input| &input.quantisation);
    let outputs = model.outputs.iter().map(|output| &output.quantisation);
    let entries = inputs
        .chain(outputs)
        .map(|quantisation| match quantisation {
            Quantisation::None => 0,
            Quantisation::PerTensor(_) => 1,
            Quantisation::PerElement(per_element) => per_element.entries.len(),
        });
    let operators = model.operators.iter();
    let operators = operators.map(|operator| 1 + operator.operands().len() / OPERANDS_PER_ITEM);
    let items = entries.sum::<usize>() + operators.sum::<usize>() + model.constants.len();
    u32::try_from(items).unwrap_or(u32::MAX)
}

/// The record of a valid model. `None` if a measure does not fit its field: such a model costs more
/// than all gas there is.
pub fn record(valid: &ValidModel, payload_bytes: u32) -> Option<Record> {
    let narrow = |measure: u64| u32::try_from(measure).ok();
    Some(Record {
        version: CURRENT_RECORD_VERSION,
        items: items(valid.model()),
        payload_bytes,
        arena_bytes: narrow(valid.arena_bytes())?,
        input_elements: narrow(valid.input_elements())?,
        input_bytes: narrow(valid.input_bytes())?,
        output_elements: narrow(valid.output_elements())?,
        output_bytes: narrow(valid.output_bytes())?,
        work: *valid.work(),
        validation_steps: valid.validation_steps(),
    })
}
