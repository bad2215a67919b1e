//! Kernels of x86-64's own instructions: of its baseline, SSE2, and beyond it.
//!
//! Never `vpmaddubsw`: it saturates.

#![allow(unsafe_code)]

pub(crate) mod avx2;
pub(crate) mod avx512;
pub(crate) mod depthwise_conv2d;
pub(crate) mod matmul;
pub(crate) mod narrow;
pub(crate) mod pairs;
pub(crate) mod rescale;
pub(crate) mod rescale_avx2;
pub(crate) mod table;
pub(crate) mod vnni;

/// Dot products of four bytes.
pub(crate) use self::vnni as dot;

/// Whether [`avx2`] may run.
pub(crate) fn has_avx2() -> bool {
    std::is_x86_feature_detected!("avx2")
}

/// Whether [`vnni::Width::Ymm`] and [`avx2`] may run.
pub(crate) fn has_avx_vnni() -> bool {
    has_avx2() && std::is_x86_feature_detected!("avxvnni")
}

/// Whether [`vnni::Width::Zmm`] and [`avx2`] may run.
pub(crate) fn has_avx512_vnni() -> bool {
    has_avx2()
        && std::is_x86_feature_detected!("avx512f")
        && std::is_x86_feature_detected!("avx512bw")
        && std::is_x86_feature_detected!("avx512vl")
        && std::is_x86_feature_detected!("avx512dq")
        && std::is_x86_feature_detected!("avx512vnni")
}
