//! Some rows with one panel: the loop that everything is for.

use super::{MAX_PANEL, keep::Keep, register::Register};
use crate::kernels::dispatch::Kernel;
use core::marker::PhantomData;

/// `M` rows and a panel of `V` registers.
///
/// # Safety
/// Whoever makes one vouches for the CPU features of `R`, for `M` rows of `lines` runs of `line` elements
/// inside the slice that begins at `x`, and for `V` registers of sums of weights for each pair of each line.
pub(super) struct Tile<'a, R, K: Keep, const M: usize, const V: usize> {
    pub(super) x: *const i16,
    /// Elements from row to row, and from line to line of a row.
    pub(super) strides: [usize; 2],
    pub(super) lines: usize,
    /// Elements of a line.
    pub(super) line: usize,
    pub(super) weights: *const i16,
    /// Elements of weights from line to line.
    pub(super) weights_stride: usize,
    pub(super) begin: &'a [i32; MAX_PANEL],
    pub(super) keep: K,
    /// Where the first row's results begin.
    pub(super) out: &'a mut [K::Element],
    /// Results from row to row, and of this panel.
    pub(super) outputs: usize,
    pub(super) width: usize,
    pub(super) register: PhantomData<R>,
}

impl<R: Register, K: Keep, const M: usize, const V: usize> Kernel for Tile<'_, R, K, M, V> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        // SAFETY: this tile's.
        let sums = unsafe { self.sums() };
        for (row, sums) in sums.into_iter().enumerate() {
            let out = &mut self.out[row * self.outputs..][..self.width];
            // SAFETY: this tile's.
            unsafe { self.keep.keep::<R, V>(sums, out) };
        }
    }
}

impl<R: Register, K: Keep, const M: usize, const V: usize> Tile<'_, R, K, M, V> {
    /// # Safety
    /// The tile's.
    #[inline(always)]
    unsafe fn sums(&self) -> [[R::Sums; V]; M] {
        let [row_stride, line_stride] = self.strides;
        let registers = if K::ARE_HALVES { 1 } else { V };
        let step = registers * R::LANES * 2;
        // SAFETY: the tile's; every address below is that of elements of a row, or of a pair's weights.
        unsafe {
            let mut begin = [R::begin(self.begin.as_ptr()); V];
            for (register, begin) in begin.iter_mut().enumerate() {
                *begin = R::begin(self.begin.as_ptr().add(register * R::LANES));
            }
            let mut sums = [begin; M];
            let mut line = 0;
            while line < self.lines {
                let mut x = self.x.add(line * line_stride);
                let mut weights = self.weights.add(line * self.weights_stride);
                let end = x.add(self.line / 2 * 2);
                while x < end {
                    let pair = |row: usize| x.add(row * row_stride).cast::<i32>().read_unaligned();
                    add_pair::<R, K, M, V>(&mut sums, weights, pair);
                    weights = weights.add(step);
                    x = x.add(2);
                }
                if self.line % 2 == 1 {
                    // The last element's pair is half of one.
                    let pair = |row: usize| i32::from((*x.add(row * row_stride)).cast_unsigned());
                    add_pair::<R, K, M, V>(&mut sums, weights, pair);
                }
                line += 1;
            }
            sums
        }
    }
}

/// Adds two products to every sum: those of a panel's pairs with each row's.
///
/// # Safety
/// Needs the CPU features of `R`, and `V` registers at `weights`, or one if `K` takes halves.
#[inline(always)]
unsafe fn add_pair<R: Register, K: Keep, const M: usize, const V: usize>(
    sums: &mut [[R::Sums; V]; M],
    weights: *const i16,
    pair: impl Fn(usize) -> i32,
) {
    // SAFETY: the caller's.
    unsafe {
        let mut registers = [R::splat(0); V];
        if K::ARE_HALVES {
            for (place, half) in registers.iter_mut().zip(R::load(weights).halves()) {
                *place = half;
            }
        } else {
            for (register, place) in registers.iter_mut().enumerate() {
                *place = R::load(weights.add(register * R::LANES * 2));
            }
        }
        for (row, sums) in sums.iter_mut().enumerate() {
            let x = R::splat(pair(row));
            for (sum, weights) in sums.iter_mut().zip(registers) {
                *sum = R::dot(*sum, x, weights);
            }
        }
    }
}
