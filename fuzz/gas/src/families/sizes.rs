//! Sizes from decisions: neighbours in a list are near each other, so that a search can climb.

use crate::draw::Draw;

/// Sizes at which kernels change what they do, and their neighbours.
const SIZES: [u32; 44] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 17, 20, 24, 31, 32, 33, 40, 48, 63, 64, 65, 96,
    100, 127, 128, 129, 200, 255, 256, 257, 511, 512, 513, 1000, 1024, 1025, 2048, 4096, 4097,
    8192,
];
/// Those up to which one is drawn most often.
const SMALL: usize = 19;
const MEDIUM: usize = 34;

/// A size up to the limit.
pub(super) fn size(draw: &mut Draw<'_>, limit: u64) -> u32 {
    let range = draw.pick(&[SMALL, SMALL, 4, MEDIUM, SIZES.len()]);
    let at = draw.below(range);
    u64::from(SIZES[at]).min(limit.max(1)) as u32
}

/// How many elements, or multiply-accumulates, there are about: from one to a few million.
pub(super) fn budget(draw: &mut Draw<'_>) -> u64 {
    if draw.is_small {
        return draw.pick(&[1, 2, 4, 8, 16, 32, 64]);
    }
    draw.pick(&[
        256,
        2 << 10,
        4 << 10,
        8 << 10,
        16 << 10,
        32 << 10,
        64 << 10,
        128 << 10,
        256 << 10,
        512 << 10,
        1 << 20,
        2 << 20,
        4 << 20,
    ])
}

/// A shape of about as many elements, of which one axis takes what the others leave.
pub(super) fn shape(draw: &mut Draw<'_>, rank: usize, elements: u64) -> Vec<u32> {
    let filled = draw
        .pick(&[0, 0, 0, 1, 2, 3, 4, 5])
        .min(rank.saturating_sub(1));
    let mut shape = vec![1; rank];
    let mut left = elements;
    for (axis, own) in shape.iter_mut().enumerate().rev() {
        if axis == filled {
            continue;
        }
        *own = size(draw, left);
        left /= u64::from(*own);
    }
    if let Some(own) = shape.get_mut(filled) {
        *own = left.max(1) as u32;
    }
    shape
}

/// A shape of a rank that is drawn too, 1 to 6.
pub(super) fn any_shape(draw: &mut Draw<'_>, elements: u64) -> Vec<u32> {
    let rank = draw.pick(&[2, 3, 4, 1, 5, 6]);
    shape(draw, rank, elements)
}
