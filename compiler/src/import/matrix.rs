//! Matrix products.

use super::source::{Added, Converted, Source};
use crate::{
    ir::{Binary, Dense, Element, Op, Tensor, ValueIndex},
    tensor::broadcast_shape,
};

impl Source<'_> {
    pub(super) fn gemm(&mut self) -> Converted {
        let (mut a, b) = (self.value(0)?, self.value(1)?);
        if self.integer("transA", 0) != 0 {
            a = self.transpose(a, &[1, 0])?;
        }
        let transposed = self.integer("transB", 0) != 0;
        let (alpha, beta) = (self.float("alpha", 1.0), self.float("beta", 1.0));
        let bias = self.optional_value(2)?;
        let Some(weights) = self.known(b) else {
            let b = if transposed {
                self.transpose(b, &[1, 0])?
            } else {
                b
            };
            let mut product = self.add(Op::MatMul, &[a, b])?;
            if alpha != 1.0 {
                product = self.linear(product, alpha, 0.0)?;
            }
            return Ok(vec![self.plus(product, bias, beta)?]);
        };
        let mut dense = self.dense(&weights, transposed)?;
        if alpha == 1.0 && beta == 1.0 {
            dense.grid = self.grid_of_weights(a, b, usize::from(!transposed), None)?;
        }
        for weight in &mut dense.weights {
            *weight *= alpha as f32;
        }
        let outputs = dense.outputs;
        let vector = bias.and_then(|bias| self.known(bias)).filter(|bias| {
            let rows = bias
                .shape
                .len()
                .checked_sub(2)
                .map_or(1, |axis| bias.shape[axis]);
            rows == 1 && (bias.elements.len() == 1 || bias.elements.len() == outputs)
        });
        if let Some(vector) = vector {
            if dense.grid.is_some() {
                dense.grid = self.grid_of_weights(a, b, usize::from(!transposed), bias)?;
            }
            for (output, slot) in dense.bias.iter_mut().enumerate() {
                *slot = (beta * vector.elements[output % vector.elements.len()]) as f32;
            }
            return Ok(vec![self.add(Op::Dense(dense), &[a])?]);
        }
        let product = self.add(Op::Dense(dense), &[a])?;
        Ok(vec![self.plus(product, bias, beta)?])
    }

    fn plus(&mut self, product: ValueIndex, bias: Option<ValueIndex>, beta: f64) -> Added {
        let Some(mut bias) = bias else {
            return Ok(product);
        };
        if beta != 1.0 {
            bias = self.linear(bias, beta, 0.0)?;
        }
        self.binary(Binary::Add, product, bias)
    }

    pub(super) fn matmul(&mut self) -> Converted {
        let (a, b) = (self.value(0)?, self.value(1)?);
        if self.element(a) != Element::Real {
            return Err(self.unsupported("only products of float tensors are supported"));
        }
        Ok(vec![self.product(a, b)?])
    }

    /// The matrix product as NumPy defines it, of any ranks.
    pub(super) fn product(&mut self, a: ValueIndex, b: ValueIndex) -> Added {
        let (mut shape_a, mut shape_b) = (self.shape(a), self.shape(b));
        let vectors = (shape_a.len() == 1, shape_b.len() == 1);
        if vectors.0 {
            shape_a.insert(0, 1);
        }
        if vectors.1 {
            shape_b.push(1);
        }
        if shape_a.len() < 2 || shape_b.len() < 2 {
            return Err(self.unsupported("a number is no matrix"));
        }
        let (a, b) = (self.reshape(a, &shape_a)?, self.reshape(b, &shape_b)?);
        let mut result = self.matrices(a, b)?;
        let mut shape = self.shape(result);
        if vectors.1 {
            shape.pop();
        }
        if vectors.0 {
            shape.remove(shape.len() - usize::from(!vectors.1) - 1);
        }
        result = self.reshape(result, &shape)?;
        Ok(result)
    }

    fn matrices(&mut self, a: ValueIndex, b: ValueIndex) -> Added {
        let (shape_a, shape_b) = (self.shape(a), self.shape(b));
        if let Some(weights) = self.known(b).filter(|weights| weights.shape.len() == 2) {
            let mut dense = self.dense(&weights, false)?;
            dense.grid = self.grid_of_weights(a, b, 1, None)?;
            return self.add(Op::Dense(dense), &[a]);
        }
        if let Some(weights) = self.known(a).filter(|weights| weights.shape.len() == 2) {
            // (A B)^T = B^T A^T.
            let mut swapped: Vec<usize> = (0..shape_b.len()).collect();
            swapped.swap(shape_b.len() - 2, shape_b.len() - 1);
            let mut dense = self.dense(&weights, true)?;
            dense.grid = self.grid_of_weights(b, a, 0, None)?;
            let b = self.transpose(b, &swapped)?;
            let product = self.add(Op::Dense(dense), &[b])?;
            return self.transpose(product, &swapped);
        }
        let (last_a, last_b) = (shape_a.len() - 2, shape_b.len() - 2);
        let batch = broadcast_shape(&shape_a[..last_a], &shape_b[..last_b]).ok_or_else(|| {
            self.unsupported(format!("no product of {shape_a:?} and {shape_b:?}"))
        })?;
        let a = self.broadcast(a, &[batch.as_slice(), &shape_a[last_a..]].concat())?;
        let b = self.broadcast(b, &[batch.as_slice(), &shape_b[last_b..]].concat())?;
        self.add(Op::MatMul, &[a, b])
    }

    /// Weights as `[outputs, inputs]`.
    pub(super) fn dense(
        &self,
        weights: &Tensor,
        transposed: bool,
    ) -> Result<Dense, crate::CompileError> {
        let &[rows, columns] = weights.shape.as_slice() else {
            return Err(self.unsupported("its weights must be a matrix"));
        };
        let (outputs, inputs) = if transposed {
            (rows, columns)
        } else {
            (columns, rows)
        };
        let mut ordered = Vec::with_capacity(rows * columns);
        for output in 0..outputs {
            for input in 0..inputs {
                let index = if transposed {
                    output * columns + input
                } else {
                    input * columns + output
                };
                ordered.push(weights.elements[index] as f32);
            }
        }
        Ok(Dense {
            weights: ordered,
            bias: vec![0.0; outputs],
            inputs,
            outputs,
            grid: None,
        })
    }
}
