//! [TABLE](https://www.mlplatform.org/tosa/tosa_spec.html#_table)
//!
//! Checked while running, on i16: the two entries that a value lies between differ by an i16.

use super::{
    operation::{Compute, Extent, Inferred, Operand, Operation, Step},
    shape::{exactly, require_dimension, require_dtype, require_rank, with_shape},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError, KernelResult,
        portable::table::{table_i8, table_i16, table_i16_always_holds},
    },
    model::format::ValueId,
    tensor::DType,
    work::Work,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Entries of an i8 table: one per value.
const ENTRIES_I8: u32 = 256;
/// Entries of an i16 table: one per 128 values, and one more for the last to lead to.
const ENTRIES_I16: u32 = 513;

/// Attributes of TABLE.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Table {
    /// `input1`, i8 or i16.
    pub input: ValueId,
    /// `table`: 256 of i8, or 513 of i16.
    pub table: ValueId,
}

impl Operation for Table {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input, self.table]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [input, table] = exactly(operands)?;
        require_dtype(0, input, &[DType::I8, DType::I16])?;
        require_dtype(1, table, &[input.dtype()])?;
        let (entries, to) = match input.dtype() {
            DType::I8 => (ENTRIES_I8, DType::I8),
            _ => (ENTRIES_I16, DType::I32),
        };
        let [size] = require_rank::<1>(1, table)?;
        require_dimension(1, 0, size, entries)?;
        let work = Work {
            table: input.tensor.elements(),
            ..Work::default()
        };
        Ok(Inferred::new(with_shape(to, input.shape())?, work))
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        let [_, table] = exactly(operands).map_err(|_| KernelError::Shape)?;
        let always_holds = match table.constant {
            Some(View::I16(table)) => table_i16_always_holds(table),
            _ => false,
        };
        let step = Step::compiled(isa, 2, LookUp { isa, always_holds });
        Ok(step.by_rows(&[Extent::Rows, Extent::All]))
    }
}

struct LookUp {
    isa: Isa,
    /// Whether no i16 can fail.
    always_holds: bool,
}

impl Compute for LookUp {
    #[inline(always)]
    fn compute(&self, reads: &[View<'_>], out: ViewMut<'_>) -> KernelResult {
        match (reads, out) {
            ([View::I8(x), View::I8(table)], ViewMut::I8(out)) => table_i8(self.isa, table, x, out),
            ([View::I16(x), View::I16(table)], ViewMut::I32(out)) => {
                table_i16(self.isa, table, self.always_holds, x, out)
            }
            _ => Err(KernelError::Shape),
        }
    }
}
