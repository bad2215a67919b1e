//! MATMUL with both operands known only while running: `B` is packed as weights are, and multiplied with rows
//! of `A`.

use super::{
    Rows,
    keep::{AddHalves, Sums},
    layout::{GROUP_ROWS, Layout},
};
use crate::kernels::{
    KernelError, KernelResult, dispatch::Kernel, machine::pairs::Width, portable::gemm::widen,
    require_shape,
};

/// Panels that are packed side by side: what they read of a row is about a cache line.
const STRIP_PANELS: usize = 4;

/// `[_, depth]` with `[depth, columns]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes(Layout);

impl Sizes {
    /// For i8, on a machine that has registers of this width.
    pub(crate) const fn of_bytes(width: Width, depth: usize, columns: usize) -> Self {
        Self(Layout {
            width,
            outputs: columns,
            lines: 1,
            line: depth,
            are_halves: false,
        })
    }

    /// The same for i16.
    pub(crate) const fn of_words(width: Width, depth: usize, columns: usize) -> Self {
        let Self(layout) = Self::of_bytes(width, depth, columns);
        Self(Layout {
            are_halves: true,
            ..layout
        })
    }

    /// Length of the scratch that holds a packed `B`, and widened rows of `A`, of which there are so many.
    pub(crate) fn scratch_words(self, rows: usize) -> usize {
        let widened = if self.0.are_halves {
            0
        } else {
            rows.min(GROUP_ROWS) * self.0.line
        };
        let elements = self.0.length() + widened;
        elements.div_ceil(size_of::<u64>() / size_of::<i16>())
    }

    /// Packs `b` `[depth, columns]`, each element as `convert` makes it.
    pub(crate) fn pack<T: Copy>(
        self,
        b: &[T],
        convert: impl Fn(T) -> i16 + Copy,
        scratch: &mut [u64],
    ) -> KernelResult {
        let packed = bytemuck::cast_slice_mut(scratch).get_mut(..self.0.length());
        let packed = packed.ok_or(KernelError::Shape)?;
        require_shape(b.len() == self.0.line * self.0.outputs)?;
        self.0.width.run(Pack {
            layout: self.0,
            b,
            convert,
            packed,
        });
        Ok(())
    }

    /// `out = (a - zero_point) b` for the `b` of bytes that was packed last.
    pub(crate) fn product_i32(
        self,
        a: &[i8],
        zero_point: i8,
        out: &mut [i32],
        scratch: &mut [u64],
    ) -> KernelResult {
        let (depth, columns) = (self.0.line, self.0.outputs);
        let elements: &mut [i16] = bytemuck::cast_slice_mut(scratch);
        let parts = elements.split_at_mut_checked(self.0.length());
        let (packed, room) = parts.ok_or(KernelError::Shape)?;
        let groups = a.chunks(GROUP_ROWS * depth);
        for (a, out) in groups.zip(out.chunks_mut(GROUP_ROWS * columns)) {
            let x = room.get_mut(..a.len()).ok_or(KernelError::Shape)?;
            widen(a, i16::from(zero_point), x);
            self.0
                .product(packed, Rows::of_matrix(x, depth), Sums(&[]), out)?;
        }
        Ok(())
    }

    /// `out = a b` for the `b` of words that was packed last.
    pub(crate) fn product_i64(
        self,
        a: &[i16],
        out: &mut [i64],
        scratch: &mut [u64],
    ) -> KernelResult {
        let rows = Rows::of_matrix(a, self.0.line);
        out.fill(0);
        self.0
            .product(bytemuck::cast_slice(scratch), rows, AddHalves, out)
    }
}

/// Packs a `B`.
struct Pack<'a, T, F> {
    layout: Layout,
    b: &'a [T],
    convert: F,
    packed: &'a mut [i16],
}

impl<T: Copy, F: Fn(T) -> i16 + Copy> Kernel for Pack<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let strip = STRIP_PANELS * self.layout.panel_outputs();
        let mut first = 0;
        while first < self.layout.outputs {
            let end = self.layout.outputs.min(first + strip);
            for pair in 0..self.layout.line.div_ceil(2) {
                let mut column = first;
                while column < end {
                    self.pair(pair, column);
                    column += self.layout.panel_outputs();
                }
            }
            first = end;
        }
    }
}

impl<T: Copy, F: Fn(T) -> i16 + Copy> Pack<'_, T, F> {
    /// A pair of rows, of the columns of the panel that begins with this one.
    #[inline(always)]
    fn pair(&mut self, pair: usize, column: usize) {
        let columns = self.layout.outputs;
        let panel = self.layout.panel(column);
        let step = panel.registers * self.layout.width.lanes() * 2;
        let packed = &mut self.packed[panel.weights + pair * step..][..step];
        let upper = &self.b[2 * pair * columns + column..][..panel.width];
        // The last row of an odd depth has no other.
        let lower = self.b.get((2 * pair + 1) * columns + column..);
        let lower = lower.and_then(|lower| lower.get(..panel.width));
        let lower = lower.unwrap_or(&[]);
        let convert = self.convert;
        if weave::<T, 16>(upper, lower, convert, packed)
            || weave::<T, 8>(upper, lower, convert, packed)
            || weave::<T, 4>(upper, lower, convert, packed)
        {
            return;
        }
        packed.fill(0);
        for (pair, &x) in packed.chunks_exact_mut(2).zip(upper) {
            pair[0] = convert(x);
        }
        for (pair, &x) in packed.chunks_exact_mut(2).zip(lower) {
            pair[1] = convert(x);
        }
    }
}

/// Writes pairs of an element of each row, if there are exactly so many, for which there is exactly room.
#[inline(always)]
fn weave<T: Copy, const N: usize>(
    upper: &[T],
    lower: &[T],
    convert: impl Fn(T) -> i16,
    packed: &mut [i16],
) -> bool {
    let (Ok(upper), Ok(lower)) = (<&[T; N]>::try_from(upper), <&[T; N]>::try_from(lower)) else {
        return false;
    };
    if packed.len() != 2 * N {
        return false;
    }
    let pairs = packed.as_chunks_mut::<2>().0;
    for (pair, (&upper, &lower)) in pairs.iter_mut().zip(upper.iter().zip(lower)) {
        *pair = [convert(upper), convert(lower)];
    }
    true
}
