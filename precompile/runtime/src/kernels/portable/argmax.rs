//! ARGMAX on i8 and i16.

use crate::kernels::{KernelResult, require_shape};

/// The lowest index of the largest element along an axis. `x` is `[outer, axis, inner]`, `out`
/// `[outer, inner]`.
#[inline(always)]
pub fn argmax<T: Copy + Ord>(axis: usize, inner: usize, x: &[T], out: &mut [i32]) -> KernelResult {
    require_shape(axis > 0 && inner > 0 && i32::try_from(axis).is_ok())?;
    require_shape(out.len().is_multiple_of(inner) && Some(x.len()) == out.len().checked_mul(axis))?;
    for (block, best) in x
        .chunks_exact(axis * inner)
        .zip(out.chunks_exact_mut(inner))
    {
        for (at, best) in best.iter_mut().enumerate() {
            let mut largest = block[at];
            let mut index = 0;
            for (place, &value) in (0_i32..).zip(block[at..].iter().step_by(inner)) {
                if value > largest {
                    largest = value;
                    index = place;
                }
            }
            *best = index;
        }
    }
    Ok(())
}
