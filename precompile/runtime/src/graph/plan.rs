//! Steps in order, with places resolved and weights packed for one set of kernels.

use super::arena::Region;
use crate::{
    buffer::{AlignedBytes, Buffer},
    kernels::Isa,
    model::{ValidModel, format::ValueId},
    ops::operation::{Operand, Run, Step},
    tensor::DType,
};
use alloc::{sync::Arc, vec, vec::Vec};

/// A model made ready to run: steps in order, weights packed for one set of kernels. It is not
/// changed by running, so one plan serves any number of threads, each with its own [`Arena`].
#[derive(Debug)]
pub struct Plan {
    pub(super) inputs: Vec<Place>,
    pub(super) steps: Vec<PlannedStep>,
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
}

impl Place {
    fn new(dtype: DType, region: Region) -> Self {
        Self {
            dtype,
            offset: region.offset as usize,
            len: region.len as usize,
        }
    }
}

/// Where a step or an output finds a tensor.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// In the arena.
    Arena(Place),
    /// In a constant.
    Constant(Arc<Buffer>),
}

/// A step, and what its kernel closes over beside packed weights and constants.
const BYTES_PER_STEP: usize = 512;

impl Source {
    fn memory_bytes(&self) -> usize {
        let constant = match self {
            Self::Arena(_) => 0,
            Self::Constant(_) => self.size_bytes(),
        };
        size_of::<Self>() + constant
    }

    pub(super) fn size_bytes(&self) -> usize {
        match self {
            Self::Arena(place) => place.len,
            Self::Constant(buffer) => buffer.view().bytes().len(),
        }
    }
}

/// One operator, with its places.
pub(super) struct PlannedStep {
    /// Index in serialised order.
    pub(super) operator: u16,
    pub(super) reads: Vec<Source>,
    pub(super) writes: Place,
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
        let graph = model.model();
        let first_output = graph.inputs.len() + graph.constants.len();
        let mut plan = Self {
            inputs: (0..graph.inputs.len())
                .filter_map(|value| place(model, value as ValueId))
                .collect(),
            steps: Vec::new(),
            outputs: graph
                .outputs
                .iter()
                .filter_map(|output| source(model, output.value))
                .collect(),
            input_bytes: model.input_bytes() as usize,
            output_bytes: model.output_bytes() as usize,
            arena_bytes: model.arena_bytes() as usize,
            scratch_words: 0,
            packed_bytes: 0,
        };
        for (index, operator) in (0..).zip(graph.operators.iter()) {
            let value = (first_output + usize::from(index)) as ValueId;
            if model.values().alias(value).is_some() {
                continue;
            }
            // A value without a place is constant: evaluated already.
            let Some(writes) = place(model, value) else {
                continue;
            };
            let numbers = operator.operands();
            let values = numbers.iter().map(|&value| model.values().operand(value));
            let operands: Vec<Operand<'_>> = values.collect();
            let step = operator.operation().prepare(&operands, isa);
            let step = step.unwrap_or_else(|_| Step::defect());
            plan.scratch_words = plan.scratch_words.max(step.scratch_words);
            plan.packed_bytes += step.packed_bytes;
            let reads = step.reads.iter().filter_map(|&at| numbers.get(at));
            plan.steps.push(PlannedStep {
                operator: index,
                reads: reads.filter_map(|&value| source(model, value)).collect(),
                writes,
                run: step.run,
            });
        }
        plan
    }

    /// Bytes that the plan keeps alive: packed weights, constants (as often as they are read) and
    /// its own steps. An upper bound, for whoever keeps plans.
    pub fn memory_bytes(&self) -> usize {
        let steps = self.steps.iter().map(|step| {
            let reads = step.reads.iter().map(Source::memory_bytes);
            BYTES_PER_STEP + reads.sum::<usize>()
        });
        let outputs = self.outputs.iter().map(Source::memory_bytes);
        self.packed_bytes + steps.chain(outputs).sum::<usize>()
    }
}

fn place(model: &ValidModel, value: ValueId) -> Option<Place> {
    let region = model.layout().region(value)?;
    Some(Place::new(model.values().tensor(value).dtype, region))
}

fn source(model: &ValidModel, value: ValueId) -> Option<Source> {
    match model.values().constant(value) {
        Some(buffer) => Some(Source::Constant(Arc::clone(buffer))),
        None => place(model, value).map(Source::Arena),
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
