//! [TILE](https://www.mlplatform.org/tosa/tosa_spec.html#_tile)

use super::{
    operation::{Inferred, Operand, Operation, Step},
    shape::{MOVABLE, exactly, product, require_dtype, with_shape},
};
use crate::{
    error::OperatorError,
    kernels::{Isa, KernelError, portable::tile::tile},
    model::format::ValueId,
    tensor::{Shape, TensorType},
    work::Work,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of TILE.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Tile {
    /// `input1`.
    pub input: ValueId,
    /// Repetitions along each axis; at least 1.
    pub multiples: Shape,
}

impl Tile {
    /// Pieces that are written one after another: copies of what is inside the innermost axis that is
    /// repeated, or rows of them if they are single elements.
    fn runs(&self, input: &TensorType, output: &TensorType) -> u64 {
        let Some(repeated) = self.multiples.iter().rposition(|&multiple| multiple > 1) else {
            return 1;
        };
        let rows = product(&output.shape[..repeated]);
        match product(&input.shape[repeated..]) {
            1 => rows,
            _ => rows.saturating_mul(u64::from(self.multiples[repeated])),
        }
    }
}

impl Operation for Tile {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [input] = exactly(operands)?;
        require_dtype(0, input, &MOVABLE)?;
        let rank = input.shape().len();
        if self.multiples.len() != rank {
            return Err(OperatorError::EntryCount {
                got: self.multiples.len() as u32,
                want: rank as u32,
            });
        }
        let mut shape = Vec::new();
        for (axis, (size, multiple)) in input.shape().iter().zip(self.multiples.iter()).enumerate()
        {
            if *multiple == 0 {
                return Err(OperatorError::Multiple { axis: axis as u8 });
            }
            // A product that saturates is far over the limit on elements.
            shape.push(size.saturating_mul(*multiple));
        }
        let output = with_shape(input.dtype(), &shape)?;
        let work = Work {
            move_bytes: output.size_bytes(),
            runs: self.runs(input.tensor, &output),
            ..Work::default()
        };
        Ok(Inferred::new(output, work))
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        let [input] = exactly(operands).map_err(|_| KernelError::Shape)?;
        let shape = input.shape().to_vec();
        let multiples = self.multiples.to_vec();
        let element_bytes = input.dtype().size_bytes();
        Ok(Step::new(isa, 1, move |reads, out| match reads {
            [x] => tile(
                &shape,
                &multiples,
                element_bytes,
                x.bytes(),
                out.into_bytes(),
            ),
            _ => Err(KernelError::Shape),
        }))
    }
}
