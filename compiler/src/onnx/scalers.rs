//! Scalers of `ai.onnx.ml` in front of a neural network as the subtraction and the product that they
//! are: scikit-learn's exports have them, tract does not know them.

use super::{Attributes, ML_DOMAIN, OnnxError, messages::ModelProto};
use prost::Message as _;
use std::borrow::Cow;
use tract_onnx::pb;

/// Element type float32 of a tensor.
const FLOAT32: i32 = 1;

/// The file with every Scaler replaced by Sub and Mul; as it is if there is none.
///
/// # Errors
/// [`OnnxError::Decode`], [`OnnxError::Attribute`].
pub fn replace_scalers(bytes: &[u8]) -> Result<Cow<'_, [u8]>, OnnxError> {
    let constants = constants(bytes)?;
    if constants.is_empty() {
        return Ok(Cow::Borrowed(bytes));
    }
    // Decoded again with every field, so that nothing else of the file is lost.
    let mut model = pb::ModelProto::decode(bytes)?;
    let graph = model.graph.get_or_insert_default();
    let mut constants = constants.into_iter();
    let mut nodes = Vec::new();
    for node in std::mem::take(&mut graph.node) {
        let is_scaler = node.domain == ML_DOMAIN && node.op_type == "Scaler";
        let Some([offset, scale]) = is_scaler.then(|| constants.next()).flatten() else {
            nodes.push(node);
            continue;
        };
        let output = node.output.first().cloned().unwrap_or_default();
        let names = ["offset", "scale", "centred"].map(|what| format!("{output}/{what}"));
        for (name, values) in names.iter().zip([offset, scale]) {
            graph.initializer.push(pb::TensorProto {
                name: name.clone(),
                data_type: FLOAT32,
                dims: vec![values.len() as i64],
                float_data: values.into_iter().map(|value| value as f32).collect(),
                ..pb::TensorProto::default()
            });
        }
        let input = node.input.first().cloned().unwrap_or_default();
        let standard = |operator: &str, inputs: [&String; 2], output: &String| pb::NodeProto {
            name: format!("{}/{operator}", node.name),
            op_type: operator.to_owned(),
            input: inputs.map(String::clone).to_vec(),
            output: vec![output.clone()],
            ..pb::NodeProto::default()
        };
        nodes.push(standard("Sub", [&input, &names[0]], &names[2]));
        nodes.push(standard("Mul", [&names[2], &names[1]], &output));
    }
    graph.node = nodes;
    Ok(Cow::Owned(model.encode_to_vec()))
}

/// Offsets and scales of each Scaler, in order.
fn constants(bytes: &[u8]) -> Result<Vec<[Vec<f64>; 2]>, OnnxError> {
    let graph = ModelProto::decode(bytes)?.graph.unwrap_or_default();
    let scalers = graph
        .node
        .iter()
        .filter(|node| node.domain == ML_DOMAIN && node.op_type == "Scaler");
    scalers
        .map(|node| {
            let attributes = Attributes(node);
            let or = |mut values: Vec<f64>, default| {
                if values.is_empty() {
                    values.push(default);
                }
                values
            };
            Ok([
                or(attributes.floats("offset")?, 0.0),
                or(attributes.floats("scale")?, 1.0),
            ])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaler_becomes_a_difference_and_a_product() {
        let floats = |name: &str, floats: &[f32]| pb::AttributeProto {
            name: name.to_owned(),
            floats: floats.to_vec(),
            ..pb::AttributeProto::default()
        };
        let scaler = pb::NodeProto {
            domain: ML_DOMAIN.to_owned(),
            op_type: "Scaler".to_owned(),
            input: vec!["x".to_owned()],
            output: vec!["y".to_owned()],
            attribute: vec![floats("offset", &[1.0, 2.0]), floats("scale", &[0.5, 0.25])],
            ..pb::NodeProto::default()
        };
        let model = pb::ModelProto {
            producer_name: "kept".to_owned(),
            graph: Some(pb::GraphProto {
                node: vec![scaler],
                ..pb::GraphProto::default()
            }),
            ..pb::ModelProto::default()
        };
        let bytes = replace_scalers(&model.encode_to_vec())
            .expect("a file")
            .into_owned();
        let model = pb::ModelProto::decode(bytes.as_slice()).expect("a file");
        assert_eq!(model.producer_name, "kept");
        let graph = model.graph.expect("a graph");
        let operators: Vec<&str> = graph
            .node
            .iter()
            .map(|node| node.op_type.as_str())
            .collect();
        assert_eq!(operators, ["Sub", "Mul"]);
        assert_eq!(graph.node[1].output, ["y"]);
        assert_eq!(graph.initializer[1].float_data, [0.5, 0.25]);
        let again = replace_scalers(&bytes).expect("a file");
        assert!(matches!(again, Cow::Borrowed(_)), "nothing left to replace");
    }
}
