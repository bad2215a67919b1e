//! Plain Rust compiled for AVX2.

use crate::kernels::dispatch::Kernel;

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
