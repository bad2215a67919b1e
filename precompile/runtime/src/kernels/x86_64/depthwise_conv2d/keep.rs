//! What becomes of the sums of a window.

use super::{MAX_CHANNELS, QUARTERS, register::Register};
use crate::kernels::x86_64::narrow::Scale;
use core::arch::x86_64::{_mm512_add_epi32, _mm512_loadu_si512};

/// Turns sums into results.
pub(super) trait Keep: Copy {
    /// A result.
    type Element;

    /// Writes what the sums of channels from the first on come to, with their offsets, as many as there are
    /// places.
    ///
    /// # Safety
    /// Needs the CPU features of `R`, and a channel for each place.
    unsafe fn keep<R: Register>(
        self,
        first: usize,
        sums: [R; QUARTERS],
        offsets: &[i32; MAX_CHANNELS],
        out: &mut [Self::Element],
    );
}

/// The sums themselves.
#[derive(Clone, Copy)]
pub(super) struct Sums;

impl Keep for Sums {
    type Element = i32;

    #[inline(always)]
    unsafe fn keep<R: Register>(
        self,
        _first: usize,
        sums: [R; QUARTERS],
        offsets: &[i32; MAX_CHANNELS],
        out: &mut [i32],
    ) {
        let lanes = size_of::<R>() / size_of::<i32>();
        for (at, sums) in sums.into_iter().enumerate() {
            let first = at * lanes;
            let Some(out) = out.get_mut(first..).filter(|out| !out.is_empty()) else {
                break;
            };
            // SAFETY: the caller's; as many lanes are written as there are places.
            unsafe {
                let offsets = R::load_all(offsets[first..].as_ptr().cast());
                sums.add(offsets)
                    .store(out.as_mut_ptr(), out.len().min(lanes));
            }
        }
    }
}

impl Keep for &Scale {
    type Element = i8;

    #[inline(always)]
    unsafe fn keep<R: Register>(
        self,
        first: usize,
        sums: [R; QUARTERS],
        offsets: &[i32; MAX_CHANNELS],
        out: &mut [i8],
    ) {
        // SAFETY: the caller's; a register of offsets is read for each sixteen channels.
        unsafe {
            let mut sums = R::sixteens(sums);
            for (sums, offsets) in sums.iter_mut().zip(offsets.as_chunks::<16>().0) {
                *sums = _mm512_add_epi32(*sums, _mm512_loadu_si512(offsets.as_ptr().cast()));
            }
            let [a, b, c, d] = sums;
            match size_of::<R>() {
                16 => Scale::keep(self, first, [a], out),
                32 => Scale::keep(self, first, [a, b], out),
                _ => {
                    let (low, high) = out.split_at_mut(out.len().min(32));
                    Scale::keep(self, first, [a, b], low);
                    if !high.is_empty() {
                        Scale::keep(self, first + 32, [c, d], high);
                    }
                }
            }
        }
    }
}
