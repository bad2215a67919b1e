//! [RESCALE](https://www.mlplatform.org/tosa/tosa_spec.html#_rescale)
//!
//! Checked while running: each value is in the range that its shift allows, and the scaled value, and
//! it plus the output zero point, fit i32.

use super::{
    operation::{Extent, Inferred, Operand, Operation, Step},
    shape::{exactly, require_dtype, with_shape, zero_point_fits},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError,
        portable::{
            narrowing::Narrowing,
            rescale::{Rescale as Kernel, RescaleParameters},
        },
    },
    model::{
        format::{Signed32, ValueId},
        limits::MAX_CHANNELS,
    },
    tensor::DType,
    work::Work,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};
use libssz_types::SszList;

/// Smallest and largest right shift.
const SHIFT_RANGE_BITS: core::ops::RangeInclusive<u8> = 2..=62;
/// Bytes that a scale is counted as where there is one for each channel.
const SCALE_BYTES: u64 = 8;

/// Attributes of RESCALE.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Rescale {
    /// `input`.
    pub input: ValueId,
    /// Element type of the output.
    pub to: DType,
    /// Zero point of the input.
    pub input_zero_point: Signed32,
    /// Zero point of the output.
    pub output_zero_point: Signed32,
    /// One multiplier, or one per channel (last axis); not negative.
    pub multipliers: SszList<Signed32, MAX_CHANNELS>,
    /// Right shifts, 2 to 62, as many as multipliers.
    pub shifts_bits: SszList<u8, MAX_CHANNELS>,
    /// Whether multipliers are 32 bit (else 16 bit, for i48).
    pub scale32: bool,
    /// DOUBLE_ROUND instead of SINGLE_ROUND.
    pub double_round: bool,
    /// One multiplier per channel of the last axis.
    pub per_channel: bool,
    /// The input bits are unsigned.
    pub input_unsigned: bool,
    /// The output bits are unsigned.
    pub output_unsigned: bool,
}

impl Rescale {
    fn check_flags(&self, from: DType) -> Result<(), OperatorError> {
        let is_narrow = |dtype| matches!(dtype, DType::I8 | DType::I16);
        let scale_fits = self.scale32 != (from == DType::I48) || !self.scale32;
        let round_fits = self.scale32 || !self.double_round;
        let input_fits = !self.input_unsigned || (is_narrow(from) && is_narrow(self.to));
        let output_fits = !self.output_unsigned || (is_narrow(self.to) && is_narrow(from));
        let not_both = !(self.input_unsigned && self.output_unsigned);
        if scale_fits && round_fits && input_fits && output_fits && not_both {
            Ok(())
        } else {
            Err(OperatorError::RescaleFlags)
        }
    }

    fn check_factors(&self, input: &Operand<'_>) -> Result<(), OperatorError> {
        let channels = match (self.per_channel, input.shape().last()) {
            (true, Some(&channels)) => channels,
            (true, None) => return Err(OperatorError::Axis { axis: 0, rank: 0 }),
            (false, _) => 1,
        };
        for entries in [self.multipliers.len(), self.shifts_bits.len()] {
            if entries != channels as usize {
                return Err(OperatorError::EntryCount {
                    got: entries as u32,
                    want: channels,
                });
            }
        }
        let largest = if self.scale32 {
            i32::MAX
        } else {
            i32::from(i16::MAX)
        };
        for &Signed32(multiplier) in self.multipliers.iter() {
            if !(0..=largest).contains(&multiplier) {
                return Err(OperatorError::Multiplier { multiplier });
            }
        }
        for &shift_bits in self.shifts_bits.iter() {
            if !SHIFT_RANGE_BITS.contains(&shift_bits) {
                return Err(OperatorError::Shift { shift_bits });
            }
        }
        Ok(())
    }
}

/// Whether TOSA allows this zero point: any of an i8 or u8, 0 or 2^15 of a u16, else only 0.
fn is_zero_point(dtype: DType, is_unsigned: bool, zero_point: i32) -> bool {
    match (dtype, is_unsigned) {
        (DType::I8, true) => u8::try_from(zero_point).is_ok(),
        (DType::I16, true) => zero_point == 0 || zero_point == 1 << 15,
        _ => zero_point_fits(dtype, zero_point),
    }
}

impl Operation for Rescale {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [input] = exactly(operands)?;
        require_dtype(0, input, &[DType::I8, DType::I16, DType::I32, DType::I48])?;
        if !matches!(self.to, DType::I8 | DType::I16 | DType::I32) {
            return Err(OperatorError::OutputType { dtype: self.to });
        }
        self.check_flags(input.dtype())?;
        let Signed32(zero_point) = self.input_zero_point;
        if !is_zero_point(input.dtype(), self.input_unsigned, zero_point) {
            return Err(OperatorError::InputZeroPoint {
                operand: 0,
                zero_point,
            });
        }
        let Signed32(zero_point) = self.output_zero_point;
        if !is_zero_point(self.to, self.output_unsigned, zero_point) {
            return Err(OperatorError::OutputZeroPoint { zero_point });
        }
        self.check_factors(input)?;
        let channels = self.multipliers.len() as u64;
        let mut work = Work {
            rescale: input.tensor.elements(),
            runs: 1,
            ..Work::default()
        };
        if self.per_channel {
            work.runs = input.tensor.elements() / channels.max(1);
            // Scales are read as weights are.
            work.move_bytes = channels.saturating_mul(SCALE_BYTES);
        }
        let output = with_shape(self.to, input.shape())?;
        // Each scale is looked at and laid out for the kernels.
        Ok(Inferred::new(output, work).checking(channels))
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        let [input] = exactly(operands).map_err(|_| KernelError::Shape)?;
        self.clamped_step(input.dtype(), isa, None)
    }
}

impl Rescale {
    /// What a product does to its sums to give what this operator and a CLAMP to these bounds give; `None`
    /// if the output is not i8.
    pub(crate) fn narrowing(&self, bounds: Option<(i32, i32)>) -> Option<Narrowing> {
        if self.to != DType::I8 || self.output_unsigned || !self.scale32 {
            return None;
        }
        let (low, high) = bounds.unwrap_or((i32::from(i8::MIN), i32::from(i8::MAX)));
        Some(Narrowing {
            multipliers: self.multipliers.iter().map(|entry| entry.0).collect(),
            shifts_bits: self.shifts_bits.to_vec(),
            is_double_round: self.double_round,
            zero_point: i8::try_from(self.output_zero_point.0).ok()?,
            low: i8::try_from(low).ok()?,
            high: i8::try_from(high).ok()?,
        })
    }

    /// A step on elements of type `from` that also clamps the results, which are signed, to these bounds.
    pub(crate) fn clamped_step(
        &self,
        from: DType,
        isa: Isa,
        bounds: Option<(i32, i32)>,
    ) -> Result<Step, KernelError> {
        let multipliers: Vec<i32> = self.multipliers.iter().map(|entry| entry.0).collect();
        let bits = |dtype: DType| 8 * dtype.size_bytes() as u32;
        let rescale = Kernel::new(&RescaleParameters {
            input_zero_point: self.input_zero_point.0,
            output_zero_point: self.output_zero_point.0,
            multipliers: &multipliers,
            shifts_bits: &self.shifts_bits,
            scale32: self.scale32,
            double_round: self.double_round,
            input_unsigned: self.input_unsigned,
            output_unsigned: self.output_unsigned,
        })
        .ok_or(KernelError::Shape)?
        .with_bounds(bounds)
        .between(bits(from), bits(self.to))
        .with_isa(isa);
        let step = Step::new(isa, 1, move |reads, out| match (reads, out) {
            ([View::I8(x)], ViewMut::I8(out)) => rescale.run(x, out),
            ([View::I8(x)], ViewMut::I16(out)) => rescale.run(x, out),
            ([View::I8(x)], ViewMut::I32(out)) => rescale.run(x, out),
            ([View::I16(x)], ViewMut::I8(out)) => rescale.run(x, out),
            ([View::I16(x)], ViewMut::I16(out)) => rescale.run(x, out),
            ([View::I16(x)], ViewMut::I32(out)) => rescale.run(x, out),
            ([View::I32(x)], ViewMut::I8(out)) => rescale.run(x, out),
            ([View::I32(x)], ViewMut::I16(out)) => rescale.run(x, out),
            ([View::I32(x)], ViewMut::I32(out)) => rescale.run(x, out),
            ([View::I48(x)], ViewMut::I8(out)) => rescale.run(x, out),
            ([View::I48(x)], ViewMut::I16(out)) => rescale.run(x, out),
            ([View::I48(x)], ViewMut::I32(out)) => rescale.run(x, out),
            _ => Err(KernelError::Shape),
        });
        Ok(step.by_rows(&[Extent::Rows]))
    }
}
