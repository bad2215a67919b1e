//! RESCALE: the one way a tensor changes scale.

#[cfg(all(feature = "std", target_arch = "x86_64"))]
use super::narrowing::Narrowing;
use super::{
    rescale_by_shift::{Shift, ShiftCall},
    rescale_elements::{RescaleInput, RescaleOutput},
};
use crate::kernels::dispatch::Kernel;
#[cfg(all(feature = "std", target_arch = "x86_64"))]
use crate::kernels::x86_64::{
    narrow::Rows as NarrowRows,
    rescale::{Range, Wide, Widen},
    rescale_avx2::Load,
};
use crate::kernels::{Isa, KernelResult, require, require_shape};
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
    input_zero_point: i32,
    output_zero_point: i32,
    input_unsigned: bool,
    output_unsigned: bool,
    /// What results are clamped to, beside the range of their type.
    bounds: (i32, i32),
    scale32: bool,
    /// If the only scale is a power of two, for signed inputs that are rounded once.
    shift: Option<Shift>,
    /// Bits of the elements that it will read and write, if they are known.
    #[cfg_attr(
        not(all(feature = "std", target_arch = "x86_64")),
        allow(dead_code, reason = "no other set prepares anything")
    )]
    bits: Option<(u32, u32)>,
    isa: Isa,
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    /// For i8, i16 and i32, where the set's own kernel fits.
    wide: [Option<Wide>; 3],
    /// For i32 to i8, where the set's own kernel fits.
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    narrow: Option<NarrowRows>,
}

/// How one channel is scaled: `(value * multiplier + round) >> shift_bits`.
#[derive(Clone, Copy, Debug)]
struct Channel {
    multiplier: i32,
    shift_bits: u32,
    /// Half of the last bit.
    half: i64,
    /// DOUBLE_ROUND: added for values of 0 and more, subtracted for negative ones; else 0.
    second: i64,
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
        Some(Self {
            multiplier,
            shift_bits: u32::from(shift_bits),
            half,
            second: if double_round && shift_bits > 31 {
                1 << 30
            } else {
                0
            },
            largest: if scale32 { half - 1 } else { (1 << 47) - 1 },
        })
    }

    /// The scaled value of an i32, and a word that is negative if the value is out of range.
    #[inline(always)]
    fn scale_i32(&self, value: i32) -> (i64, i64) {
        let sign = value >> 31;
        // For a negative value, its complement is how far it is below -1.
        let largest = self.largest.min(i64::from(i32::MAX)) as i32;
        let outside = largest.wrapping_sub(value ^ sign);
        let sign = i64::from(sign);
        let round = self.half + ((self.second ^ sign) - sign);
        let product = i64::from(value) * i64::from(self.multiplier);
        ((product + round) >> self.shift_bits, i64::from(outside))
    }

    /// [`Self::scale_i32`] of an i48, which 16-bit multipliers keep in i64.
    #[inline(always)]
    fn scale_i48(&self, value: i64) -> (i64, i64) {
        let sign = value >> 63;
        let outside = self.largest.wrapping_sub(value ^ sign);
        let product = value.wrapping_mul(i64::from(self.multiplier));
        (product.wrapping_add(self.half) >> self.shift_bits, outside)
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
        let channels = channels.collect::<Option<Vec<Channel>>>()?;
        let shift = match channels[..] {
            [channel] if scale32 && !parameters.input_unsigned && channel.second == 0 => {
                Shift::new(channel.multiplier, channel.shift_bits as u8)
            }
            _ => None,
        };
        Some(Self {
            channels,
            input_zero_point: parameters.input_zero_point,
            output_zero_point: parameters.output_zero_point,
            input_unsigned: parameters.input_unsigned,
            output_unsigned: parameters.output_unsigned,
            bounds: (i32::MIN, i32::MAX),
            scale32,
            shift,
            bits: None,
            isa: Isa::portable(),
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            wide: [const { None }; 3],
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            narrow: None,
        })
    }

    /// The same, to read and write elements of so many bits alone: [`Self::with_isa`] then prepares nothing
    /// for others.
    pub(crate) fn between(self, input_bits: u32, output_bits: u32) -> Self {
        Self {
            bits: Some((input_bits, output_bits)),
            ..self
        }
    }

    /// The same, to be run with the instructions of `isa`.
    pub fn with_isa(self, isa: Isa) -> Self {
        #[cfg(all(feature = "std", target_arch = "x86_64"))]
        let narrow = self.narrow(isa);
        Self {
            isa,
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            wide: self.wide(isa, narrow.is_some()),
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            narrow,
            ..self
        }
    }

    /// The same, with a CLAMP of its results.
    pub(crate) fn with_bounds(self, bounds: Option<(i32, i32)>) -> Self {
        Self {
            bounds: bounds.unwrap_or(self.bounds),
            ..self
        }
    }

    /// What the set's own kernel reads, for each input that it fits and that may come; not for i32 to i8 if
    /// there is a kernel for that alone.
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    fn wide(&self, isa: Isa, is_narrowed: bool) -> [Option<Wide>; 3] {
        let is_for = self.scale32 && !self.input_unsigned && self.shift.is_none();
        if !is_for || !Wide::is_in(isa) {
            return [const { None }; 3];
        }
        let (multipliers, shifts_bits) = self.factors();
        let is_double_round = self.is_double_round();
        [8, 16, 32].map(|bits| {
            let is_needed = match self.bits {
                Some((32, 8)) => bits == 32 && !is_narrowed,
                Some((input_bits, _)) => bits == input_bits,
                None => true,
            };
            // Only narrow inputs have zero points.
            let fits = is_needed && (bits <= 16 || self.input_zero_point == 0);
            let factors = (&multipliers[..], &shifts_bits[..]);
            fits.then(|| Wide::new(isa, bits, factors, is_double_round))
                .flatten()
        })
    }

    /// What the set's own kernel from i32 to i8 reads, if it fits.
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    fn narrow(&self, isa: Isa) -> Option<NarrowRows> {
        let is_for = self.scale32 && self.input_zero_point == 0 && self.shift.is_none();
        let is_needed = matches!(self.bits, None | Some((32, 8)));
        if !is_for || !is_needed || self.output_unsigned {
            return None;
        }
        let (multipliers, shifts_bits) = self.factors();
        let (low, high) = self.output_range(i8::BITS);
        let narrowing = Narrowing {
            multipliers,
            shifts_bits,
            is_double_round: self.is_double_round(),
            zero_point: i8::try_from(self.output_zero_point).ok()?,
            low: low as i8,
            high: high as i8,
        };
        let suits = narrowing.suits(isa);
        suits.then(|| NarrowRows::new(&narrowing, self.channels.len()))?
    }

    /// Multipliers and right shifts of the channels.
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    fn factors(&self) -> (Vec<i32>, Vec<u8>) {
        let channels = self.channels.iter();
        channels
            .map(|own| (own.multiplier, own.shift_bits as u8))
            .unzip()
    }

    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    fn is_double_round(&self) -> bool {
        self.channels.iter().any(|own| own.second != 0)
    }

    /// Scales `x` into `out`. Elements are i8, i16, i32 or i48 (as i64, only with 16-bit multipliers)
    /// to i8, i16 or i32; unsigned ones are passed as their bits. With more than one multiplier, the last axis has as many
    /// channels. Requires that every value is in the range that its shift allows, and that the scaled
    /// value, and it plus the output zero point, fit i32.
    pub fn run<I: RescaleInput, O: RescaleOutput>(&self, x: &[I], out: &mut [O]) -> KernelResult {
        if let Some(shift) = self.shift.filter(|_| I::BITS <= 32) {
            require_shape(self.input_zero_point == 0 || I::BITS <= 16)?;
            require_shape(!self.output_unsigned || O::BITS <= 16)?;
            return self.isa.run(ShiftCall {
                shift,
                input_zero_point: self.input_zero_point,
                zero_point: self.output_zero_point,
                range: self.output_range(O::BITS),
                x,
                out,
            });
        }
        #[cfg(all(feature = "std", target_arch = "x86_64"))]
        if let (32, 8, Some(narrow)) = (I::BITS, O::BITS, &self.narrow) {
            self.require_rows(x.len(), out.len())?;
            narrow.run(bytemuck::cast_slice(x), bytemuck::cast_slice_mut(out));
            return Ok(());
        }
        #[cfg(all(feature = "std", target_arch = "x86_64"))]
        match (I::BITS, &self.wide) {
            (8, [Some(wide), ..]) => {
                return self.scale_wide::<i8, O>(wide, bytemuck::cast_slice(x), out);
            }
            (16, [_, Some(wide), _]) => {
                return self.scale_wide::<i16, O>(wide, bytemuck::cast_slice(x), out);
            }
            (32, [.., Some(wide)]) => {
                return self.scale_wide::<i32, O>(wide, bytemuck::cast_slice(x), out);
            }
            _ => {}
        }
        self.isa.run(Call {
            rescale: self,
            x,
            out,
        })
    }

    /// Both have as many elements, whole rows of channels.
    #[inline(always)]
    fn require_rows(&self, x: usize, out: usize) -> KernelResult {
        require_shape(x == out && x.is_multiple_of(self.channels.len()))
    }

    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    fn scale_wide<I: Widen + Load, O: RescaleOutput>(
        &self,
        wide: &Wide,
        x: &[I],
        out: &mut [O],
    ) -> KernelResult {
        let channels = self.channels.len();
        self.require_rows(x.len(), out.len())?;
        require_shape(!self.output_unsigned || O::BITS <= 16)?;
        let (low, high) = self.output_range(O::BITS);
        let zero_point = self.output_zero_point;
        let range = Range {
            input_zero_point: self.input_zero_point,
            zero_point,
            low,
            high,
        };
        match O::BITS {
            8 => wide.run::<I, i8>(channels, x, range, bytemuck::cast_slice_mut(out)),
            16 => wide.run::<I, i16>(channels, x, range, bytemuck::cast_slice_mut(out)),
            _ => wide.run::<I, i32>(channels, x, range, bytemuck::cast_slice_mut(out)),
        }
        Ok(())
    }

    /// The smallest and the largest output of so many bits.
    #[inline(always)]
    fn output_range(&self, bits: u32) -> (i32, i32) {
        let half = 1_i64 << (bits - 1);
        let (low, high) = if self.output_unsigned {
            (0, 2 * half - 1)
        } else {
            (-half, half - 1)
        };
        let (least, most) = self.bounds;
        ((low as i32).max(least), (high as i32).min(most))
    }

    #[inline(always)]
    fn scale<I: RescaleInput, O: RescaleOutput>(&self, x: &[I], out: &mut [O]) -> KernelResult {
        self.require_rows(x.len(), out.len())?;
        require_shape(!self.scale32 || I::BITS <= 32)?;
        require_shape(!self.input_unsigned || I::BITS <= 16)?;
        require_shape(!self.output_unsigned || O::BITS <= 16)?;
        // Only 8- and 16-bit elements have zero points, so subtracting one cannot overflow.
        require_shape(self.input_zero_point == 0 || I::BITS <= 16)?;
        // Sign extension is undone for unsigned inputs.
        let mask = if self.input_unsigned {
            (1 << I::BITS) - 1
        } else {
            -1
        };
        let (low, high) = self.output_range(O::BITS);
        // Where the scaled value, and it plus the output zero point, are both in i32.
        let zero_point = self.output_zero_point;
        let smallest = i64::from(i32::MIN) - i64::from(zero_point.min(0));
        let largest = i64::from(i32::MAX) - i64::from(zero_point.max(0));
        let scale = |x: I, channel: &Channel| {
            let (scaled, outside) = if I::BITS > 32 {
                channel.scale_i48(x.widen())
            } else {
                channel.scale_i32((x.widen() as i32 & mask).wrapping_sub(self.input_zero_point))
            };
            let outside = outside | (scaled - smallest) | (largest - scaled);
            let moved = (scaled as i32).wrapping_add(zero_point);
            (O::truncate(moved.max(low).min(high)), outside)
        };
        let mut outside = 0;
        if let [channel] = self.channels[..] {
            for (out, &x) in out.iter_mut().zip(x) {
                let (value, word) = scale(x, &channel);
                *out = value;
                outside |= word;
            }
        } else {
            let channels = self.channels.len();
            for (x, out) in x.chunks_exact(channels).zip(out.chunks_exact_mut(channels)) {
                for ((out, &x), channel) in out.iter_mut().zip(x).zip(&self.channels) {
                    let (value, word) = scale(x, channel);
                    *out = value;
                    outside |= word;
                }
            }
        }
        require(outside >= 0)
    }
}

struct Call<'a, I, O> {
    rescale: &'a Rescale,
    x: &'a [I],
    out: &'a mut [O],
}

impl<I: RescaleInput, O: RescaleOutput> Kernel for Call<'_, I, O> {
    type Output = KernelResult;

    #[inline(always)]
    fn run(self) -> KernelResult {
        self.rescale.scale(self.x, self.out)
    }
}
