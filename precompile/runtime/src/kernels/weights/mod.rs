//! The constant operand of a matrix product, prepared once per plan for one instruction set.
//!
//! Every set multiplies the same thing, so what is decided here is only how it is laid out, and
//! which set's loop is called.

mod bytes;
mod words;

use self::{bytes::Bytes, words::Words};
use super::portable::{gemm::widen, narrowing::Narrowing};
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
    /// Lines of the windows that they are for, if they are for windows where they lie.
    lines: Option<usize>,
    packed: Packed,
}

/// An input with its padding written out, in the form that a set multiplies.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(tiles), allow(dead_code, reason = "no other set takes windows"))]
pub(crate) enum Padded<'a> {
    /// Bytes, moved up by 128.
    Moved(&'a [u8]),
    /// Words without a zero point.
    Words(&'a [i16]),
}

/// Windows of an input, each some lines of neighbouring elements.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(tiles), allow(dead_code, reason = "no other set takes windows"))]
pub(crate) struct Windows<'a> {
    /// The elements from the first window's on.
    pub(crate) x: Padded<'a>,
    /// Elements from window to window.
    pub(crate) row_stride: usize,
    /// Elements from line to line of a window.
    pub(crate) line_stride: usize,
}

/// Places for the results of a product of i8.
#[derive(Debug)]
#[cfg_attr(
    not(all(feature = "std", target_arch = "x86_64")),
    allow(dead_code, reason = "no other set narrows in registers")
)]
pub(crate) enum Results<'a> {
    /// The sums.
    Sums(&'a mut [i32]),
    /// What [`PackedWeights::narrowed`] makes of them.
    Narrow(&'a mut [i8]),
}

/// A result of a product of i8.
pub trait ProductResult: Sized {
    /// The places as what they are for.
    #[doc(hidden)]
    #[allow(private_interfaces, reason = "only this crate multiplies")]
    fn results(out: &mut [Self]) -> Results<'_>;
}

impl ProductResult for i32 {
    #[allow(private_interfaces, reason = "only this crate multiplies")]
    fn results(out: &mut [Self]) -> Results<'_> {
        Results::Sums(out)
    }
}

impl ProductResult for i8 {
    #[allow(private_interfaces, reason = "only this crate multiplies")]
    fn results(out: &mut [Self]) -> Results<'_> {
        Results::Narrow(out)
    }
}

/// What the elements of the two operands are.
#[derive(Debug)]
enum Packed {
    /// i8 rows, i8 weights.
    I8(Bytes),
    /// i16 rows, i8 weights.
    I16x8(Words),
    /// i16 rows, i16 weights.
    I16(Words),
}

/// Bytes of gathered rows that are multiplied at a time: half of a level-1 cache.
const TILE_BYTES: usize = 16 << 10;

/// Tiles have a multiple of so many rows, if they have as many: it is what the sets multiply together.
const TILE_ROWS: usize = 12;

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
        require_matrix(weights, outputs, depth)?;
        let zero_point = i8::try_from(zero_point).ok()?;
        Some(Self {
            outputs,
            depth,
            lines: None,
            packed: Packed::I8(Bytes::new(isa, weights, [outputs, depth], 1, zero_point)),
        })
    }

    /// i8 weights for windows of i8: `weights` is `[outputs, lines, line]`. A set that does not take
    /// windows packs them as [`Self::i8`] does.
    pub(crate) fn i8_windows(
        isa: Isa,
        weights: &[i8],
        [outputs, lines, line]: [usize; 3],
        zero_point: i32,
    ) -> Option<Self> {
        let depth = lines.checked_mul(line)?;
        require_matrix(weights, outputs, depth)?;
        let zero_point = i8::try_from(zero_point).ok()?;
        let packed = Bytes::new(isa, weights, [outputs, depth], lines, zero_point);
        Some(Self {
            outputs,
            depth,
            lines: packed.window_element_bytes().map(|_| lines),
            packed: Packed::I8(packed),
        })
    }

    /// The same weights of i8, whose products are i8, by a RESCALE and a CLAMP of their sums; `None` if this
    /// set has no kernel for it.
    pub(crate) fn narrowed(self, narrowing: &Narrowing) -> Option<Self> {
        match self.packed {
            Packed::I8(bytes) => Some(Self {
                packed: Packed::I8(bytes.narrowed(narrowing)?),
                ..self
            }),
            _ => None,
        }
    }

    /// Bytes of a padded element of the windows that they are for, if it is for these alone.
    pub(crate) const fn window_element_bytes(&self) -> Option<usize> {
        match (&self.packed, self.lines) {
            (Packed::I8(bytes), Some(_)) => bytes.window_element_bytes(),
            (_, Some(_)) => Some(size_of::<i16>()),
            (_, None) => None,
        }
    }

    /// i8 weights for i16 rows (CONV3D on i16): `weights` is `[outputs, depth]`.
    pub fn i8_for_i16(
        isa: Isa,
        weights: &[i8],
        outputs: usize,
        depth: usize,
        zero_point: i32,
    ) -> Option<Self> {
        let packed = Self::i8_windows_for_i16(isa, weights, [outputs, 1, depth], zero_point)?;
        Some(Self {
            lines: None,
            ..packed
        })
    }

    /// i8 weights for windows of i16 (CONV2D on i16): `weights` is `[outputs, lines, line]`. A set that does
    /// not take windows packs them as [`Self::i8_for_i16`] does.
    pub(crate) fn i8_windows_for_i16(
        isa: Isa,
        weights: &[i8],
        [outputs, lines, line]: [usize; 3],
        zero_point: i32,
    ) -> Option<Self> {
        let depth = lines.checked_mul(line)?;
        require_matrix(weights, outputs, depth)?;
        let zero_point = i8::try_from(zero_point).ok()?;
        let mut widened: Vec<i16> = vec![0; weights.len()];
        widen(weights, i16::from(zero_point), &mut widened);
        let words = Words::of_bytes(isa, widened, [outputs, lines, line]);
        Some(Self {
            outputs,
            depth,
            lines: words.takes_windows().then_some(lines),
            packed: Packed::I16x8(words),
        })
    }

    /// i16 weights for i16 rows (MATMUL on i16): `weights` is `[outputs, depth]`.
    pub fn i16(isa: Isa, weights: &[i16], outputs: usize, depth: usize) -> Option<Self> {
        require_matrix(weights, outputs, depth)?;
        let packed = Packed::I16(Words::of_words(isa, weights, [outputs, depth]));
        Some(Self {
            outputs,
            depth,
            lines: None,
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
            Packed::I8(bytes) => bytes.bytes(),
            Packed::I16x8(words) | Packed::I16(words) => words.bytes(),
        }
    }

    /// Length of `scratch` for a product of `rows` rows. Grows with `rows` up to that of a fixed
    /// tile: more rows are worked off tile by tile.
    pub fn scratch_words(&self, rows: usize) -> usize {
        self.tile_words(rows.min(self.tile_rows())) + self.product_words(rows)
    }

    /// Rows that are gathered and multiplied at a time.
    fn tile_rows(&self) -> usize {
        (TILE_BYTES / (self.depth * self.element_bytes())).max(TILE_ROWS) / TILE_ROWS * TILE_ROWS
    }

    /// Length of the scratch of `rows` gathered rows.
    fn tile_words(&self, rows: usize) -> usize {
        (rows * self.depth * self.element_bytes()).div_ceil(size_of::<u64>())
    }

    /// Length of the scratch of a product of `rows` rows that are where they are.
    fn product_words(&self, rows: usize) -> usize {
        match &self.packed {
            Packed::I8(bytes) => bytes.scratch_words(rows, self.depth),
            Packed::I16x8(_) | Packed::I16(_) => 0,
        }
    }

    const fn element_bytes(&self) -> usize {
        match self.packed {
            Packed::I8(_) => size_of::<i8>(),
            Packed::I16x8(_) | Packed::I16(_) => size_of::<i16>(),
        }
    }

    /// `rows` `[m, depth]` times these weights (made by [`Self::i8`]) into `out` `[m, outputs]`: i32 sums, or
    /// i8 if they were narrowed.
    pub fn product_i8<O: ProductResult>(
        &self,
        rows: &[i8],
        zero_point: i32,
        bias: &[i32],
        out: &mut [O],
        scratch: &mut [u64],
    ) -> KernelResult {
        let (Packed::I8(weights), None) = (&self.packed, self.lines) else {
            return Err(KernelError::Shape);
        };
        let rows_count = rows.len() / self.depth;
        require_shape(rows.len().is_multiple_of(self.depth))?;
        self.require_result(rows_count, bias.len(), out.len())?;
        let zero_point = i8::try_from(zero_point).map_err(|_| KernelError::Shape)?;
        let sizes = [self.outputs, self.depth];
        weights.product(sizes, (rows, zero_point), bias, O::results(out), scratch)
    }

    /// As many windows as `out` `[m, outputs]` has places for, times these weights (made by
    /// [`Self::i8_windows`] for a set that takes them).
    pub(crate) fn product_windows<O: ProductResult>(
        &self,
        windows: Windows<'_>,
        zero_point: i8,
        bias: &[i32],
        out: &mut [O],
    ) -> KernelResult {
        match (&self.packed, self.lines) {
            (Packed::I8(weights), Some(lines)) => {
                let sizes = [self.outputs, lines, self.depth / lines];
                let count = out.len() / self.outputs;
                weights.product_windows(sizes, (windows, count), zero_point, bias, O::results(out))
            }
            _ => Err(KernelError::Shape),
        }
    }

    /// As many windows as `out` `[m, outputs]` has places for, times these weights (made by
    /// [`Self::i8_windows_for_i16`] for a set that takes them).
    pub(crate) fn product_windows_i16(
        &self,
        windows: Windows<'_>,
        bias: &[i64],
        out: &mut [i64],
    ) -> KernelResult {
        let (Packed::I16x8(weights), Some(_)) = (&self.packed, self.lines) else {
            return Err(KernelError::Shape);
        };
        let count = out.len() / self.outputs;
        self.require_result(count, bias.len(), out.len())?;
        self.begin(bias, out);
        weights.add_windows_i64((windows, count), out)
    }

    /// Writes what i64 sums begin with.
    fn begin(&self, bias: &[i64], out: &mut [i64]) {
        for row in out.chunks_exact_mut(self.outputs) {
            match bias {
                [] => row.fill(0),
                [one] => row.fill(*one),
                many => row.copy_from_slice(many),
            }
        }
    }

    /// `rows` `[m, depth]` times these weights (made by [`Self::i8_for_i16`] or [`Self::i16`]) into
    /// `out` `[m, outputs]`. No scratch is needed.
    pub fn product_i16(&self, rows: &[i16], bias: &[i64], out: &mut [i64]) -> KernelResult {
        require_shape(self.lines.is_none() && rows.len().is_multiple_of(self.depth))?;
        self.require_result(rows.len() / self.depth, bias.len(), out.len())?;
        let tile = self.tile_rows();
        let tiles = rows
            .chunks(tile * self.depth)
            .zip(out.chunks_mut(tile * self.outputs));
        for (rows, out) in tiles {
            self.begin(bias, out);
            match &self.packed {
                Packed::I16x8(weights) | Packed::I16(weights) => {
                    weights.add_product_i64(rows, out)?;
                }
                Packed::I8(_) => return Err(KernelError::Shape),
            }
        }
        Ok(())
    }

    /// Multiplies tile by tile: `gather` writes the rows of a tile, given its first row.
    pub(crate) fn each_tile_i8<O: ProductResult>(
        &self,
        out: &mut [O],
        scratch: &mut [u64],
        bias: &[i32],
        zero_point: i8,
        mut gather: impl FnMut(usize, &mut [i8]),
    ) -> KernelResult {
        self.each_tile(out, scratch, |first, rows, out, scratch| {
            gather(first, rows);
            self.product_i8(rows, i32::from(zero_point), bias, out, scratch)
        })
    }

    /// [`Self::each_tile_i8`] for i16 rows.
    pub(crate) fn each_tile_i16(
        &self,
        out: &mut [i64],
        scratch: &mut [u64],
        bias: &[i64],
        mut gather: impl FnMut(usize, &mut [i16]),
    ) -> KernelResult {
        self.each_tile(out, scratch, |first, rows, out, _| {
            gather(first, rows);
            self.product_i16(rows, bias, out)
        })
    }

    /// Calls `multiply` with a tile's first row, the place of its rows, its results and scratch.
    fn each_tile<X: bytemuck::Pod, T>(
        &self,
        out: &mut [T],
        scratch: &mut [u64],
        mut multiply: impl FnMut(usize, &mut [X], &mut [T], &mut [u64]) -> KernelResult,
    ) -> KernelResult {
        let tile_rows = self.tile_rows();
        for (at, out) in out.chunks_mut(tile_rows * self.outputs).enumerate() {
            let rows = out.len() / self.outputs;
            let parts = scratch.split_at_mut_checked(self.tile_words(rows));
            let (tile, scratch) = parts.ok_or(KernelError::Shape)?;
            let tile = bytemuck::cast_slice_mut(tile).get_mut(..rows * self.depth);
            multiply(
                at * tile_rows,
                tile.ok_or(KernelError::Shape)?,
                out,
                scratch,
            )?;
        }
        Ok(())
    }

    pub(crate) fn require_result(&self, rows: usize, bias: usize, out: usize) -> KernelResult {
        require_shape(rows.checked_mul(self.outputs) == Some(out))?;
        require_shape(bias <= 1 || bias == self.outputs)
    }
}

/// `None` unless `weights` is a matrix of those sizes, which are not 0.
fn require_matrix<T>(weights: &[T], outputs: usize, depth: usize) -> Option<()> {
    let fits = outputs != 0 && depth != 0 && outputs.checked_mul(depth)? == weights.len();
    fits.then_some(())
}
