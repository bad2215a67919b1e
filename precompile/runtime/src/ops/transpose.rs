//! [TRANSPOSE](https://www.mlplatform.org/tosa/tosa_spec.html#_transpose)

use super::{
    operation::{Inferred, Operand, Operation, Step},
    shape::{MOVABLE, exactly, product, require_dtype, with_shape},
};
use crate::{
    error::OperatorError,
    kernels::{Isa, KernelError, portable::transpose::transpose},
    model::{format::ValueId, limits::MAX_RANK},
    work::{Work, far_runs},
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};
use libssz_types::SszList;

/// Attributes of TRANSPOSE.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Transpose {
    /// `input1`.
    pub input: ValueId,
    /// Output axis `i` is input axis `permutation[i]`.
    pub permutation: SszList<u8, MAX_RANK>,
}

impl Transpose {
    /// Pieces that lie together: innermost axes that stay in place are one.
    fn runs(&self, shape: &[u32]) -> u64 {
        let axes = self.permutation.iter().map(|&axis| usize::from(axis));
        let moved = axes.enumerate().rfind(|(at, axis)| at != axis);
        product(&shape[..moved.map_or(0, |(at, _)| at + 1)])
    }
}

impl Operation for Transpose {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [input] = exactly(operands)?;
        require_dtype(0, input, &MOVABLE)?;
        let rank = input.shape().len();
        if self.permutation.len() != rank {
            return Err(OperatorError::EntryCount {
                got: self.permutation.len() as u32,
                want: rank as u32,
            });
        }
        let mut seen = [false; MAX_RANK];
        let mut shape = Vec::new();
        for axis in self.permutation.iter().copied().map(usize::from) {
            let size = input.shape().get(axis).ok_or(OperatorError::Permutation)?;
            if core::mem::replace(&mut seen[axis], true) {
                return Err(OperatorError::Permutation);
            }
            shape.push(*size);
        }
        let output = with_shape(input.dtype(), &shape)?;
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
        let permutation = self.permutation.to_vec();
        let element_bytes = input.dtype().size_bytes();
        Ok(Step::new(isa, 1, move |reads, out| match reads {
            [x] => transpose(
                &shape,
                &permutation,
                element_bytes,
                x.bytes(),
                out.into_bytes(),
            ),
            _ => Err(KernelError::Shape),
        }))
    }
}
