//! AVX2: matrix products with `vpmaddwd` on i16, whose pairs of products are added exactly in i32.
//!
//! Weights lie in panels of 16 outputs, `[outputs / 16][depth / 2][16][2]`, so one 32-bit broadcast
//! of two neighbouring row elements meets the same two of 16 outputs in two registers.

use crate::kernels::dispatch::Kernel;
use crate::kernels::portable::gemm::{RUN_ELEMENTS, bias_of};
use alloc::{vec, vec::Vec};
use core::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_madd_epi16, _mm256_set1_epi32, _mm256_setzero_si256,
};

/// Outputs of a panel.
const PANEL: usize = 16;

/// Rows that are multiplied together: with two registers each, their sums and a panel's two vectors
/// fit the 16 registers.
const GROUP: usize = 4;

/// Two neighbouring weights of each output of a panel.
type Step = [[i16; 2]; PANEL];

/// Runs a closure compiled for AVX2.
#[inline(always)]
pub(crate) fn vectorise<R>(kernel: impl FnOnce() -> R) -> R {
    #[target_feature(enable = "avx2")]
    fn run<R>(kernel: impl FnOnce() -> R) -> R {
        kernel()
    }
    // SAFETY: the set that this belongs to exists only where AVX2 was detected.
    unsafe { run(kernel) }
}

/// Runs a kernel compiled for AVX2.
#[inline(always)]
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    #[target_feature(enable = "avx2")]
    fn run<K: Kernel>(kernel: K) -> K::Output {
        kernel.run()
    }
    // SAFETY: the set that this belongs to exists only where AVX2 was detected.
    unsafe { run(kernel) }
}

/// Weights in panels; the last one and an odd depth are filled up with zeros.
#[derive(Debug)]
pub(crate) struct Panels {
    steps: Vec<Step>,
    outputs: usize,
    depth: usize,
}

impl Panels {
    /// Of `[outputs, depth]`.
    pub(crate) fn new(weights: &[i16], depth: usize) -> Self {
        let outputs = weights.len() / depth;
        let steps = depth.div_ceil(2);
        let mut panels = vec![[[0; 2]; PANEL]; outputs.div_ceil(PANEL) * steps];
        for (output, row) in weights.chunks_exact(depth).enumerate() {
            let panel = &mut panels[output / PANEL * steps..][..steps];
            for (step, pair) in panel.iter_mut().zip(row.chunks(2)) {
                step[output % PANEL][..pair.len()].copy_from_slice(pair);
            }
        }
        Self {
            steps: panels,
            outputs,
            depth,
        }
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.steps[..])
    }

    /// i32 results of `x` `[m, depth]` into `out` `[m, outputs]`; sums wrap.
    pub(crate) fn product_i32(&self, x: &[i16], bias: &[i32], out: &mut [i32]) {
        // SAFETY: panels exist only where AVX2 was detected.
        unsafe {
            self.product(x, out, usize::MAX, |first, sums, out| {
                let bias = bias_of::<PANEL, _>(bias, first);
                for ((out, sum), bias) in out.iter_mut().zip(sums).zip(bias) {
                    *out = sum.wrapping_add(bias);
                }
            });
        }
    }

    /// i64 results, exact while weights are below 2^8 in magnitude: they are added to `out` times
    /// `2^scale_bits`.
    pub(crate) fn add_product_i64(&self, x: &[i16], scale_bits: u32, out: &mut [i64]) {
        // SAFETY: panels exist only where AVX2 was detected.
        unsafe {
            self.product(x, out, RUN_ELEMENTS / 2, |_, sums, out| {
                for (out, &sum) in out.iter_mut().zip(sums) {
                    *out = out.wrapping_add(i64::from(sum) << scale_bits);
                }
            });
        }
    }

    /// Calls `store` with a panel's first output, its sums over at most `run_steps` pairs and their
    /// place, until all are summed.
    #[target_feature(enable = "avx2")]
    fn product<T>(
        &self,
        x: &[i16],
        out: &mut [T],
        run_steps: usize,
        store: impl Fn(usize, &[i32; PANEL], &mut [T]) + Copy,
    ) {
        let (depth, outputs) = (self.depth, self.outputs);
        let run_steps = run_steps.min(depth.div_ceil(2));
        for (at, panel) in self.steps.chunks_exact(depth.div_ceil(2)).enumerate() {
            let first = at * PANEL;
            let width = PANEL.min(outputs - first);
            let keep = |out: &mut [T], sums: &[[i32; PANEL]]| {
                for (sums, out) in sums.iter().zip(out.chunks_exact_mut(outputs)) {
                    store(first, sums, &mut out[first..first + width]);
                }
            };
            let groups = x.chunks(GROUP * depth).zip(out.chunks_mut(GROUP * outputs));
            for (rows, out) in groups {
                for (run, steps) in panel.chunks(run_steps).enumerate() {
                    let from = run * run_steps * 2;
                    let row = |at: usize| {
                        let row = &rows[at * depth..(at + 1) * depth];
                        &row[from..depth.min(from + 2 * steps.len())]
                    };
                    match rows.len() / depth {
                        GROUP => keep(out, &sums([row(0), row(1), row(2), row(3)], steps)),
                        3 => keep(out, &sums([row(0), row(1), row(2)], steps)),
                        2 => keep(out, &sums([row(0), row(1)], steps)),
                        _ => keep(out, &sums([row(0)], steps)),
                    }
                }
            }
        }
    }
}

/// Dot products of `M` rows with a panel. A row is one shorter than the panel's pairs if the depth is
/// odd.
#[inline]
#[target_feature(enable = "avx2")]
fn sums<const M: usize>(x: [&[i16]; M], panel: &[Step]) -> [[i32; PANEL]; M] {
    let mut sums = [[_mm256_setzero_si256(); 2]; M];
    let pairs = x.map(|row| row.as_chunks::<2>().0);
    let whole = pairs[0].len();
    let pairs = pairs.map(|row| &row[..whole]);
    for (at, step) in panel[..whole].iter().enumerate() {
        let x = core::array::from_fn(|row| pairs[row][at]);
        multiply_add(&mut sums, x, step);
    }
    if let Some(step) = panel.get(whole) {
        let x = core::array::from_fn(|row| [x[row].last().copied().unwrap_or(0), 0]);
        multiply_add(&mut sums, x, step);
    }
    sums.map(bytemuck::cast)
}

/// Adds one pair of products to every sum.
#[inline]
#[target_feature(enable = "avx2")]
fn multiply_add<const M: usize>(sums: &mut [[__m256i; 2]; M], x: [[i16; 2]; M], step: &Step) {
    let weights: [__m256i; 2] = bytemuck::cast(*step);
    for (sums, x) in sums.iter_mut().zip(x) {
        let x = _mm256_set1_epi32(bytemuck::cast(x));
        for (sum, weights) in sums.iter_mut().zip(weights) {
            *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(x, weights));
        }
    }
}
