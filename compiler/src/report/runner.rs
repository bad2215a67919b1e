//! A compiled model as the runtime runs it, with real numbers at its outputs.

use crate::{error::CompileError, ports};
use fixpoint_runtime::{
    graph::{Arena, Plan},
    kernels::Isa,
    model::ValidModel,
};

/// A planned model and the memory of one run.
pub(crate) struct Runner<'a> {
    model: &'a ValidModel,
    plan: Plan,
    arena: Arena,
}

/// One output of one run.
pub(crate) struct Got {
    /// Its elements.
    pub(crate) reals: Vec<f64>,
    /// How many of them are at an end of the integer range.
    pub(crate) saturated: usize,
}

impl<'a> Runner<'a> {
    /// Makes a model ready.
    pub(crate) fn new(model: &'a ValidModel) -> Self {
        let plan = Plan::new(model, Isa::detect());
        let arena = Arena::new(&plan);
        Self { model, plan, arena }
    }

    /// Runs packed inputs; `sample` is for the error.
    ///
    /// # Errors
    /// [`CompileError::Run`].
    pub(crate) fn run(&mut self, sample: usize, bytes: &[u8]) -> Result<Vec<Got>, CompileError> {
        let mut output = vec![0; usize::try_from(self.model.output_bytes()).unwrap_or(0)];
        self.plan
            .run(&mut self.arena, bytes, &mut output)
            .map_err(|source| CompileError::Run { sample, source })?;
        Ok(split_outputs(self.model, &output))
    }
}

fn split_outputs(model: &ValidModel, bytes: &[u8]) -> Vec<Got> {
    let mut rest = bytes;
    let mut outputs = Vec::new();
    for (output, tensor) in model.model().outputs.iter().zip(model.output_types()) {
        let elements: usize = tensor.shape.iter().map(|&dim| dim as usize).product();
        let (tensor_bytes, others) = rest.split_at(elements * tensor.dtype.size_bytes());
        rest = others;
        let (min, max) = tensor.dtype.range();
        outputs.push(Got {
            reals: ports::unpack(&output.quantisation, tensor, tensor_bytes),
            saturated: ports::elements(tensor.dtype, tensor_bytes)
                .iter()
                .filter(|&&element| element == min || element == max)
                .count(),
        });
    }
    outputs
}
