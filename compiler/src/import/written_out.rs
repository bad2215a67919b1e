//! Operators of quantised integers, written out as DequantizeLinear, the operator of real numbers,
//! and QuantizeLinear.

use super::{Importer, unsupported};
use crate::{
    CompileError,
    ir::{Element, Op, Tensor},
};
use tract_onnx::pb::{AttributeProto, NodeProto, attribute_proto::AttributeType};

/// An operator of integers.
struct Form {
    /// Its name.
    name: &'static str,
    /// The operator that it is one of integers of.
    of: &'static str,
    /// First operand of each tensor, its scale and zero point behind it, and the axis of scales.
    tensors: &'static [(usize, i64)],
    /// First operand of the output's scale and zero point; it is a number if there is none.
    output: usize,
    /// Operand that is a 32-bit bias.
    bias: Option<usize>,
}

const fn form(
    name: &'static str,
    of: &'static str,
    tensors: &'static [(usize, i64)],
    output: usize,
    bias: Option<usize>,
) -> Form {
    Form {
        name,
        of,
        tensors,
        output,
        bias,
    }
}

const FORMS: [Form; 11] = [
    form("QLinearConv", "Conv", &[(0, 1), (3, 0)], 6, Some(8)),
    form("QLinearMatMul", "MatMul", &[(0, -2), (3, -1)], 6, None),
    form("QGemm", "Gemm", &[(0, 0), (3, 0)], 7, Some(6)),
    form("QLinearAdd", "Add", &[(0, 0), (3, 0)], 6, None),
    form("QLinearMul", "Mul", &[(0, 0), (3, 0)], 6, None),
    form("QLinearAveragePool", "AveragePool", &[(0, 0)], 3, None),
    form(
        "QLinearGlobalAveragePool",
        "GlobalAveragePool",
        &[(0, 0)],
        3,
        None,
    ),
    form("QLinearSigmoid", "Sigmoid", &[(0, 0)], 3, None),
    form("QLinearLeakyRelu", "LeakyRelu", &[(0, 0)], 3, None),
    form("QLinearSoftmax", "Softmax", &[(0, 0)], 3, None),
    form("QLinearReduceMean", "ReduceMean", &[(0, 0)], 3, None),
];

impl Importer {
    /// Imports a node as others, if it is of integers; tells whether it was.
    pub(super) fn written_out(&mut self, node: &NodeProto) -> Result<bool, CompileError> {
        match node.op_type.as_str() {
            "ConvInteger" => self.integer_product(node, "Conv", [1, 0])?,
            "MatMulInteger" => self.integer_product(node, "MatMul", [-2, -1])?,
            "QLinearConcat" => self.joined(node)?,
            operator => match FORMS.iter().find(|form| form.name == operator) {
                Some(form) => self.form(node, form)?,
                None => return Ok(false),
            },
        }
        Ok(true)
    }

    fn form(&mut self, node: &NodeProto, form: &Form) -> Result<(), CompileError> {
        if node
            .attribute
            .iter()
            .any(|a| a.name == "channels_last" && a.i != 0)
        {
            return Err(unsupported(
                node,
                "channels_last: export the model with channels first",
            ));
        }
        let mut operands = Vec::new();
        for &(first, axis) in form.tensors {
            let names = [0, 1, 2].map(|offset| operand(node, first + offset));
            let axis = if form.name == "QGemm" && first == 3 {
                gemm_axis(node)
            } else {
                axis
            };
            operands.push(self.dequantised(node, names, axis)?);
        }
        if let Some(bias) = form
            .bias
            .map(|bias| operand(node, bias))
            .filter(|name| !name.is_empty())
        {
            let scale = self.bias_scale(node, [operand(node, 1), operand(node, 4)])?;
            operands.push(self.dequantised(node, [bias, scale, String::new()], 0)?);
        }
        let (scale, zero_point) = (operand(node, form.output), operand(node, form.output + 1));
        self.finished(node, form.of, operands, [scale, zero_point])
    }

    /// The operator of real numbers, and the integers of its result.
    fn finished(
        &mut self,
        node: &NodeProto,
        operator: &str,
        input: Vec<String>,
        [scale, zero_point]: [String; 2],
    ) -> Result<(), CompileError> {
        let output = node.output.first().cloned().unwrap_or_default();
        let wide = if scale.is_empty() {
            output.clone()
        } else {
            format!("{output}/real")
        };
        let mut inner = NodeProto {
            op_type: operator.to_owned(),
            domain: String::new(),
            input,
            output: vec![wide.clone()],
            ..node.clone()
        };
        inner
            .attribute
            .retain(|attribute| attribute.name != "channels_last");
        self.node(&inner)?;
        if scale.is_empty() {
            return Ok(());
        }
        self.node(&NodeProto {
            op_type: "QuantizeLinear".to_owned(),
            name: node.name.clone(),
            input: vec![wide, scale, zero_point],
            output: vec![output],
            ..NodeProto::default()
        })
    }

    fn dequantised(
        &mut self,
        node: &NodeProto,
        [x, scale, zero_point]: [String; 3],
        axis: i64,
    ) -> Result<String, CompileError> {
        let output = format!("{}/{x}", node.output.first().map_or("", String::as_str));
        self.node(&NodeProto {
            op_type: "DequantizeLinear".to_owned(),
            name: node.name.clone(),
            input: vec![x, scale, zero_point],
            output: vec![output.clone()],
            attribute: vec![AttributeProto {
                name: "axis".to_owned(),
                r#type: AttributeType::Int as i32,
                i: axis,
                ..AttributeProto::default()
            }],
            ..NodeProto::default()
        })?;
        Ok(output)
    }

    /// The scale of a bias: input scale times each weight scale.
    fn bias_scale(&mut self, node: &NodeProto, names: [String; 2]) -> Result<String, CompileError> {
        let constant = |name: &String| {
            let value = self.indices.get(name)?;
            self.graph.values[*value].constant.clone()
        };
        let [Some(input), Some(weights)] = names.each_ref().map(constant) else {
            return Err(unsupported(node, "its scales must be constant"));
        };
        let input = input.elements.first().copied().unwrap_or(1.0);
        let scales: Vec<f64> = weights.elements.iter().map(|scale| scale * input).collect();
        let name = format!(
            "{}/bias scale",
            node.output.first().map_or("", String::as_str)
        );
        let value = self
            .graph
            .constant(&name, Tensor::real(&[scales.len()], scales));
        self.indices.insert(name.clone(), value);
        Ok(name)
    }

    /// A concatenation of tensors with a scale each.
    fn joined(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let mut operands = Vec::new();
        for first in (2..node.input.len()).step_by(3) {
            let names = [0, 1, 2].map(|offset| operand(node, first + offset));
            operands.push(self.dequantised(node, names, 0)?);
        }
        self.finished(
            node,
            "Concat",
            operands,
            [operand(node, 0), operand(node, 1)],
        )
    }

    /// Products whose sums are the result: operands of scale 1.
    fn integer_product(
        &mut self,
        node: &NodeProto,
        operator: &str,
        axes: [i64; 2],
    ) -> Result<(), CompileError> {
        let output = node.output.first().cloned().unwrap_or_default();
        let one = format!("{output}/one");
        let value = self.graph.constant(&one, Tensor::real(&[], vec![1.0]));
        self.indices.insert(one.clone(), value);
        let mut operands = Vec::new();
        for (index, axis) in axes.into_iter().enumerate() {
            let names = [operand(node, index), one.clone(), operand(node, index + 2)];
            operands.push(self.dequantised(node, names, axis)?);
        }
        let before = self.graph.nodes.len();
        self.finished(node, operator, operands, [String::new(), String::new()])?;
        let is_product = |op: &Op| matches!(op, Op::Conv(_) | Op::Dense(_) | Op::MatMul);
        let mut after = false;
        for index in before..self.graph.nodes.len() {
            after |= is_product(&self.graph.nodes[index].op);
            if after {
                let output = self.graph.nodes[index].output;
                self.graph.values[output].element = Element::Integer;
            }
        }
        Ok(())
    }
}

fn operand(node: &NodeProto, index: usize) -> String {
    node.input.get(index).cloned().unwrap_or_default()
}

/// The axis of a QGemm's weights along which its outputs are.
fn gemm_axis(node: &NodeProto) -> i64 {
    let transposed = node
        .attribute
        .iter()
        .any(|a| a.name == "transB" && a.i != 0);
    i64::from(!transposed)
}
