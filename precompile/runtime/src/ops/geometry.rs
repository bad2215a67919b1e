//! Windows over height and width: attributes shared by convolutions and pools, and their checks.

use super::shape::require_rank;
use crate::{
    error::OperatorError,
    kernels::portable::window::Window2d,
    model::limits::{MAX_KERNEL, MAX_STRIDE},
    ops::operation::Operand,
};
use alloc::vec::Vec;
use libssz_derive::{SszDecode, SszEncode};

/// A pair along height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SszEncode, SszDecode)]
pub struct Size2d {
    /// Along height.
    pub y: u32,
    /// Along width.
    pub x: u32,
}

/// Padding of height and width, in TOSA's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SszEncode, SszDecode)]
pub struct Pad2d {
    /// Rows above.
    pub top: u32,
    /// Rows below.
    pub bottom: u32,
    /// Columns to the left.
    pub left: u32,
    /// Columns to the right.
    pub right: u32,
}

/// A triple along depth, height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SszEncode, SszDecode)]
pub struct Size3d {
    /// Along depth.
    pub z: u32,
    /// Along height.
    pub y: u32,
    /// Along width.
    pub x: u32,
}

/// Padding of depth, height and width, in TOSA's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SszEncode, SszDecode)]
pub struct Pad3d {
    /// Planes in front.
    pub front: u32,
    /// Planes behind.
    pub back: u32,
    /// Rows above.
    pub top: u32,
    /// Rows below.
    pub bottom: u32,
    /// Columns to the left.
    pub left: u32,
    /// Columns to the right.
    pub right: u32,
}

/// Elements before and after, along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SszEncode, SszDecode)]
pub struct Margin {
    /// Elements before.
    pub before: u32,
    /// Elements after.
    pub after: u32,
}

/// The attributes of a window, from whichever operator has one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// Kernel height and width.
    pub(crate) kernel: Size2d,
    /// Padding.
    pub(crate) pad: Pad2d,
    /// Stride along height and width.
    pub(crate) stride: Size2d,
    /// Dilation along height and width; 1 for pools.
    pub(crate) dilation: Size2d,
    /// Padding must be smaller than the kernel: every window of a pool sees an element.
    pub(crate) is_pool: bool,
}

impl Window {
    /// The window of a pool.
    pub(crate) const fn pool(kernel: Size2d, pad: Pad2d, stride: Size2d) -> Self {
        Self {
            kernel,
            pad,
            stride,
            dilation: Size2d { y: 1, x: 1 },
            is_pool: true,
        }
    }

    /// Checks the window against an input `[N, H, W, C]` and works out the output's size.
    pub(crate) fn fit(&self, input: &Operand<'_>) -> Result<Window2d, OperatorError> {
        let [batch, height, width, channels] = require_rank::<4>(0, input)?;
        let rows = Axis {
            number: 1,
            size: height,
            kernel: self.kernel.y,
            before: self.pad.top,
            after: self.pad.bottom,
            stride: self.stride.y,
            dilation: self.dilation.y,
        };
        let columns = Axis {
            number: 2,
            size: width,
            kernel: self.kernel.x,
            before: self.pad.left,
            after: self.pad.right,
            stride: self.stride.x,
            dilation: self.dilation.x,
        };
        let output = [rows.fit(self.is_pool)?, columns.fit(self.is_pool)?];
        Ok(Window2d {
            batch: batch as usize,
            channels: channels as usize,
            input: [height as usize, width as usize],
            output: output.map(|size| size as usize),
            kernel: [self.kernel.y as usize, self.kernel.x as usize],
            stride: [self.stride.y as usize, self.stride.x as usize],
            dilation: [self.dilation.y as usize, self.dilation.x as usize],
            pad_before: [self.pad.top as usize, self.pad.left as usize],
        })
    }
}

/// Shape `[N, OH, OW, channels]` of what a window gives.
pub(crate) fn output_shape(window: &Window2d, channels: usize) -> [u32; 4] {
    let [height, width] = window.output;
    // Each comes from a u32, or from a product that saturates far over the limit on elements.
    [window.batch, height, width, channels].map(|size| u32::try_from(size).unwrap_or(u32::MAX))
}

/// One axis of a window.
pub(crate) struct Axis {
    /// Its number in the input's shape.
    pub(crate) number: u8,
    /// Size of the input.
    pub(crate) size: u32,
    /// Size of the kernel.
    pub(crate) kernel: u32,
    /// Padding before.
    pub(crate) before: u32,
    /// Padding after.
    pub(crate) after: u32,
    /// Step between windows.
    pub(crate) stride: u32,
    /// Step between taps.
    pub(crate) dilation: u32,
}

impl Axis {
    /// Checks the attributes; elements of the output along this axis.
    pub(crate) fn fit(&self, is_pool: bool) -> Result<u32, OperatorError> {
        if self.dilation == 0 {
            return Err(OperatorError::Dilation);
        }
        let reach = u64::from(self.kernel) * u64::from(self.dilation);
        if reach == 0 || reach > u64::from(MAX_KERNEL) {
            return Err(OperatorError::Kernel {
                size: reach,
                limit: MAX_KERNEL,
            });
        }
        if self.stride == 0 || self.stride > MAX_STRIDE {
            return Err(OperatorError::Stride {
                stride: self.stride,
                limit: MAX_STRIDE,
            });
        }
        let limit = if is_pool { self.kernel - 1 } else { MAX_KERNEL };
        for pad in [self.before, self.after] {
            if pad > limit {
                return Err(OperatorError::Padding { pad, limit });
            }
        }
        let padded = u64::from(self.size) + u64::from(self.before) + u64::from(self.after);
        let covered = (u64::from(self.kernel) - 1) * u64::from(self.dilation) + 1;
        let misfit = OperatorError::WindowFit { axis: self.number };
        let travel = padded.checked_sub(covered).ok_or(misfit)?;
        if !travel.is_multiple_of(u64::from(self.stride)) {
            return Err(misfit);
        }
        u32::try_from(travel / u64::from(self.stride) + 1).map_err(|_| misfit)
    }
}
