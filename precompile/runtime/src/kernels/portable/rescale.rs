//! RESCALE: the one way a tensor changes scale.

use crate::kernels::{KernelResult, require, require_shape};
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
    /// The input's bits are unsigned: only for elements of 8 and 16 bits.
    pub input_unsigned: bool,
    /// The output's bits are unsigned: only for elements of 8 and 16 bits.
    pub output_unsigned: bool,
}

/// A RESCALE made ready to run.
#[derive(Clone, Debug)]
pub struct Rescale {
    channels: Vec<Channel>,
    input_zero_point: i64,
    output_zero_point: i64,
    input_unsigned: bool,
    output_unsigned: bool,
    scale32: bool,
}

/// How one channel is scaled: `(value * multiplier + round) >> shift_bits`.
#[derive(Clone, Copy, Debug)]
struct Channel {
    multiplier: i64,
    shift_bits: u32,
    /// Added for values of 0 and more, and for negative ones.
    round: [i64; 2],
    /// The largest value allowed; the smallest is one less than its negative.
    largest: i64,
}

impl Channel {
    fn new(multiplier: i32, shift_bits: u8, scale32: bool, double_round: bool) -> Option<Self> {
        let limit = if scale32 {
            i32::MAX
        } else {
            i32::from(i16::MAX)
        };
        if !(0..=limit).contains(&multiplier) || !(2..=62).contains(&shift_bits) {
            return None;
        }
        let half = 1_i64 << (shift_bits - 1);
        let second = if double_round && shift_bits > 31 {
            1_i64 << 30
        } else {
            0
        };
        Some(Self {
            multiplier: i64::from(multiplier),
            shift_bits: u32::from(shift_bits),
            round: [half + second, half - second],
            largest: if scale32 { half - 1 } else { (1 << 47) - 1 },
        })
    }
}

impl Rescale {
    /// `None` if there is no multiplier, the lists differ in length, a multiplier or shift is out of
    /// its range, or 16-bit multipliers are to round twice.
    pub fn new(parameters: &RescaleParameters<'_>) -> Option<Self> {
        let RescaleParameters {
            multipliers,
            shifts_bits,
            scale32,
            double_round,
            ..
        } = *parameters;
        let counts_fit = !multipliers.is_empty() && multipliers.len() == shifts_bits.len();
        if !counts_fit || double_round && !scale32 {
            return None;
        }
        let channels = multipliers.iter().zip(shifts_bits);
        let channels = channels.map(|(&multiplier, &shift_bits)| {
            Channel::new(multiplier, shift_bits, scale32, double_round)
        });
        Some(Self {
            channels: channels.collect::<Option<_>>()?,
            input_zero_point: i64::from(parameters.input_zero_point),
            output_zero_point: i64::from(parameters.output_zero_point),
            input_unsigned: parameters.input_unsigned,
            output_unsigned: parameters.output_unsigned,
            scale32,
        })
    }

    /// Scales `x` into `out`. Elements are i8, i16, i32 or i48 (as i64, only with 16-bit multipliers)
    /// to i8, i16 or i32; unsigned ones are passed as their bits. With more than one multiplier, the last axis has as many
    /// channels. Requires that every value is in the range that its shift allows, and that the scaled
    /// value, and it plus the output zero point, fit i32.
    #[inline(always)]
    pub fn run<I: RescaleInput, O: RescaleOutput>(&self, x: &[I], out: &mut [O]) -> KernelResult {
        require_shape(x.len() == out.len() && x.len() % self.channels.len() == 0)?;
        require_shape(!self.scale32 || I::BITS <= 32)?;
        require_shape(!self.input_unsigned || I::BITS <= 16)?;
        require_shape(!self.output_unsigned || O::BITS <= 16)?;
        // Sign extension is undone for unsigned inputs.
        let mask = if self.input_unsigned {
            (1_i64 << I::BITS) - 1
        } else {
            -1
        };
        let half = 1_i64 << (O::BITS - 1);
        let range = if self.output_unsigned {
            (0, 2 * half - 1)
        } else {
            (-half, half - 1)
        };
        let mut outside = false;
        let mut scale = |x: I, channel: &Channel| {
            let value = (x.widen() & mask) - self.input_zero_point;
            // For a negative value, its complement is how far it is below -1.
            outside |= value ^ (value >> 63) > channel.largest;
            let round = channel.round[usize::from(value < 0)];
            let scaled = value.wrapping_mul(channel.multiplier).wrapping_add(round);
            let scaled = scaled >> channel.shift_bits;
            let moved = scaled.wrapping_add(self.output_zero_point);
            outside |= scaled != i64::from(scaled as i32) || moved != i64::from(moved as i32);
            O::truncate(moved.clamp(range.0, range.1))
        };
        if let [channel] = self.channels[..] {
            for (out, &x) in out.iter_mut().zip(x) {
                *out = scale(x, &channel);
            }
        } else {
            let channels = self.channels.len();
            for (x, out) in x.chunks_exact(channels).zip(out.chunks_exact_mut(channels)) {
                for ((out, &x), channel) in out.iter_mut().zip(x).zip(&self.channels) {
                    *out = scale(x, channel);
                }
            }
        }
        require(!outside)
    }
}

/// Elements that a RESCALE reads: i8, i16, i32, i64 (for i48).
pub trait RescaleInput: Copy {
    /// Width.
    const BITS: u32;
    /// The value.
    fn widen(self) -> i64;
}

/// Elements that a RESCALE writes: i8, i16, i32.
pub trait RescaleOutput: Copy {
    /// Width.
    const BITS: u32;
    /// The low bits.
    fn truncate(value: i64) -> Self;
}

macro_rules! input {
    ($element:ty) => {
        impl RescaleInput for $element {
            const BITS: u32 = Self::BITS;
            #[inline(always)]
            fn widen(self) -> i64 {
                i64::from(self)
            }
        }
    };
}

macro_rules! output {
    ($element:ty) => {
        impl RescaleOutput for $element {
            const BITS: u32 = Self::BITS;
            #[inline(always)]
            fn truncate(value: i64) -> Self {
                value as Self
            }
        }
    };
}

input!(i8);
input!(i16);
input!(i32);
input!(i64);
output!(i8);
output!(i16);
output!(i32);
