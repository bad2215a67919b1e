//! What becomes of the sums of a window.

use super::{QUARTERS, register::Register};
use crate::kernels::x86_64::narrow::Narrow;

/// Turns sums into results.
pub(super) trait Keep: Copy {
    /// A result.
    type Element;

    /// Writes what the woven sums of channels from the first on come to, as many as there are places.
    ///
    /// # Safety
    /// Needs the CPU features of `R`, and a channel for each place.
    unsafe fn keep<R: Register>(self, first: usize, sums: [R; QUARTERS], out: &mut [Self::Element]);
}

/// The sums themselves.
#[derive(Clone, Copy)]
pub(super) struct Sums;

impl Keep for Sums {
    type Element = i32;

    #[inline(always)]
    unsafe fn keep<R: Register>(self, _first: usize, sums: [R; QUARTERS], out: &mut [i32]) {
        let lanes = size_of::<R>() / size_of::<i32>();
        // SAFETY: the caller's.
        let sums = unsafe { R::in_order(sums) };
        for (at, sums) in sums.into_iter().enumerate() {
            let first = at * lanes;
            let Some(out) = out.get_mut(first..).filter(|out| !out.is_empty()) else {
                break;
            };
            // SAFETY: the caller's; as many lanes are written as there are places.
            unsafe { sums.store(out.as_mut_ptr(), out.len().min(lanes)) };
        }
    }
}

impl<const IS_DOUBLE_ROUND: bool> Keep for Narrow<'_, IS_DOUBLE_ROUND> {
    type Element = i8;

    #[inline(always)]
    unsafe fn keep<R: Register>(self, first: usize, sums: [R; QUARTERS], out: &mut [i8]) {
        // SAFETY: the caller's; the widest registers' entries are woven.
        unsafe {
            if size_of::<R>() == 64 {
                return self.keep_woven(first, R::sixteens(sums), out);
            }
            let [a, b, ..] = R::sixteens(R::in_order(sums));
            if size_of::<R>() == 16 {
                Self::keep(self, first, [a], out);
            } else {
                Self::keep(self, first, [a, b], out);
            }
        }
    }
}
