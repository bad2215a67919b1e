//! Elements that only move, and 16-bit products of matrices.

use super::{Emitted, Lane};
use crate::{
    builder::{list, shape_of, signed},
    tensor::permuted,
};
use fixpoint_runtime::{
    model::format::{Signed32, ValueId},
    ops::{
        Operator, geometry::Margin, matmul::MatMul, pad::Pad, rescale::Rescale, slice::Slice,
        tile::Tile, transpose::Transpose,
    },
    tensor::DType,
};

impl Lane {
    /// The box of this size from these indices.
    pub(crate) fn slice(&mut self, input: ValueId, start: &[usize], size: &[usize]) -> Emitted {
        let (start, size) = (shape_of(start)?, shape_of(size)?);
        self.builder
            .operator(Operator::Slice(Slice { input, start, size }))
    }

    /// A value of this shape with axis `i` of the result being axis `permutation[i]`; a RESHAPE where
    /// only axes of length 1 move.
    pub(crate) fn transpose(
        &mut self,
        input: ValueId,
        shape: &[usize],
        permutation: &[usize],
    ) -> Emitted {
        let long = permutation.iter().filter(|&&axis| shape[axis] != 1);
        if long.is_sorted() {
            return self.reshape(input, &permuted(shape, permutation));
        }
        let permutation = permutation.iter().map(|&axis| axis as u8).collect();
        let permutation = list(permutation, "axes of a tensor")?;
        self.builder
            .operator(Operator::Transpose(Transpose { input, permutation }))
    }

    /// The elements this many times along each axis.
    pub(crate) fn tile(&mut self, input: ValueId, multiples: &[usize]) -> Emitted {
        let multiples = shape_of(multiples)?;
        self.builder
            .operator(Operator::Tile(Tile { input, multiples }))
    }

    /// A constant around, this often before and after along each axis.
    pub(crate) fn pad(
        &mut self,
        input: ValueId,
        padding: &[(usize, usize)],
        value: i32,
    ) -> Emitted {
        let margin = |&(before, after): &(usize, usize)| Margin {
            before: before as u32,
            after: after as u32,
        };
        let padding = list(padding.iter().map(margin).collect(), "axes of a tensor")?;
        let value = signed(value);
        self.builder.operator(Operator::Pad(Pad {
            input,
            padding,
            value,
        }))
    }

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
