//! Registers, as the loops see them.

use crate::kernels::dispatch::Kernel;

/// A register of 32-bit sums, and what is done with it.
///
/// # Safety
/// Every function needs the CPU features of the implementation.
pub(in crate::kernels) trait Register: Copy {
    /// Sums in one register.
    const LANES: usize;

    /// The same pair in every lane.
    unsafe fn splat(pair: i32) -> Self;
    /// Reads `LANES` pairs or sums, wherever they begin.
    unsafe fn load<T>(from: *const T) -> Self;
    /// The upper and the lower halves of the words: `word = high * 2^8 + low`, `low` in 0..=255.
    unsafe fn halves(self) -> [Self; 2];
    /// Writes `LANES` sums, wherever they begin.
    unsafe fn store(self, to: *mut i32);
    /// Adds to each lane the two products of a pair, which together fit its 32 bits.
    unsafe fn dot(self, x: Self, weights: Self) -> Self;
    /// Calls a kernel as a function of its own, compiled for these registers: one that is inlined
    /// beside others would leave its sums no registers.
    unsafe fn call_apart<K: Kernel>(kernel: K) -> K::Output;
}

/// The sums of a register, and zeros.
///
/// # Safety
/// Needs the CPU features of `R`.
#[inline(always)]
pub(super) unsafe fn lanes<R: Register>(register: R) -> [i32; 8] {
    let mut lanes = [0; 8];
    // SAFETY: no register has more lanes.
    unsafe { register.store(lanes.as_mut_ptr()) };
    lanes
}
