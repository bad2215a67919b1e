//! 16-bit products of matrices.

use super::{Emitted, Lane};
use crate::builder::{list, signed};
use fixpoint_runtime::{
    model::format::{Signed32, ValueId},
    ops::{Operator, matmul::MatMul, rescale::Rescale},
    tensor::DType,
};

impl Lane {
    /// `[G, H, K]` times `[G, K, W]` of 16 bits, exactly: 48 bits.
    pub(crate) fn matmul(&mut self, a: ValueId, b: ValueId) -> Emitted {
        self.builder.operator(Operator::MatMul(MatMul {
            a,
            b,
            a_zero_point: signed(0),
            b_zero_point: signed(0),
        }))
    }

    /// 48 bits to 32, saturated, each channel of the last axis shifted right by so many bits.
    pub(crate) fn narrowed_48(&mut self, input: ValueId, shifts_bits: Vec<u8>) -> Emitted {
        /// A multiplier of 1 at a shift of this many bits.
        const ONE_BITS: u8 = 14;
        let multipliers: Vec<Signed32> =
            shifts_bits.iter().map(|_| signed(1 << ONE_BITS)).collect();
        let shifts_bits = shifts_bits.iter().map(|bits| bits + ONE_BITS).collect();
        self.builder.operator(Operator::Rescale(Rescale {
            input,
            to: DType::I32,
            input_zero_point: signed(0),
            output_zero_point: signed(0),
            multipliers: list(multipliers, "channels")?,
            shifts_bits: list(shifts_bits, "channels")?,
            scale32: false,
            double_round: false,
            per_channel: true,
            input_unsigned: false,
            output_unsigned: false,
        }))
    }
}
