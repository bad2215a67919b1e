//! [MUL](https://www.mlplatform.org/tosa/tosa_spec.html#_mul)
//!
//! Checked while running, on i32 with a shift: the result fits i32. Without a shift the result is
//! the low 32 bits.

use super::{
    operation::{Inferred, Operand, Operation, Step},
    pairwise::{Pointwise, infer_pair, pair_step},
    shape::exactly,
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError, KernelResult,
        portable::{
            broadcast::Broadcast,
            mul::{mul_i8, mul_i16, mul_i32},
        },
    },
    model::format::ValueId,
    tensor::DType,
    work::Work,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Largest right shift of a product.
const MAX_SHIFT_BITS: u8 = 63;

/// Attributes of MUL.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Mul {
    /// `input1`.
    pub a: ValueId,
    /// `input2`, broadcast against `a`.
    pub b: ValueId,
    /// Right shift of the product, 0 to 63; 0 unless i32.
    pub shift_bits: u8,
}

impl Operation for Mul {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.a, self.b]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let products = infer_pair(
            operands,
            &[DType::I8, DType::I16, DType::I32],
            Some(DType::I32),
        )?;
        let [a, _] = exactly(operands)?;
        let is_wide = a.dtype() == DType::I32;
        if self.shift_bits > if is_wide { MAX_SHIFT_BITS } else { 0 } {
            return Err(OperatorError::Shift {
                shift_bits: self.shift_bits,
            });
        }
        if !is_wide {
            return Ok(products);
        }
        let work = Work {
            multiply_i32: products.output.elements(),
            elementwise: 0,
            ..products.work
        };
        Ok(Inferred::new(products.output, work))
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        pair_step(operands, isa, self.clone())
    }
}

impl Pointwise for Mul {
    #[inline(always)]
    fn compute(&self, shape: &Broadcast, [a, b]: [View<'_>; 2], out: ViewMut<'_>) -> KernelResult {
        let shift_bits = self.shift_bits;
        match (a, b, out) {
            (View::I8(a), View::I8(b), ViewMut::I32(out)) => mul_i8(shape, a, b, out),
            (View::I16(a), View::I16(b), ViewMut::I32(out)) => mul_i16(shape, a, b, out),
            (View::I32(a), View::I32(b), ViewMut::I32(out)) => {
                mul_i32(shape, a, b, shift_bits, out)
            }
            _ => Err(KernelError::Shape),
        }
    }
}
