//! What changes features: scales, norms, thresholds, choices of columns.

use super::{
    input, output, singles, unsupported,
    writer::{Value, Writer},
};
use crate::{
    error::CompileError,
    onnx::{Attributes, messages::NodeProto},
};

/// Element type float32 of a Cast.
const FLOAT32: i64 = 1;
/// From this version of the standard operators on, the axes of a reduction are an operand.
const AXES_ARE_OPERANDS: i64 = 18;

impl Writer<'_> {
    /// A scaler as a product with a diagonal matrix: each feature keeps a scale of its own up to there.
    pub(super) fn scaler_matrix(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let (offset, scale) = scaler_constants(node)?;
        if offset.len() != scale.len() {
            return self.scaler(node);
        }
        let (count, name) = (scale.len(), output(node, 0));
        let mut matrix = vec![0.0; count * count];
        for (feature, &scale) in scale.iter().enumerate() {
            matrix[feature * count + feature] = scale;
        }
        let bias = offset
            .iter()
            .zip(&scale)
            .map(|(offset, scale)| -offset * scale);
        let bias = singles(bias.collect());
        let matrix = self.floats(format!("{name}/matrix"), &[count, count], singles(matrix));
        let bias = self.floats(format!("{name}/bias"), &[count], bias);
        self.node("Gemm", &[input(node, 0), &matrix, &bias], name, &[]);
        Ok(())
    }

    /// `(x - offset) * scale`.
    pub(super) fn scaler(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let (offset, scale) = scaler_constants(node)?;
        let name = output(node, 0);
        let offset = self.floats(format!("{name}/offset"), &[offset.len()], singles(offset));
        let scale = self.floats(format!("{name}/scale"), &[scale.len()], singles(scale));
        let centred = self.step("Sub", &[input(node, 0), &offset], name, "centred", &[]);
        self.node("Mul", &[&centred, &scale], name, &[]);
        Ok(())
    }

    /// A row divided by its norm.
    pub(super) fn normalizer(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let (row, name) = (input(node, 0), output(node, 0));
        let order = match Attributes(node).text("norm")?.unwrap_or("MAX") {
            "L1" => 1,
            "L2" => 2,
            _ => {
                let sizes = self.step("Abs", &[row], name, "sizes", &[]);
                let max = if self.opset < AXES_ARE_OPERANDS {
                    let axes = [("axes", Value::Ints(vec![1]))];
                    self.step("ReduceMax", &[&sizes], name, "max", &axes)
                } else {
                    let axes = self.integers(format!("{name}/axes"), vec![1]);
                    self.step("ReduceMax", &[&sizes, &axes], name, "max", &[])
                };
                self.node("Div", &[row, &max], name, &[]);
                return Ok(());
            }
        };
        let attributes = [("axis", Value::Int(1)), ("p", Value::Int(order))];
        self.node("LpNormalization", &[row], name, &attributes);
        Ok(())
    }

    /// 1 above the threshold and 0 elsewhere.
    pub(super) fn binarizer(&mut self, node: &NodeProto) {
        let name = output(node, 0);
        let given = node
            .attribute
            .iter()
            .find(|given| given.name == "threshold");
        let threshold = given.map_or(0.0, |attribute| attribute.f);
        let threshold = self.floats(format!("{name}/threshold"), &[1], vec![threshold]);
        let above = self.step("Greater", &[input(node, 0), &threshold], name, "above", &[]);
        self.node("Cast", &[&above], name, &[("to", Value::Int(FLOAT32))]);
    }

    /// No word is a NaN or an infinity to fill in.
    pub(super) fn imputer(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let mut attributes = node.attribute.iter();
        let replaced = attributes.find(|given| given.name.starts_with("replaced_value"));
        if replaced.is_some_and(|given| given.f.is_finite()) {
            let reason = "it fills in for a number: only NaN and infinities, which a contract cannot give, may be missing";
            return Err(unsupported(node, reason));
        }
        self.node("Identity", &[input(node, 0)], output(node, 0), &[]);
        Ok(())
    }

    /// Categories 0, 1, 2, ... of integers.
    pub(super) fn one_hot(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let categories = Attributes(node).ints("cats_int64s");
        if categories.is_empty() || !categories.iter().copied().eq(0..categories.len() as i64) {
            let reason = "its categories are not 0, 1, 2, ...: encode them so before the model";
            return Err(unsupported(node, reason));
        }
        let name = output(node, 0);
        let depth = self.integers(format!("{name}/depth"), vec![categories.len() as i64]);
        let values = self.floats(format!("{name}/values"), &[2], vec![0.0, 1.0]);
        self.node("OneHot", &[input(node, 0), &depth, &values], name, &[]);
        Ok(())
    }

    /// Rows one after another.
    pub(super) fn concat(&mut self, node: &NodeProto) {
        let rows: Vec<&str> = node.input.iter().map(String::as_str).collect();
        self.node("Concat", &rows, output(node, 0), &[("axis", Value::Int(1))]);
    }

    /// Columns at constant positions, or elements of a constant list at computed ones: names of classes.
    pub(super) fn pick(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let (from, positions, name) = (input(node, 0), input(node, 1), output(node, 0));
        if let Some(constant) = self.integers_of(positions) {
            let positions = self.integers(format!("{name}/positions"), constant);
            let axis = [("axis", Value::Int(-1))];
            self.node("Gather", &[from, &positions], name, &axis);
            return Ok(());
        }
        if self.shape(from).is_none_or(|shape| shape.len() != 1) {
            let reason =
                "it picks computed features at computed positions: export the model without it";
            return Err(unsupported(node, reason));
        }
        let flat = format!("{name}/flat");
        self.reshape(positions, &[-1], &flat);
        let picked = self.step("Gather", &[from, &flat], name, "picked", &[]);
        self.reshape(&picked, &[1, -1], name);
        if self.is_integer(from) {
            self.mark_class(name);
        }
        Ok(())
    }
}

/// A scaler's offsets and scales.
fn scaler_constants(node: &NodeProto) -> Result<(Vec<f64>, Vec<f64>), CompileError> {
    let or = |name: &str, default| -> Result<Vec<f64>, CompileError> {
        let values = Attributes(node).floats(name)?;
        Ok(if values.is_empty() {
            vec![default]
        } else {
            values
        })
    };
    Ok((or("offset", 0.0)?, or("scale", 1.0)?))
}
