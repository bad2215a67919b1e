//! [SCATTER](https://www.mlplatform.org/tosa/tosa_spec.html#_scatter)
//!
//! Proved for constant indices, checked while running for others: every index is in `0..K`. Checked
//! while running: no index stands twice in a batch.

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
    kernels::{
        Isa, KernelError,
        portable::scatter::{scatter, scatter_scratch_words},
    },
    model::format::ValueId,
    tensor::DType,
    work::Work,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of SCATTER.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Scatter {
    /// `values_in`, `[N, K, C]`.
    pub values_in: ValueId,
    /// `indices`, `[N, W]`, i32, each in `0..K`, different within a batch.
    pub indices: ValueId,
    /// `input`, `[N, W, C]`: the rows that are written.
    pub input: ValueId,
}

impl Operation for Scatter {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.values_in, self.indices, self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [values, indices, input] = exactly(operands)?;
        require_dtype(0, values, &MOVABLE)?;
        require_dtype(1, indices, &[DType::I32])?;
        require_dtype(2, input, &[values.dtype()])?;
        let shape @ [batch, rows, channels] = require_rank::<3>(0, values)?;
        let [indices_batch, picks] = require_rank::<2>(1, indices)?;
        require_dimension(1, 0, indices_batch, batch)?;
        let input_shape = require_rank::<3>(2, input)?;
        for (axis, (got, want)) in (0..).zip(input_shape.into_iter().zip([batch, picks, channels]))
        {
            require_dimension(2, axis, got, want)?;
        }
        if picks > rows {
            // Some row would be written twice.
            return Err(OperatorError::Picks { picks, rows });
        }
        let output = with_shape(values.dtype(), &shape)?;
        let work = Work {
            move_bytes: output
                .size_bytes()
                .saturating_add(input.tensor.size_bytes()),
            gather: indices.tensor.elements(),
            ..Work::default()
        };
        Ok(Inferred::new(output, work))
    }

    fn prove(&self, operands: &[Operand<'_>]) -> Result<(), OperatorError> {
        let [values, indices, _] = exactly(operands)?;
        let [_, rows, _] = require_rank::<3>(0, values)?;
        require_indices(1, indices, rows)
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        let [values, _, _] = exactly(operands).map_err(|_| KernelError::Shape)?;
        let [batch, rows, channels] =
            require_rank::<3>(0, values).map_err(|_| KernelError::Shape)?;
        let row_bytes = channels as usize * values.dtype().size_bytes();
        let scratch_words = scatter_scratch_words(rows as usize);
        Ok(Step::with_scratch(
            isa,
            3,
            scratch_words,
            move |reads, out, scratch| match reads {
                [values, View::I32(indices), input] => scatter(
                    batch as usize,
                    row_bytes,
                    values.bytes(),
                    indices,
                    input.bytes(),
                    out.into_bytes(),
                    scratch,
                ),
                _ => Err(KernelError::Shape),
            },
        ))
    }
}
