//! Plain Rust compiled for AVX-512.

use crate::kernels::dispatch::Kernel;

/// Runs a closure compiled for AVX-512.
#[inline(always)]
pub(crate) fn vectorise<R>(kernel: impl FnOnce() -> R) -> R {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
    fn run<R>(kernel: impl FnOnce() -> R) -> R {
        kernel()
    }
    // SAFETY: the set that this belongs to exists only where these features were detected.
    unsafe { run(kernel) }
}

/// Runs a kernel compiled for AVX-512.
#[inline(always)]
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
    fn run<K: Kernel>(kernel: K) -> K::Output {
        kernel.run()
    }
    // SAFETY: the set that this belongs to exists only where these features were detected.
    unsafe { run(kernel) }
}
