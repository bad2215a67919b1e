//! [GATHER](https://www.mlplatform.org/tosa/tosa_spec.html#_gather)
//!
//! Proved for constant indices, checked while running for others: every index is in `0..K`.

use super::{
    operation::{Inferred, Operand, Operation, Step},
    shape::{
        MOVABLE, exactly, require_dimension, require_dtype, require_indices, require_rank,
        with_shape,
    },
};
use crate::{
    buffer::View,
    error::OperatorError,
    kernels::{Isa, KernelError, portable::gather::gather},
    model::format::ValueId,
    tensor::DType,
    work::Work,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of GATHER.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Gather {
    /// `values`, `[N, K, C]`.
    pub values: ValueId,
    /// `indices`, `[N, W]`, i32, each in `0..K`.
    pub indices: ValueId,
}

impl Operation for Gather {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.values, self.indices]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [values, indices] = exactly(operands)?;
        require_dtype(0, values, &MOVABLE)?;
        require_dtype(1, indices, &[DType::I32])?;
        let [batch, _, channels] = require_rank::<3>(0, values)?;
        let [indices_batch, picks] = require_rank::<2>(1, indices)?;
        require_dimension(1, 0, indices_batch, batch)?;
        let output = with_shape(values.dtype(), &[batch, picks, channels])?;
        let work = Work {
            gather: indices.tensor.elements(),
            move_bytes: output.size_bytes(),
            ..Work::default()
        };
        Ok(Inferred::new(output, work))
    }

    fn prove(&self, operands: &[Operand<'_>]) -> Result<(), OperatorError> {
        let [values, indices] = exactly(operands)?;
        let [_, rows, _] = require_rank::<3>(0, values)?;
        require_indices(1, indices, rows)
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        let [values, _] = exactly(operands).map_err(|_| KernelError::Shape)?;
        let [batch, rows, channels] =
            require_rank::<3>(0, values).map_err(|_| KernelError::Shape)?;
        let row_bytes = channels as usize * values.dtype().size_bytes();
        Ok(Step::new(isa, 2, move |reads, out| match reads {
            [values, View::I32(indices)] => gather(
                batch as usize,
                rows as usize,
                row_bytes,
                values.bytes(),
                indices,
                out.into_bytes(),
            ),
            _ => Err(KernelError::Shape),
        }))
    }
}
