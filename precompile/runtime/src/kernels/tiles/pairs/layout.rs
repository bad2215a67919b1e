//! How weights lie, and the loop over groups of rows and panels of outputs.

use super::{MAX_PANEL, Rows, keep::Keep, register::Register, tile::Tile};
use crate::kernels::{KernelResult, machine::pairs::Width, require_shape};
use core::marker::PhantomData;

/// Registers that are summed together: a full panel, or what is left of one.
const PANEL: usize = 2;
/// Rows that are multiplied together: with two registers each, their sums and a panel's weights fit 16
/// registers.
const ROWS: usize = 4;
/// Rows whose products with a panel follow one another: it stays in the nearest cache.
pub(super) const GROUP_ROWS: usize = 4 * ROWS;

/// Sizes of weights in panels: `[outputs / (PANEL * lanes)][lines][line / 2][PANEL][lanes][2]`, without their
/// zero point. The last panel has one register a pair if its outputs fit, and panels of i16 all do: they have
/// `lanes` outputs, which one register holds and two sum. A line of odd length ends with a zero.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct Layout {
    pub(super) width: Width,
    pub(super) outputs: usize,
    pub(super) lines: usize,
    /// Elements of a line.
    pub(super) line: usize,
    /// Weights have all 16 bits.
    pub(super) are_halves: bool,
}

/// A panel: how many outputs it has, how many registers of weights a pair has, and where it begins.
pub(super) struct Panel {
    pub(super) width: usize,
    pub(super) registers: usize,
    pub(super) weights: usize,
}

impl Layout {
    /// Elements of all weights.
    pub(super) fn length(&self) -> usize {
        let last = (self.outputs - 1) / self.panel_outputs() * self.panel_outputs();
        let end = self.panel(last);
        end.weights + end.registers * self.register_elements()
    }

    /// Outputs of a full panel.
    pub(super) const fn panel_outputs(&self) -> usize {
        if self.are_halves {
            self.width.lanes()
        } else {
            PANEL * self.width.lanes()
        }
    }

    /// Elements that one register of a panel takes.
    const fn register_elements(&self) -> usize {
        self.lines * self.line.div_ceil(2) * self.width.lanes() * 2
    }

    /// The panel that begins with this output.
    #[inline(always)]
    pub(super) fn panel(&self, first: usize) -> Panel {
        let width = (self.outputs - first).min(self.panel_outputs());
        let lanes = self.width.lanes();
        Panel {
            width,
            registers: width.div_ceil(lanes),
            weights: first / lanes * self.register_elements(),
        }
    }

    /// The products of rows with weights that lie so.
    pub(super) fn product<K: Keep>(
        &self,
        weights: &[i16],
        rows: Rows<'_>,
        keep: K,
        out: &mut [K::Element],
    ) -> KernelResult {
        require_shape(weights.len() >= self.length() && K::ARE_HALVES == self.are_halves)?;
        require_shape(self.are_inside(&rows) && out.len() == rows.count * self.outputs)?;
        // SAFETY: rows and weights lie inside.
        unsafe { self.width.rows(self, weights, &rows, keep, out) };
        Ok(())
    }

    /// Whether all rows lie inside their elements.
    const fn are_inside(&self, rows: &Rows<'_>) -> bool {
        let last = rows.count.saturating_sub(1) * rows.stride + (self.lines - 1) * rows.line_stride;
        rows.count == 0 || last + self.line <= rows.x.len()
    }

    /// Multiplies all rows with all panels.
    ///
    /// # Safety
    /// Needs the CPU features of `R`, which is as wide as the panels, [`Self::are_inside`], and
    /// [`Self::length`] weights.
    pub(in crate::kernels) unsafe fn rows<R: Register, K: Keep>(
        &self,
        weights: &[i16],
        rows: &Rows<'_>,
        keep: K,
        out: &mut [K::Element],
    ) {
        // Plain loops: iterators that step divide before they begin, which one row would feel.
        let mut first = 0;
        while first < rows.count {
            let end = rows.count.min(first + GROUP_ROWS);
            let mut output = 0;
            while output < self.outputs {
                let panel = self.panel(output);
                let begin = keep.begin(output);
                let mut row = first;
                while row < end {
                    let group = Group {
                        x: rows.x[row * rows.stride..].as_ptr(),
                        strides: [rows.stride, rows.line_stride],
                        count: ROWS.min(end - row),
                        begin: &begin,
                        weights: weights.as_ptr(),
                    };
                    let out = &mut out[row * self.outputs + output..];
                    // SAFETY: the caller's; the group has no rows but those.
                    unsafe { self.runs::<R, K>(&panel, &group, keep, out) };
                    row += ROWS;
                }
                output += self.panel_outputs();
            }
            first = end;
        }
    }

    /// Multiplies a group of rows with a panel, run by run.
    ///
    /// # Safety
    /// As [`Self::rows`], for the rows of the group.
    #[inline(always)]
    unsafe fn runs<R: Register, K: Keep>(
        &self,
        panel: &Panel,
        group: &Group<'_>,
        keep: K,
        out: &mut [K::Element],
    ) {
        let pairs = self.line.div_ceil(2);
        // Some lines together, or a part of one.
        let lines = (K::RUN_PAIRS / pairs).clamp(1, self.lines);
        let run = pairs.min(K::RUN_PAIRS);
        let pair_elements = panel.registers * R::LANES * 2;
        let mut line = 0;
        while line < self.lines {
            let mut pair = 0;
            while pair < pairs {
                let part = Part {
                    x: line * group.strides[1] + pair * 2,
                    lines: lines.min(self.lines - line),
                    line: (self.line - pair * 2).min(run.saturating_mul(2)),
                    weights: panel.weights + (line * pairs + pair) * pair_elements,
                    weights_stride: pairs * pair_elements,
                };
                // SAFETY: the caller's; the part is one of its rows, and of the panel's weights.
                unsafe {
                    if K::ARE_HALVES || panel.registers == PANEL {
                        self.part::<R, K, PANEL>(panel, group, &part, keep, out);
                    } else {
                        self.part::<R, K, 1>(panel, group, &part, keep, out);
                    }
                }
                pair += run;
            }
            line += lines;
        }
    }

    /// # Safety
    /// As [`Self::runs`]; the part lies inside the rows and the panel.
    #[inline(always)]
    unsafe fn part<R: Register, K: Keep, const V: usize>(
        &self,
        panel: &Panel,
        group: &Group<'_>,
        part: &Part,
        keep: K,
        out: &mut [K::Element],
    ) {
        // SAFETY: the caller's; as many rows as there are.
        unsafe {
            match group.count {
                1 => self.tile::<R, K, 1, V>(panel, group, part, keep, out),
                2 => self.tile::<R, K, 2, V>(panel, group, part, keep, out),
                3 => self.tile::<R, K, 3, V>(panel, group, part, keep, out),
                _ => self.tile::<R, K, ROWS, V>(panel, group, part, keep, out),
            }
        }
    }

    /// # Safety
    /// As [`Self::part`], for `M` rows and a panel of `V` registers.
    #[inline(always)]
    unsafe fn tile<R: Register, K: Keep, const M: usize, const V: usize>(
        &self,
        panel: &Panel,
        group: &Group<'_>,
        part: &Part,
        keep: K,
        out: &mut [K::Element],
    ) {
        // SAFETY: the caller's; the part lies inside.
        unsafe {
            R::call_apart(Tile::<R, K, M, V> {
                x: group.x.add(part.x),
                strides: group.strides,
                lines: part.lines,
                line: part.line,
                weights: group.weights.add(part.weights),
                weights_stride: part.weights_stride,
                begin: group.begin,
                keep,
                out,
                outputs: self.outputs,
                width: panel.width,
                register: PhantomData,
            });
        }
    }
}

/// A few rows, and what they are multiplied with.
struct Group<'a> {
    x: *const i16,
    strides: [usize; 2],
    count: usize,
    begin: &'a [i32; MAX_PANEL],
    /// Where all weights begin.
    weights: *const i16,
}

/// Some lines of rows, or a part of one line, with its weights.
struct Part {
    /// Elements before it in a row.
    x: usize,
    lines: usize,
    line: usize,
    /// Where its weights begin, and elements of them from line to line.
    weights: usize,
    weights_stride: usize,
}
