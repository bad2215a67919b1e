//! What operators read: values that are there, or new inputs and constants.

use super::{
    draft::{Draft, Value},
    fill::Fill,
};
use crate::choices::Choices;
use fixpoint_runtime::{
    ops::{Operator, bitwise_and::BitwiseAnd, reshape::Reshape},
    tensor::DType,
};

/// Elements of a new tensor.
const MAX_NEW_ELEMENTS: u32 = 200;

/// Types that most operators move.
pub(super) const MOVABLE: &[DType] = &[DType::Bool, DType::I8, DType::I16, DType::I32];
/// Types with bits.
pub(super) const INTEGERS: &[DType] = &[DType::I8, DType::I16, DType::I32];
/// Types of weights and activations.
pub(super) const NARROW: &[DType] = &[DType::I8, DType::I16];

/// Dimensions for a rank, most of them small.
pub(super) fn shape(choices: &mut Choices<'_>, rank: usize) -> Vec<u32> {
    let mut left = MAX_NEW_ELEMENTS;
    let mut shape: Vec<_> = (0..rank)
        .map(|_| {
            let size = choices.pick(&[1, 2, 3, 1, 2, 4, 5, 7]).min(left);
            left /= size;
            size
        })
        .collect();
    // Sometimes wide enough for whole vectors of any instruction set.
    if rank > 0 && choices.below(6) == 0 {
        let axis = choices.below(rank);
        let others = shape.iter().product::<u32>() / shape[axis];
        shape[axis] = choices
            .pick(&[16, 17, 31, 32, 33, 64, 65])
            .min(MAX_NEW_ELEMENTS / others)
            .max(1);
    }
    shape
}

/// Dimensions that are 1 where they do not have to be the same.
pub(super) fn broadcastable(choices: &mut Choices<'_>, shape: &[u32]) -> Vec<u32> {
    if choices.flag() {
        return shape.to_vec();
    }
    let mut sides = shape.to_vec();
    for size in &mut sides {
        *size = match *size {
            1 => choices.pick(&[1, 1, 2, 3]),
            size => choices.pick(&[1, size]),
        };
    }
    sides
}

/// The shape of both together, if they have one.
pub(super) fn broadcast(a: &[u32], b: &[u32]) -> Option<Vec<u32>> {
    let sizes = a.iter().zip(b);
    let fits = a.len() == b.len() && sizes.clone().all(|(a, b)| a == b || *a == 1 || *b == 1);
    fits.then(|| sizes.map(|(a, b)| *a.max(b)).collect())
}

impl Draft {
    /// A value of one of these types, the newest more often.
    pub(super) fn operand(&mut self, choices: &mut Choices<'_>, types: &[DType]) -> Value {
        let fitting: Vec<_> = self
            .values()
            .filter(|value| types.contains(&value.dtype))
            .collect();
        if fitting.is_empty() || choices.below(5) == 0 {
            let rank = choices.pick(&[0, 1, 2, 3, 4, 4, 5, 6]);
            let (dtype, shape) = (choices.pick(types), shape(choices, rank));
            let fill = Fill::pick(choices);
            return self.input(choices, dtype, &shape, fill);
        }
        let newest = if choices.flag() { 3 } else { fitting.len() };
        let back = choices.below(newest.min(fitting.len()));
        fitting[fitting.len() - 1 - back].clone()
    }

    /// A value of one of these types and of this rank.
    pub(super) fn operand_of_rank(
        &mut self,
        choices: &mut Choices<'_>,
        types: &[DType],
        rank: usize,
    ) -> Value {
        let value = self.operand(choices, types);
        if value.rank() == rank {
            return value;
        }
        let new = shape(choices, rank);
        let reshaped = merged(&value.shape, rank);
        if value.dtype != DType::I48
            && choices.flag()
            && let Some(value) = self.reshape(choices, &value, &reshaped)
        {
            return value;
        }
        let fill = Fill::pick(choices);
        self.input(choices, value.dtype, &new, fill)
    }

    /// A value with an axis.
    pub(super) fn operand_with_axis(
        &mut self,
        choices: &mut Choices<'_>,
        types: &[DType],
    ) -> (Value, usize) {
        let mut value = self.operand(choices, types);
        if value.rank() == 0 {
            let rank = choices.pick(&[1, 2, 3, 4]);
            value = self.operand_of_rank(choices, types, rank);
        }
        let axis = choices.below(value.rank());
        (value, axis)
    }

    /// Another operand for an elementwise operator.
    pub(super) fn partner(
        &mut self,
        choices: &mut Choices<'_>,
        of: &Value,
        dtype: DType,
        fill: Fill,
    ) -> Value {
        let fits =
            |other: &Value| other.dtype == dtype && broadcast(&of.shape, &other.shape).is_some();
        let there: Vec<_> = self.values().filter(fits).collect();
        match choices.below(4) {
            0 if !there.is_empty() => there[choices.below(there.len())].clone(),
            0 | 1 => {
                let shape = broadcastable(choices, &of.shape);
                self.input(choices, dtype, &shape, fill)
            }
            _ => {
                let shape = broadcastable(choices, &of.shape);
                self.constant(choices, dtype, &shape, fill)
            }
        }
    }

    /// A tensor of exactly this shape: one that is there, an input, or mostly a constant.
    pub(super) fn exactly(
        &mut self,
        choices: &mut Choices<'_>,
        dtype: DType,
        shape: &[u32],
        fill: Fill,
    ) -> Value {
        let there: Vec<_> = self
            .values()
            .filter(|value| value.dtype == dtype && value.shape == shape)
            .collect();
        match choices.below(8) {
            0 | 1 if !there.is_empty() => there[choices.below(there.len())].clone(),
            0..=2 => self.input(choices, dtype, shape, fill),
            _ => self.constant(choices, dtype, shape, fill),
        }
    }

    /// The same elements in another shape.
    pub(super) fn reshape(
        &mut self,
        choices: &mut Choices<'_>,
        value: &Value,
        shape: &[u32],
    ) -> Option<Value> {
        let new_shape = shape.to_vec().try_into().expect("at most six dimensions");
        let reshape = Reshape {
            input: 0,
            shape: new_shape,
        };
        self.push(choices, &[value], (value.dtype, shape), move |of| {
            Operator::Reshape(Reshape {
                input: of[0],
                ..reshape.clone()
            })
        })
    }

    /// The low bits of a value: not negative, and at most the mask.
    pub(super) fn masked(
        &mut self,
        choices: &mut Choices<'_>,
        value: &Value,
        mask: i64,
    ) -> Option<Value> {
        let ones = vec![1; value.rank()];
        let fill = Fill::Within(mask, mask);
        let mask = self.constant(choices, value.dtype, &ones, fill);
        let of = (value.dtype, &value.shape[..]);
        self.push(choices, &[value, &mask], of, |of| {
            Operator::BitwiseAnd(BitwiseAnd { a: of[0], b: of[1] })
        })
    }
}

/// The first dimensions merged, or ones put before them.
fn merged(shape: &[u32], rank: usize) -> Vec<u32> {
    let mut shape = shape.to_vec();
    while shape.len() < rank {
        shape.insert(0, 1);
    }
    while shape.len() > rank {
        let first = shape.remove(0);
        match shape.first_mut() {
            Some(next) => *next *= first,
            // Of rank 0 only what has one element: another shape, which will not be accepted.
            None => break,
        }
    }
    shape
}
