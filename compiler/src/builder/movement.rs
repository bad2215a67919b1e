//! Operators that only move elements. Which axes are which, and whether a move is needed, is the
//! lowerings' business.

use super::{ModelBuilder, list, shape_of, signed};
use crate::{error::CompileError, tensor::permuted};
use fixpoint_runtime::{
    model::format::ValueId,
    ops::{
        Operator, geometry::Margin, pad::Pad, reshape::Reshape, slice::Slice, tile::Tile,
        transpose::Transpose,
    },
};

type Emitted = Result<ValueId, CompileError>;

impl ModelBuilder {
    /// The same elements in another shape.
    pub(crate) fn reshape(&mut self, input: ValueId, shape: &[usize]) -> Emitted {
        let shape = shape_of(shape)?;
        self.operator(Operator::Reshape(Reshape { input, shape }))
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
        self.operator(Operator::Transpose(Transpose { input, permutation }))
    }

    /// The box of this size from these indices.
    pub(crate) fn slice(&mut self, input: ValueId, start: &[usize], size: &[usize]) -> Emitted {
        let (start, size) = (shape_of(start)?, shape_of(size)?);
        self.operator(Operator::Slice(Slice { input, start, size }))
    }

    /// The elements this many times along each axis.
    pub(crate) fn tile(&mut self, input: ValueId, multiples: &[usize]) -> Emitted {
        let multiples = shape_of(multiples)?;
        self.operator(Operator::Tile(Tile { input, multiples }))
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
        self.operator(Operator::Pad(Pad {
            input,
            padding,
            value,
        }))
    }
}
