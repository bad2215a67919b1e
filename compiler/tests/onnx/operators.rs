//! Every ONNX operator that is lowered, on its own or with its usual neighbours, against float at
//! both precisions. Limits are shares of the output's span: an int8 step is 0.4 % of it.

use crate::graphs::{Graph, Value};
use fixpoint_compiler::{CompileError, Precision};
use fixpoint_runtime::model::format::Quantisation;

#[test]
fn convolution_with_padding_and_relu() {
    let mut graph = Graph::new(&[1, 3, 9, 8]);
    graph.weights("w", &[5, 3, 3, 3]);
    graph.weights("b", &[5]);
    graph.node(
        "Conv",
        &["x", "w", "b"],
        "c",
        &[("pads", Value::Ints(&[1, 1, 1, 1]))],
    );
    graph.node("Relu", &["c"], "y", &[]);
    graph.check(0.03, 2e-4);
}

#[test]
fn strided_convolution_whose_window_does_not_fit() {
    let mut graph = Graph::new(&[1, 2, 10, 11]);
    graph.weights("w", &[4, 2, 3, 3]);
    graph.node(
        "Conv",
        &["x", "w"],
        "y",
        &[("strides", Value::Ints(&[2, 3]))],
    );
    graph.check(0.03, 2e-4);
}

#[test]
fn dilated_convolution_with_uneven_padding() {
    let mut graph = Graph::new(&[1, 2, 9, 9]);
    graph.weights("w", &[3, 2, 3, 2]);
    graph.node(
        "Conv",
        &["x", "w"],
        "y",
        &[
            ("dilations", Value::Ints(&[2, 3])),
            ("pads", Value::Ints(&[0, 1, 3, 2])),
            ("strides", Value::Ints(&[2, 1])),
        ],
    );
    graph.check(0.03, 2e-4);
}

#[test]
fn same_padding_is_split_as_onnx_splits_it() {
    for same in ["SAME_UPPER", "SAME_LOWER"] {
        let mut graph = Graph::new(&[1, 2, 8, 7]);
        graph.weights("w", &[3, 2, 4, 2]);
        graph.node("Conv", &["x", "w"], "y", &[("auto_pad", Value::Text(same))]);
        graph.check(0.03, 2e-4);
    }
}

#[test]
fn depthwise_convolution_with_a_multiplier() {
    let mut graph = Graph::new(&[1, 4, 8, 8]);
    graph.weights("w", &[8, 1, 3, 3]);
    graph.weights("b", &[8]);
    graph.node("Conv", &["x", "w", "b"], "y", &[("group", Value::Int(4))]);
    let [_, int16] = graph.check(0.03, 2e-4);
    assert_eq!(int16.report.remarks, Vec::<String>::new(), "16-bit weights");
}

#[test]
fn grouped_convolution() {
    for pads in [[0, 0, 0, 0], [1, 0, 2, 1]] {
        let mut graph = Graph::new(&[1, 4, 8, 8]);
        graph.weights("w", &[6, 2, 3, 3]);
        graph.weights("b", &[6]);
        let pads: &'static [i64] = if pads[0] == 0 {
            &[0, 0, 0, 0]
        } else {
            &[1, 0, 2, 1]
        };
        let attributes = [
            ("group", Value::Int(2)),
            ("pads", Value::Ints(pads)),
            ("strides", Value::Ints(&[2, 1])),
        ];
        graph.node("Conv", &["x", "w", "b"], "y", &attributes);
        graph.check(0.03, 2e-4);
    }
}

#[test]
fn large_images_get_8_bit_weights_and_a_remark() {
    let mut graph = Graph::new(&[1, 2, 64, 64]);
    graph.weights("w", &[2, 2, 3, 3]);
    graph.node("Conv", &["x", "w"], "y", &[]);
    let int16 = graph.compile(Precision::Int16, 1.0).expect("compiles");
    let remarks = int16.report.remarks;
    assert!(
        remarks
            .iter()
            .any(|remark| remark.contains("8-bit weights")),
        "{remarks:?}"
    );
}

#[test]
fn pointwise_convolution() {
    let mut graph = Graph::new(&[1, 6, 5, 4]);
    graph.weights("w", &[7, 6, 1, 1]);
    graph.weights("b", &[7]);
    graph.node("Conv", &["x", "w", "b"], "y", &[]);
    let [_, int16] = graph.check(0.03, 2e-4);
    assert!(int16.model.operators.iter().all(|op| op.name() != "GATHER"));
}

#[test]
fn batch_normalisation_moves_into_the_convolution() {
    let mut graph = Graph::new(&[1, 2, 6, 6]);
    graph.weights("w", &[3, 2, 3, 3]);
    for name in ["gamma", "beta", "mean"] {
        graph.weights(name, &[3]);
    }
    graph.constant("variance", &[3], vec![0.5, 2.0, 9.0]);
    graph.node("Conv", &["x", "w"], "c", &[]);
    graph.node(
        "BatchNormalization",
        &["c", "gamma", "beta", "mean", "variance"],
        "n",
        &[],
    );
    graph.node("Relu", &["n"], "y", &[]);
    let [int8, _] = graph.check(0.03, 2e-4);
    assert!(
        int8.model.operators.iter().all(|op| op.name() != "MUL"),
        "not folded"
    );
}

#[test]
fn batch_normalisation_alone() {
    let mut graph = Graph::new(&[1, 3, 4, 5]);
    for name in ["gamma", "beta", "mean"] {
        graph.weights(name, &[3]);
    }
    graph.constant("variance", &[3], vec![0.5, 2.0, 9.0]);
    graph.node(
        "BatchNormalization",
        &["x", "gamma", "beta", "mean", "variance"],
        "y",
        &[],
    );
    graph.check(0.02, 2e-4);
}

#[test]
fn fully_connected_layers() {
    let mut graph = Graph::new(&[1, 20]);
    graph.weights("w1", &[16, 20]);
    graph.weights("b1", &[16]);
    graph.weights("w2", &[16, 5]);
    graph.weights("b2", &[1, 5]);
    graph.node(
        "Gemm",
        &["x", "w1", "b1"],
        "h",
        &[("transB", Value::Int(1)), ("alpha", Value::Float(0.5))],
    );
    graph.node("Relu", &["h"], "r", &[]);
    graph.node("MatMul", &["r", "w2"], "m", &[]);
    graph.node("Add", &["m", "b2"], "y", &[]);
    graph.check(0.05, 2e-4);
}

#[test]
fn a_bias_far_above_the_weights() {
    let mut graph = Graph::new(&[1, 4]);
    graph.constant(
        "w",
        &[4, 2],
        vec![0.01, 1.0, -0.02, 0.5, 0.03, -1.0, 0.01, 0.2],
    );
    graph.constant("b", &[2], vec![1e4, -3.0]);
    graph.node("Gemm", &["x", "w", "b"], "y", &[]);
    graph.check(0.03, 2e-4);
}

#[test]
fn normalisation_before_a_layer_moves_into_it() {
    let mut graph = Graph::new(&[1, 8]);
    graph.weights("mean", &[8]);
    graph.constant(
        "deviation",
        &[8],
        vec![0.1, 0.2, 0.5, 1.0, 2.0, 0.3, 0.7, 1.5],
    );
    graph.weights("w", &[8, 3]);
    graph.node("Sub", &["x", "mean"], "s", &[]);
    graph.node("Div", &["s", "deviation"], "d", &[]);
    graph.node("MatMul", &["d", "w"], "y", &[]);
    let [int8, _] = graph.check(0.03, 2e-4);
    assert!(
        int8.model.operators.iter().all(|op| op.name() != "MUL"),
        "not folded"
    );
}

#[test]
fn matrix_product_of_two_computed_tensors() {
    let mut graph = Graph::new(&[1, 4, 6]);
    graph.input("z", &[1, 6, 5]);
    graph.node("MatMul", &["x", "z"], "y", &[]);
    graph.check(0.03, 2e-4);
}

#[test]
fn max_pools() {
    for (ceil, pads) in [
        (0, &[0, 0, 0, 0]),
        (0, &[1, 1, 1, 1]),
        (1, &[0, 0, 0, 0]),
        (1, &[1, 0, 0, 1]),
    ] {
        let mut graph = Graph::new(&[1, 3, 7, 10]);
        graph.node(
            "MaxPool",
            &["x"],
            "y",
            &[
                ("kernel_shape", Value::Ints(&[3, 2])),
                ("strides", Value::Ints(&[2, 3])),
                ("pads", Value::Ints(pads)),
                ("ceil_mode", Value::Int(ceil)),
            ],
        );
        graph.check(0.005, 2e-5);
    }
}

#[test]
fn average_pools() {
    let mut graph = Graph::new(&[1, 3, 7, 10]);
    graph.node(
        "AveragePool",
        &["x"],
        "y",
        &[
            ("kernel_shape", Value::Ints(&[3, 2])),
            ("strides", Value::Ints(&[2, 2])),
            ("pads", Value::Ints(&[1, 0, 1, 1])),
        ],
    );
    graph.check(0.01, 5e-5);
    let mut graph = Graph::new(&[1, 3, 7, 10]);
    graph.node("GlobalAveragePool", &["x"], "y", &[]);
    graph.check(0.05, 2e-4);
    let mut graph = Graph::new(&[1, 3, 7, 10]);
    let axes = [("axes", Value::Ints(&[-1, 2])), ("keepdims", Value::Int(0))];
    graph.node("ReduceMean", &["x"], "y", &axes);
    graph.check(0.05, 2e-4);
}

#[test]
fn means_over_any_axes() {
    let keep = |keep| ("keepdims", Value::Int(keep));
    for attributes in [
        vec![keep(0), ("axes", Value::Ints(&[1]))],
        vec![keep(1), ("axes", Value::Ints(&[-1]))],
        vec![keep(0), ("axes", Value::Ints(&[1, 2]))],
        vec![keep(1), ("axes", Value::Ints(&[0, 3]))],
        vec![keep(0)],
    ] {
        let mut graph = Graph::new(&[1, 3, 4, 10]);
        graph.node("ReduceMean", &["x"], "y", &attributes);
        graph.check(0.1, 4e-4);
    }
}

#[test]
fn residual_addition_and_products() {
    for op in ["Add", "Sub", "Mul"] {
        let mut graph = Graph::new(&[1, 3, 6, 6]);
        graph.weights("w", &[3, 3, 3, 3]);
        graph.node(
            "Conv",
            &["x", "w"],
            "c",
            &[("pads", Value::Ints(&[1, 1, 1, 1]))],
        );
        graph.node(op, &["c", "x"], "y", &[]);
        graph.check(0.04, 3e-4);
    }
}

#[test]
fn broadcast_over_channels() {
    let mut graph = Graph::new(&[1, 3, 6, 6]);
    graph.node("GlobalAveragePool", &["x"], "p", &[]);
    graph.node("Sigmoid", &["p"], "s", &[]);
    graph.node("Mul", &["x", "s"], "y", &[]);
    graph.check(0.02, 2e-4);
}

#[test]
fn broadcast_of_a_lower_rank() {
    let mut graph = Graph::new(&[1, 3, 4, 5]);
    graph.input("z", &[5]);
    graph.node("Add", &["x", "z"], "y", &[]);
    graph.check(0.02, 1e-4);
}

#[test]
fn constants_in_arithmetic() {
    for (op, first) in [
        ("Add", true),
        ("Sub", true),
        ("Sub", false),
        ("Mul", true),
        ("Div", false),
    ] {
        let mut graph = Graph::new(&[1, 3, 4, 5]);
        graph.constant(
            "c",
            &[3, 1, 5],
            (0..15).map(|i| 0.3 + 0.2 * i as f32).collect(),
        );
        let operands = if first { ["c", "x"] } else { ["x", "c"] };
        graph.node(op, &operands, "y", &[]);
        graph.check(0.02, 1e-4);
    }
}

#[test]
fn clamps() {
    let mut graph = Graph::new(&[1, 12]);
    graph.constant("low", &[], vec![-0.5]);
    graph.constant("high", &[], vec![1.25]);
    graph.node("Clip", &["x", "low", "high"], "y", &[]);
    graph.check(0.02, 1e-4);
    let mut graph = Graph::new(&[1, 12]);
    graph.constant("zero", &[], vec![0.0]);
    graph.constant("six", &[], vec![0.6]);
    graph.node("Max", &["x", "zero"], "m", &[]);
    graph.node("Min", &["m", "six"], "y", &[]);
    graph.check(0.02, 1e-4);
}

#[test]
fn functions_of_one_element() {
    let alpha = |value| [("alpha", Value::Float(value))];
    for (op, attributes) in [
        ("Sigmoid", vec![]),
        ("Tanh", vec![]),
        ("LeakyRelu", alpha(0.2).into()),
        ("Elu", alpha(0.7).into()),
        ("HardSigmoid", alpha(0.3).into()),
        ("HardSwish", vec![]),
        ("Softplus", vec![]),
        ("Exp", vec![]),
        ("Abs", vec![]),
        ("Erf", vec![]),
        ("Gelu", vec![]),
        ("Selu", vec![]),
        ("Mish", vec![]),
        ("Softsign", vec![]),
        ("Sin", vec![]),
    ] {
        println!("{op}");
        let mut graph = Graph::new(&[1, 40]);
        graph.node(op, &["x"], "y", &attributes);
        graph.check_spread(0.04, 1e-3, 3.0);
    }
}

#[test]
fn a_product_with_its_own_sigmoid_is_one_table() {
    for operands in [["x", "s"], ["s", "x"]] {
        let mut graph = Graph::new(&[1, 40]);
        graph.node("Sigmoid", &["x"], "s", &[]);
        graph.node("Mul", &operands, "y", &[]);
        let [int8, _] = graph.check_spread(0.02, 2e-4, 3.0);
        assert_eq!(int8.model.operators.len(), 1);
    }
}

#[test]
fn softmax_rows() {
    for (spread, axis) in [(2.0, -1), (20.0, -1), (100.0, -1), (8.0, 1)] {
        let mut graph = Graph::new(&[1, 3, 10]);
        graph.node("Softmax", &["x"], "y", &[("axis", Value::Int(axis))]);
        let [int8, _] = graph.check_spread(0.25, 1.2e-3, spread);
        let output = &int8.report.accuracy.as_ref().expect("measured").outputs[0];
        // Half an input step of error changes a probability by this much at most.
        let step = f64::from(spread) * 2.0 / 255.0;
        assert!(
            output.max_error < 0.25 * step * 2.0 + 1.0 / 256.0,
            "{output:?}"
        );
    }
}

#[test]
fn softmax_of_a_long_row() {
    let mut graph = Graph::new(&[1, 1000]);
    graph.node("Softmax", &["x"], "y", &[]);
    let [_, int16] = graph.check_spread(1.0, 0.02, 8.0);
    let output = &int16.report.accuracy.as_ref().expect("measured").outputs[0];
    assert!(output.max_error < 1.0 / 32768.0, "{output:?}");
}

#[test]
fn flattened_images_keep_their_order() {
    let mut graph = Graph::new(&[1, 2, 6, 6]);
    graph.weights("w", &[3, 2, 3, 3]);
    graph.weights("v", &[48, 5]);
    graph.node("Conv", &["x", "w"], "c", &[]);
    graph.node("Flatten", &["c"], "f", &[]);
    graph.node("MatMul", &["f", "v"], "y", &[]);
    let [int8, _] = graph.check(0.05, 2e-4);
    let transposes = int8
        .model
        .operators
        .iter()
        .filter(|op| op.name() == "TRANSPOSE")
        .count();
    assert_eq!(transposes, 1, "only the input is transposed");
    let mut graph = Graph::new(&[1, 2, 6, 6]);
    graph.weights("w", &[3, 2, 3, 3]);
    graph.node("Conv", &["x", "w"], "c", &[]);
    graph.node("Flatten", &["c"], "f", &[]);
    graph.node("Relu", &["f"], "y", &[]);
    graph.check(0.03, 2e-4);
}

#[test]
fn shapes_that_exporters_compute_are_folded() {
    let mut graph = Graph::new(&[1, 2, 6, 6]);
    graph.symbolic_batch = true;
    graph.weights("w", &[3, 2, 3, 3]);
    graph.weights("v", &[48, 5]);
    graph.integers("zero", &[0]);
    graph.integers("rest", &[-1]);
    graph.node("Conv", &["x", "w"], "c", &[]);
    graph.node("Shape", &["c"], "s", &[]);
    graph.node("Gather", &["s", "zero"], "n", &[("axis", Value::Int(0))]);
    graph.node("Concat", &["n", "rest"], "t", &[("axis", Value::Int(0))]);
    graph.node("Reshape", &["c", "t"], "f", &[]);
    graph.node("MatMul", &["f", "v"], "y", &[]);
    let [int8, _] = graph.check(0.05, 2e-4);
    assert_eq!(&int8.model.inputs[0].tensor.shape[..], [1, 2, 6, 6]);
}

#[test]
fn shapes_and_orders() {
    let mut graph = Graph::new(&[1, 4, 3, 5]);
    graph.integers("shape", &[0, -1, 3]);
    graph.node(
        "Transpose",
        &["x"],
        "t",
        &[("perm", Value::Ints(&[0, 3, 1, 2]))],
    );
    graph.node("Reshape", &["t", "shape"], "y", &[]);
    graph.check(0.005, 2e-5);
    let mut graph = Graph::new(&[1, 6, 7, 2]);
    graph.weights("w", &[3, 2, 3, 3]);
    graph.node(
        "Transpose",
        &["x"],
        "t",
        &[("perm", Value::Ints(&[0, 3, 1, 2]))],
    );
    graph.node("Conv", &["t", "w"], "c", &[]);
    graph.node(
        "Transpose",
        &["c"],
        "y",
        &[("perm", Value::Ints(&[0, 2, 3, 1]))],
    );
    let [int8, _] = graph.check(0.03, 2e-4);
    assert!(
        int8.model
            .operators
            .iter()
            .all(|op| op.name() != "TRANSPOSE")
    );
}

#[test]
fn concat_pad_and_slice() {
    let mut graph = Graph::new(&[1, 3, 6, 6]);
    graph.weights("w", &[3, 3, 3, 3]);
    graph.integers("pads", &[0, 1, 0, 2, 0, 0, 1, 0]);
    for (name, bounds) in [("starts", [1, 2]), ("ends", [5, -1]), ("axes", [1, 3])] {
        graph.integers(name, &bounds);
    }
    graph.node(
        "Conv",
        &["x", "w"],
        "c",
        &[("pads", Value::Ints(&[1, 1, 1, 1]))],
    );
    graph.node("Concat", &["c", "x"], "j", &[("axis", Value::Int(1))]);
    graph.node("Pad", &["j", "pads"], "p", &[]);
    graph.node("Slice", &["p", "starts", "ends", "axes"], "y", &[]);
    graph.check(0.03, 2e-4);
}

#[test]
fn the_largest_class() {
    let mut graph = Graph::new(&[1, 5]);
    graph.constant(
        "w",
        &[5, 5],
        (0..25)
            .map(|i| if i % 6 == 0 { 1.0 } else { 0.0 })
            .collect(),
    );
    graph.node("MatMul", &["x", "w"], "m", &[]);
    let axis = [("axis", Value::Int(-1)), ("keepdims", Value::Int(0))];
    graph.node("ArgMax", &["m"], "y", &axis);
    let compiled = graph.compile(Precision::Int16, 1.0).expect("compiles");
    let accuracy = compiled.report.accuracy.expect("measured");
    assert_eq!(accuracy.outputs[0].max_error, 0.0, "{accuracy:?}");
    assert_eq!(accuracy.top1.expect("classes").agreement, Some(1.0));
}

#[test]
fn uneven_features_get_a_scale_each() {
    let mut graph = Graph::new(&[1, 3, 4]);
    graph.features = vec![1000.0, 1.0, 0.01, 10.0];
    graph.integers("flat", &[1, -1]);
    graph.constant(
        "w",
        &[12, 1],
        (0..12).map(|i| [0.001, -1.0, 100.0, 0.1][i % 4]).collect(),
    );
    graph.node("Reshape", &["x", "flat"], "f", &[]);
    graph.node("MatMul", &["f", "w"], "y", &[]);
    for compiled in graph.check(0.02, 1e-4) {
        let Quantisation::PerElement(features) = &compiled.model.inputs[0].quantisation else {
            panic!("{:?}", compiled.model.inputs[0].quantisation)
        };
        assert_eq!((features.axis, features.entries.len()), (2, 4));
    }
}

/// Pixels at an image's edge are 0 in every sample, and their weights are what training began with.
#[test]
fn a_feature_that_is_always_zero_takes_no_digits_from_the_others() {
    let mut graph = Graph::new(&[1, 4]);
    graph.features = vec![1.0, 0.0, 0.01, 10.0];
    let weights = [[1.0, -0.5], [0.3, 0.4], [20.0, -30.0], [0.1, 0.2]];
    graph.constant("w", &[4, 2], weights.concat());
    graph.node("MatMul", &["x", "w"], "y", &[]);
    for compiled in graph.check(0.02, 1e-4) {
        let quantisation = &compiled.model.inputs[0].quantisation;
        assert!(
            matches!(quantisation, Quantisation::PerElement(_)),
            "{quantisation:?}"
        );
    }
}

#[test]
fn uneven_features_share_a_scale_where_they_must() {
    let mut graph = Graph::new(&[1, 4]);
    graph.features = vec![1000.0, 1.0, 0.01, 10.0];
    graph.node("Abs", &["x"], "y", &[]);
    for compiled in graph.check(0.02, 1e-4) {
        let quantisation = &compiled.model.inputs[0].quantisation;
        assert!(
            matches!(quantisation, Quantisation::PerTensor(_)),
            "{quantisation:?}"
        );
    }
}

#[test]
fn computed_parameters_are_refused_by_name() {
    let refused = |graph: &mut Graph| {
        let error = graph
            .compile(Precision::Int8, 1.0)
            .expect_err("not lowered");
        assert!(matches!(error, CompileError::Unsupported { .. }), "{error}");
        error.to_string()
    };
    let mut graph = Graph::new(&[1, 2, 5, 5]);
    graph.input("bias", &[3]);
    graph.weights("w", &[3, 2, 3, 3]);
    graph.node("Conv", &["x", "w", "bias"], "y", &[]);
    assert!(refused(&mut graph).contains("bias must be constant"));
    let mut graph = Graph::new(&[1, 4]);
    graph.input("v", &[1, 4]);
    graph.node("Pow", &["x", "v"], "y", &[]);
    assert!(refused(&mut graph).contains("exponent must be constant"));
}

#[test]
fn what_has_no_lowering_is_named() {
    let mut graph = Graph::new(&[1, 4]);
    graph.node("Det", &["x"], "y", &[]);
    let error = graph
        .compile(Precision::Int8, 1.0)
        .expect_err("not lowered")
        .to_string();
    assert!(
        error.contains("'Det_y' (Det)") && error.contains("--outputs"),
        "{error}"
    );
    let mut graph = Graph::new(&[1, 4]);
    graph.node("NonZero", &["x"], "y", &[]);
    let error = graph
        .compile(Precision::Int8, 1.0)
        .expect_err("not lowered")
        .to_string();
    assert!(error.contains("depends on data"), "{error}");
    let mut graph = Graph::new(&[1, 4]);
    graph.node("DynamicQuantizeLinear", &["x"], "y", &[]);
    let error = graph
        .compile(Precision::Int8, 1.0)
        .expect_err("not lowered")
        .to_string();
    assert!(error.contains("statically"), "{error}");
    let mut graph = Graph::new(&[1, 4]);
    // Twice what the samples reach has a pole.
    graph.node("Tan", &["x"], "y", &[]);
    let error = graph
        .compile(Precision::Int32, 1.0)
        .expect_err("not lowered")
        .to_string();
    assert!(error.contains("'Tan_y' (Tan)"), "{error}");
    assert!(error.contains("use int16"), "{error}");
}
