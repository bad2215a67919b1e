//! Matrices of i16: weights of i16 rows, and of i8 rows where a set has no instruction for bytes.

#[cfg(tiles)]
use super::Padded;
use super::Windows;
#[cfg(tiles)]
use crate::kernels::tiles::{
    pairs::{Panels, Rows as Lines},
    suit_panels,
};
use crate::kernels::{Isa, KernelError, KernelResult, portable::gemm::Rows};
use alloc::vec::Vec;

/// Weights without their zero point, in one set's layout.
#[derive(Debug)]
pub(super) enum Words {
    /// Weights of bytes.
    Portable { weights: Vec<i16>, depth: usize },
    /// Weights of 16 bits: `weight = high * 2^8 + low`, `low` in 0..=255.
    PortableHalves {
        high: Vec<i16>,
        low: Vec<i16>,
        depth: usize,
    },
    #[cfg(tiles)]
    Panels(Panels),
}

impl Words {
    /// Of `[outputs, lines, line]`, weights of bytes.
    pub(super) fn of_bytes(isa: Isa, weights: Vec<i16>, sizes: [usize; 3]) -> Self {
        let [outputs, lines, line] = sizes;
        let depth = lines * line;
        let _ = (isa, outputs);
        #[cfg(tiles)]
        if let Some(width) = isa.pairs().filter(|_| suit_panels(outputs, depth)) {
            return Self::Panels(Panels::new(width, &weights, sizes));
        }
        Self::Portable { weights, depth }
    }

    /// Of `[outputs, depth]`, weights of 16 bits.
    pub(super) fn of_words(isa: Isa, weights: &[i16], [outputs, depth]: [usize; 2]) -> Self {
        let _ = (isa, outputs);
        #[cfg(tiles)]
        if let Some(width) = isa.pairs().filter(|_| suit_panels(outputs, depth)) {
            return Self::Panels(Panels::of_halves(width, weights, [outputs, 1, depth]));
        }
        Self::PortableHalves {
            high: weights.iter().map(|weight| weight >> 8).collect(),
            low: weights.iter().map(|weight| weight & 0xff).collect(),
            depth,
        }
    }

    /// Whether they can be multiplied with windows where they lie.
    pub(super) const fn takes_windows(&self) -> bool {
        match self {
            Self::Portable { .. } | Self::PortableHalves { .. } => false,
            #[cfg(tiles)]
            Self::Panels(_) => true,
        }
    }

    /// [`Self::product_i32`] of so many windows.
    pub(super) fn product_windows_i32(
        &self,
        windows: (Windows<'_>, usize),
        bias: &[i32],
        out: &mut [i32],
    ) -> KernelResult {
        let _ = (windows, bias, &out);
        match self {
            Self::Portable { .. } | Self::PortableHalves { .. } => Err(KernelError::Shape),
            #[cfg(tiles)]
            Self::Panels(panels) => panels.product_i32(in_place(windows)?, bias, out),
        }
    }

    /// [`Self::add_product_i64`] of so many windows.
    pub(super) fn add_windows_i64(
        &self,
        windows: (Windows<'_>, usize),
        out: &mut [i64],
    ) -> KernelResult {
        let _ = (windows, &out);
        match self {
            Self::Portable { .. } | Self::PortableHalves { .. } => Err(KernelError::Shape),
            #[cfg(tiles)]
            Self::Panels(panels) => panels.add_product_i64(in_place(windows)?, out),
        }
    }

    /// i32 results of `x` `[m, depth]` into `out` `[m, outputs]`, for weights of bytes; sums wrap.
    pub(super) fn product_i32(&self, x: &[i16], bias: &[i32], out: &mut [i32]) -> KernelResult {
        match self {
            Self::Portable { weights, depth } => {
                let depth = *depth;
                Rows { weights, depth }.product_i32(x, bias, out);
                Ok(())
            }
            Self::PortableHalves { .. } => Err(KernelError::Shape),
            #[cfg(tiles)]
            Self::Panels(panels) => {
                panels.product_i32(Lines::of_matrix(x, panels.depth()), bias, out)
            }
        }
    }

    /// i64 results of `x` `[m, depth]`, exact, added to `out` `[m, outputs]`.
    pub(super) fn add_product_i64(&self, x: &[i16], out: &mut [i64]) -> KernelResult {
        match self {
            Self::Portable { weights, depth } => {
                let depth = *depth;
                Rows { weights, depth }.add_product_i64(x, 0, out);
            }
            Self::PortableHalves { high, low, depth } => {
                for (weights, scale_bits) in [(high, 8), (low, 0)] {
                    let depth = *depth;
                    Rows { weights, depth }.add_product_i64(x, scale_bits, out);
                }
            }
            #[cfg(tiles)]
            Self::Panels(panels) => {
                panels.add_product_i64(Lines::of_matrix(x, panels.depth()), out)?;
            }
        }
        Ok(())
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Portable { weights, .. } => size_of_val(&weights[..]),
            Self::PortableHalves { high, low, .. } => {
                size_of_val(&high[..]) + size_of_val(&low[..])
            }
            #[cfg(tiles)]
            Self::Panels(panels) => panels.bytes(),
        }
    }
}

/// So many windows as rows.
#[cfg(tiles)]
const fn in_place((windows, count): (Windows<'_>, usize)) -> Result<Lines<'_>, KernelError> {
    match windows.x {
        Padded::Words(x) => Ok(Lines {
            x,
            count,
            stride: windows.row_stride,
            line_stride: windows.line_stride,
        }),
        Padded::Moved(_) => Err(KernelError::Shape),
    }
}
