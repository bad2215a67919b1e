//! Small models, nearly all of them valid, from decisions: a chain of operators on one input.

mod steps;
mod windows;

use crate::choices::Choices;
use fixpoint_runtime::{
    model::{Model, format::ValueId},
    ops::{Operator, cast::Cast, reshape::Reshape},
    tensor::{DType, TensorType},
};
use fixpoint_test_vectors::builder::{ModelBuilder, affine, per_element, scale, tensor};

/// Elements above which a chain does not grow.
const MAX_ELEMENTS: u64 = 2_000;

/// A model.
#[must_use]
pub fn model(choices: &mut Choices<'_>) -> Model {
    // Constants stand before operators, so how many there are must be known before the first one.
    let constants = Chain::new(&mut choices.clone(), 0).constants.len();
    Chain::new(choices, constants).into_model()
}

/// A model in the making, and its latest value.
struct Chain {
    input: TensorType,
    is_quantised: bool,
    first_output: usize,
    constants: Vec<(TensorType, Vec<i64>)>,
    operators: Vec<Operator>,
    value: ValueId,
    dtype: DType,
    shape: Vec<u32>,
}

impl Chain {
    fn new(choices: &mut Choices<'_>, constants: usize) -> Self {
        let dtype = choices.pick(&[DType::I8, DType::I8, DType::I16, DType::I32, DType::Bool]);
        let rank = choices.below(5);
        let shape: Vec<_> = (0..rank).map(|_| 1 + choices.below(6) as u32).collect();
        let mut chain = Self {
            input: tensor(dtype, &shape),
            is_quantised: choices.flag(),
            first_output: 1 + constants,
            constants: Vec::new(),
            operators: Vec::new(),
            value: 0,
            dtype,
            shape,
        };
        let steps = 1 + choices.below(8);
        for _ in 0..steps {
            chain.step(choices);
        }
        if chain.operators.is_empty() || chain.dtype == DType::I48 {
            chain.rescale(choices);
        }
        chain
    }

    fn into_model(self) -> Model {
        let mut model = ModelBuilder::new();
        let input_scale = match (
            self.is_quantised,
            self.input.dtype,
            self.input.shape.first(),
        ) {
            (false, ..) | (_, DType::Bool, _) => {
                fixpoint_runtime::model::format::Quantisation::None
            }
            (true, _, Some(&size)) if size > 1 => {
                let entries: Vec<_> = (0..size)
                    .map(|at| affine(1, u64::from(at) + 2, 1))
                    .collect();
                per_element(0, &entries)
            }
            _ => scale(1, 10, -3),
        };
        model.input("x", self.input, input_scale);
        for (of, elements) in &self.constants {
            model.constant(of.clone(), elements);
        }
        for operator in self.operators {
            model.push(operator);
        }
        let plain = fixpoint_runtime::model::format::Quantisation::None;
        model.output("y", self.value, plain);
        model.build()
    }

    fn push(&mut self, operator: Operator, dtype: DType, shape: Vec<u32>) {
        self.operators.push(operator);
        self.value = (self.first_output + self.operators.len() - 1) as ValueId;
        self.dtype = dtype;
        self.shape = shape;
    }

    /// A constant whose elements are decided too.
    fn constant(
        &mut self,
        choices: &mut Choices<'_>,
        dtype: DType,
        shape: &[u32],
        range: (i64, i64),
    ) -> ValueId {
        let of = tensor(dtype, shape);
        let width = (range.1 - range.0 + 1) as u64;
        let seed = choices.u64();
        let words = crate::choices::noise(seed, 8 * of.elements() as usize);
        let words = words
            .as_chunks::<8>()
            .0
            .iter()
            .map(|word| u64::from_le_bytes(*word));
        let elements = words.map(|word| range.0 + (word % width) as i64).collect();
        self.constants.push((of, elements));
        self.constants.len() as ValueId
    }

    fn elements(&self) -> u64 {
        tensor(self.dtype, &self.shape).elements()
    }

    /// Makes the rank `rank`: merges the first dimensions, or adds some.
    fn reshape(&mut self, rank: usize) {
        let mut shape = self.shape.clone();
        while shape.len() < rank {
            shape.insert(0, 1);
        }
        while shape.len() > rank {
            let first = shape.remove(0);
            match shape.first_mut() {
                Some(next) => *next *= first,
                None => return,
            }
        }
        if shape != self.shape {
            let new_shape = shape.clone().try_into().expect("at most six dimensions");
            let reshape = Reshape {
                input: self.value,
                shape: new_shape,
            };
            self.push(Operator::Reshape(reshape), self.dtype, shape);
        }
    }

    fn step(&mut self, choices: &mut Choices<'_>) {
        let kind = choices.below(13);
        if self.dtype == DType::I48 {
            return self.rescale(choices);
        }
        match (kind, self.dtype) {
            (0..4, _) => self.moving(choices),
            (4, _) => {
                let types = [DType::Bool, DType::I8, DType::I16, DType::I32];
                let to = choices.pick(&types);
                if to != self.dtype {
                    let cast = Cast {
                        input: self.value,
                        to,
                    };
                    self.push(Operator::Cast(cast), to, self.shape.clone());
                }
            }
            (_, DType::Bool) => self.moving(choices),
            (5, _) => self.rescale(choices),
            (6, _) => self.gather(choices),
            (7, _) => self.shift(choices),
            (_, DType::I32) => self.wide(choices),
            (8 | 9, _) => self.window(choices),
            (10, _) => self.product(choices),
            _ => self.narrow(choices),
        }
    }
}
