//! [CONCAT](https://www.mlplatform.org/tosa/tosa_spec.html#_concat)

use super::{
    operation::{Inferred, Operand, Operation, Step},
    shape::{
        MOVABLE, axis_and_inner, product, require_axis, require_dimension, require_dtype,
        with_shape,
    },
};
use crate::{
    error::OperatorError,
    kernels::{Isa, KernelError, portable::concat::concat_part},
    model::{format::ValueId, limits::MAX_OPERANDS},
    work::Work,
};
use alloc::vec::Vec;
use libssz_derive::{SszDecode, SszEncode};
use libssz_types::SszList;

/// Attributes of CONCAT.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Concat {
    /// `input1`: at least one tensor, equal in all but the axis.
    pub inputs: SszList<ValueId, MAX_OPERANDS>,
    /// Axis along which they are joined.
    pub axis: u8,
}

impl Operation for Concat {
    fn operands(&self) -> Vec<ValueId> {
        self.inputs.to_vec()
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [first, rest @ ..] = operands else {
            return Err(OperatorError::NoOperand);
        };
        require_dtype(0, first, &MOVABLE)?;
        let joined = require_axis(self.axis, first)?;
        let mut shape = first.shape().to_vec();
        for (number, part) in (1..).zip(rest) {
            require_dtype(number, part, &[first.dtype()])?;
            if part.shape().len() != shape.len() {
                return Err(OperatorError::Rank {
                    operand: number,
                    got: part.shape().len() as u8,
                    want: shape.len() as u8,
                });
            }
            for (axis, (size, &other)) in shape.iter_mut().zip(part.shape()).enumerate() {
                if axis == joined {
                    // A sum that saturates is far over the limit on elements.
                    *size = size.saturating_add(other);
                } else {
                    require_dimension(number, axis as u8, other, *size)?;
                }
            }
        }
        let output = with_shape(first.dtype(), &shape)?;
        let work = Work {
            move_bytes: output.size_bytes(),
            runs: product(&shape[..joined]).saturating_mul(operands.len() as u64),
            ..Work::default()
        };
        Ok(Inferred::new(output, work))
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        // Everything from the axis inwards is one run of bytes.
        let run_bytes = |part: &Operand<'_>| {
            let (size, inner) = axis_and_inner(part.shape(), usize::from(self.axis));
            size * inner * part.dtype().size_bytes()
        };
        let parts_bytes: Vec<usize> = operands.iter().map(run_bytes).collect();
        let out_bytes = parts_bytes.iter().sum();
        Ok(Step::new(isa, operands.len(), move |reads, out| {
            let out = out.into_bytes();
            let mut offset_bytes = 0;
            for (part, &part_bytes) in reads.iter().zip(&parts_bytes) {
                concat_part(part.bytes(), part_bytes, out, out_bytes, offset_bytes)?;
                offset_bytes += part_bytes;
            }
            Ok(())
        }))
    }
}
