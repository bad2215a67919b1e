//! Operators that move, pick or reduce elements along axes.

use super::{Read, Reader, signed, small, unsigned};
use crate::{
    builder::list,
    tosa::error::{Attribute, NodeError},
};
use fixpoint_runtime::{
    ops::{
        Operator, argmax::ArgMax, concat::Concat, gather::Gather, geometry::Margin,
        identity::Identity, pad::Pad, reduce_all::ReduceAll, reduce_any::ReduceAny,
        reduce_max::ReduceMax, reduce_min::ReduceMin, reduce_sum::ReduceSum, reshape::Reshape,
        reverse::Reverse, scatter::Scatter, slice::Slice, tile::Tile, transpose::Transpose,
    },
    tensor::Shape,
};

/// Operators whose fields are an operand and an axis.
macro_rules! along_an_axis {
    ($read:ident, $name:ident: $($tosa:literal $variant:ident,)*) => {
        match $name {
            $($tosa => {
                return Ok(Some(Operator::$variant($variant {
                    input: $read.value(0)?,
                    axis: $read.axis()?,
                })));
            })*
            _ => {}
        }
    };
}

pub(super) fn operator(read: &Reader<'_, '_>, name: &str) -> Read<Option<Operator>> {
    along_an_axis! { read, name:
        "ARGMAX" ArgMax,
        "REDUCE_ALL" ReduceAll,
        "REDUCE_ANY" ReduceAny,
        "REDUCE_MAX" ReduceMax,
        "REDUCE_MIN" ReduceMin,
        "REDUCE_SUM" ReduceSum,
        "REVERSE" Reverse,
    }
    Ok(Some(match name {
        "CONCAT" => read.concat()?,
        "GATHER" => Operator::Gather(Gather {
            values: read.value(0)?,
            indices: read.value(1)?,
        }),
        "IDENTITY" => Operator::Identity(Identity {
            input: read.value(0)?,
        }),
        "PAD" => read.pad_operator()?,
        "RESHAPE" => Operator::Reshape(Reshape {
            input: read.value(0)?,
            shape: read.dimensions(1, Attribute::NewShape)?,
        }),
        "SCATTER" => Operator::Scatter(Scatter {
            values_in: read.value(0)?,
            indices: read.value(1)?,
            input: read.value(2)?,
        }),
        "SLICE" => Operator::Slice(Slice {
            input: read.value(0)?,
            start: read.dimensions(1, Attribute::Start)?,
            size: read.dimensions(2, Attribute::Size)?,
        }),
        "TILE" => Operator::Tile(Tile {
            input: read.value(0)?,
            multiples: read.dimensions(1, Attribute::Multiples)?,
        }),
        "TRANSPOSE" => read.transpose()?,
        _ => return Ok(None),
    }))
}

impl Reader<'_, '_> {
    fn concat(&self) -> Read<Operator> {
        let inputs: Read<Vec<_>> = (0..self.node.inputs.len())
            .map(|operand| self.value(operand))
            .collect();
        Ok(Operator::Concat(Concat {
            inputs: list(inputs?, "tensors in one CONCAT")?,
            axis: self.axis()?,
        }))
    }

    fn transpose(&self) -> Read<Operator> {
        let input = self.value(0)?;
        let axes = self.attributes()?.i32s(0)?;
        let axes: Read<Vec<u8>> = axes
            .iter()
            .map(|&axis| small(Attribute::Permutation, axis.into()))
            .collect();
        Ok(Operator::Transpose(Transpose {
            input,
            permutation: list(axes?, "axes of a tensor")?,
        }))
    }

    fn pad_operator(&self) -> Read<Operator> {
        let input = self.value(0)?;
        let margins = self.shape(1)?;
        let (pairs, rest) = margins.as_chunks::<2>();
        if !rest.is_empty() {
            let got = margins.len();
            return Err(NodeError::Margins { got }.into());
        }
        let padding: Read<Vec<Margin>> = pairs
            .iter()
            .map(|&[before, after]| {
                Ok(Margin {
                    before: unsigned(Attribute::Pad, before)?,
                    after: unsigned(Attribute::Pad, after)?,
                })
            })
            .collect();
        let value = self.scalar(2, self.dtype(0)?)?;
        Ok(Operator::Pad(Pad {
            input,
            padding: list(padding?, "axes of a tensor")?,
            value: signed(Attribute::PadValue, value)?,
        }))
    }

    /// A constant shape with an entry for each axis.
    fn dimensions(&self, operand: usize, attribute: Attribute) -> Read<Shape> {
        let dims: Read<Vec<u32>> = self
            .shape(operand)?
            .iter()
            .map(|&dim| unsigned(attribute, dim))
            .collect();
        Ok(list(dims?, "axes of a tensor")?)
    }
}
