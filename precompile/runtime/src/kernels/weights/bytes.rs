//! Matrices of i8, for i8 rows.

#[cfg(tiles)]
use super::Padded;
use super::{Results, Windows, words::Words};
#[cfg(all(tiles, target_arch = "aarch64"))]
use crate::kernels::dispatch::Set;
#[cfg(all(tiles, target_arch = "aarch64"))]
use crate::kernels::tract;
use crate::kernels::{
    Isa, KernelError, KernelResult,
    portable::{gemm::widen, narrowing::Narrowing},
    require_shape,
};
#[cfg(tiles)]
use crate::kernels::{
    machine::dot::Weights as Fours,
    tiles::{
        dot::{Rows, Source, moved_bytes},
        suit_panels,
    },
};
#[cfg(tiles)]
use alloc::borrow::Cow;
use alloc::{vec, vec::Vec};

/// Bytes of widened rows that are multiplied at a time: half of a level-1 cache.
const WIDENED_BYTES: usize = 16 << 10;

/// Products of so many outputs, depth and rows are `tract-linalg`'s: its fixed cost is a few microseconds a
/// call, for allocating and packing.
#[cfg(all(tiles, target_arch = "aarch64"))]
const LARGE: [usize; 3] = [64, 256, 16];

/// Weights in one set's layout.
#[derive(Debug)]
pub(super) enum Bytes {
    /// Multiplied as i16, as rows are too.
    Widened(Words),
    /// Large products by `tract-linalg`.
    #[cfg(all(tiles, target_arch = "aarch64"))]
    Tract {
        large: tract::Weights,
        widened: Words,
    },
    /// Multiplied by fours.
    #[cfg(tiles)]
    Fours(Fours),
}

impl Bytes {
    /// Of `[outputs, depth]`, for rows that are multiplied in so many lines where the set can do that.
    pub(super) fn new(
        isa: Isa,
        weights: &[i8],
        [outputs, depth]: [usize; 2],
        lines: usize,
        zero_point: i8,
    ) -> Self {
        let sizes = [outputs, lines, depth / lines];
        let widened = || {
            let mut words: Vec<i16> = vec![0; weights.len()];
            widen(weights, i16::from(zero_point), &mut words);
            Words::of_bytes(isa, words, sizes)
        };
        #[cfg(tiles)]
        if let Some(fours) = Self::of_fours(isa, weights, sizes, zero_point) {
            return fours;
        }
        #[cfg(all(tiles, target_arch = "aarch64"))]
        if isa.0 == Set::Neon
            && (lines, zero_point) == (1, 0)
            && outputs >= LARGE[0]
            && depth >= LARGE[1]
            && let Some(large) = tract::Weights::new(weights, depth)
        {
            let widened = widened();
            return Self::Tract { large, widened };
        }
        Self::Widened(widened())
    }

    /// In panels of fours of bytes, if the set multiplies those, and weights less their zero point are bytes.
    #[cfg(tiles)]
    fn of_fours(isa: Isa, weights: &[i8], sizes: [usize; 3], zero_point: i8) -> Option<Self> {
        let [outputs, lines, line] = sizes;
        let suits = suit_panels(outputs, lines * line);
        let width = isa.fours().filter(|_| suits)?;
        let weights = without_zero_point(weights, zero_point)?;
        Some(Self::Fours(Fours::new(width, &weights, sizes)))
    }

    /// The same, for results of i8; `None` if the set has no kernel for it.
    pub(super) fn narrowed(self, narrowing: &Narrowing) -> Option<Self> {
        let _ = narrowing;
        match self {
            #[cfg(tiles)]
            Self::Fours(fours) => Some(Self::Fours(fours.narrowed(narrowing)?)),
            _ => None,
        }
    }

    /// Bytes of a padded element, if they can be multiplied with windows where they lie.
    pub(super) const fn window_element_bytes(&self) -> Option<usize> {
        match self {
            #[cfg(tiles)]
            Self::Fours(_) => Some(size_of::<u8>()),
            Self::Widened(words) if words.takes_windows() => Some(size_of::<i16>()),
            _ => None,
        }
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Widened(words) => words.bytes(),
            #[cfg(all(tiles, target_arch = "aarch64"))]
            Self::Tract { large, widened } => large.bytes() + widened.bytes(),
            #[cfg(tiles)]
            Self::Fours(fours) => fours.bytes(),
        }
    }

    /// Length of the scratch of a product of `rows` rows. It grows with them up to a fixed number.
    pub(super) fn scratch_words(&self, rows: usize, depth: usize) -> usize {
        match self {
            #[cfg(tiles)]
            Self::Fours(_) => moved_bytes(rows, depth).div_ceil(size_of::<u64>()),
            _ => {
                let widened = rows.min(widened_rows(depth)) * depth;
                (widened * size_of::<i16>()).div_ceil(size_of::<u64>())
            }
        }
    }

    /// Results of `rows` `[m, depth]` into `out` `[m, outputs]`; sums wrap.
    pub(super) fn product(
        &self,
        [outputs, depth]: [usize; 2],
        (rows, zero_point): (&[i8], i8),
        bias: &[i32],
        out: Results<'_>,
        scratch: &mut [u64],
    ) -> KernelResult {
        #[cfg(tiles)]
        if let Self::Fours(fours) = self {
            let source = matrix((rows, depth), scratch)?;
            return fours.product(source, zero_point, bias, out);
        }
        let Results::Sums(out) = out else {
            return Err(KernelError::Shape);
        };
        let words = match self {
            Self::Widened(words) => words,
            #[cfg(all(tiles, target_arch = "aarch64"))]
            Self::Tract { large, widened } => {
                if rows.len() >= LARGE[2] * depth
                    && large.product(rows, zero_point, bias, out).is_some()
                {
                    return Ok(());
                }
                widened
            }
            #[cfg(tiles)]
            Self::Fours(_) => return Err(KernelError::Shape),
        };
        let scratch: &mut [i16] = bytemuck::cast_slice_mut(scratch);
        let tile = widened_rows(depth);
        for (rows, out) in rows
            .chunks(tile * depth)
            .zip(out.chunks_mut(tile * outputs))
        {
            let widened = scratch.get_mut(..rows.len()).ok_or(KernelError::Shape)?;
            widen(rows, i16::from(zero_point), widened);
            words.product_i32(widened, bias, out)?;
        }
        Ok(())
    }
}

impl Bytes {
    /// Results of so many windows into `out` `[count, outputs]`, for `[outputs, lines, line]`; sums wrap.
    pub(super) fn product_windows(
        &self,
        [outputs, lines, line]: [usize; 3],
        (windows, count): (Windows<'_>, usize),
        zero_point: i8,
        bias: &[i32],
        out: Results<'_>,
    ) -> KernelResult {
        require_shape(bias.len() <= 1 || bias.len() == outputs)?;
        let _ = (lines, line, zero_point);
        match self {
            Self::Widened(words) => {
                let Results::Sums(out) = out else {
                    return Err(KernelError::Shape);
                };
                words.product_windows_i32((windows, count), bias, out)
            }
            #[cfg(all(tiles, target_arch = "aarch64"))]
            Self::Tract { .. } => Err(KernelError::Shape),
            #[cfg(tiles)]
            Self::Fours(fours) => {
                let rows = moved_rows([lines, line], windows, count)?;
                fours.product(rows, zero_point, bias, out)
            }
        }
    }
}

/// So many windows in an input that was moved up by 128, of `lines` lines of `line` elements.
#[cfg(tiles)]
fn moved_rows(
    [lines, line]: [usize; 2],
    windows: Windows<'_>,
    count: usize,
) -> Result<Source<'_>, KernelError> {
    let Padded::Moved(x) = windows.x else {
        return Err(KernelError::Shape);
    };
    let last = count.saturating_sub(1) * windows.row_stride + (lines - 1) * windows.line_stride;
    require_shape(last + line.next_multiple_of(4) <= x.len())?;
    Ok(Source::Rows(Rows {
        x,
        count,
        stride: windows.row_stride,
        line_stride: windows.line_stride,
    }))
}

/// The rows of `[m, depth]`, to be moved up to scratch.
#[cfg(tiles)]
fn matrix<'a>(
    (x, depth): (&'a [i8], usize),
    scratch: &'a mut [u64],
) -> Result<Source<'a>, KernelError> {
    let moved: &mut [u8] = bytemuck::cast_slice_mut(scratch);
    let moved = moved.get_mut(..moved_bytes(x.len() / depth, depth));
    Ok(Source::Matrix(x, moved.ok_or(KernelError::Shape)?))
}

/// The weights less their zero point, if that leaves i8.
#[cfg(tiles)]
fn without_zero_point(weights: &[i8], zero_point: i8) -> Option<Cow<'_, [i8]>> {
    if zero_point == 0 {
        return Some(Cow::Borrowed(weights));
    }
    let weights = weights.iter().map(|weight| weight.checked_sub(zero_point));
    weights.collect()
}

/// Rows that are widened at a time.
fn widened_rows(depth: usize) -> usize {
    (WIDENED_BYTES / size_of::<i16>() / depth).max(4)
}
