//! [PAD](https://www.mlplatform.org/tosa/tosa_spec.html#_pad)

use super::{
    operation::{Inferred, Operand, Operation, Step},
    shape::{MOVABLE, exactly, product, require_dtype, with_shape},
};
use crate::{
    buffer::{Buffer, ViewMut},
    error::OperatorError,
    kernels::{Isa, KernelError, portable::pad::pad},
    model::{
        format::{Signed32, ValueId},
        limits::MAX_RANK,
    },
    ops::geometry::Margin,
    work::Work,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};
use libssz_types::SszList;

/// Attributes of PAD.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Pad {
    /// `input1`.
    pub input: ValueId,
    /// Elements added before and after, per axis.
    pub padding: SszList<Margin, MAX_RANK>,
    /// Value of the added elements, in the range of the element type.
    pub value: Signed32,
}

impl Pad {
    /// Pieces that lie together: what is inside the innermost axis that is padded is one.
    fn runs(&self, shape: &[u32]) -> u64 {
        let is_padded = |margin: &Margin| margin.before != 0 || margin.after != 0;
        let padded = self.padding.iter().rposition(is_padded);
        product(&shape[..padded.unwrap_or(0)])
    }
}

impl Operation for Pad {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [input] = exactly(operands)?;
        require_dtype(0, input, &MOVABLE)?;
        let rank = input.shape().len();
        if self.padding.len() != rank {
            return Err(OperatorError::EntryCount {
                got: self.padding.len() as u32,
                want: rank as u32,
            });
        }
        let Signed32(value) = self.value;
        let (min, max) = input.dtype().range();
        if !(min..=max).contains(&i64::from(value)) {
            return Err(OperatorError::PaddingValue { value });
        }
        let mut shape = Vec::new();
        for (margin, size) in self.padding.iter().zip(input.shape()) {
            // A sum that saturates is far over the limit on elements.
            let before = size.saturating_add(margin.before);
            shape.push(before.saturating_add(margin.after));
        }
        let output = with_shape(input.dtype(), &shape)?;
        let work = Work {
            move_bytes: output.size_bytes(),
            runs: self.runs(input.shape()),
            ..Work::default()
        };
        Ok(Inferred::new(output, work))
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        let [input] = exactly(operands).map_err(|_| KernelError::Shape)?;
        let shape = input.shape().to_vec();
        let margins = self.padding.iter();
        let padding: Vec<_> = margins
            .map(|margin| (margin.before, margin.after))
            .collect();
        // The value is in the element type's range: these are all of its bytes, in memory order.
        let mut value =
            Buffer::zeroed(&with_shape(input.dtype(), &[]).map_err(|_| KernelError::Shape)?);
        match value.view_mut() {
            ViewMut::Bool(element) => element.fill(self.value.0 as u8),
            ViewMut::I8(element) => element.fill(self.value.0 as i8),
            ViewMut::I16(element) => element.fill(self.value.0 as i16),
            ViewMut::I32(element) => element.fill(self.value.0),
            ViewMut::I48(_) => return Err(KernelError::Shape),
        }
        Ok(Step::new(isa, 1, move |reads, out| match reads {
            [x] => pad(
                &shape,
                &padding,
                value.view().bytes(),
                x.bytes(),
                out.into_bytes(),
            ),
            _ => Err(KernelError::Shape),
        }))
    }
}
