//! What becomes of the sums of a row with a panel.

use super::register::{Register, lanes};

/// Turns sums into results.
pub(in crate::kernels) trait Keep<R>: Copy {
    /// A result.
    type Element;

    /// Writes what the sums of outputs from the first on come to, as many as there are places.
    ///
    /// # Safety
    /// Needs the CPU features of `R`, and `first` below the number of outputs.
    unsafe fn keep<const V: usize>(self, first: usize, sums: [R; V], out: &mut [Self::Element]);
}

/// The sums themselves.
#[derive(Clone, Copy)]
pub(in crate::kernels) struct Sums;

impl<R: Register> Keep<R> for Sums {
    type Element = i32;

    #[inline(always)]
    unsafe fn keep<const V: usize>(self, _first: usize, sums: [R; V], out: &mut [i32]) {
        for (register, sums) in sums.into_iter().enumerate() {
            let first = register * R::LANES;
            match out.get_mut(first..first + R::LANES) {
                // SAFETY: the caller's; the place is as long as a register.
                Some(out) => unsafe { sums.store(out.as_mut_ptr()) },
                None => {
                    // SAFETY: the caller's.
                    let lanes = unsafe { lanes(sums) };
                    for (out, lane) in out[first..].iter_mut().zip(lanes) {
                        *out = lane;
                    }
                }
            }
        }
    }
}
