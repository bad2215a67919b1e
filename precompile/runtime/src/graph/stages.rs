//! Which operators are run together, some rows at a time, so that what they hand to each other stays
//! in a cache: a convolution, its RESCALE and CLAMP; the passes of a layer norm or a softmax.
//!
//! Operators that stand next to each other make a stage if any rows of their outputs can be computed
//! without the others, and no one needs all of what another of them writes. Because they stand next to
//! each other, the first that fails is found as if each had been run alone (see [`super::execute`]).

use super::arena::Stage;
use crate::{
    model::{Model, ValidModel, format::ValueId},
    ops::operation::{Extent, Step},
};
use alloc::vec::Vec;

/// Bytes of a block of rows, over all that is handed on in a stage: some of a level-2 cache.
pub(crate) const BLOCK_BYTES: usize = 64 << 10;

/// Rows that matrix products take at a time; blocks of as many or more are a multiple of it.
const PRODUCT_ROWS: usize = 12;

/// Divides the operators into stages. `steps` has a step for each operator that is run, but for those that
/// the step of one before them runs too.
pub(super) fn divide(model: &ValidModel, steps: &[Option<Step>], block_bytes: usize) -> Vec<Stage> {
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
            set_block(model, stage, steps, block_bytes);
        }
    }
    stages
}

/// Sizes of all axes but the last.
fn outer_shape(model: &ValidModel, operator: usize) -> &[u32] {
    let shape = &model
        .values()
        .tensor(output_of(model.model(), operator))
        .shape;
    shape.split_last().map_or(&[], |(_, outer)| outer)
}

fn output_of(model: &Model, operator: usize) -> ValueId {
    (model.inputs.len() + model.constants.len() + operator) as ValueId
}

/// Whether an operator can be run with those before it.
fn joins(
    model: &ValidModel,
    stage: &Stage,
    operator: usize,
    step: Option<&Step>,
    steps: &[Option<Step>],
) -> bool {
    let first = stage.operators.start;
    let Some(extents) = step.and_then(|step| step.rows.as_ref()) else {
        return false;
    };
    let begun = steps[first].as_ref().and_then(|step| step.rows.as_ref());
    if begun.is_none() || outer_shape(model, first) != outer_shape(model, operator) {
        return false;
    }
    let operands = model.model().operators[operator].operands();
    let reads = step.into_iter().flat_map(|step| &step.reads);
    let written = output_of(model.model(), first)..output_of(model.model(), stage.operators.end);
    reads.zip(extents).all(|(&at, extent)| {
        let source = operands.get(at).copied().unwrap_or_default();
        let root = model.values().alias(source).unwrap_or(source);
        *extent == Extent::Rows || !written.contains(&root)
    })
}

/// Sets how many rows a stage has, and how many of them it takes at a time.
fn set_block(model: &ValidModel, stage: &mut Stage, steps: &[Option<Step>], block_bytes: usize) {
    let rows = outer_shape(model, stage.operators.start).iter();
    let rows = rows.map(|&size| size as usize).product::<usize>().max(1);
    let mut row_bytes = 0;
    for operator in stage.operators.clone() {
        if let Some(step) = &steps[operator] {
            let value = output_of(model.model(), operator + step.operators - 1);
            row_bytes += model.values().tensor(value).size_bytes() as usize / rows;
        }
    }
    let block = (block_bytes / row_bytes.max(1)).clamp(1, rows);
    let product_blocks = block / PRODUCT_ROWS * PRODUCT_ROWS;
    stage.rows = rows;
    stage.block_rows = if block == rows || product_blocks == 0 {
        block
    } else {
        product_blocks
    };
}
