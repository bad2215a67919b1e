//! MUL: i8, i16 and i32 operands, i32 products.

use super::broadcast::Broadcast;
use crate::kernels::{KernelResult, require_shape};

/// `out = a * b` in i32; nothing can overflow.
#[inline(always)]
pub fn mul_i8(shape: &Broadcast, a: &[i8], b: &[i8], out: &mut [i32]) -> KernelResult {
    shape.apply(a, b, out, |x, y| (i32::from(x) * i32::from(y), 0))
}

/// `out = a * b` in i32; nothing can overflow.
#[inline(always)]
pub fn mul_i16(shape: &Broadcast, a: &[i16], b: &[i16], out: &mut [i32]) -> KernelResult {
    shape.apply(a, b, out, |x, y| (i32::from(x) * i32::from(y), 0))
}

/// `out = a * b / 2^shift_bits`, rounded half up, with `shift_bits` in 0..=63. Requires that the
/// result fits i32. Without a shift it is the low 32 bits of the product, and nothing is required.
#[inline(always)]
pub fn mul_i32(
    shape: &Broadcast,
    a: &[i32],
    b: &[i32],
    shift_bits: u8,
    out: &mut [i32],
) -> KernelResult {
    if shift_bits == 0 {
        return shape.apply(a, b, out, |x, y| (x.wrapping_mul(y), 0));
    }
    require_shape(shift_bits <= 63)?;
    let round = 1_i64 << (shift_bits - 1);
    shape.apply(a, b, out, |x, y| {
        let value = (i64::from(x) * i64::from(y)).wrapping_add(round) >> shift_bits;
        let low = value as i32;
        (low, u32::from(i64::from(low) != value))
    })
}
