//! Rewritten nodes, run by tract beside the formulas of `ai.onnx.ml`.

use super::*;
use crate::{import, onnx::messages};
use std::collections::BTreeMap;
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto as Node, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, tensor_proto::DataType, tensor_shape_proto,
    type_proto,
};

fn floats(name: &str, floats: &[f32]) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        floats: floats.to_vec(),
        ..AttributeProto::default()
    }
}

fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        ints: ints.to_vec(),
        ..AttributeProto::default()
    }
}

fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        i,
        ..AttributeProto::default()
    }
}

fn text(name: &str, text: &str) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        s: text.as_bytes().to_vec(),
        ..AttributeProto::default()
    }
}

/// A node of `ai.onnx.ml` that reads `x`.
fn ml(operator: &str, outputs: &[&str], attribute: Vec<AttributeProto>) -> Node {
    Node {
        domain: ML_DOMAIN.to_owned(),
        op_type: operator.to_owned(),
        input: vec!["x".to_owned()],
        output: outputs.iter().map(|&name| name.to_owned()).collect(),
        attribute,
        ..Node::default()
    }
}

/// A file of these nodes with an input `x` of a row.
fn file(nodes: Vec<Node>, initializer: Vec<TensorProto>, columns: i64) -> Vec<u8> {
    let dim = |size| tensor_shape_proto::Dimension {
        value: Some(tensor_shape_proto::dimension::Value::DimValue(size)),
        ..tensor_shape_proto::Dimension::default()
    };
    let tensor = type_proto::Tensor {
        elem_type: DataType::Float as i32,
        shape: Some(TensorShapeProto {
            dim: vec![dim(1), dim(columns)],
        }),
    };
    let input = ValueInfoProto {
        name: "x".to_owned(),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(tensor)),
            ..TypeProto::default()
        }),
        ..ValueInfoProto::default()
    };
    let model = ModelProto {
        ir_version: 8,
        producer_name: "kept".to_owned(),
        opset_import: vec![OperatorSetIdProto {
            domain: String::new(),
            version: 18,
        }],
        graph: Some(GraphProto {
            node: nodes,
            initializer,
            input: vec![input],
            ..GraphProto::default()
        }),
        ..ModelProto::default()
    };
    model.encode_to_vec()
}

/// The named outputs of a file for a row, by tract.
fn run(bytes: &[u8], outputs: &[&str], row: &[f32]) -> Vec<Vec<f32>> {
    let standard = in_standard_operators(bytes, Precision::Int16).expect("a standard form");
    let outputs: Vec<String> = outputs.iter().map(|&name| name.to_owned()).collect();
    let (_, reference) =
        import::import(&standard.file, &BTreeMap::new(), &outputs).expect("a graph");
    assert_eq!(reference.refusal(), None);
    reference.run(&[row.to_vec()]).expect("runs")
}

fn close(got: &[f32], want: &[f64]) {
    assert_eq!(got.len(), want.len(), "{got:?}, {want:?}");
    for (&got, want) in got.iter().zip(want) {
        assert!((f64::from(got) - want).abs() < 1e-5, "{got:?}, {want:?}");
    }
}

#[test]
fn a_file_of_standard_operators_stays_as_it_is() {
    let scaler = ml(
        "Scaler",
        &["y"],
        vec![floats("offset", &[1.0, 2.0]), floats("scale", &[0.5, 0.25])],
    );
    let bytes = file(vec![scaler], Vec::new(), 2);
    close(&run(&bytes, &["y"], &[3.0, 4.0])[0], &[1.0, 0.5]);
    let standard = in_standard_operators(&bytes, Precision::Int16).expect("a file");
    let model = ModelProto::decode(&*standard.file).expect("a file");
    assert_eq!(model.producer_name, "kept");
    let again = in_standard_operators(&standard.file, Precision::Int16).expect("a file");
    assert!(
        matches!(again.file, Cow::Borrowed(_)),
        "nothing left to write"
    );
}

/// The same numbers, whichever way a scaler is written in front of distances.
#[test]
fn a_scaler_before_a_kernel_is_a_matrix_at_8_bits() {
    let scaler = ml(
        "Scaler",
        &["s"],
        vec![floats("offset", &[1.0, -2.0]), floats("scale", &[0.5, 4.0])],
    );
    let mut machine = ml(
        "SVMRegressor",
        &["y"],
        vec![
            text("kernel_type", "RBF"),
            floats("kernel_params", &[0.1]),
            floats("support_vectors", &[1.0, 0.0]),
            floats("coefficients", &[2.0]),
            floats("rho", &[0.5]),
            int("n_supports", 1),
        ],
    );
    machine.input = vec!["s".to_owned()];
    let bytes = file(vec![scaler, machine], Vec::new(), 2);
    for (precision, operator) in [(Precision::Int8, "Gemm"), (Precision::Int16, "Sub")] {
        let standard = in_standard_operators(&bytes, precision).expect("a file");
        let model = ModelProto::decode(&*standard.file).expect("a file");
        assert_eq!(model.graph.expect("a graph").node[0].op_type, operator);
        // (3, -1.5) is scaled to (1, 2).
        let want = 2.0 * (-0.4_f64).exp() + 0.5;
        let outputs = ["y".to_owned()];
        let (_, reference) =
            import::import(&standard.file, &BTreeMap::new(), &outputs).expect("a graph");
        let got = reference.run(&[vec![3.0, -1.5]]).expect("runs");
        close(&got[0], &[want]);
    }
}

#[test]
fn norms_and_thresholds_are_those_of_the_set() {
    for (norm, want) in [
        ("L1", [0.375, -0.625]),
        ("L2", [0.514_496, -0.857_493]),
        ("MAX", [0.6, -1.0]),
    ] {
        let node = ml("Normalizer", &["y"], vec![text("norm", norm)]);
        close(
            &run(&file(vec![node], Vec::new(), 2), &["y"], &[3.0, -5.0])[0],
            &want,
        );
    }
    let threshold = AttributeProto {
        name: "threshold".to_owned(),
        f: 2.0,
        ..AttributeProto::default()
    };
    let node = ml("Binarizer", &["y"], vec![threshold]);
    close(
        &run(&file(vec![node], Vec::new(), 3), &["y"], &[1.0, 2.0, 2.5])[0],
        &[0.0, 0.0, 1.0],
    );
}

#[test]
fn support_vectors_regress_with_every_kernel() {
    let vectors = [[1.0, 2.0], [-1.0, 0.5], [0.0, -1.0]];
    let (coefficients, rho) = ([0.5_f32, -2.0, 1.5], 0.25_f32);
    let (gamma, constant, degree) = (0.3_f64, 1.0_f64, 3.0_f64);
    let row = [0.7_f64, -0.2];
    for kind in ["LINEAR", "POLY", "RBF", "SIGMOID"] {
        let node = ml(
            "SVMRegressor",
            &["y"],
            vec![
                text("kernel_type", kind),
                floats(
                    "kernel_params",
                    &[gamma as f32, constant as f32, degree as f32],
                ),
                floats("support_vectors", &vectors.concat()),
                floats("coefficients", &coefficients),
                floats("rho", &[rho]),
                int("n_supports", 3),
            ],
        );
        let similar = |vector: &[f32; 2]| {
            let vector = vector.map(f64::from);
            let dot = row[0] * vector[0] + row[1] * vector[1];
            let apart = (row[0] - vector[0]).powi(2) + (row[1] - vector[1]).powi(2);
            match kind {
                "LINEAR" => dot,
                "POLY" => (gamma * dot + constant).powf(degree),
                "RBF" => (-gamma * apart).exp(),
                _ => (gamma * dot + constant).tanh(),
            }
        };
        let sum: f64 = (vectors.iter().zip(coefficients))
            .map(|(vector, coefficient)| similar(vector) * f64::from(coefficient))
            .sum();
        let bytes = file(vec![node], Vec::new(), 2);
        close(
            &run(&bytes, &["y"], &row.map(|x| x as f32))[0],
            &[sum + f64::from(rho)],
        );
    }
}

/// Three classes called 4, 5 and 9, a vector each, compared by their product with the row.
fn three_classes(more: Vec<AttributeProto>) -> Vec<u8> {
    let mut attributes = vec![
        text("kernel_type", "LINEAR"),
        floats("support_vectors", &[1.0, 0.0, 0.0, 1.0, -1.0, -1.0]),
        ints("vectors_per_class", &[1, 1, 1]),
        floats("coefficients", &[1.0, -1.0, -2.0, 3.0, 4.0, -5.0]),
        floats("rho", &[0.1, 0.2, 0.3]),
        ints("classlabels_ints", &[4, 5, 9]),
    ];
    attributes.extend(more);
    file(
        vec![ml("SVMClassifier", &["label", "scores"], attributes)],
        Vec::new(),
        2,
    )
}

#[test]
fn pairs_of_classes_vote() {
    let bytes = three_classes(Vec::new());
    for (row, label) in [([2.0, -1.0], 4.0), ([-1.0, 2.0], 5.0), ([-2.0, -1.0], 9.0)] {
        let [x, y]: [f64; 2] = row;
        let products = [x, y, -x - y];
        let want = [
            products[0] - products[1] + 0.1,
            3.0 * products[0] - 2.0 * products[2] + 0.2,
            4.0 * products[1] - 5.0 * products[2] + 0.3,
        ];
        let got = run(&bytes, &["label", "scores"], &row.map(|x| x as f32));
        close(&got[1], &want);
        close(&got[0], &[label]);
    }
}

/// The decision is for the first class, its probability below one half.
#[test]
fn votes_decide_between_two_classes_with_probabilities() {
    let attributes = vec![
        text("kernel_type", "LINEAR"),
        floats("support_vectors", &[1.0, 0.0, 0.0, 1.0]),
        ints("vectors_per_class", &[1, 1]),
        floats("coefficients", &[1.0, -1.0]),
        floats("rho", &[0.0]),
        ints("classlabels_ints", &[0, 1]),
        floats("prob_a", &[-2.0]),
        floats("prob_b", &[1.0]),
    ];
    let node = ml("SVMClassifier", &["label", "shares"], attributes);
    let got = run(
        &file(vec![node], Vec::new(), 2),
        &["label", "shares"],
        &[0.35, 0.1],
    );
    close(&got[0], &[0.0]);
    close(&got[1], &[0.377_541, 0.622_459]);
}

#[test]
fn probabilities_of_three_classes_are_refused_with_what_to_do() {
    let more = vec![floats("prob_a", &[-1.0; 3]), floats("prob_b", &[0.0; 3])];
    let refused =
        in_standard_operators(&three_classes(more), Precision::Int16).expect_err("an iteration");
    assert!(
        refused.to_string().contains("without probability=True"),
        "{refused}"
    );
}

#[test]
fn a_linear_classifier_of_one_row_has_two_scores() {
    let node = ml(
        "LinearClassifier",
        &["label", "scores"],
        vec![
            floats("coefficients", &[1.0, -2.0]),
            floats("intercepts", &[0.5]),
            ints("classlabels_ints", &[0, 1]),
            text("post_transform", "LOGISTIC"),
        ],
    );
    let bytes = file(vec![node], Vec::new(), 2);
    let got = run(&bytes, &["label", "scores"], &[2.0, 1.0]);
    close(&got[0], &[1.0]);
    close(&got[1], &[0.377_541, 0.622_459]);
}

/// A constant list of the names of classes, read at the position of the largest feature.
#[test]
fn names_of_classes_become_indices() {
    let names = TensorProto {
        name: "classes".to_owned(),
        data_type: DataType::String as i32,
        dims: vec![2],
        string_data: vec![b"cat".to_vec(), b"dog".to_vec()],
        ..TensorProto::default()
    };
    let largest = Node {
        op_type: "ArgMax".to_owned(),
        input: vec!["x".to_owned()],
        output: vec!["index".to_owned()],
        attribute: vec![AttributeProto {
            r#type: tract_onnx::pb::attribute_proto::AttributeType::Int as i32,
            ..int("axis", 1)
        }],
        ..Node::default()
    };
    let named = Node {
        input: vec!["classes".to_owned(), "index".to_owned()],
        ..ml("ArrayFeatureExtractor", &["name"], Vec::new())
    };
    let bytes = file(vec![largest, named], vec![names], 2);
    close(&run(&bytes, &["name"], &[0.0, 1.0])[0], &[1.0]);
    let standard = in_standard_operators(&bytes, Precision::Int16).expect("a file");
    assert_eq!(
        standard.remarks,
        ["classes are given by index: 0 cat, 1 dog"]
    );
}

#[test]
fn trees_are_left_alone() {
    let bytes = file(
        vec![ml("TreeEnsembleRegressor", &["y"], Vec::new())],
        Vec::new(),
        2,
    );
    let standard = in_standard_operators(&bytes, Precision::Int16).expect("a file");
    let model = messages::ModelProto::decode(&*standard.file).expect("a file");
    assert_eq!(
        model.graph.expect("a graph").node[0].op_type,
        "TreeEnsembleRegressor"
    );
}
