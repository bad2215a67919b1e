//! Reading a node's operands and attributes, and the operators that need little more.

use super::{
    Importer,
    float::{floats, integers},
    unsupported,
};
use crate::{
    error::CompileError,
    ir::{Node, Op, Unary, ValueIndex},
};
use tract_onnx::pb::{AttributeProto, NodeProto};

/// What to tell about an operator that has no lowering.
const ADVICE: &str = "the operator has no integer lowering yet; export the model without it, or cut the graph before it with --outputs";

/// A constant operand.
pub(super) struct Constant {
    pub(super) shape: Vec<usize>,
    pub(super) elements: Vec<f32>,
}

/// A node with the importer around it.
pub(super) struct Source<'i, 'a> {
    pub(super) importer: &'i Importer<'a>,
    pub(super) node: &'i NodeProto,
}

impl Importer<'_> {
    /// Adds one ONNX node to the graph.
    pub(super) fn node(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let source = Source {
            importer: self,
            node,
        };
        let (op, inputs) = source.convert()?;
        let name = node
            .output
            .first()
            .ok_or_else(|| unsupported(node, "it has no output"))?;
        if let Some(second) = node.output.iter().skip(1).find(|name| !name.is_empty())
            && !matches!(node.op_type.as_str(), "Dropout" | "BatchNormalization")
        {
            return Err(unsupported(
                node,
                format!("its second output '{second}' is not supported"),
            ));
        }
        let shape = self
            .float
            .shape(name)
            .ok_or_else(|| unsupported(node, self.float.unknown_shape()))?;
        if shape.contains(&0) {
            return Err(unsupported(node, "its output is empty"));
        }
        let output = self.define(name, shape);
        self.graph.nodes.push(Node {
            name: if node.name.is_empty() {
                name.clone()
            } else {
                node.name.clone()
            },
            source: node.op_type.clone(),
            op,
            inputs,
            output,
        });
        Ok(())
    }
}

/// What a node becomes: its operator and the values it reads.
pub(super) type Converted = Result<(Op, Vec<ValueIndex>), CompileError>;

impl Source<'_, '_> {
    fn convert(&self) -> Converted {
        if !self.node.domain.is_empty() && self.node.domain != "ai.onnx" {
            return Err(self.unsupported(format!(
                "domain '{}' is not supported: cut the graph before it with --outputs",
                self.node.domain
            )));
        }
        match self.node.op_type.as_str() {
            "Conv" => self.conv(),
            "MaxPool" => self.max_pool(),
            "AveragePool" => self.average_pool(),
            "GlobalAveragePool" | "GlobalMaxPool" => self.global_pool(),
            "ReduceMean" => self.reduce_mean(),
            "Pad" => self.pad(),
            "Gemm" => self.gemm(),
            "MatMul" => self.matmul(),
            "Add" | "Sub" | "Mul" | "Div" => self.binary(),
            "BatchNormalization" => self.batch_norm(),
            "Relu" => self.first(Op::Clamp {
                low: 0.0,
                high: f64::INFINITY,
            }),
            "Clip" => self.clip(),
            "Min" | "Max" => self.bound(),
            "Softmax" => self.softmax(),
            "Flatten" | "Reshape" | "Squeeze" | "Unsqueeze" | "Identity" | "Dropout" => {
                self.first(Op::Reshape)
            }
            "Cast" => self.cast(),
            "Transpose" => self.transpose(),
            "Concat" => self.concat(),
            "Slice" => self.slice(),
            "ArgMax" => self.argmax(),
            _ => self.unary(),
        }
    }

    fn unary(&self) -> Converted {
        let alpha = |default| self.float("alpha", default);
        let unary = match self.node.op_type.as_str() {
            "Sigmoid" => Unary::Sigmoid,
            "Tanh" => Unary::Tanh,
            "LeakyRelu" => Unary::LeakyRelu(alpha(0.01)),
            "Elu" => Unary::Elu(alpha(1.0)),
            "HardSigmoid" => Unary::HardSigmoid(alpha(0.2), self.float("beta", 0.5)),
            "HardSwish" => Unary::HardSwish,
            "Softplus" => Unary::Softplus,
            "Gelu" => Unary::Gelu {
                tanh: self.text("approximate") == "tanh",
            },
            "Exp" => Unary::Exp,
            "Sqrt" => Unary::Sqrt,
            "Abs" => Unary::Abs,
            "Erf" => Unary::Erf,
            _ => return Err(self.unsupported(ADVICE)),
        };
        self.first(Op::Unary(unary))
    }

    fn clip(&self) -> Converted {
        // The bounds were attributes before opset 11 and are operands since.
        let bound = |index, attribute: &str, default: f64| match self.optional(index, attribute)? {
            Some(constant) => Ok(constant.elements.first().map_or(default, |&x| f64::from(x))),
            None => Ok::<_, CompileError>(self.float(attribute, default)),
        };
        let low = bound(1, "min", f64::NEG_INFINITY)?;
        let high = bound(2, "max", f64::INFINITY)?;
        self.first(Op::Clamp { low, high })
    }

    /// `Min` and `Max` against a single constant.
    fn bound(&self) -> Converted {
        let minimum = self.node.op_type == "Min";
        for (value, constant) in [(0, 1), (1, 0)] {
            if let Some(Constant { elements, .. }) = self.constant(constant)?
                && let &[bound] = elements.as_slice()
                && self.node.input.len() == 2
            {
                let bound = f64::from(bound);
                let (low, high) = if minimum {
                    (f64::NEG_INFINITY, bound)
                } else {
                    (bound, f64::INFINITY)
                };
                return Ok((Op::Clamp { low, high }, vec![self.value(value)?]));
            }
        }
        Err(self.unsupported("only one tensor against one constant number is supported"))
    }

    fn softmax(&self) -> Converted {
        let rank = self.shape(0)?.len();
        let default = if self.importer.opset < 13 { 1 } else { -1 };
        let axis = self.axis(self.integer("axis", default), rank)?;
        if self.importer.opset < 13 && axis + 1 != rank {
            return Err(self.unsupported(
                "before opset 13 it runs over several axes at once: export with opset 13 or later",
            ));
        }
        self.first(Op::Softmax { axis })
    }

    /// Between floating-point types, and of integers, a cast changes nothing here.
    fn cast(&self) -> Converted {
        let from = self.node.input.first().map_or("", String::as_str);
        let to = self.node.output.first().map_or("", String::as_str);
        let float = |name| self.importer.float.is_float(name);
        if float(from) && !float(to) {
            return Err(self.unsupported("rounding to an integer type is not supported"));
        }
        self.first(Op::Reshape)
    }

    fn transpose(&self) -> Converted {
        let rank = self.shape(0)?.len();
        let mut permutation: Vec<usize> = self
            .integers("perm")
            .iter()
            .filter_map(|&axis| usize::try_from(axis).ok())
            .collect();
        if permutation.is_empty() {
            permutation = (0..rank).rev().collect();
        }
        self.first(Op::Transpose { permutation })
    }

    fn concat(&self) -> Converted {
        let rank = self.shape(0)?.len();
        let axis = self.axis(self.integer("axis", 0), rank)?;
        let values: Result<Vec<_>, _> = (0..self.node.input.len())
            .map(|index| self.value(index))
            .collect();
        Ok((Op::Concat { axis }, values?))
    }

    fn slice(&self) -> Converted {
        let shape = self.shape(0)?;
        let operand = |index: usize, attribute: &str| {
            if self.importer.opset < 10 {
                Ok(Some(self.integers(attribute)))
            } else {
                self.optional_integers(index, attribute)
            }
        };
        let required = || self.unsupported("its bounds must be constants");
        let starts = operand(1, "starts")?.ok_or_else(required)?;
        let axes = operand(3, "axes")?.filter(|axes| !axes.is_empty());
        let axes = axes.unwrap_or_else(|| (0..starts.len() as i64).collect());
        let steps = self.optional_integers(4, "steps")?.unwrap_or_default();
        if steps.iter().any(|&step| step != 1) {
            return Err(self.unsupported("only step 1 is supported"));
        }
        let mut start = vec![0; shape.len()];
        for (&axis, &from) in axes.iter().zip(&starts) {
            let axis = self.axis(axis, shape.len())?;
            let size = shape[axis] as i64;
            let from = if from < 0 { from + size } else { from };
            start[axis] = from.clamp(0, size) as usize;
        }
        self.first(Op::Slice { start })
    }

    fn argmax(&self) -> Converted {
        if self.integer("select_last_index", 0) != 0 {
            return Err(self.unsupported("select_last_index is not supported"));
        }
        let axis = self.axis(self.integer("axis", 0), self.shape(0)?.len())?;
        self.first(Op::ArgMax { axis })
    }

    pub(super) fn unsupported(&self, reason: impl Into<String>) -> CompileError {
        unsupported(self.node, reason)
    }

    /// This operator on the node's first operand.
    pub(super) fn first(&self, op: Op) -> Converted {
        Ok((op, vec![self.value(0)?]))
    }

    fn name(&self, index: usize) -> Option<&str> {
        self.node
            .input
            .get(index)
            .map(String::as_str)
            .filter(|name| !name.is_empty())
    }

    /// A computed operand.
    pub(super) fn value(&self, index: usize) -> Result<ValueIndex, CompileError> {
        let name = self
            .name(index)
            .ok_or_else(|| self.unsupported("an operand is missing"))?;
        self.importer.indices.get(name).copied().ok_or_else(|| {
            self.unsupported(format!(
                "operand '{name}' must be computed from an input here"
            ))
        })
    }

    /// Shape of an operand.
    pub(super) fn shape(&self, index: usize) -> Result<Vec<usize>, CompileError> {
        let name = self
            .name(index)
            .ok_or_else(|| self.unsupported("an operand is missing"))?;
        self.importer
            .float
            .shape(name)
            .ok_or_else(|| self.unsupported(format!("the shape of '{name}' is not known")))
    }

    /// A constant operand, or nothing if it is absent or computed.
    pub(super) fn constant(&self, index: usize) -> Result<Option<Constant>, CompileError> {
        let Some(tensor) = self
            .name(index)
            .and_then(|name| self.importer.float.constant(name))
        else {
            return Ok(None);
        };
        let elements = floats(&tensor).map_err(|error| self.unsupported(error.to_string()))?;
        Ok(Some(Constant {
            shape: tensor.shape().to_vec(),
            elements,
        }))
    }

    /// A constant operand, or nothing if it is absent; it must not be computed.
    pub(super) fn optional(
        &self,
        index: usize,
        what: &str,
    ) -> Result<Option<Constant>, CompileError> {
        match (self.constant(index)?, self.name(index)) {
            (None, Some(_)) => Err(self.unsupported(format!("its {what} must be constant"))),
            (constant, _) => Ok(constant),
        }
    }

    /// A constant operand that must be there.
    pub(super) fn required(&self, index: usize, what: &str) -> Result<Constant, CompileError> {
        self.constant(index)?
            .ok_or_else(|| self.unsupported(format!("its {what} must be constant")))
    }

    /// A constant operand of integers, or nothing if it is absent; it must not be computed.
    pub(super) fn optional_integers(
        &self,
        index: usize,
        what: &str,
    ) -> Result<Option<Vec<i64>>, CompileError> {
        let Some(name) = self.name(index) else {
            return Ok(None);
        };
        let tensor = self.importer.float.constant(name);
        let tensor =
            tensor.ok_or_else(|| self.unsupported(format!("its {what} must be constant")))?;
        integers(&tensor)
            .map(Some)
            .map_err(|error| self.unsupported(error.to_string()))
    }

    fn attribute(&self, name: &str) -> Option<&AttributeProto> {
        self.node
            .attribute
            .iter()
            .find(|attribute| attribute.name == name)
    }

    pub(super) fn integer(&self, name: &str, default: i64) -> i64 {
        self.attribute(name)
            .map_or(default, |attribute| attribute.i)
    }

    pub(super) fn float(&self, name: &str, default: f64) -> f64 {
        self.attribute(name)
            .map_or(default, |attribute| f64::from(attribute.f))
    }

    pub(super) fn integers(&self, name: &str) -> Vec<i64> {
        self.attribute(name)
            .map_or_else(Vec::new, |attribute| attribute.ints.clone())
    }

    pub(super) fn text(&self, name: &str) -> String {
        let bytes = self
            .attribute(name)
            .map_or(&[][..], |attribute| &attribute.s);
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// An axis counted from the front.
    pub(super) fn axis(&self, axis: i64, rank: usize) -> Result<usize, CompileError> {
        let counted = if axis < 0 { axis + rank as i64 } else { axis };
        usize::try_from(counted)
            .ok()
            .filter(|&axis| axis < rank)
            .ok_or_else(|| self.unsupported(format!("axis {axis} of a tensor of rank {rank}")))
    }
}
