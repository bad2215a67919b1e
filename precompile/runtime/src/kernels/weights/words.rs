//! Matrices of i16: weights of i16 rows, and of i8 rows where a set has no instruction for bytes.

use crate::kernels::{Isa, portable::gemm::Rows};
#[cfg(all(feature = "std", target_arch = "x86_64"))]
use crate::kernels::{dispatch::Set, x86_64::avx2::Panels};
use alloc::vec::Vec;

/// With fewer outputs than this, a panel is so empty that plain Rust is faster (measured).
#[cfg(all(feature = "std", target_arch = "x86_64"))]
const PANEL_OUTPUTS: usize = 4;

/// Weights without their zero point, in one set's layout.
#[derive(Debug)]
pub(super) enum Words {
    Portable {
        weights: Vec<i16>,
        depth: usize,
    },
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    Avx2(Panels),
}

impl Words {
    /// Of `[outputs, depth]`.
    pub(super) fn new(isa: Isa, weights: Vec<i16>, depth: usize) -> Self {
        match isa.0 {
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Set::Avx2 | Set::AvxVnni | Set::Avx512Vnni
                if weights.len() >= PANEL_OUTPUTS * depth =>
            {
                Self::Avx2(Panels::new(&weights, depth))
            }
            _ => Self::Portable { weights, depth },
        }
    }

    /// i32 results of `rows` `[m, depth]` into `out` `[m, outputs]`; sums wrap.
    pub(super) fn product_i32(&self, rows: &[i16], bias: &[i32], out: &mut [i32]) {
        match self {
            Self::Portable { weights, depth } => {
                Rows {
                    weights,
                    depth: *depth,
                }
                .product_i32(rows, bias, out);
            }
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Self::Avx2(panels) => panels.product_i32(rows, bias, out),
        }
    }

    /// i64 results, exact while weights are below 2^8 in magnitude: they are added to `out` times
    /// `2^scale_bits`.
    pub(super) fn add_product_i64(&self, rows: &[i16], scale_bits: u32, out: &mut [i64]) {
        match self {
            Self::Portable { weights, depth } => {
                Rows {
                    weights,
                    depth: *depth,
                }
                .add_product_i64(rows, scale_bits, out);
            }
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Self::Avx2(panels) => panels.add_product_i64(rows, scale_bits, out),
        }
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Portable { weights, .. } => size_of_val(&weights[..]),
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Self::Avx2(panels) => panels.bytes(),
        }
    }
}
