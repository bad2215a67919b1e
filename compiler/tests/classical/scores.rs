//! What may follow trees, and what must not.

use crate::support::Runner;
use fixpoint_compiler::{
    CompileError, CompileOptions, Samples, compile_onnx,
    npy::{Array, Data},
    onnx::{ML_DOMAIN, messages::*},
};
use prost::Message as _;
use std::collections::BTreeMap;

/// A tree over a row `x` of two features: -0.5 up to 1.25 of the first, 2 beyond.
fn stump() -> NodeProto {
    let attribute = |name: &str| AttributeProto {
        name: name.to_owned(),
        ..AttributeProto::default()
    };
    let ints = |name: &str, ints: &[i64]| AttributeProto {
        ints: ints.to_vec(),
        ..attribute(name)
    };
    let floats = |name: &str, floats: &[f32]| AttributeProto {
        floats: floats.to_vec(),
        ..attribute(name)
    };
    let modes = ["BRANCH_LEQ", "LEAF", "LEAF"];
    let modes = AttributeProto {
        strings: modes.map(|mode| mode.as_bytes().to_vec()).to_vec(),
        ..attribute("nodes_modes")
    };
    NodeProto {
        domain: ML_DOMAIN.to_owned(),
        op_type: "TreeEnsembleRegressor".to_owned(),
        input: vec!["x".to_owned()],
        output: vec!["scores".to_owned()],
        attribute: vec![
            ints("nodes_treeids", &[0, 0, 0]),
            ints("nodes_nodeids", &[0, 1, 2]),
            ints("nodes_featureids", &[0, 0, 0]),
            floats("nodes_values", &[1.25, 0.0, 0.0]),
            modes,
            ints("nodes_truenodeids", &[1, 0, 0]),
            ints("nodes_falsenodeids", &[2, 0, 0]),
            ints("target_treeids", &[0, 0]),
            ints("target_nodeids", &[1, 2]),
            ints("target_ids", &[0, 0]),
            floats("target_weights", &[-0.5, 2.0]),
        ],
        ..NodeProto::default()
    }
}

fn node(operator: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: operator.to_owned(),
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

/// The stump with nodes behind it, which may read a constant `four`.
fn file(after: Vec<NodeProto>) -> Vec<u8> {
    let dim = |dim_value| DimensionProto {
        dim_value,
        ..DimensionProto::default()
    };
    let output = after.last().expect("a node").output[0].clone();
    let graph = GraphProto {
        node: [vec![stump()], after].concat(),
        initializer: vec![TensorProto {
            name: "four".to_owned(),
            dims: vec![1],
            data_type: 1,
            float_data: vec![4.0],
            ..TensorProto::default()
        }],
        input: vec![ValueInfoProto {
            name: "x".to_owned(),
            r#type: Some(TypeProto {
                tensor_type: Some(TensorTypeProto {
                    elem_type: 1,
                    shape: Some(TensorShapeProto {
                        dim: vec![dim(1), dim(2)],
                    }),
                }),
            }),
        }],
        output: vec![ValueInfoProto {
            name: output,
            ..ValueInfoProto::default()
        }],
    };
    let model = ModelProto {
        ir_version: 8,
        graph: Some(graph),
        opset_import: Vec::new(),
    };
    model.encode_to_vec()
}

#[test]
fn scores_times_a_constant_are_an_output() {
    let onnx = file(vec![node("Div", &["scores", "four"], "mean")]);
    let compiled = compile_onnx(&onnx, &CompileOptions::default(), &mut |_| {}).expect("compiles");
    let mut runner = Runner::new(&compiled);
    for (row, want) in [([1.25, 0.0], -0.125), ([1.26, 0.0], 0.5)] {
        let got = runner.run(&row)[0][0];
        assert!((got - want).abs() < 1e-8, "{row:?}: {got}");
    }
}

#[test]
fn what_follows_trees_can_be_cut_off() {
    let onnx = file(vec![node("Exp", &["scores"], "rate")]);
    let refused = compile_onnx(&onnx, &CompileOptions::default(), &mut |_| {});
    let refused = refused.expect_err("Exp").to_string();
    assert!(refused.contains("--outputs"), "{refused}");
    for name in ["margin", "scores"] {
        let options = CompileOptions {
            outputs: vec![name.to_owned()],
            ..CompileOptions::default()
        };
        let compiled = compile_onnx(&onnx, &options, &mut |_| {}).expect(name);
        assert_eq!(Runner::new(&compiled).run(&[3.0, 0.0]), [[2.0]], "{name}");
    }
}

#[test]
fn a_missing_value_is_told_with_its_sample() {
    let array = Array {
        shape: vec![3, 2],
        data: Data::F64(vec![1.0, 2.0, f64::NAN, 0.0, 1.0, 1.0]),
    };
    let options = CompileOptions {
        test: Some(Samples(BTreeMap::from([(String::new(), array)]))),
        ..CompileOptions::default()
    };
    let onnx = file(vec![node("Div", &["scores", "four"], "mean")]);
    let refused = compile_onnx(&onnx, &options, &mut |_| {}).expect_err("NaN");
    assert!(matches!(refused, CompileError::Samples { .. }), "{refused}");
    assert!(
        refused.to_string().contains("sample 1 has a NaN"),
        "{refused}"
    );
}
