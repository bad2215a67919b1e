//! Operators that change types or sizes: CAST, RESCALE, RESIZE.

use super::{Read, Reader, signed, small, unsigned};
use crate::{
    builder::list,
    tosa::error::{Attribute, NodeError},
};
use fixpoint_runtime::{
    model::format::Signed32,
    ops::{
        Operator,
        cast::Cast,
        rescale::Rescale,
        resize::{Resize, ResizeAxis, ResizeMode},
    },
    tensor::DType,
};

/// `RoundingMode::SINGLE_ROUND` and `DOUBLE_ROUND`.
const SINGLE_ROUND: u32 = 1;
const DOUBLE_ROUND: u32 = 3;
/// `ResizeMode::NEAREST` and `BILINEAR`.
const NEAREST: u32 = 1;
const BILINEAR: u32 = 2;

pub(super) fn operator(read: &Reader<'_, '_>, name: &str) -> Read<Option<Operator>> {
    Ok(Some(match name {
        "CAST" => Operator::Cast(Cast {
            input: read.value(0)?,
            to: read.output_dtype()?,
        }),
        "RESCALE" => read.rescale()?,
        "RESIZE" => read.resize()?,
        _ => return Ok(None),
    }))
}

impl Reader<'_, '_> {
    fn rescale(&self) -> Read<Operator> {
        let input = self.value(0)?;
        let attributes = self.attributes()?;
        let double_round = match attributes.u32(1)? {
            SINGLE_ROUND => false,
            DOUBLE_ROUND => true,
            mode => return Err(NodeError::RoundingMode { mode }.into()),
        };
        let scale32 = attributes.u8(0)? != 0;
        let multiplier = if scale32 { DType::I32 } else { DType::I16 };
        let multipliers = self.integers(1, multiplier)?;
        let multipliers: Read<Vec<_>> = multipliers
            .iter()
            .map(|&multiplier| signed(Attribute::Multiplier, multiplier))
            .collect();
        let shifts = self.integers(2, DType::I8)?;
        let shifts: Read<Vec<_>> = shifts
            .iter()
            .map(|&shift| small(Attribute::Shift, shift))
            .collect();
        let to = self.output_dtype()?;
        let input_unsigned = attributes.u8(3)? != 0;
        let output_unsigned = attributes.u8(4)? != 0;
        Ok(Operator::Rescale(Rescale {
            input,
            to,
            input_zero_point: self.zero_point_as(3, self.dtype(0)?, input_unsigned)?,
            output_zero_point: self.zero_point_as(4, to, output_unsigned)?,
            multipliers: list(multipliers?, "channels")?,
            shifts_bits: list(shifts?, "channels")?,
            scale32,
            double_round,
            per_channel: attributes.u8(2)? != 0,
            input_unsigned,
            output_unsigned,
        }))
    }

    /// A zero point whose bits may be those of an unsigned integer.
    fn zero_point_as(&self, operand: usize, of: DType, is_unsigned: bool) -> Read<Signed32> {
        let value = self.scalar(operand, of)?;
        let value = if is_unsigned && value < 0 {
            value + (1 << (8 * of.size_bytes().min(4)))
        } else {
            value
        };
        signed(Attribute::ZeroPoint, value)
    }

    fn resize(&self) -> Read<Operator> {
        let input = self.value(0)?;
        let mode = match self.attributes()?.u32(0)? {
            NEAREST => ResizeMode::Nearest,
            BILINEAR => ResizeMode::Bilinear,
            mode => return Err(NodeError::ResizeMode { mode }.into()),
        };
        let [y_numerator, y_denominator, x_numerator, x_denominator] = self.shape_of(1)?;
        let [y_offset, x_offset] = self.shape_of(2)?;
        let [y_border, x_border] = self.shape_of(3)?;
        let axis = |numerator, denominator, offset, border| {
            Ok::<_, super::Refusal>(ResizeAxis {
                scale_n: unsigned(Attribute::Scale, numerator)?,
                scale_d: unsigned(Attribute::Scale, denominator)?,
                offset: signed(Attribute::Offset, offset)?,
                border: signed(Attribute::Border, border)?,
            })
        };
        Ok(Operator::Resize(Resize {
            input,
            mode,
            y: axis(y_numerator, y_denominator, y_offset, y_border)?,
            x: axis(x_numerator, x_denominator, x_offset, x_border)?,
        }))
    }
}
