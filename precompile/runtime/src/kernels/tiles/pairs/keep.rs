//! What becomes of the sums of a row with a panel.

use super::{
    MAX_PANEL,
    register::{Register, lanes},
};
use crate::kernels::portable::gemm::bias_of;

/// Turns sums into results.
pub(in crate::kernels) trait Keep: Copy {
    /// A result.
    type Element;

    /// The longest run of pairs whose sum fits 32 bits, or need not.
    const RUN_PAIRS: usize;

    /// Whether a register of weights is two of sums: of their upper halves, and of their lower ones.
    const ARE_HALVES: bool = false;

    /// What the sums of outputs from the first on begin with.
    fn begin(self, first: usize) -> [i32; MAX_PANEL];

    /// Takes the sums of the outputs whose places these are.
    ///
    /// # Safety
    /// Needs the CPU features of `R`.
    unsafe fn keep<R: Register, const V: usize>(
        self,
        sums: [R::Sums; V],
        out: &mut [Self::Element],
    );
}

/// Products with i8 are below 2^23 in magnitude, and halves of products with i16 too: so many pairs of
/// them surely stay below 2^31.
const RUN_PAIRS: usize = 127;

/// The sums, which wrap, and a bias.
#[derive(Clone, Copy)]
pub(super) struct Sums<'a>(pub(super) &'a [i32]);

impl Keep for Sums<'_> {
    type Element = i32;

    const RUN_PAIRS: usize = usize::MAX;

    #[inline(always)]
    fn begin(self, first: usize) -> [i32; MAX_PANEL] {
        match self.0.get(first..).and_then(<[i32]>::first_chunk) {
            Some(own) if self.0.len() > 1 => *own,
            _ => bias_of(self.0, first),
        }
    }

    #[inline(always)]
    unsafe fn keep<R: Register, const V: usize>(self, sums: [R::Sums; V], out: &mut [i32]) {
        for (register, sums) in sums.into_iter().enumerate() {
            let first = register * R::LANES;
            match out.get_mut(first..first + R::LANES) {
                // SAFETY: the caller's; the place is as long as a register.
                Some(out) => unsafe { R::store(sums, out.as_mut_ptr()) },
                None => {
                    // SAFETY: the caller's.
                    let lanes = unsafe { lanes::<R>(sums) };
                    for (out, lane) in out[first..].iter_mut().zip(lanes) {
                        *out = lane;
                    }
                }
            }
        }
    }
}

/// Adds the sums to what is there.
#[derive(Clone, Copy)]
pub(super) struct AddSums;

impl Keep for AddSums {
    type Element = i64;

    const RUN_PAIRS: usize = RUN_PAIRS;

    #[inline(always)]
    fn begin(self, _first: usize) -> [i32; MAX_PANEL] {
        [0; MAX_PANEL]
    }

    #[inline(always)]
    unsafe fn keep<R: Register, const V: usize>(self, sums: [R::Sums; V], out: &mut [i64]) {
        for (register, sums) in sums.into_iter().enumerate() {
            // SAFETY: the caller's.
            let lanes = unsafe { lanes::<R>(sums) };
            let lanes = &lanes[..R::LANES];
            let first = register * R::LANES;
            let many = out.len().min(first + R::LANES);
            for (out, &lane) in out[first..many].iter_mut().zip(lanes) {
                *out = out.wrapping_add(i64::from(lane));
            }
        }
    }
}

/// Adds sums of the upper and the lower halves of weights to what is there.
#[derive(Clone, Copy)]
pub(super) struct AddHalves;

impl Keep for AddHalves {
    type Element = i64;

    const RUN_PAIRS: usize = RUN_PAIRS;

    const ARE_HALVES: bool = true;

    #[inline(always)]
    fn begin(self, _first: usize) -> [i32; MAX_PANEL] {
        [0; MAX_PANEL]
    }

    #[inline(always)]
    unsafe fn keep<R: Register, const V: usize>(self, sums: [R::Sums; V], out: &mut [i64]) {
        let [high, low, ..] = sums[..] else {
            return;
        };
        // SAFETY: the caller's.
        let (high, low) = unsafe { (lanes::<R>(high), lanes::<R>(low)) };
        let halves = high.iter().zip(&low).take(R::LANES);
        for (out, (&high, &low)) in out.iter_mut().zip(halves) {
            let sum = (i64::from(high) << 8) + i64::from(low);
            *out = out.wrapping_add(sum);
        }
    }
}
