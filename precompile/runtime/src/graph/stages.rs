//! Which operators are run together, some rows at a time, so that what they hand to each other stays
//! in a cache: a convolution, its RESCALE and CLAMP; the passes of a layer norm; an attention, from its first
//! product over the softmax to its second.
//!
//! Operators that stand next to each other make a stage if any rows of their outputs can be computed
//! without the others, and no one needs all of what another of them writes. Because they stand next to
//! each other, the first that fails is found as if each had been run alone (see [`super::execute`]).
//! Operators that are not run, such as RESHAPE, are no border: rows are counted, whatever the outer axes.

use super::arena::Stage;
use crate::{
    model::{Model, ValidModel, format::ValueId},
    ops::operation::{Extent, Step},
};
use alloc::{vec, vec::Vec};

/// How much a stage takes at a time.
#[derive(Clone, Copy, Debug)]
pub struct BlockSize {
    /// Bytes of what steps hand on to each other.
    pub bytes: usize,
    /// Rows, if there are as many, whatever their bytes.
    pub least_rows: usize,
}

impl Default for BlockSize {
    fn default() -> Self {
        Self {
            // Some of a level-2 cache.
            bytes: 64 << 10,
            // With fewer, products would read their weights more often than they use them.
            least_rows: PRODUCT_ROWS,
        }
    }
}

/// What steps of one stage may keep in their scratch from block to block: 1 MiB.
const MAX_KEPT_WORDS: usize = (1 << 20) / size_of::<u64>();

/// Rows that matrix products take at a time; blocks of as many or more are a multiple of it.
const PRODUCT_ROWS: usize = 12;

/// Divides the operators into stages. `steps` has a step for each operator that is run, but for those that
/// the step of one before them runs too.
pub(super) fn divide(model: &ValidModel, steps: &[Option<Step>], block: BlockSize) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    let mut operator = 0;
    while let Some(step) = steps.get(operator) {
        let end = operator + step.as_ref().map_or(1, |step| step.operators);
        match stages.last_mut() {
            Some(stage) if joins(model, stage, operator, step.as_ref(), steps) => {
                stage.operators.end = end;
            }
            _ => {
                let mut stage = Stage::alone(operator);
                stage.operators.end = end;
                stages.push(stage);
            }
        }
        operator = end;
    }
    for stage in &mut stages {
        let steps_of = steps[stage.operators.clone()].iter().flatten();
        if steps_of.count() > 1 {
            set_block(model, stage, steps, block);
        }
    }
    stages
}

/// Rows of what an operator writes: elements of all axes but the last.
fn rows_of(model: &ValidModel, operator: usize) -> usize {
    let shape = &model
        .values()
        .tensor(output_of(model.model(), operator))
        .shape;
    let outer = shape.split_last().map_or(&[][..], |(_, outer)| outer);
    outer.iter().map(|&size| size as usize).product()
}

fn output_of(model: &Model, operator: usize) -> ValueId {
    (model.inputs.len() + model.constants.len() + operator) as ValueId
}

/// Whether an operator can be run with those before it. One that is not run can.
fn joins(
    model: &ValidModel,
    stage: &Stage,
    operator: usize,
    step: Option<&Step>,
    steps: &[Option<Step>],
) -> bool {
    let first = stage.operators.start;
    let begun = steps[first].as_ref().and_then(|step| step.rows.as_ref());
    if begun.is_none() {
        return false;
    }
    let Some(step) = step else {
        return true;
    };
    let Some(extents) = &step.rows else {
        return false;
    };
    if rows_of(model, first) != rows_of(model, operator) {
        return false;
    }
    let kept_words = |step: &Step| {
        if step.keeps_scratch {
            step.scratch_words
        } else {
            0
        }
    };
    let before = steps[stage.operators.clone()].iter().flatten();
    let before: usize = before.map(kept_words).sum();
    if before.saturating_add(kept_words(step)) > MAX_KEPT_WORDS {
        return false;
    }
    let operands = model.model().operators[operator].operands();
    let written = output_of(model.model(), first)..output_of(model.model(), stage.operators.end);
    step.reads.iter().zip(extents).all(|(&at, extent)| {
        let source = operands.get(at).copied().unwrap_or_default();
        let root = model.values().alias(source).unwrap_or(source);
        *extent == Extent::Rows || !written.contains(&root)
    })
}

/// Sets how many rows a stage has, and how many of them it takes at a time.
fn set_block(model: &ValidModel, stage: &mut Stage, steps: &[Option<Step>], block: BlockSize) {
    let rows = rows_of(model, stage.operators.start).max(1);
    let row_bytes = most_bytes(model, stage, steps) / rows;
    let least = block.least_rows.clamp(1, rows);
    let block = (block.bytes / row_bytes.max(1)).clamp(least, rows);
    let product_blocks = block / PRODUCT_ROWS * PRODUCT_ROWS;
    stage.rows = rows;
    stage.block_rows = if block == rows || product_blocks == 0 {
        block
    } else {
        product_blocks
    };
}

/// The most bytes that steps of a stage hand on to others of it at any time, and write.
fn most_bytes(model: &ValidModel, stage: &Stage, steps: &[Option<Step>]) -> usize {
    let first_output = output_of(model.model(), stage.operators.start);
    let root = |value: ValueId| model.values().alias(value).unwrap_or(value);
    let bytes = |value: ValueId| model.values().tensor(value).size_bytes() as usize;
    // For each operator of the stage, the last that reads what it writes.
    let mut last_readers = vec![0; stage.operators.len()];
    for (at, operator) in stage.operators.clone().enumerate() {
        for value in model.model().operators[operator].operands() {
            let written = root(value).checked_sub(first_output).map(usize::from);
            if let Some(reader) = written.and_then(|written| last_readers.get_mut(written)) {
                *reader = at;
            }
        }
    }
    let (mut alive, mut most) = (0, 0);
    let mut dying = vec![0; stage.operators.len()];
    let mut at = 0;
    while let Some(step) = steps[stage.operators.clone()].get(at) {
        let count = step.as_ref().map_or(1, |step| step.operators);
        let last = at + count - 1;
        if step.is_some() {
            let own = bytes(first_output + last as ValueId);
            alive += own;
            most = most.max(alive);
            dying[last_readers[last].max(last)] += own;
        }
        alive -= dying[at..=last].iter().sum::<usize>();
        at += count;
    }
    most
}
