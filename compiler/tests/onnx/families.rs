//! Operators that are taken apart, or that have integer arithmetic of their own, against tract's float
//! run at both precisions. Limits are shares of the output's span.

use crate::graphs::{Graph, Value};
use fixpoint_compiler::Precision;

#[test]
fn one_dimensional_convolutions_and_pools() {
    let mut graph = Graph::new(&[1, 3, 24]);
    graph.weights("w", &[5, 3, 3]);
    graph.weights("b", &[5]);
    let attributes = [
        ("dilations", Value::Ints(&[2])),
        ("pads", Value::Ints(&[4, 0])),
    ];
    graph.node("Conv", &["x", "w", "b"], "c", &attributes);
    graph.node("Relu", &["c"], "r", &[]);
    graph.node(
        "MaxPool",
        &["r"],
        "y",
        &[
            ("kernel_shape", Value::Ints(&[2])),
            ("strides", Value::Ints(&[2])),
        ],
    );
    graph.check(0.03, 2e-4);
}

#[test]
fn transposed_convolutions() {
    for (group, strides, pads) in [
        (1, &[2, 2], &[0, 0, 0, 0]),
        (1, &[2, 3], &[1, 0, 1, 2]),
        (2, &[1, 2], &[1, 1, 0, 1]),
    ] {
        let mut graph = Graph::new(&[1, 4, 5, 4]);
        graph.weights("w", &[4, 3, 3, 3]);
        graph.weights("b", &[3 * group as usize]);
        let attributes = [
            ("group", Value::Int(group)),
            ("strides", Value::Ints(strides)),
            ("pads", Value::Ints(pads)),
        ];
        graph.node("ConvTranspose", &["x", "w", "b"], "y", &attributes);
        graph.check(0.03, 2e-4);
    }
}

#[test]
fn quotients_keep_their_precision_whatever_the_divisor() {
    let mut graph = Graph::new(&[1, 40]);
    graph.input("z", &[1, 40]);
    graph.constant("three", &[1], vec![2.5]);
    graph.node("Add", &["z", "three"], "d", &[]);
    graph.node("Div", &["x", "d"], "y", &[]);
    graph.check(0.03, 2e-4);
}

#[test]
fn steep_functions_are_split() {
    for op in ["Sqrt", "Log", "Reciprocal"] {
        println!("{op}");
        let mut graph = Graph::new(&[1, 40]);
        graph.constant("offset", &[1], vec![2.05]);
        graph.node("Add", &["x", "offset"], "a", &[]);
        graph.node(op, &["a"], "y", &[]);
        // An input step near 0.05 is 400 times as large behind the reciprocal.
        graph.check(0.25, 1e-3);
    }
}

#[test]
fn layer_normalisation_by_hand_and_by_name() {
    let mut graph = Graph::new(&[1, 5, 32]);
    graph.weights("gamma", &[32]);
    graph.weights("beta", &[32]);
    graph.node("LayerNormalization", &["x", "gamma", "beta"], "y", &[]);
    graph.check(0.03, 2e-4);
    let mut graph = Graph::new(&[1, 5, 32]);
    graph.constant("two", &[], vec![2.0]);
    graph.constant("epsilon", &[], vec![1e-5]);
    let last = [("axes", Value::Ints(&[-1]))];
    graph.node("ReduceMean", &["x"], "m", &last);
    graph.node("Sub", &["x", "m"], "c", &[]);
    graph.node("Pow", &["c", "two"], "p", &[]);
    graph.node("ReduceMean", &["p"], "v", &last);
    graph.node("Add", &["v", "epsilon"], "e", &[]);
    graph.node("Sqrt", &["e"], "s", &[]);
    graph.node("Div", &["c", "s"], "y", &[]);
    graph.check(0.06, 4e-4);
}

#[test]
fn group_and_instance_normalisation() {
    let mut graph = Graph::new(&[1, 4, 5, 6]);
    graph.weights("gamma", &[4]);
    graph.weights("beta", &[4]);
    graph.node("InstanceNormalization", &["x", "gamma", "beta"], "y", &[]);
    graph.check(0.03, 2e-4);
}

#[test]
fn reductions() {
    for op in [
        "ReduceMax",
        "ReduceMin",
        "ReduceL1",
        "ReduceL2",
        "ReduceLogSumExp",
    ] {
        println!("{op}");
        let mut graph = Graph::new(&[1, 6, 7]);
        let attributes = [("axes", Value::Ints(&[2])), ("keepdims", Value::Int(0))];
        graph.node(op, &["x"], "y", &attributes);
        graph.check(0.05, 6e-4);
    }
}

#[test]
fn logarithm_of_softmax() {
    let mut graph = Graph::new(&[1, 3, 10]);
    graph.node("LogSoftmax", &["x"], "y", &[("axis", Value::Int(-1))]);
    graph.check(0.05, 5e-4);
}

#[test]
fn selection_and_comparison() {
    let mut graph = Graph::new(&[1, 30]);
    graph.input("z", &[1, 30]);
    graph.node("Greater", &["x", "z"], "g", &[]);
    graph.node("Where", &["g", "x", "z"], "y", &[]);
    graph.check(0.01, 1e-4);
}

#[test]
fn attention_by_einsum() {
    let mut graph = Graph::new(&[1, 2, 6, 8]);
    graph.input("k", &[1, 2, 6, 8]);
    graph.input("v", &[1, 2, 6, 8]);
    let equation = |text| [("equation", Value::Text(text))];
    graph.node("Einsum", &["x", "k"], "s", &equation("bhqd,bhkd->bhqk"));
    graph.node("Softmax", &["s"], "p", &[("axis", Value::Int(-1))]);
    graph.node("Einsum", &["p", "v"], "y", &equation("bhqk,bhkd->bhqd"));
    graph.check(0.15, 1e-3);
}

#[test]
fn attention_with_a_mask() {
    for hidden in [f32::NEG_INFINITY, f32::MIN, -1e9, -1e4] {
        println!("{hidden}");
        let mut graph = Graph::new(&[1, 6, 6]);
        let triangle = |index: usize| if index % 6 > index / 6 { hidden } else { 0.0 };
        graph.constant("mask", &[6, 6], (0..36).map(triangle).collect());
        graph.weights("v", &[6, 4]);
        graph.node("Add", &["x", "mask"], "s", &[]);
        graph.node("Softmax", &["s"], "p", &[("axis", Value::Int(-1))]);
        graph.node("MatMul", &["p", "v"], "y", &[]);
        graph.check(0.1, 1e-3);
        let compiled = graph.compile(Precision::Int32, 2.0).expect("compiles");
        let output = &compiled.report.accuracy.expect("measured").outputs[0];
        assert!(output.max_error > 0.0 && output.max_error / output.float_span < 1e-6);
    }
}

/// A mask that callers give: true for what is there. Some samples hide all but the first element.
#[test]
fn attention_with_a_mask_that_is_an_input() {
    let mut graph = Graph::new(&[1, 4, 6]);
    graph.input("length", &[1, 1]);
    graph.constant(
        "places",
        &[6],
        (0..6).map(|i| i as f32 / 4.0 - 1.1).collect(),
    );
    graph.constant("shown", &[1], vec![0.0]);
    graph.constant("hidden", &[1], vec![f32::NEG_INFINITY]);
    graph.weights("v", &[6, 4]);
    graph.node("GreaterOrEqual", &["length", "places"], "there", &[]);
    graph.node("Where", &["there", "shown", "hidden"], "mask", &[]);
    graph.node("Add", &["x", "mask"], "s", &[]);
    graph.node("Softmax", &["s"], "p", &[("axis", Value::Int(-1))]);
    graph.node("MatMul", &["p", "v"], "y", &[]);
    let compiled = graph.compile(Precision::Int32, 1.0).expect("compiles");
    let output = &compiled.report.accuracy.expect("measured").outputs[0];
    assert!(output.max_error > 0.0 && output.max_error / output.float_span < 1e-6);
}

#[test]
fn recurrent_networks() {
    for (op, gates) in [("LSTM", 4), ("GRU", 3), ("RNN", 1)] {
        println!("{op}");
        let mut graph = Graph::new(&[6, 1, 4]);
        graph.weights("w", &[1, gates * 5, 4]);
        graph.weights("r", &[1, gates * 5, 5]);
        graph.weights("b", &[1, 2 * gates * 5]);
        let attributes = [("hidden_size", Value::Int(5))];
        graph.node(op, &["x", "w", "r", "b"], "y", &attributes);
        // Each step feeds its rounding into the next one.
        graph.check(0.3, 2e-3);
    }
}

#[test]
fn resized_images() {
    for mode in ["nearest", "linear"] {
        println!("{mode}");
        let mut graph = Graph::new(&[1, 2, 4, 5]);
        graph.constant("scales", &[4], vec![1.0, 1.0, 2.0, 2.0]);
        let attributes = [
            ("mode", Value::Text(mode)),
            ("coordinate_transformation_mode", Value::Text("asymmetric")),
            ("nearest_mode", Value::Text("floor")),
        ];
        graph.node("Resize", &["x", "", "scales"], "y", &attributes);
        graph.check(0.02, 1e-4);
    }
}

#[test]
fn indices_are_integers_that_stay_what_they_are() {
    let mut graph = Graph::new(&[1, 3, 8]);
    graph.integers("picked", &[2, -1, 0, 7]);
    graph.node("Gather", &["x", "picked"], "g", &[("axis", Value::Int(2))]);
    graph.node("ArgMax", &["g"], "y", &[("axis", Value::Int(2))]);
    let compiled = graph.compile(Precision::Int16, 2.0).expect("compiles");
    let accuracy = compiled.report.accuracy.expect("measured");
    assert_eq!(accuracy.outputs[0].max_error, 0.0, "classes are equal");
}
