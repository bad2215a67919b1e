//! The loop over a plan.

use super::plan::{Arena, Place, Plan, PlannedStage, PlannedStep, Rows, Source};
use crate::{
    buffer::{View, ViewMut},
    error::{ExecutionError, RunError},
    kernels::KernelError,
    model::limits::MAX_OPERANDS,
};
use core::ops::Range;

/// Operands that all but a few operators do not exceed.
const FEW_OPERANDS: usize = 4;

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
        for stage in &self.stages {
            stage.execute(bytes, scratch)?;
        }
        self.write_outputs(bytes, output);
        Ok(())
    }

    fn read_inputs(&self, bytes: &mut [u8], mut input: &[u8]) -> Result<(), RunError> {
        let mut first_element = 0_u64;
        for place in &self.inputs {
            let (tensor, rest) = input.split_at(place.len);
            input = rest;
            let elements = ViewMut::new(place.dtype, &mut bytes[place.range(0, 1)]);
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
                Source::Constant(buffer, _) => buffer.view(),
                Source::Arena(place) => View::new(place.dtype, &bytes[place.range(0, 1)]),
            };
            view.to_little_endian(tensor);
        }
    }
}

impl Place {
    /// The bytes of a block of rows.
    const fn range(&self, first_row: usize, rows: usize) -> Range<usize> {
        let (from, len) = match self.rows {
            Rows::All => (0, self.len),
            Rows::Own(bytes) => (first_row * bytes, rows * bytes),
            Rows::Block(bytes) => (0, rows * bytes),
        };
        self.offset + from..self.offset + from + len
    }
}

impl PlannedStage {
    /// Runs the steps, block after block. Where one fails, those before it are still run for the blocks
    /// that follow, as the first that fails anywhere is what is reported.
    fn execute(&self, bytes: &mut [u8], scratch: &mut [u64]) -> Result<(), RunError> {
        let mut steps = &self.steps[..];
        let mut failed = None;
        let mut first_row = 0;
        while first_row < self.rows && !steps.is_empty() {
            let rows = self.block_rows.min(self.rows - first_row);
            for (at, step) in steps.iter().enumerate() {
                match step.execute(bytes, scratch, first_row, rows) {
                    Ok(()) => {}
                    Err(KernelError::Requirement) => {
                        failed = Some(step.operator);
                        steps = &steps[..at];
                        break;
                    }
                    Err(KernelError::Shape) => {
                        let operator = step.operator;
                        return Err(RunError::Defect { operator });
                    }
                }
            }
            first_row += rows;
        }
        match failed {
            None => Ok(()),
            Some(operator) => Err(RunError::Execution(ExecutionError { operator })),
        }
    }
}

impl PlannedStep {
    fn execute(
        &self,
        bytes: &mut [u8],
        scratch: &mut [u64],
        first_row: usize,
        rows: usize,
    ) -> Result<(), KernelError> {
        // Most have few: the places of all that CONCAT may have take longer to clear than a small step.
        if self.reads.len() <= FEW_OPERANDS {
            self.execute_with::<FEW_OPERANDS>(bytes, scratch, first_row, rows)
        } else {
            self.execute_with::<MAX_OPERANDS>(bytes, scratch, first_row, rows)
        }
    }

    /// [`Self::execute`] with room for so many operands.
    fn execute_with<const OPERANDS: usize>(
        &self,
        bytes: &mut [u8],
        scratch: &mut [u64],
        first_row: usize,
        rows: usize,
    ) -> Result<(), KernelError> {
        // The output's place is free while the operands live: they lie before or after it.
        let Range { start, end } = self.writes.range(first_row, rows);
        let (before, rest) = bytes.split_at_mut(start);
        let (out, after) = rest.split_at_mut(end - start);
        let mut views = [View::Bool(&[]); OPERANDS];
        let views = views
            .get_mut(..self.reads.len())
            .ok_or(KernelError::Shape)?;
        for (view, source) in views.iter_mut().zip(&self.reads) {
            *view = match source {
                Source::Constant(buffer, None) => buffer.view(),
                Source::Constant(buffer, Some(row_bytes)) => {
                    let range = first_row * row_bytes..(first_row + rows) * row_bytes;
                    let rows = buffer.view().bytes().get(range);
                    View::new(buffer.dtype(), rows.ok_or(KernelError::Shape)?)
                }
                Source::Arena(place) => {
                    let range = place.range(first_row, rows);
                    let tensor = if range.start < end {
                        before.get(range)
                    } else {
                        after.get(range.start - end..range.end - end)
                    };
                    View::new(place.dtype, tensor.ok_or(KernelError::Shape)?)
                }
            };
        }
        let out = ViewMut::new(self.writes.dtype, out);
        let scratch = scratch.get_mut(self.scratch.clone());
        (self.run)(first_row, views, out, scratch.ok_or(KernelError::Shape)?)
    }
}
