//! The loop over a plan.

use super::plan::{Arena, Place, Plan, PlannedStep, Source};
use crate::{
    buffer::{View, ViewMut},
    error::{ExecutionError, RunError},
    kernels::KernelError,
    model::limits::MAX_OPERANDS,
};

impl Plan {
    /// Runs the model once. It allocates nothing, unless a convolution's weights are computed by
    /// the model itself.
    ///
    /// `input` and `output` hold the declared tensors one after another, row-major, little-endian,
    /// [`crate::tensor::DType::size_bytes`] per element.
    ///
    /// # Errors
    /// [`RunError`]; what `output` then holds is unspecified. Of several operators that fail, the
    /// first in serialised order is reported.
    pub fn run(&self, arena: &mut Arena, input: &[u8], output: &mut [u8]) -> Result<(), RunError> {
        if !arena.fits(self) {
            return Err(RunError::WrongArena);
        }
        let (got, want) = (input.len(), self.input_bytes);
        if got != want {
            return Err(RunError::InputLength { got, want });
        }
        let (got, want) = (output.len(), self.output_bytes);
        if got != want {
            return Err(RunError::OutputLength { got, want });
        }
        let Arena { bytes, scratch } = arena;
        let bytes = bytes.bytes_mut();
        self.read_inputs(bytes, input)?;
        for step in &self.steps {
            step.execute(bytes, scratch).map_err(|error| {
                let operator = step.operator;
                match error {
                    KernelError::Requirement => RunError::Execution(ExecutionError { operator }),
                    KernelError::Shape => RunError::Defect { operator },
                }
            })?;
        }
        self.write_outputs(bytes, output);
        Ok(())
    }

    fn read_inputs(&self, bytes: &mut [u8], mut input: &[u8]) -> Result<(), RunError> {
        let mut first_element = 0_u64;
        for place in &self.inputs {
            let (tensor, rest) = input.split_at(place.len);
            input = rest;
            let elements = ViewMut::new(place.dtype, &mut bytes[place.range()]);
            let read = elements.read_little_endian(tensor);
            read.map_err(|element| RunError::InputValue {
                index: first_element + element as u64,
            })?;
            first_element += (place.len / place.dtype.size_bytes()) as u64;
        }
        Ok(())
    }

    fn write_outputs(&self, bytes: &[u8], mut output: &mut [u8]) {
        for source in &self.outputs {
            let (tensor, rest) = output.split_at_mut(source.size_bytes());
            output = rest;
            let view = match source {
                Source::Constant(buffer) => buffer.view(),
                Source::Arena(place) => View::new(place.dtype, &bytes[place.range()]),
            };
            view.to_little_endian(tensor);
        }
    }
}

impl Place {
    const fn range(&self) -> core::ops::Range<usize> {
        self.offset..self.offset + self.len
    }
}

impl PlannedStep {
    fn execute(&self, bytes: &mut [u8], scratch: &mut [u64]) -> Result<(), KernelError> {
        // The output's place is free while the operands live: they lie before or after it.
        let (before, rest) = bytes.split_at_mut(self.writes.offset);
        let (out, after) = rest.split_at_mut(self.writes.len);
        let end = self.writes.offset + self.writes.len;
        let mut views = [View::Bool(&[]); MAX_OPERANDS];
        let views = views
            .get_mut(..self.reads.len())
            .ok_or(KernelError::Shape)?;
        for (view, source) in views.iter_mut().zip(&self.reads) {
            *view = match source {
                Source::Constant(buffer) => buffer.view(),
                Source::Arena(place) if place.offset < end => {
                    let tensor = before.get(place.range()).ok_or(KernelError::Shape)?;
                    View::new(place.dtype, tensor)
                }
                Source::Arena(place) => {
                    let start = place.offset - end;
                    let tensor = after.get(start..start + place.len);
                    View::new(place.dtype, tensor.ok_or(KernelError::Shape)?)
                }
            };
        }
        (self.run)(views, ViewMut::new(self.writes.dtype, out), scratch)
    }
}
