//! Stages in order, with places resolved and weights packed for one set of kernels.

use super::{
    arena::{Layout, Stage},
    fuse::{Readers, fused},
    stages::{BlockSize, divide},
};
use crate::{
    buffer::{AlignedBytes, Buffer},
    kernels::Isa,
    model::{ValidModel, format::ValueId},
    ops::operation::{Extent, Operand, Run, Step},
    tensor::DType,
};
use alloc::{sync::Arc, vec, vec::Vec};
use core::ops::Range;

/// A model made ready to run: steps in order, weights packed for one set of kernels. It is not
/// changed by running, so one plan serves any number of threads, each with its own [`Arena`].
#[derive(Debug)]
pub struct Plan {
    pub(super) inputs: Vec<Place>,
    pub(super) stages: Vec<PlannedStage>,
    pub(super) outputs: Vec<Source>,
    pub(super) input_bytes: usize,
    pub(super) output_bytes: usize,
    arena_bytes: usize,
    scratch_words: usize,
    packed_bytes: usize,
}

/// A tensor in the arena. Offsets and lengths are below the arena's limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) dtype: DType,
    pub(super) offset: usize,
    pub(super) len: usize,
    pub(super) rows: Rows,
}

/// What of a place belongs to a block of rows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rows {
    /// Everything, whichever rows.
    All,
    /// The rows, so many bytes each.
    Own(usize),
    /// All of it: the place holds one block, so many bytes a row.
    Block(usize),
}

/// Where a step or an output finds a tensor.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// In the arena.
    Arena(Place),
    /// In a constant: all of it, or rows of so many bytes.
    Constant(Arc<Buffer>, Option<usize>),
}

/// A step, and what its kernel closes over beside packed weights and constants.
const BYTES_PER_STEP: usize = 512;

impl Source {
    fn memory_bytes(&self) -> usize {
        let constant = match self {
            Self::Arena(_) => 0,
            Self::Constant(..) => self.size_bytes(),
        };
        size_of::<Self>() + constant
    }

    pub(super) fn size_bytes(&self) -> usize {
        match self {
            Self::Arena(place) => place.len,
            Self::Constant(buffer, _) => buffer.view().bytes().len(),
        }
    }
}

/// Steps that are run together, some rows at a time.
#[derive(Debug)]
pub(super) struct PlannedStage {
    pub(super) rows: usize,
    pub(super) block_rows: usize,
    pub(super) steps: Vec<PlannedStep>,
}

/// One operator, or some that are run as one, with places.
pub(super) struct PlannedStep {
    /// Index in serialised order, of the first.
    pub(super) operator: u16,
    pub(super) reads: Vec<Source>,
    pub(super) writes: Place,
    /// Its part of the scratch.
    pub(super) scratch: Range<usize>,
    pub(super) run: Run,
}

impl core::fmt::Debug for PlannedStep {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("PlannedStep")
            .field("operator", &self.operator)
            .field("reads", &self.reads.len())
            .field("writes", &self.writes)
            .finish_non_exhaustive()
    }
}

impl Plan {
    /// Plans a model for a set of kernels. Every set gives the same results.
    pub fn new(model: &ValidModel, isa: Isa) -> Self {
        Self::in_blocks(model, isa, BlockSize::default())
    }

    /// [`Self::new`], with the size of the blocks in which operators that belong together are run. It
    /// changes speed and memory alone.
    pub fn in_blocks(model: &ValidModel, isa: Isa, block: BlockSize) -> Self {
        let mut steps = fused_steps(model, isa);
        let mut stages = divide(model, &steps, block);
        let hands_on = hands_on(&steps);
        let hands_on = |operator: usize| hands_on[operator];
        let mut layout = Layout::of_stages(model.model(), model.values(), &stages, hands_on);
        // A tensor lives on to the end of the stage that reads it. Should that take more memory than
        // what is paid for, operators are run alone.
        if layout.bytes() > model.arena_bytes() {
            steps = (0..steps.len()).map(|at| step(model, at, isa)).collect();
            stages = (0..steps.len()).map(Stage::alone).collect();
            layout = model.layout().clone();
        }
        let places = Places { model, layout };
        let graph = model.model();
        let whole = |value| places.source(value, None);
        let mut plan = Self {
            inputs: (0..graph.inputs.len())
                .filter_map(|value| places.place(value as ValueId, None))
                .collect(),
            outputs: graph
                .outputs
                .iter()
                .filter_map(|output| whole(output.value))
                .collect(),
            stages: Vec::new(),
            input_bytes: model.input_bytes() as usize,
            output_bytes: model.output_bytes() as usize,
            arena_bytes: places.layout.bytes() as usize,
            scratch_words: 0,
            packed_bytes: 0,
        };
        let mut steps = steps.into_iter();
        for stage in stages {
            let steps: Vec<Option<Step>> = steps.by_ref().take(stage.operators.len()).collect();
            let scratch = Scratch::of(&steps);
            plan.scratch_words = plan.scratch_words.max(scratch.words);
            let steps = (stage.operators.start..).zip(steps);
            let mut planned = Vec::new();
            for ((operator, step), scratch) in steps.zip(scratch.ranges) {
                if let Some(step) = step {
                    plan.packed_bytes += step.packed_bytes;
                    planned.extend(places.step(operator, step, &stage, scratch));
                }
            }
            if !planned.is_empty() {
                plan.stages.push(PlannedStage {
                    rows: stage.rows,
                    block_rows: stage.block_rows,
                    steps: planned,
                });
            }
        }
        plan
    }

    /// Bytes that the plan keeps alive: packed weights, constants (as often as they are read) and
    /// its own steps. An upper bound, for whoever keeps plans.
    pub fn memory_bytes(&self) -> usize {
        let steps = self.stages.iter().flat_map(|stage| &stage.steps);
        let steps = steps.map(|step| {
            let reads = step.reads.iter().map(Source::memory_bytes);
            BYTES_PER_STEP + reads.sum::<usize>()
        });
        let outputs = self.outputs.iter().map(Source::memory_bytes);
        self.packed_bytes + steps.chain(outputs).sum::<usize>()
    }
}

/// The step of every operator that is run, but for those that the step of one before them runs too.
fn fused_steps(model: &ValidModel, isa: Isa) -> Vec<Option<Step>> {
    let readers = Readers::of(model);
    let mut steps = Vec::new();
    while steps.len() < model.model().operators.len() {
        let operator = steps.len();
        let step = if is_run(model, operator) {
            fused(model, &readers, operator, isa).or_else(|| step(model, operator, isa))
        } else {
            None
        };
        let end = operator + step.as_ref().map_or(1, |step| step.operators);
        steps.push(step);
        steps.resize_with(end, || None);
    }
    steps
}

/// Whether an operator is run: aliases and those of constants alone are not.
fn is_run(model: &ValidModel, operator: usize) -> bool {
    let graph = model.model();
    let value = (graph.inputs.len() + graph.constants.len() + operator) as ValueId;
    model.values().alias(value).is_none() && model.values().constant(value).is_none()
}

/// The step of one operator, if it is run.
fn step(model: &ValidModel, operator: usize, isa: Isa) -> Option<Step> {
    if !is_run(model, operator) {
        return None;
    }
    let operator = &model.model().operators[operator];
    let numbers = operator.operands();
    let operands = numbers.iter().map(|&value| model.values().operand(value));
    let operands: Vec<Operand<'_>> = operands.collect();
    let step = operator.operation().prepare(&operands, isa);
    Some(step.unwrap_or_else(|_| Step::defect()))
}

/// For each operator, whether a step hands what it writes on to the operator behind it.
fn hands_on(steps: &[Option<Step>]) -> Vec<bool> {
    let mut inside = 0;
    let operators = steps.iter().map(|step| {
        inside = step.as_ref().map_or(inside, |step| step.operators);
        inside = usize::saturating_sub(inside, 1);
        inside > 0
    });
    operators.collect()
}

/// The scratch of the steps of a stage: theirs alone where they keep it, else one place for all.
struct Scratch {
    ranges: Vec<Range<usize>>,
    words: usize,
}

impl Scratch {
    fn of(steps: &[Option<Step>]) -> Self {
        let words = |keeping: bool| {
            let steps = steps.iter().flatten();
            let steps = steps.filter(move |step| step.keeps_scratch == keeping);
            steps.map(|step| step.scratch_words)
        };
        let kept: usize = words(true).sum();
        let mut next = 0;
        let ranges = steps.iter().map(|step| match step {
            None => 0..0,
            Some(step) if step.keeps_scratch => {
                next += step.scratch_words;
                next - step.scratch_words..next
            }
            Some(step) => kept..kept + step.scratch_words,
        });
        Self {
            ranges: ranges.collect(),
            words: kept + words(false).max().unwrap_or(0),
        }
    }
}

/// Where the values of a model are.
struct Places<'a> {
    model: &'a ValidModel,
    layout: Layout,
}

impl Places<'_> {
    /// The place of a value, of which `rows` are used at a time, or all.
    fn place(&self, value: ValueId, rows: Option<usize>) -> Option<Place> {
        let region = self.layout.region(value)?;
        let tensor = self.model.values().tensor(value);
        let root = self.model.values().alias(value).unwrap_or(value);
        let rows = match rows.map(|rows| tensor.size_bytes() as usize / rows) {
            None => Rows::All,
            Some(bytes) if self.layout.is_block(root) => Rows::Block(bytes),
            Some(bytes) => Rows::Own(bytes),
        };
        Some(Place {
            dtype: tensor.dtype,
            offset: region.offset as usize,
            len: region.len as usize,
            rows,
        })
    }

    fn source(&self, value: ValueId, rows: Option<usize>) -> Option<Source> {
        match self.model.values().constant(value) {
            Some(buffer) => {
                let row_bytes = rows.map(|rows| buffer.view().bytes().len() / rows);
                Some(Source::Constant(Arc::clone(buffer), row_bytes))
            }
            None => self.place(value, rows).map(Source::Arena),
        }
    }

    fn step(
        &self,
        operator: usize,
        step: Step,
        stage: &Stage,
        scratch: Range<usize>,
    ) -> Option<PlannedStep> {
        let graph = self.model.model();
        let last = operator + step.operators - 1;
        let value = graph.inputs.len() + graph.constants.len() + last;
        let numbers = graph.operators[operator].operands();
        let by_rows = (stage.rows > 1).then_some(stage.rows);
        let extents = step.rows.unwrap_or_default();
        let reads = step.reads.iter().enumerate().filter_map(|(at, &operand)| {
            let rows = by_rows.filter(|_| extents.get(at) == Some(&Extent::Rows));
            self.source(*numbers.get(operand)?, rows)
        });
        Some(PlannedStep {
            operator: operator as u16,
            reads: reads.collect(),
            writes: self.place(value as ValueId, by_rows)?,
            scratch,
            run: step.run,
        })
    }
}

/// The memory of one running inference: tensors, and scratch for kernels. It may be used again and
/// again; nothing is read that the same run did not write.
#[derive(Debug)]
pub struct Arena {
    pub(super) bytes: AlignedBytes,
    pub(super) scratch: Vec<u64>,
}

impl Arena {
    /// Memory for a plan.
    pub fn new(plan: &Plan) -> Self {
        Self {
            bytes: AlignedBytes::zeroed(plan.arena_bytes),
            scratch: vec![0; plan.scratch_words],
        }
    }

    /// Whether a plan can run in this memory: one made for it, or for a larger one.
    pub fn fits(&self, plan: &Plan) -> bool {
        self.bytes.bytes().len() >= plan.arena_bytes && self.scratch.len() >= plan.scratch_words
    }
}
