//! The work of one inference, counted by class from shapes alone.
//!
//! Classes are what costs differently on a machine; prices per class belong to the chain
//! (`precompile/evm`), never here. The counts are part of an activation record: a class that is
//! added, and a count that changes, raises the record version.
//!
//! Kernels work on panels: a window with 3 channels takes as long as one with 16. Units of
//! multiply-accumulates and pooling are therefore counted as panels run them, see [`panel_macs`]
//! and [`panel_taps`], so that one price per unit holds for small shapes too.
//!
//! Elements that lie together take far less than those that lie apart: each place where an operator
//! leaves one piece of memory for another is counted as one of its `runs`, beside the elements.

/// Number of classes in a [`Work`].
pub const WORK_CLASSES: usize = 16;

/// Names of the classes for reports, in record order: those of the fields of [`Work`].
pub const WORK_CLASS_NAMES: [&str; WORK_CLASSES] = [
    "operators",
    "macs_i8",
    "macs_i16x8",
    "macs_i16",
    "depthwise_macs_i8",
    "depthwise_macs_i16",
    "pool_elements",
    "elementwise",
    "multiply_i32",
    "divide",
    "rescale",
    "table",
    "reduce",
    "move_bytes",
    "gather",
    "runs",
];

/// Units of work of one inference. All counts saturate; limits keep them far from that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Operators run, whatever their size.
    pub operators: u64,
    /// Dense multiply-accumulates, 8 bit x 8 bit (CONV2D, CONV3D, TRANSPOSE_CONV2D, MATMUL), as
    /// [`panel_macs`] counts them.
    pub macs_i8: u64,
    /// Dense multiply-accumulates, 16 bit x 8 bit.
    pub macs_i16x8: u64,
    /// Dense multiply-accumulates, 16 bit x 16 bit.
    pub macs_i16: u64,
    /// Depthwise multiply-accumulates, 8 bit x 8 bit, as [`panel_taps`] counts them.
    pub depthwise_macs_i8: u64,
    /// Depthwise multiply-accumulates, 16 bit x 8 bit.
    pub depthwise_macs_i16: u64,
    /// Window elements read by pooling, as [`panel_taps`] counts them.
    pub pool_elements: u64,
    /// Elements of cheap element-wise operators (ADD, SUB, CLAMP, shifts, comparisons, CAST, ...).
    pub elementwise: u64,
    /// Elements of MUL on 32 bits.
    pub multiply_i32: u64,
    /// Elements of INTDIV.
    pub divide: u64,
    /// Elements of RESCALE.
    pub rescale: u64,
    /// Elements of TABLE.
    pub table: u64,
    /// Elements read by reductions and ARGMAX.
    pub reduce: u64,
    /// Bytes written by data movement (PAD, SLICE, CONCAT, TRANSPOSE, GATHER, ...), and those of weights.
    pub move_bytes: u64,
    /// Rows moved by index (GATHER, SCATTER).
    pub gather: u64,
    /// Pieces of memory that are gone through one after another: rows of operands that broadcast, pieces
    /// of data movement, lines of windows.
    pub runs: u64,
}

impl Work {
    /// The counts in record order.
    pub const fn to_array(&self) -> [u64; WORK_CLASSES] {
        [
            self.operators,
            self.macs_i8,
            self.macs_i16x8,
            self.macs_i16,
            self.depthwise_macs_i8,
            self.depthwise_macs_i16,
            self.pool_elements,
            self.elementwise,
            self.multiply_i32,
            self.divide,
            self.rescale,
            self.table,
            self.reduce,
            self.move_bytes,
            self.gather,
            self.runs,
        ]
    }

    /// The inverse of [`Self::to_array`].
    pub const fn from_array(counts: [u64; WORK_CLASSES]) -> Self {
        Self {
            operators: counts[0],
            macs_i8: counts[1],
            macs_i16x8: counts[2],
            macs_i16: counts[3],
            depthwise_macs_i8: counts[4],
            depthwise_macs_i16: counts[5],
            pool_elements: counts[6],
            elementwise: counts[7],
            multiply_i32: counts[8],
            divide: counts[9],
            rescale: counts[10],
            table: counts[11],
            reduce: counts[12],
            move_bytes: counts[13],
            gather: counts[14],
            runs: counts[15],
        }
    }

    /// Multiply-accumulates of all widths.
    pub const fn macs(&self) -> u64 {
        self.macs_i8
            .saturating_add(self.macs_i16x8)
            .saturating_add(self.macs_i16)
            .saturating_add(self.depthwise_macs_i8)
            .saturating_add(self.depthwise_macs_i16)
    }

    /// Adds another operator's work.
    pub fn add(&mut self, other: &Self) {
        let mut sum = self.to_array();
        for (total, count) in sum.iter_mut().zip(other.to_array()) {
            *total = total.saturating_add(count);
        }
        *self = Self::from_array(sum);
    }
}

/// Outputs that a panel holds.
const PANEL_OUTPUTS: u64 = 16;
/// Depth that a panel is filled up to.
const PANEL_DEPTH: u64 = 32;
/// What gathering one window of a convolution takes beside its panels, in multiply-accumulates.
const WINDOW_MACS: u64 = 512;
/// What one window of a depthwise or pooling operator takes beside its panels, in taps.
const WINDOW_TAPS: u64 = 64;

/// Bytes of a tensor that surely are in a cache near by.
const NEAR_BYTES: u64 = 1 << 18;
/// What reading a piece of memory takes that may be in none, in pieces that are.
const FAR_RUNS: u64 = 4;

/// Pieces of a tensor of so many bytes that are read in an order of their own, as `runs`.
pub(crate) const fn far_runs(pieces: u64, tensor_bytes: u64) -> u64 {
    if tensor_bytes > NEAR_BYTES {
        pieces.saturating_mul(FAR_RUNS)
    } else {
        pieces
    }
}

/// Lines of dilated or usual windows of a tensor of so many bytes, as `runs`. Neighbours among the windows that
/// are not dilated read much of the same lines; those of dilated ones share few that are near.
pub(crate) const fn line_runs(lines: u64, is_dilated: bool, tensor_bytes: u64) -> u64 {
    if is_dilated {
        far_runs(lines, tensor_bytes)
    } else {
        lines
    }
}

/// Pieces of memory that packing so many bytes goes through, if so many go to one place.
pub(crate) const fn pieces(bytes: u64, piece_bytes: u64) -> u64 {
    bytes.div_ceil(piece_bytes)
}

/// Multiply-accumulates of `rows` rows times `outputs` columns over `depth`, in whole panels.
pub(crate) const fn panel_macs(rows: u64, outputs: u64, depth: u64) -> u64 {
    in_panels(rows, outputs, depth, PANEL_DEPTH)
}

/// [`panel_macs`] of 16 bit x 16 bit: their sums are put together from halves.
pub(crate) const fn panel_macs_i16(rows: u64, outputs: u64, depth: u64) -> u64 {
    in_panels(rows, outputs, depth, 2 * PANEL_DEPTH)
}

const fn in_panels(rows: u64, outputs: u64, depth: u64, panel_depth: u64) -> u64 {
    rows.saturating_mul(outputs.next_multiple_of(PANEL_OUTPUTS))
        .saturating_mul(depth.next_multiple_of(panel_depth))
}

/// Bytes of so many matrices of 16 bits in panels: the halves of each element are two words.
pub(crate) const fn panel_bytes_i16(matrices: u64, outputs: u64, depth: u64) -> u64 {
    const HALVES_BYTES: u64 = 4;
    matrices
        .saturating_mul(outputs.next_multiple_of(PANEL_OUTPUTS))
        .saturating_mul(depth.saturating_mul(HALVES_BYTES))
}

/// [`panel_macs`] of a convolution: its windows are gathered first.
pub(crate) const fn window_macs(windows: u64, outputs: u64, depth: u64) -> u64 {
    panel_macs(windows, outputs, depth).saturating_add(windows.saturating_mul(WINDOW_MACS))
}

/// Taps of windows that keep channels apart: in whole panels of channels, and 64 more a window.
pub(crate) const fn panel_taps(windows: u64, channels: u64, taps: u64) -> u64 {
    let panel = channels
        .next_multiple_of(PANEL_OUTPUTS)
        .saturating_mul(taps);
    windows.saturating_mul(panel.saturating_add(WINDOW_TAPS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_shapes_count_as_the_panels_that_they_fill() {
        assert_eq!(panel_macs(1, 16, 32), 512);
        assert_eq!(panel_macs(3, 1, 1), 3 * 512);
        assert_eq!(panel_macs(1, 17, 33), 32 * 64);
        assert_eq!(window_macs(2, 16, 32), 2 * (512 + 512));
        assert_eq!(panel_bytes_i16(2, 17, 3), 2 * 32 * 3 * 4);
        assert_eq!(panel_taps(5, 1, 1), 5 * (16 + 64));
        assert_eq!(panel_taps(5, 17, 9), 5 * (32 * 9 + 64));
    }

    #[test]
    fn no_shape_overflows() {
        let large = 1 << 26;
        assert!(panel_macs(large, large, large) > large);
        assert!(window_macs(u64::MAX, large, large) > large);
        assert!(panel_taps(u64::MAX, large, large) > large);
    }
}
