//! The constant operand of a matrix product, prepared once per plan for one instruction set.
//!
//! Every set multiplies the same thing, so what is decided here is only how it is laid out, and
//! which set's loop is called.

use super::dispatch::Set;
use super::portable::gemm::{Rows, widen};
#[cfg(all(feature = "std", any(target_arch = "x86_64", target_arch = "aarch64")))]
use super::tract;
#[cfg(all(feature = "std", target_arch = "x86_64"))]
use super::x86_64::avx2::Panels;
use super::{Isa, KernelError, KernelResult, require_shape};
use alloc::{vec, vec::Vec};

/// A matrix `[outputs, depth]` (an output channel's weights are one row) in the form that one set's
/// kernels read. Its zero point is folded in.
///
/// A product computes, for every row `x` of `depth` elements and every output `n`:
/// `bias[n] + sum_k (x[k] - zero_point) * (weight[n][k] - weight_zero_point)`.
/// `bias` is empty (0), one element for all outputs, or one per output.
#[derive(Debug)]
pub struct PackedWeights {
    outputs: usize,
    depth: usize,
    packed: Packed,
}

/// What the elements of the two operands are.
#[derive(Debug)]
enum Packed {
    /// i8 rows, i8 weights.
    I8 {
        matrix: Matrix,
        #[cfg(all(feature = "std", any(target_arch = "x86_64", target_arch = "aarch64")))]
        large: Option<tract::Weights>,
    },
    /// i16 rows, i8 weights.
    I16x8(Matrix),
    /// i16 rows, i16 weights: `weight = high * 2^8 + low`, `low` in 0..=255.
    I16 { high: Matrix, low: Matrix },
}

/// Widened weights without their zero point, in one set's layout.
#[derive(Debug)]
enum Matrix {
    Portable {
        weights: Vec<i16>,
        depth: usize,
    },
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    Avx2(Panels),
}

impl Matrix {
    /// Of `[outputs, depth]`.
    fn new(isa: Isa, weights: Vec<i16>, depth: usize) -> Self {
        match isa.0 {
            Set::Portable => Self::Portable { weights, depth },
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Set::Avx2 | Set::Tract if weights.len() >= PANEL_OUTPUTS * depth => {
                Self::Avx2(Panels::new(&weights, depth))
            }
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Set::Avx2 | Set::Tract => Self::Portable { weights, depth },
            #[cfg(all(feature = "std", target_arch = "aarch64"))]
            Set::Tract => Self::Portable { weights, depth },
        }
    }

    fn product_i32(&self, rows: &[i16], bias: &[i32], out: &mut [i32]) {
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

    fn add_product_i64(&self, rows: &[i16], scale_bits: u32, out: &mut [i64]) {
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

    fn bytes(&self) -> usize {
        match self {
            Self::Portable { weights, .. } => size_of_val(&weights[..]),
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Self::Avx2(panels) => panels.bytes(),
        }
    }
}

/// From this many outputs, depth and rows on, `tract-linalg` is faster than own kernels: its fixed
/// cost is a few microseconds a tile, for allocating and packing (measured on AVX512-VNNI).
#[cfg(all(feature = "std", any(target_arch = "x86_64", target_arch = "aarch64")))]
const LARGE_OUTPUTS: usize = 64;
#[cfg(all(feature = "std", any(target_arch = "x86_64", target_arch = "aarch64")))]
const LARGE_DEPTH: usize = 256;
#[cfg(all(feature = "std", any(target_arch = "x86_64", target_arch = "aarch64")))]
const LARGE_ROWS: usize = 16;

/// With fewer outputs than this, a panel is so empty that plain Rust is faster (measured).
#[cfg(all(feature = "std", target_arch = "x86_64"))]
const PANEL_OUTPUTS: usize = 4;

/// Bytes of widened rows that are worked on at a time: they stay in a level-1 cache half.
const TILE_BYTES: usize = 16 << 10;

impl PackedWeights {
    /// i8 weights for i8 rows: `weights` is `[outputs, depth]`. `None` if its length is not
    /// `outputs * depth`, either is 0, or the zero point is not an i8.
    pub fn i8(
        isa: Isa,
        weights: &[i8],
        outputs: usize,
        depth: usize,
        zero_point: i32,
    ) -> Option<Self> {
        let widened = widened(weights, outputs, depth, zero_point)?;
        let packed = Packed::I8 {
            matrix: Matrix::new(isa, widened, depth),
            #[cfg(all(feature = "std", any(target_arch = "x86_64", target_arch = "aarch64")))]
            large: (isa.0 == Set::Tract
                && zero_point == 0
                && outputs >= LARGE_OUTPUTS
                && depth >= LARGE_DEPTH)
                .then(|| tract::Weights::new(weights, depth))
                .flatten(),
        };
        Some(Self {
            outputs,
            depth,
            packed,
        })
    }

    /// i8 weights for i16 rows (CONV2D on i16): `weights` is `[outputs, depth]`.
    pub fn i8_for_i16(
        isa: Isa,
        weights: &[i8],
        outputs: usize,
        depth: usize,
        zero_point: i32,
    ) -> Option<Self> {
        let widened = widened(weights, outputs, depth, zero_point)?;
        let packed = Packed::I16x8(Matrix::new(isa, widened, depth));
        Some(Self {
            outputs,
            depth,
            packed,
        })
    }

    /// i16 weights for i16 rows (MATMUL on i16): `weights` is `[outputs, depth]`.
    pub fn i16(isa: Isa, weights: &[i16], outputs: usize, depth: usize) -> Option<Self> {
        if outputs == 0 || depth == 0 || outputs.checked_mul(depth)? != weights.len() {
            return None;
        }
        let high = weights.iter().map(|weight| weight >> 8).collect();
        let low = weights.iter().map(|weight| weight & 0xff).collect();
        let packed = Packed::I16 {
            high: Matrix::new(isa, high, depth),
            low: Matrix::new(isa, low, depth),
        };
        Some(Self {
            outputs,
            depth,
            packed,
        })
    }

    /// Number of outputs (columns of the product).
    pub const fn outputs(&self) -> usize {
        self.outputs
    }

    /// Length of a dot product.
    pub const fn depth(&self) -> usize {
        self.depth
    }

    /// Bytes on the heap.
    pub fn packed_bytes(&self) -> usize {
        match &self.packed {
            #[cfg(all(feature = "std", any(target_arch = "x86_64", target_arch = "aarch64")))]
            Packed::I8 {
                matrix,
                large: Some(large),
            } => matrix.bytes() + large.bytes(),
            Packed::I8 { matrix, .. } | Packed::I16x8(matrix) => matrix.bytes(),
            Packed::I16 { high, low } => high.bytes() + low.bytes(),
        }
    }

    /// Rows that are gathered and multiplied at a time.
    pub(crate) fn tile_rows(&self) -> usize {
        #[cfg(all(feature = "std", any(target_arch = "x86_64", target_arch = "aarch64")))]
        if matches!(self.packed, Packed::I8 { large: Some(_), .. }) {
            return 4 * LARGE_ROWS;
        }
        (TILE_BYTES / size_of::<i16>() / self.depth).max(4)
    }

    /// Length of `scratch` for a product of `rows` rows. Grows with `rows` up to that of a fixed
    /// tile: more rows are worked off tile by tile.
    pub fn scratch_words(&self, rows: usize) -> usize {
        // Widened rows, and after them the same rows as i8 for a library that takes those.
        (rows.min(self.tile_rows()) * self.depth * 3).div_ceil(size_of::<u64>())
    }

    /// `rows` `[m, depth]` times these weights (made by [`Self::i8`]) into `out` `[m, outputs]`.
    pub fn product_i8(
        &self,
        rows: &[i8],
        zero_point: i32,
        bias: &[i32],
        out: &mut [i32],
        scratch: &mut [u64],
    ) -> KernelResult {
        let rows_count = rows.len() / self.depth;
        require_shape(rows.len().is_multiple_of(self.depth))?;
        require_shape(scratch.len() >= self.scratch_words(rows_count))?;
        self.require_result(rows_count, bias.len(), out.len())?;
        let zero_point = i8::try_from(zero_point).map_err(|_| KernelError::Shape)?;
        self.each_tile_i8(out, scratch, bias, zero_point, |first, zero_point, tile| {
            let from = first * self.depth;
            widen(&rows[from..from + tile.len()], zero_point, tile);
        })
    }

    /// `rows` `[m, depth]` times these weights (made by [`Self::i8_for_i16`] or [`Self::i16`]) into
    /// `out` `[m, outputs]`. No scratch is needed.
    pub fn product_i16(&self, rows: &[i16], bias: &[i64], out: &mut [i64]) -> KernelResult {
        require_shape(rows.len().is_multiple_of(self.depth))?;
        self.require_result(rows.len() / self.depth, bias.len(), out.len())?;
        let tile = self.tile_rows();
        let tiles = rows
            .chunks(tile * self.depth)
            .zip(out.chunks_mut(tile * self.outputs));
        for (rows, out) in tiles {
            for row in out.chunks_exact_mut(self.outputs) {
                match bias {
                    [] => row.fill(0),
                    [one] => row.fill(*one),
                    many => row.copy_from_slice(many),
                }
            }
            match &self.packed {
                Packed::I16x8(weights) => weights.add_product_i64(rows, 0, out),
                Packed::I16 { high, low } => {
                    high.add_product_i64(rows, 8, out);
                    low.add_product_i64(rows, 0, out);
                }
                Packed::I8 { .. } => return Err(KernelError::Shape),
            }
        }
        Ok(())
    }

    /// Multiplies tile by tile: `gather` writes the widened rows of a tile, given its first row.
    pub(crate) fn each_tile_i8(
        &self,
        out: &mut [i32],
        scratch: &mut [u64],
        bias: &[i32],
        zero_point: i8,
        mut gather: impl FnMut(usize, i16, &mut [i16]),
    ) -> KernelResult {
        let scratch: &mut [i16] = bytemuck::cast_slice_mut(scratch);
        let tile_rows = self.tile_rows();
        for (at, out) in out.chunks_mut(tile_rows * self.outputs).enumerate() {
            let elements = out.len() / self.outputs * self.depth;
            let tiles = scratch.split_at_mut_checked(elements);
            let (tile, rest) = tiles.ok_or(KernelError::Shape)?;
            let _ = &rest;
            gather(at * tile_rows, i16::from(zero_point), tile);
            match &self.packed {
                #[cfg(all(feature = "std", any(target_arch = "x86_64", target_arch = "aarch64")))]
                Packed::I8 {
                    large: Some(large), ..
                } if elements >= LARGE_ROWS * self.depth
                    && product_of_large(large, tile, rest, zero_point, bias, out) => {}
                Packed::I8 { matrix, .. } => matrix.product_i32(tile, bias, out),
                Packed::I16x8(_) | Packed::I16 { .. } => return Err(KernelError::Shape),
            }
        }
        Ok(())
    }

    /// [`Self::each_tile_i8`] for i16 rows, which are gathered as they are.
    pub(crate) fn each_tile_i16(
        &self,
        out: &mut [i64],
        scratch: &mut [u64],
        bias: &[i64],
        mut gather: impl FnMut(usize, &mut [i16]),
    ) -> KernelResult {
        let scratch: &mut [i16] = bytemuck::cast_slice_mut(scratch);
        let tile_rows = self.tile_rows();
        for (at, out) in out.chunks_mut(tile_rows * self.outputs).enumerate() {
            let elements = out.len() / self.outputs * self.depth;
            let tile = scratch.get_mut(..elements).ok_or(KernelError::Shape)?;
            gather(at * tile_rows, tile);
            self.product_i16(tile, bias, out)?;
        }
        Ok(())
    }

    pub(crate) fn require_result(&self, rows: usize, bias: usize, out: usize) -> KernelResult {
        require_shape(rows.checked_mul(self.outputs) == Some(out))?;
        require_shape(bias <= 1 || bias == self.outputs)
    }
}

/// Multiplies widened rows as the i8 that they were; whether it could be done.
#[cfg(all(feature = "std", any(target_arch = "x86_64", target_arch = "aarch64")))]
fn product_of_large(
    large: &tract::Weights,
    tile: &[i16],
    scratch: &mut [i16],
    zero_point: i8,
    bias: &[i32],
    out: &mut [i32],
) -> bool {
    let Some(rows) = bytemuck::cast_slice_mut(scratch).get_mut(..tile.len()) else {
        return false;
    };
    for (row, &x) in rows.iter_mut().zip(tile) {
        *row = (x + i16::from(zero_point)) as i8;
    }
    large.product(rows, zero_point, bias, out).is_some()
}

/// Weights as i16 without their zero point; `None` if a size is 0 or does not fit.
fn widened(weights: &[i8], outputs: usize, depth: usize, zero_point: i32) -> Option<Vec<i16>> {
    if outputs == 0 || depth == 0 || outputs.checked_mul(depth)? != weights.len() {
        return None;
    }
    let zero_point = i16::from(i8::try_from(zero_point).ok()?);
    let mut out = vec![0; weights.len()];
    widen(weights, zero_point, &mut out);
    Some(out)
}
