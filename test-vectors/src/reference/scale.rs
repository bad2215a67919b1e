//! How the standard scales: RESCALE and what AVG_POOL2D shares with it.

use super::{Result, Tensor, bits, fit, require, wrap};
use fixpoint_runtime::{ops::rescale::Rescale, tensor::DType};

/// The standard's function of this name.
pub(super) fn apply_scale_32(
    value: i128,
    multiplier: i128,
    shift: u32,
    double_round: bool,
) -> Result<i128> {
    require(multiplier >= 0 && (2..=62).contains(&shift))?;
    require(value >= -(1 << (shift - 1)) && value < 1 << (shift - 1))?;
    let mut round = 1 << (shift - 1);
    if double_round && shift > 31 {
        round += if value >= 0 { 1 << 30 } else { -(1 << 30) };
    }
    fit(DType::I32, (value * multiplier + round) >> shift)
}

/// The standard's function of this name.
fn apply_scale_16(value: i128, multiplier: i128, shift: u32) -> Result<i128> {
    require(multiplier >= 0 && (2..=62).contains(&shift))?;
    fit(
        DType::I32,
        (value * multiplier + (1 << (shift - 1))) >> shift,
    )
}

pub(super) fn rescale(op: &Rescale, x: &Tensor) -> Result<Tensor> {
    let (lowest, highest) = match op.output_unsigned {
        true => (0, (1 << bits(op.to)) - 1),
        false => (-(1 << (bits(op.to) - 1)), (1 << (bits(op.to) - 1)) - 1),
    };
    Tensor::try_from_fn(op.to, &x.shape, |index| {
        let channel = if op.per_channel {
            index[index.len() - 1]
        } else {
            0
        };
        let multiplier = i128::from(op.multipliers[channel].0);
        let shift = u32::from(op.shifts_bits[channel]);
        let element = x.at(index);
        let element = if op.input_unsigned {
            element.rem_euclid(1 << bits(x.dtype))
        } else {
            element
        };
        let value = element - i128::from(op.input_zero_point.0);
        let scaled = match op.scale32 {
            true => apply_scale_32(value, multiplier, shift, op.double_round)?,
            false => apply_scale_16(value, multiplier, shift)?,
        };
        let moved = fit(DType::I32, scaled + i128::from(op.output_zero_point.0))?;
        Ok(wrap(op.to, moved.clamp(lowest, highest)))
    })
}
