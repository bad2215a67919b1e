//! The 32-bit lane: fixed-point arithmetic in i32 tensors, for what 16 bits are too few for.
//!
//! A [`Fixed`] value is an i32 tensor whose elements stand for `element / 2^fraction_bits`. Sums and
//! products are exact or rounded once; what could leave i32 is either impossible by the bounds that
//! the caller keeps or fails the call when it runs (ADD, SUB, MUL with shift and REDUCE_SUM are
//! checked), so there is never a wrong number.
//!
//! - this file: the lane itself, one method per operator;
//! - [`dense`]: products with constant weights;
//! - [`functions`]: logistic function, softmax, shares of a sum, as classical models use them;
//! - [`limbs`]: products with constant weights whose sums are exact, by 16-bit halves;
//! - [`product`]: elements that only move;
//! - [`piecewise`]: any smooth function, by cubics;
//! - [`quotient`]: quotients, roots, powers of two and logarithms, whatever the magnitude;
//! - [`network`]: whole networks at this precision, or their first nodes;
//! - [`choice`]: the index of the largest element.

mod choice;
pub(crate) mod dense;
mod functions;
mod limbs;
pub(crate) mod network;
mod piecewise;
mod product;
mod quotient;

use crate::{builder::ModelBuilder, error::CompileError};
use fixpoint_runtime::{
    model::format::ValueId,
    ops::{
        Operator, abs::Abs, add::Add, arithmetic_right_shift::ArithmeticRightShift,
        bitwise_xor::BitwiseXor, cast::Cast, clz::Clz, concat::Concat, equal::Equal,
        gather::Gather, greater::Greater, greater_equal::GreaterEqual, intdiv::IntDiv,
        logical_and::LogicalAnd, logical_left_shift::LogicalLeftShift, logical_not::LogicalNot,
        logical_or::LogicalOr, logical_xor::LogicalXor, maximum::Maximum, minimum::Minimum,
        mul::Mul, reduce_max::ReduceMax, reduce_min::ReduceMin, reduce_sum::ReduceSum,
        select::Select, sub::Sub,
    },
    tensor::DType,
};

/// A value, or why there is none.
pub(crate) type Emitted = Result<ValueId, CompileError>;

/// Most fraction bits of a [`Fixed`] value: 1.0 and -1.0 must fit.
pub(crate) const MAX_FRACTION_BITS: u32 = 30;
/// Magnitudes that a 32-bit element can have.
const ELEMENT_LIMIT: f64 = i32::MAX as f64;

/// An i32 tensor `[1, len]` of fixed-point numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fixed {
    /// The tensor.
    pub(crate) value: ValueId,
    /// Elements.
    pub(crate) len: usize,
    /// Elements stand for `element / 2^fraction_bits`.
    pub(crate) fraction_bits: u32,
    /// No real value is larger than this in magnitude.
    pub(crate) bound: f64,
}

/// The most fraction bits (at most [`MAX_FRACTION_BITS`]) with which magnitudes up to `bound` fit an
/// element, and `spare` units besides; nothing if even integers do not.
pub(crate) fn fraction_bits_for(bound: f64, spare: f64) -> Option<u32> {
    (0..=MAX_FRACTION_BITS)
        .rev()
        .find(|&bits| bound * 2f64.powi(bits.cast_signed()) + spare <= ELEMENT_LIMIT)
}

/// Writes operators of the lane into a model.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    /// The model under construction.
    pub(crate) builder: ModelBuilder,
}

/// Operators on two tensors that are broadcast against each other.
macro_rules! pairs {
    ($($name:ident $operator:ident $doc:literal;)*) => {
        $(
            #[doc = $doc]
            pub(crate) fn $name(&mut self, a: ValueId, b: ValueId) -> Emitted {
                self.builder.operator(Operator::$operator($operator { a, b }))
            }
        )*
    };
}

/// Operators that reduce one axis to length 1.
macro_rules! reductions {
    ($($name:ident $operator:ident $doc:literal;)*) => {
        $(
            #[doc = $doc]
            pub(crate) fn $name(&mut self, input: ValueId, axis: usize) -> Emitted {
                let axis = axis as u8;
                self.builder.operator(Operator::$operator($operator { input, axis }))
            }
        )*
    };
}

impl Lane {
    pairs! {
        add Add "Checked sum.";
        sub Sub "Checked difference.";
        minimum Minimum "The smaller.";
        maximum Maximum "The larger.";
        greater Greater "Whether `a > b`.";
        greater_equal GreaterEqual "Whether `a >= b`.";
        equal Equal "Whether `a == b`.";
        logical_and LogicalAnd "Whether both hold.";
        logical_or LogicalOr "Whether at least one holds.";
        logical_xor LogicalXor "Whether exactly one holds.";
        bitwise_xor BitwiseXor "The bits that differ.";
        divide IntDiv "Quotient towards 0.";
        shift_left LogicalLeftShift "`a << b`.";
    }

    reductions! {
        reduce_sum ReduceSum "Checked sum.";
        reduce_max ReduceMax "Largest element.";
        reduce_min ReduceMin "Smallest element.";
    }

    /// `a * b / 2^shift_bits`, rounded half up; checked if the shift is not 0.
    pub(crate) fn mul(&mut self, a: ValueId, b: ValueId, shift_bits: u32) -> Emitted {
        let shift_bits = shift_bits as u8;
        self.builder
            .operator(Operator::Mul(Mul { a, b, shift_bits }))
    }

    /// `a / 2^b`, rounded half up or down.
    pub(crate) fn shift_right(&mut self, a: ValueId, b: ValueId, round: bool) -> Emitted {
        let operator = ArithmeticRightShift { a, b, round };
        self.builder
            .operator(Operator::ArithmeticRightShift(operator))
    }

    /// Magnitude.
    pub(crate) fn abs(&mut self, input: ValueId) -> Emitted {
        self.builder.operator(Operator::Abs(Abs { input }))
    }

    /// The other truth value.
    pub(crate) fn logical_not(&mut self, input: ValueId) -> Emitted {
        self.builder
            .operator(Operator::LogicalNot(LogicalNot { input }))
    }

    /// Leading zeros.
    pub(crate) fn clz(&mut self, input: ValueId) -> Emitted {
        self.builder.operator(Operator::Clz(Clz { input }))
    }

    /// Another element type; bool gives 0 and 1.
    pub(crate) fn cast(&mut self, input: ValueId, to: DType) -> Emitted {
        self.builder.operator(Operator::Cast(Cast { input, to }))
    }

    /// `a` where the condition holds, else `b`.
    pub(crate) fn select(&mut self, condition: ValueId, a: ValueId, b: ValueId) -> Emitted {
        self.builder
            .operator(Operator::Select(Select { condition, a, b }))
    }

    /// Rows `[1, W, C]` of `values` `[1, K, C]` at `indices` `[1, W]`.
    pub(crate) fn gather(&mut self, values: ValueId, indices: ValueId) -> Emitted {
        self.builder
            .operator(Operator::Gather(Gather { values, indices }))
    }

    /// Tensors joined along an axis.
    pub(crate) fn concat(&mut self, inputs: Vec<ValueId>, axis: usize) -> Emitted {
        let inputs = crate::builder::list(inputs, "tensors in one CONCAT")?;
        self.builder.operator(Operator::Concat(Concat {
            inputs,
            axis: axis as u8,
        }))
    }

    /// A 32-bit constant.
    pub(crate) fn constant(
        &mut self,
        shape: &[usize],
        values: impl IntoIterator<Item = i64>,
    ) -> Emitted {
        self.builder.integers(DType::I32, shape, values)
    }

    /// A 32-bit constant of `rank` axes of length 1.
    pub(crate) fn scalar(&mut self, rank: usize, value: i64) -> Emitted {
        self.constant(&vec![1; rank], [value])
    }

    /// The elements of `[1, N]` at constant positions.
    pub(crate) fn pick(&mut self, value: ValueId, len: usize, positions: &[usize]) -> Emitted {
        let column = self.builder.reshape(value, &[1, len, 1])?;
        let indices = positions.iter().map(|&position| position as i64);
        let indices = self.constant(&[1, positions.len()], indices)?;
        let picked = self.gather(column, indices)?;
        self.builder.reshape(picked, &[1, positions.len()])
    }
}
