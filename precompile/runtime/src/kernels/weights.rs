//! The constant operand of a matrix product, prepared once per plan for one instruction set.

use super::{Isa, KernelResult};

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
}

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
        let _ = (isa, weights, outputs, depth, zero_point);
        None
    }

    /// i8 weights for i16 rows (CONV2D on i16): `weights` is `[outputs, depth]`.
    pub fn i8_for_i16(
        isa: Isa,
        weights: &[i8],
        outputs: usize,
        depth: usize,
        zero_point: i32,
    ) -> Option<Self> {
        let _ = (isa, weights, outputs, depth, zero_point);
        None
    }

    /// i16 weights for i16 rows (MATMUL on i16): `weights` is `[outputs, depth]`.
    pub fn i16(isa: Isa, weights: &[i16], outputs: usize, depth: usize) -> Option<Self> {
        let _ = (isa, weights, outputs, depth);
        None
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
        0
    }

    /// Length of `scratch` for a product of `rows` rows. Never decreases with `rows`, and is at most
    /// that of a fixed tile: more rows are worked off tile by tile.
    pub fn scratch_words(&self, rows: usize) -> usize {
        rows
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
        let _ = (rows, zero_point, bias, out, scratch);
        Ok(())
    }

    /// `rows` `[m, depth]` times these weights (made by [`Self::i8_for_i16`] or [`Self::i16`]) into
    /// `out` `[m, outputs]`.
    pub fn product_i16(
        &self,
        rows: &[i16],
        bias: &[i64],
        out: &mut [i64],
        scratch: &mut [u64],
    ) -> KernelResult {
        let _ = (rows, bias, out, scratch);
        Ok(())
    }
}
