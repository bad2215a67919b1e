//! Constant weights.

use super::{
    Rows,
    keep::{AddHalves, AddSums, Sums},
    layout::Layout,
};
use crate::{
    buffer::AlignedBytes,
    kernels::{KernelResult, machine::pairs::Width, require_shape},
};

/// Constant weights in panels.
#[derive(Debug)]
pub(crate) struct Panels {
    /// Aligned to registers.
    weights: AlignedBytes,
    layout: Layout,
}

impl Panels {
    /// Of `[outputs, lines, line]`, none of them 0: weights of bytes without their zero point. For a machine
    /// that has registers of this width.
    pub(crate) fn new(width: Width, weights: &[i16], sizes: [usize; 3]) -> Self {
        Self::of(width, weights, sizes, false)
    }

    /// The same for weights of all 16 bits.
    pub(crate) fn of_halves(width: Width, weights: &[i16], sizes: [usize; 3]) -> Self {
        Self::of(width, weights, sizes, true)
    }

    fn of(
        width: Width,
        weights: &[i16],
        [outputs, lines, line]: [usize; 3],
        are_halves: bool,
    ) -> Self {
        let layout = Layout {
            width,
            outputs,
            lines,
            line,
            are_halves,
        };
        let mut aligned = AlignedBytes::zeroed(layout.length() * size_of::<i16>());
        let packed: &mut [i16] = bytemuck::cast_slice_mut(aligned.bytes_mut());
        let depth = lines * line;
        for first in (0..outputs).step_by(layout.panel_outputs()) {
            let panel = layout.panel(first);
            let step = panel.registers * width.lanes() * 2;
            let rows = weights[first * depth..].chunks_exact(depth);
            for (place, row) in rows.take(panel.width).enumerate() {
                let mut at = panel.weights + place * 2;
                for line in row.chunks_exact(line) {
                    let (pairs, last) = line.as_chunks::<2>();
                    // One by one: a copy of two elements would be a call.
                    for &[even, odd] in pairs {
                        packed[at] = even;
                        packed[at + 1] = odd;
                        at += step;
                    }
                    if let &[last] = last {
                        packed[at] = last;
                        at += step;
                    }
                }
            }
        }
        Self {
            weights: aligned,
            layout,
        }
    }

    /// Elements of a row.
    pub(crate) const fn depth(&self) -> usize {
        self.layout.lines * self.layout.line
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        self.weights.bytes().len()
    }

    fn weights(&self) -> &[i16] {
        bytemuck::cast_slice(self.weights.bytes())
    }

    /// i32 results into `out` `[rows, outputs]`; sums wrap. These are weights of bytes.
    pub(crate) fn product_i32(
        &self,
        rows: Rows<'_>,
        bias: &[i32],
        out: &mut [i32],
    ) -> KernelResult {
        require_shape(bias.len() <= 1 || bias.len() == self.layout.outputs)?;
        self.layout.product(self.weights(), rows, Sums(bias), out)
    }

    /// i64 results, exact, added to `out` `[rows, outputs]`.
    pub(crate) fn add_product_i64(&self, rows: Rows<'_>, out: &mut [i64]) -> KernelResult {
        if self.layout.are_halves {
            self.layout.product(self.weights(), rows, AddHalves, out)
        } else {
            self.layout.product(self.weights(), rows, AddSums, out)
        }
    }
}
