//! [SLICE](https://www.mlplatform.org/tosa/tosa_spec.html#_slice)

use super::{
    operation::{Inferred, Operand, Operation, Step},
    shape::{MOVABLE, exactly, product, require_dtype},
};
use crate::{
    error::OperatorError,
    kernels::{Isa, KernelError, portable::slice::slice},
    model::format::ValueId,
    tensor::{Shape, TensorType},
    work::{Work, far_runs},
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of SLICE.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Slice {
    /// `input1`.
    pub input: ValueId,
    /// First index per axis.
    pub start: Shape,
    /// Elements taken per axis.
    pub size: Shape,
}

impl Slice {
    /// Pieces that lie together: what is inside the innermost axis that is cut is one.
    fn runs(&self, shape: &[u32]) -> u64 {
        let cut = self
            .size
            .iter()
            .zip(shape)
            .rposition(|(size, whole)| size != whole);
        product(&self.size[..cut.unwrap_or(0)])
    }
}

impl Operation for Slice {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [input] = exactly(operands)?;
        require_dtype(0, input, &MOVABLE)?;
        let rank = input.shape().len();
        for list in [&self.start, &self.size] {
            if list.len() != rank {
                return Err(OperatorError::EntryCount {
                    got: list.len() as u32,
                    want: rank as u32,
                });
            }
        }
        let ends = self.start.iter().zip(self.size.iter());
        for (axis, ((start, size), &limit)) in ends.zip(input.shape()).enumerate() {
            if *size == 0 || u64::from(*start) + u64::from(*size) > u64::from(limit) {
                return Err(OperatorError::Outside { axis: axis as u8 });
            }
        }
        let output = TensorType {
            dtype: input.dtype(),
            shape: self.size.clone(),
        };
        let work = Work {
            move_bytes: output.size_bytes(),
            runs: far_runs(self.runs(input.shape()), input.tensor.size_bytes()),
            ..Work::default()
        };
        Ok(Inferred::new(output, work))
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        let [input] = exactly(operands).map_err(|_| KernelError::Shape)?;
        let shape = input.shape().to_vec();
        let (start, size) = (self.start.to_vec(), self.size.to_vec());
        let element_bytes = input.dtype().size_bytes();
        Ok(Step::new(isa, 1, move |reads, out| match reads {
            [x] => slice(
                &shape,
                &start,
                &size,
                element_bytes,
                x.bytes(),
                out.into_bytes(),
            ),
            _ => Err(KernelError::Shape),
        }))
    }
}
