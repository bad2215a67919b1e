//! SELECT.

use super::broadcast::Broadcast;
use crate::kernels::KernelResult;

/// `out = if condition { a } else { b }`; a condition is 0 or 1.
#[inline(always)]
pub fn select<T: Copy>(
    shape: &Broadcast<3>,
    condition: &[u8],
    a: &[T],
    b: &[T],
    out: &mut [T],
) -> KernelResult {
    shape.require_lengths([condition.len(), a.len(), b.len()], out.len())?;
    let strides = shape.row_strides();
    shape.each_row(out, |row, [condition_at, a_at, b_at]| {
        let (condition, a, b) = (&condition[condition_at..], &a[a_at..], &b[b_at..]);
        if strides == [1; 3] {
            let elements = row.iter_mut().zip(condition).zip(a).zip(b);
            for (((o, &condition), &x), &y) in elements {
                *o = if condition != 0 { x } else { y };
            }
            return;
        }
        let [condition_stride, a_stride, b_stride] = strides;
        for (at, o) in row.iter_mut().enumerate() {
            *o = if condition[at * condition_stride] != 0 {
                a[at * a_stride]
            } else {
                b[at * b_stride]
            };
        }
    });
    Ok(())
}
