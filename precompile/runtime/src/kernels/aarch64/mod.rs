//! Kernels of aarch64's own instructions: of its baseline, NEON, and of dot products where there are any.

#![allow(unsafe_code)]

pub(crate) mod dot;
pub(crate) mod pairs;

/// Whether [`dot`] may run.
pub(crate) fn has_dot_products() -> bool {
    std::arch::is_aarch64_feature_detected!("dotprod")
}
