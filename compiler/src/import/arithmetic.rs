//! Matrix products, element-wise arithmetic with constants, batch normalisation.

use super::nodes::{Constant, Converted, Source};
use crate::{
    error::CompileError,
    ir::{Affine, Dense, Op},
};

impl Source<'_, '_> {
    pub(super) fn gemm(&self) -> Converted {
        let weights = self.required(1, "second matrix")?;
        if self.integer("transA", 0) != 0 {
            return Err(self.unsupported("transA is not supported"));
        }
        let alpha = self.float("alpha", 1.0) as f32;
        let beta = self.float("beta", 1.0) as f32;
        let mut dense = self.dense(&weights, self.integer("transB", 0) != 0)?;
        for weight in &mut dense.weights {
            *weight *= alpha;
        }
        if let Some(bias) = self.optional(2, "bias")? {
            let rows = bias.elements.len();
            if rows != 1 && rows != dense.outputs {
                return Err(self.unsupported("its bias must have one element per output"));
            }
            for (output, slot) in dense.bias.iter_mut().enumerate() {
                *slot = beta * bias.elements[output % rows];
            }
        }
        self.first(Op::Dense(dense))
    }

    pub(super) fn matmul(&self) -> Converted {
        match self.constant(1)? {
            Some(weights) if weights.shape.len() == 2 => {
                let dense = self.dense(&weights, false)?;
                self.first(Op::Dense(dense))
            }
            Some(_) => Err(self.unsupported("constant weights must be a matrix")),
            None => Ok((Op::MatMul, vec![self.value(0)?, self.value(1)?])),
        }
    }

    /// Weights as `[outputs, inputs]`.
    fn dense(&self, weights: &Constant, transposed: bool) -> Result<Dense, CompileError> {
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
                ordered.push(weights.elements[index]);
            }
        }
        Ok(Dense {
            weights: ordered,
            bias: vec![0.0; outputs],
            inputs,
            outputs,
        })
    }

    pub(super) fn binary(&self) -> Converted {
        let operator = self.node.op_type.as_str();
        match (self.constant(0)?, self.constant(1)?) {
            (None, Some(constant)) => {
                let affine = match operator {
                    "Add" => |c: f32| (1.0, c),
                    "Sub" => |c: f32| (1.0, -c),
                    "Mul" => |c: f32| (c, 0.0),
                    _ => |c: f32| (1.0 / c, 0.0),
                };
                self.affine(0, &constant, affine)
            }
            (Some(constant), None) => {
                let affine = match operator {
                    "Add" => |c: f32| (1.0, c),
                    "Sub" => |c: f32| (-1.0, c),
                    "Mul" => |c: f32| (c, 0.0),
                    _ => {
                        return Err(
                            self.unsupported("division by a computed tensor is not supported")
                        );
                    }
                };
                self.affine(1, &constant, affine)
            }
            _ => {
                let op = match operator {
                    "Add" => Op::Add,
                    "Sub" => Op::Sub,
                    "Mul" => Op::Mul,
                    _ => {
                        return Err(
                            self.unsupported("division by a computed tensor is not supported")
                        );
                    }
                };
                Ok((op, vec![self.value(0)?, self.value(1)?]))
            }
        }
    }

    /// `x * scale + offset`, both from a constant that is broadcast against operand `value`.
    fn affine(&self, value: usize, constant: &Constant, of: fn(f32) -> (f32, f32)) -> Converted {
        let rank = self.shape(value)?.len();
        if constant.shape.len() > rank {
            return Err(self.unsupported("its constant has a higher rank than its tensor"));
        }
        let mut shape = vec![1; rank - constant.shape.len()];
        shape.extend(&constant.shape);
        let grows = shape
            .iter()
            .zip(self.shape(value)?)
            .any(|(&c, x)| c != 1 && c != x);
        if grows {
            return Err(self.unsupported("its constant is larger than its tensor"));
        }
        let (scale, offset) = constant.elements.iter().map(|&element| of(element)).unzip();
        Ok((
            Op::Affine(Affine {
                shape,
                scale,
                offset,
            }),
            vec![self.value(value)?],
        ))
    }

    pub(super) fn batch_norm(&self) -> Converted {
        if self.integer("training_mode", 0) != 0 {
            return Err(self.unsupported("training mode: export the model in evaluation mode"));
        }
        let epsilon = self.float("epsilon", 1e-5);
        let gamma = self.required(1, "scale")?.elements;
        let beta = self.required(2, "bias")?.elements;
        let mean = self.required(3, "mean")?.elements;
        let variance = self.required(4, "variance")?.elements;
        if [&beta, &mean, &variance]
            .iter()
            .any(|constant| constant.len() != gamma.len())
        {
            return Err(self.unsupported("its constants differ in length"));
        }
        let mut shape = vec![1; self.shape(0)?.len()];
        if let Some(channels) = shape.get_mut(1) {
            *channels = gamma.len();
        }
        let mut scale = Vec::new();
        let mut offset = Vec::new();
        for channel in 0..gamma.len() {
            let factor =
                f64::from(gamma[channel]) / (f64::from(variance[channel]) + epsilon).sqrt();
            scale.push(factor as f32);
            offset.push((f64::from(beta[channel]) - f64::from(mean[channel]) * factor) as f32);
        }
        self.first(Op::Affine(Affine {
            shape,
            scale,
            offset,
        }))
    }
}
