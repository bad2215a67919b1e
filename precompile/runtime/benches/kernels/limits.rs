//! What the instructions themselves reach, from registers alone: what products are measured against.

#![allow(unsafe_code)]

use criterion::{Criterion, Throughput};

/// Runs the loops of the instruction sets that this machine has.
#[cfg(target_arch = "x86_64")]
pub(crate) fn limits(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("limits");
    group.sample_size(10);
    if std::is_x86_feature_detected!("avx512vnni") && std::is_x86_feature_detected!("avx512f") {
        group.throughput(Throughput::Elements((STEPS * VNNI_SUMS * 64) as u64));
        group.bench_function("i8 vpdpbusd zmm", |bencher| {
            // SAFETY: the features were detected.
            bencher.iter(|| unsafe { x86_64::vnni() });
        });
    }
    if std::is_x86_feature_detected!("avx2") {
        group.throughput(Throughput::Elements((STEPS * AVX2_SUMS * 16) as u64));
        group.bench_function("i8 vpmaddwd ymm", |bencher| {
            // SAFETY: the feature was detected.
            bencher.iter(|| unsafe { x86_64::avx2() });
        });
    }
}

/// Other machines' loops are not written.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn limits(_: &mut Criterion) {}

#[cfg(target_arch = "x86_64")]
const STEPS: usize = 10_000;
#[cfg(target_arch = "x86_64")]
const VNNI_SUMS: usize = 24;
#[cfg(target_arch = "x86_64")]
const AVX2_SUMS: usize = 12;

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use super::{AVX2_SUMS, STEPS, VNNI_SUMS};
    use core::arch::x86_64::*;
    use std::hint::black_box;

    /// Independent sums, as many as a product's tile has.
    #[target_feature(enable = "avx512f,avx512vnni")]
    pub(super) fn vnni() -> [__m512i; VNNI_SUMS] {
        let x = black_box(_mm512_set1_epi32(3));
        let weights = black_box(_mm512_set1_epi32(5));
        let mut sums = [_mm512_setzero_si512(); VNNI_SUMS];
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = _mm512_dpbusd_epi32(*sum, weights, x);
            }
        }
        sums
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn avx2() -> [__m256i; AVX2_SUMS] {
        let mut x = black_box(_mm256_set1_epi32(3));
        let weights = black_box(_mm256_set1_epi32(5));
        let mut sums = [_mm256_setzero_si256(); AVX2_SUMS];
        for _ in 0..STEPS {
            for sum in &mut sums {
                // SAFETY: it does nothing; the product must be computed anew after it.
                unsafe { core::arch::asm!("/* {0} */", inout(ymm_reg) x, options(nostack, nomem)) };
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(x, weights));
            }
        }
        sums
    }
}
