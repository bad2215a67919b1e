//! Registers, as the loops see them.

use crate::kernels::dispatch::Kernel;

/// A register of pairs of i16, and the 32-bit sums that are made of them.
///
/// # Safety
/// Every function needs the CPU features of the implementation.
pub(in crate::kernels) trait Register: Copy {
    /// Pairs in one register, and sums that are made of them.
    const LANES: usize;

    /// The sums of a register, in whatever form they grow.
    type Sums: Copy;

    /// The same pair in every lane.
    unsafe fn splat(pair: i32) -> Self;
    /// Reads `LANES` pairs, wherever they begin.
    unsafe fn load(from: *const i16) -> Self;
    /// The upper and the lower halves of the words: `word = high * 2^8 + low`, `low` in 0..=255.
    unsafe fn halves(self) -> [Self; 2];
    /// Reads what `LANES` sums begin with, wherever it begins.
    unsafe fn begin(from: *const i32) -> Self::Sums;
    /// Adds to each sum the two products of a pair, which together fit its 32 bits.
    unsafe fn dot(sums: Self::Sums, x: Self, weights: Self) -> Self::Sums;
    /// Writes `LANES` sums, wherever they begin.
    unsafe fn store(sums: Self::Sums, to: *mut i32);
    /// Calls a kernel as a function of its own, compiled for these registers: one that is inlined
    /// beside others would leave its sums no registers.
    unsafe fn call_apart<K: Kernel>(kernel: K) -> K::Output;
}

/// The sums of a register, and zeros.
///
/// # Safety
/// Needs the CPU features of `R`.
#[inline(always)]
pub(super) unsafe fn lanes<R: Register>(sums: R::Sums) -> [i32; 8] {
    let mut lanes = [0; 8];
    // SAFETY: no register has more lanes.
    unsafe { R::store(sums, lanes.as_mut_ptr()) };
    lanes
}
