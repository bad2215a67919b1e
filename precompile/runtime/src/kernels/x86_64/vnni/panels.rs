//! How weights lie, and the loop over groups of rows and panels of outputs.

use super::{
    Rows,
    keep::Keep,
    register::{Register, lanes},
    tile::Tile,
};
use crate::{buffer::AlignedBytes, kernels::portable::gemm::bias_of};
use alloc::vec::Vec;

/// Registers of outputs that are summed together: a full panel, or what is left of one.
pub(super) const PANEL: usize = 2;
/// Outputs of the widest panel.
pub(super) const MAX_PANEL: usize = PANEL * 16;

/// Weights in panels: `[outputs / (PANEL * lanes)][lines][line / 4][PANEL][lanes][4]`, each moved up by
/// 128. The last panel has one register a step if its outputs fit. A line is filled up with zeros: what
/// is read past its end counts for nothing.
#[derive(Debug)]
pub(super) struct Panels {
    /// Aligned to registers.
    weights: AlignedBytes,
    /// Sum of each output's weights without their zero point, and zeros to the end of the widest panel.
    sums: Vec<i32>,
    outputs: usize,
    lines: usize,
    /// Elements of a line.
    line: usize,
    /// What the sum of a row is multiplied with.
    offset: i32,
}

/// A panel: its first output, how many it has, how many registers wide it is, and where it begins.
struct Panel {
    first: usize,
    width: usize,
    registers: usize,
    weights: usize,
}

impl Panels {
    /// Of `[outputs, lines, line]`, none of them 0, for registers of so many sums.
    pub(super) fn new(
        weights: &[i8],
        [outputs, lines, line]: [usize; 3],
        zero_point: i8,
        lanes: usize,
    ) -> Self {
        let depth = lines * line;
        let sum = |row: &[i8]| {
            let sum: i32 = row.iter().map(|&weight| i32::from(weight)).sum();
            sum.wrapping_sub(i32::from(zero_point).wrapping_mul(depth as i32))
        };
        let mut sums: Vec<i32> = weights.chunks_exact(depth).map(sum).collect();
        sums.resize(outputs + MAX_PANEL, 0);
        let mut panels = Self {
            weights: AlignedBytes::zeroed(0),
            sums,
            outputs,
            lines,
            line,
            offset: 128 + i32::from(zero_point),
        };
        let registers = panels.panels(lanes).map(|panel| panel.registers);
        let bytes = registers.sum::<usize>() * panels.steps() * lanes * 4;
        let mut aligned = AlignedBytes::zeroed(bytes);
        let packed = aligned.bytes_mut();
        for panel in panels.panels(lanes) {
            let step = panel.registers * lanes * 4;
            for output in 0..panel.width {
                let row = &weights[(panel.first + output) * depth..][..depth];
                let fours = row.chunks(line).flat_map(|line| line.chunks(4));
                for (at, four) in fours.enumerate() {
                    let place = panel.weights + at * step + output * 4;
                    for (packed, &weight) in packed[place..].iter_mut().zip(four) {
                        *packed = weight.cast_unsigned() ^ 0x80;
                    }
                }
            }
        }
        panels.weights = aligned;
        panels
    }

    pub(super) const fn outputs(&self) -> usize {
        self.outputs
    }

    pub(super) fn bytes(&self) -> usize {
        self.weights.bytes().len() + size_of_val(&self.sums[..])
    }

    /// Steps of four elements of a row.
    const fn steps(&self) -> usize {
        self.lines * self.line.div_ceil(4)
    }

    /// The panels in order.
    fn panels(&self, lanes: usize) -> impl Iterator<Item = Panel> + use<> {
        let (outputs, steps) = (self.outputs, self.steps());
        (0..outputs).step_by(PANEL * lanes).map(move |first| {
            let width = (outputs - first).min(PANEL * lanes);
            Panel {
                first,
                width,
                registers: width.div_ceil(lanes),
                weights: first * steps * 4,
            }
        })
    }

    /// What is added to the sums of each output of a panel.
    #[inline(always)]
    fn offsets(&self, panel: &Panel, zero_point: i32, bias: &[i32]) -> [i32; MAX_PANEL] {
        let mut offsets = match bias {
            [] => [0; MAX_PANEL],
            [one] => [*one; MAX_PANEL],
            many => match many[panel.first..].first_chunk() {
                Some(own) => *own,
                None => bias_of(many, panel.first),
            },
        };
        if let Some(sums) = self.sums[panel.first..].first_chunk::<MAX_PANEL>() {
            for (offset, sum) in offsets.iter_mut().zip(sums) {
                *offset = offset.wrapping_sub(zero_point.wrapping_mul(*sum));
            }
        }
        offsets
    }

    /// Whether all rows lie inside their elements: to the last element of a matrix, and to the end of the
    /// last step of a window.
    fn are_inside(&self, rows: &Rows<'_>) -> bool {
        let line = if self.lines == 1 {
            self.line
        } else {
            self.line.next_multiple_of(4)
        };
        let last = rows.count.saturating_sub(1) * rows.stride + (self.lines - 1) * rows.line_stride;
        rows.count == 0 || last + line <= rows.x.len()
    }

    /// Multiplies groups of at most `M` rows with all panels, if they lie inside.
    ///
    /// # Safety
    /// Needs the CPU features of `R`, for which these panels were made.
    #[inline(always)]
    pub(super) unsafe fn product<R: Register, K: Keep<R>, const M: usize>(
        &self,
        rows: Rows<'_>,
        zero_point: i32,
        bias: &[i32],
        keep: K,
        out: &mut [K::Element],
    ) {
        if !self.are_inside(&rows) || out.len() < rows.count * self.outputs {
            return;
        }
        let groups = (0..rows.count).step_by(M);
        for (first, out) in groups.zip(out.chunks_mut(M * self.outputs)) {
            let group = Rows {
                x: &rows.x[first * rows.stride..],
                count: M.min(rows.count - first),
                ..rows
            };
            let mut row_offsets = [0; M];
            for (row, offset) in row_offsets.iter_mut().enumerate().take(group.count) {
                let sum: i32 = (0..self.lines).fold(0, |sum, line| {
                    let from = row * group.stride + line * group.line_stride;
                    let line = &group.x[from..from + self.line];
                    // SAFETY: the caller's.
                    unsafe { sum.wrapping_add(line_sum::<R>(line)) }
                });
                *offset = sum.wrapping_mul(self.offset);
            }
            for panel in self.panels(R::LANES) {
                let offsets = self.offsets(&panel, zero_point, bias);
                let tile = Tile {
                    rows: group,
                    weights: &self.weights.bytes()[panel.weights..],
                    lines: self.lines,
                    line: self.line,
                    row_offsets: &row_offsets,
                    offsets: &offsets,
                    first: panel.first,
                    width: panel.width,
                    outputs: self.outputs,
                };
                let out = &mut out[panel.first..];
                // SAFETY: the caller's; the rows lie inside, and `weights` has a whole panel.
                unsafe {
                    if panel.registers == PANEL {
                        tile.all::<R, K, M, PANEL>(keep, out);
                    } else {
                        tile.all::<R, K, M, 1>(keep, out);
                    }
                }
            }
        }
    }
}

/// Sum of the elements of a line.
///
/// # Safety
/// Needs the CPU features of `R`.
#[inline(always)]
unsafe fn line_sum<R: Register>(line: &[i8]) -> i32 {
    let blocks = line.chunks_exact(4 * R::LANES);
    let rest = blocks.remainder();
    // SAFETY: the caller's; a block is as long as a register.
    unsafe {
        let ones = R::splat(0x0101_0101);
        let mut sums = R::splat(0);
        for block in blocks {
            sums = sums.dot(ones, R::load(block.as_ptr().cast()));
        }
        if !rest.is_empty() {
            sums = sums.dot(ones, R::load_some(rest));
        }
        lanes(sums)
            .iter()
            .fold(0, |sum, &lane| sum.wrapping_add(lane))
    }
}
