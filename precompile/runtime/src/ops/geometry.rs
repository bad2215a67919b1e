//! Attributes of windows over height and width, shared by convolutions, pools and PAD.

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

/// Elements before and after, along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SszEncode, SszDecode)]
pub struct Margin {
    /// Elements before.
    pub before: u32,
    /// Elements after.
    pub after: u32,
}
