//! How weights lie, and the loop over groups of rows and panels of outputs.

use super::{Rows, Source, keep::Keep, register::Register, tile::Tile};
use crate::{buffer::AlignedBytes, kernels::portable::gemm::bias_of};
use alloc::vec::Vec;

/// Registers of outputs that are summed together: a full panel, or what is left of one.
pub(super) const PANEL: usize = 2;
/// Outputs of the widest panel.
pub(super) const MAX_PANEL: usize = PANEL * 16;

/// Rows whose products with a panel follow one another, in groups: it stays in the nearest cache.
const GROUPS: usize = 4;

/// Weights in panels: `[outputs / (PANEL * lanes)][lines][line / 4][PANEL][lanes][4]`, without their zero
/// point. The last panel has one register a step if its outputs fit. A line is filled up with zeros: what
/// is read past its end counts for nothing.
#[derive(Debug)]
pub(in crate::kernels) struct Panels {
    /// Aligned to registers.
    weights: AlignedBytes,
    /// Sum of each output's weights, and zeros to the end of the widest panel.
    sums: Vec<i32>,
    outputs: usize,
    lines: usize,
    /// Elements of a line.
    line: usize,
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
    pub(in crate::kernels) fn new(
        weights: &[i8],
        [outputs, lines, line]: [usize; 3],
        lanes: usize,
    ) -> Self {
        let depth = lines * line;
        let sum = |row: &[i8]| row.iter().map(|&weight| i32::from(weight)).sum();
        let mut sums: Vec<i32> = weights.chunks_exact(depth).map(sum).collect();
        sums.resize(outputs + MAX_PANEL, 0);
        let mut panels = Self {
            weights: AlignedBytes::zeroed(0),
            sums,
            outputs,
            lines,
            line,
        };
        let registers = panels.panels(lanes).map(|panel| panel.registers);
        let bytes = registers.sum::<usize>() * panels.steps() * lanes * 4;
        let mut aligned = AlignedBytes::zeroed(bytes);
        let packed = aligned.bytes_mut();
        for first in (0..outputs).step_by(PANEL * lanes) {
            let panel = panels.panel(first, lanes);
            let step = panel.registers * lanes * 4;
            for output in 0..panel.width {
                let row = &weights[(panel.first + output) * depth..][..depth];
                let fours = row.chunks(line).flat_map(|line| line.chunks(4));
                for (at, four) in fours.enumerate() {
                    let place = panel.weights + at * step + output * 4;
                    for (packed, &weight) in packed[place..].iter_mut().zip(four) {
                        *packed = weight.cast_unsigned();
                    }
                }
            }
        }
        panels.weights = aligned;
        panels
    }

    pub(in crate::kernels) const fn outputs(&self) -> usize {
        self.outputs
    }

    pub(in crate::kernels) fn bytes(&self) -> usize {
        self.weights.bytes().len() + size_of_val(&self.sums[..])
    }

    /// Steps of four elements of a row.
    const fn steps(&self) -> usize {
        self.lines * self.line.div_ceil(4)
    }

    /// The panel that begins with this output.
    #[inline(always)]
    fn panel(&self, first: usize, lanes: usize) -> Panel {
        let width = (self.outputs - first).min(PANEL * lanes);
        Panel {
            first,
            width,
            registers: width.div_ceil(lanes),
            weights: first * self.steps() * 4,
        }
    }

    /// The panels in order.
    fn panels(&self, lanes: usize) -> impl Iterator<Item = Panel> + use<'_> {
        let firsts = (0..self.outputs).step_by(PANEL * lanes);
        firsts.map(move |first| self.panel(first, lanes))
    }

    /// What is added to the sums of each output of a panel.
    #[inline(always)]
    fn offsets<R: Register>(
        &self,
        panel: &Panel,
        zero_point: i32,
        bias: &[i32],
    ) -> [i32; MAX_PANEL] {
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
                *offset = offset.wrapping_sub((R::MOVED_UP + zero_point).wrapping_mul(*sum));
            }
        }
        offsets
    }

    /// Bytes from row to row of a matrix that is moved up.
    const fn stride(&self) -> usize {
        self.line.next_multiple_of(4)
    }

    /// Whether all rows lie inside their elements, to the end of their last steps.
    fn are_inside(&self, rows: &Rows<'_>) -> bool {
        let last = rows.count.saturating_sub(1) * rows.stride + (self.lines - 1) * rows.line_stride;
        rows.count == 0 || last + self.stride() <= rows.x.len()
    }

    /// Multiplies a source with all panels.
    ///
    /// # Safety
    /// Needs the CPU features of `R`, for which these panels were made.
    #[inline(always)]
    pub(in crate::kernels) unsafe fn of<R: Register, K: Keep<R>, const M: usize>(
        &self,
        source: Source<'_>,
        offsets: (i32, &[i32]),
        keep: K,
        out: &mut [K::Element],
    ) {
        // SAFETY: the caller's.
        unsafe {
            match source {
                Source::Rows(rows) => self.rows::<R, K, M>(rows, offsets, keep, out),
                Source::Matrix(x, moved) => self.matrix::<R, K, M>(x, offsets, keep, out, moved),
            }
        }
    }

    /// Multiplies groups of at most `M` rows with all panels, if they lie inside.
    ///
    /// # Safety
    /// As [`Self::of`].
    #[inline(always)]
    unsafe fn rows<R: Register, K: Keep<R>, const M: usize>(
        &self,
        rows: Rows<'_>,
        (zero_point, bias): (i32, &[i32]),
        keep: K,
        out: &mut [K::Element],
    ) {
        if !self.are_inside(&rows) || out.len() < rows.count * self.outputs {
            return;
        }
        // Plain loops: iterators that step divide before they begin, which one row would feel.
        let mut first = 0;
        while first < rows.count {
            let end = rows.count.min(first + GROUPS * M);
            let mut output = 0;
            while output < self.outputs {
                let panel = self.panel(output, R::LANES);
                let offsets = self.offsets::<R>(&panel, zero_point, bias);
                let mut group = first;
                while group < end {
                    let tile = Tile {
                        rows: Rows {
                            x: &rows.x[group * rows.stride..],
                            count: M.min(end - group),
                            ..rows
                        },
                        weights: &self.weights.bytes()[panel.weights..],
                        lines: self.lines,
                        line: self.line,
                        offsets: &offsets,
                        first: panel.first,
                        width: panel.width,
                        outputs: self.outputs,
                    };
                    let out = &mut out[group * self.outputs + panel.first..];
                    // SAFETY: the caller's; the rows lie inside, and `weights` has a whole panel.
                    unsafe {
                        if panel.registers == PANEL {
                            tile.all::<R, K, M, PANEL>(keep, out);
                        } else {
                            tile.all::<R, K, M, 1>(keep, out);
                        }
                    }
                    group += M;
                }
                output += PANEL * R::LANES;
            }
            first = end;
        }
    }

    /// [`Self::rows`] of a matrix, which are moved up to `moved`, as many at a time as fit.
    ///
    /// # Safety
    /// As [`Self::of`].
    #[inline(always)]
    unsafe fn matrix<R: Register, K: Keep<R>, const M: usize>(
        &self,
        x: &[i8],
        offsets: (i32, &[i32]),
        keep: K,
        out: &mut [K::Element],
        moved: &mut [u8],
    ) {
        let (depth, stride) = (self.line, self.stride());
        let (mut x, mut out) = (x, out);
        while !x.is_empty() {
            let mut count = 0;
            let mut room = &mut *moved;
            while let (Some((row, rest)), Some((place, more))) =
                (x.split_at_checked(depth), room.split_at_mut_checked(stride))
            {
                move_up(row, place);
                (x, room) = (rest, more);
                count += 1;
            }
            let Some((own, others)) = out.split_at_mut_checked(count * self.outputs) else {
                return;
            };
            if count == 0 {
                return;
            }
            let rows = Rows {
                x: moved,
                count,
                stride,
                line_stride: 0,
            };
            // SAFETY: the caller's.
            unsafe { self.rows::<R, K, M>(rows, offsets, keep, own) };
            out = others;
        }
    }
}

/// Moves elements up by 128, to be unsigned.
#[inline(always)]
fn move_up(x: &[i8], moved: &mut [u8]) {
    for (moved, x) in moved.iter_mut().zip(x) {
        *moved = x.cast_unsigned() ^ 0x80;
    }
}
