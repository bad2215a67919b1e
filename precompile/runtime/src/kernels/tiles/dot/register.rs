//! Registers, as the loops see them.

/// A register of 32-bit sums, and what is done with it.
///
/// # Safety
/// Every function needs the CPU features of the implementation.
pub(in crate::kernels) trait Register: Copy {
    /// Sums in one register.
    const LANES: usize;

    /// By what the rows that [`Self::dot`] multiplies are higher than they were before they were moved up.
    const MOVED_UP: i32;

    /// The same 32 bits in every lane.
    unsafe fn splat(value: i32) -> Self;
    /// Four elements of a row that was moved up, wherever they begin, in every lane, as [`Self::dot`] takes them.
    unsafe fn row(from: *const u8) -> Self;
    /// Reads `4 * LANES` bytes, wherever they begin.
    unsafe fn load(from: *const u8) -> Self;
    /// Writes `LANES` sums, wherever they begin.
    unsafe fn store(self, to: *mut i32);
    /// Adds to each lane.
    unsafe fn add(self, other: Self) -> Self;
    /// Adds to each lane four products of bytes of a row and of weights.
    unsafe fn dot(self, row: Self, weights: Self) -> Self;
}

/// The sums of a register, and zeros.
///
/// # Safety
/// Needs the CPU features of `R`.
#[inline(always)]
pub(super) unsafe fn lanes<R: Register>(register: R) -> [i32; 16] {
    let mut lanes = [0; 16];
    // SAFETY: no register has more lanes.
    unsafe { register.store(lanes.as_mut_ptr()) };
    lanes
}
