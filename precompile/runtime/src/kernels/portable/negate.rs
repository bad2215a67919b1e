//! NEGATE on i8, i16 and i32.

use crate::kernels::{KernelResult, require, require_shape};

/// `out = output_zero_point - (x - input_zero_point)`, saturated. Zero points are i8.
#[inline(always)]
pub fn negate_i8(
    x: &[i8],
    input_zero_point: i8,
    output_zero_point: i8,
    out: &mut [i8],
) -> KernelResult {
    require_shape(x.len() == out.len())?;
    let offset = i16::from(input_zero_point) + i16::from(output_zero_point);
    for (o, &x) in out.iter_mut().zip(x) {
        let value = offset - i16::from(x);
        *o = value.clamp(i8::MIN.into(), i8::MAX.into()) as i8;
    }
    Ok(())
}

/// `out = -x`, saturated.
#[inline(always)]
pub fn negate_i16(x: &[i16], out: &mut [i16]) -> KernelResult {
    require_shape(x.len() == out.len())?;
    for (o, &x) in out.iter_mut().zip(x) {
        *o = x.saturating_neg();
    }
    Ok(())
}

/// `out = -x`. Requires that no element is the smallest i32.
#[inline(always)]
pub fn negate_i32(x: &[i32], out: &mut [i32]) -> KernelResult {
    require_shape(x.len() == out.len())?;
    let mut failed = false;
    for (o, &x) in out.iter_mut().zip(x) {
        *o = x.wrapping_neg();
        failed |= x == i32::MIN;
    }
    require(!failed)
}
