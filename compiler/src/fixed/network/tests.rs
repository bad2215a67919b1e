//! Each lowering against double precision, on graphs of one operator.

use super::lower;
use crate::{
    calibrate::{Method, Ranges, calibrate},
    float,
    ir::{
        Affine, Binary, Comparison, Conv, Dense, Element, Graph, Normalise, Op, Reduction, Tensor,
        Unary, ValueIndex, Window, build::Origin,
    },
    npy::{Array, Data},
    ports,
    samples::{Batch, Samples},
};
use fixpoint_runtime::{
    error::RunError,
    graph::{Arena, Plan},
    kernels::Isa,
    model::{ValidModel, validate},
};
use proptest::prelude::*;

/// Samples of a graph.
const SAMPLES: usize = 12;

/// Numbers that look random and are the same everywhere.
struct Numbers(u64);

impl Numbers {
    /// Between -1 and 1.
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / 2f64.powi(52) - 1.0
    }

    fn many(&mut self, count: usize, low: f64, high: f64) -> Vec<f64> {
        let number = |_| low + (self.next() + 1.0) / 2.0 * (high - low);
        (0..count).map(number).collect()
    }

    fn weights(&mut self, count: usize) -> Vec<f32> {
        self.many(count, -1.0, 1.0)
            .into_iter()
            .map(|x| x as f32)
            .collect()
    }
}

fn origin() -> Origin {
    Origin {
        name: "node".to_owned(),
        source: "Operator".to_owned(),
    }
}

/// A graph of inputs, its operators added by a function that returns the output.
fn graph(
    inputs: &[&[usize]],
    build: impl FnOnce(&mut Graph, &[ValueIndex]) -> ValueIndex,
) -> Graph {
    let mut graph = Graph::default();
    let values: Vec<ValueIndex> = inputs
        .iter()
        .enumerate()
        .map(|(index, shape)| graph.input(&format!("x{index}"), shape.to_vec(), Element::Real))
        .collect();
    let output = build(&mut graph, &values);
    graph.outputs = vec![("y".to_owned(), output)];
    graph
}

fn one(shape: &[usize], op: Op) -> Graph {
    graph(&[shape], |graph, x| {
        graph.add(&origin(), op, x).expect("fits")
    })
}

/// The samples as a batch.
fn batch(graph: &Graph, samples: &[Vec<Vec<f64>>]) -> Batch {
    let shapes = graph.input_shapes();
    let array = |(index, (name, shape)): (usize, &(String, Vec<usize>))| {
        let elements = samples.iter().flat_map(|sample| sample[index].iter());
        let array = Array {
            shape: [&[samples.len()], shape.as_slice()].concat(),
            data: Data::F32(elements.map(|&x| x as f32).collect()),
        };
        (name.clone(), array)
    };
    let arrays = shapes.iter().enumerate().map(array).collect();
    Samples(arrays).batch(&shapes).expect("fits")
}

fn compiled(graph: &Graph, ranges: &Ranges) -> ValidModel {
    let lowered = lower(graph, ranges, &[]).expect("has a lowering");
    validate(lowered.model).expect("valid")
}

fn run(model: &ValidModel, sample: &[Vec<f64>]) -> Result<Vec<f64>, RunError> {
    let plan = Plan::new(model, Isa::detect());
    let mut bytes = Vec::new();
    for (input, elements) in model.model().inputs.iter().zip(sample) {
        let packed = ports::pack(input, elements);
        assert_eq!(packed.clipped, 0);
        bytes.extend(packed.bytes);
    }
    let mut out = vec![0; model.output_bytes() as usize];
    plan.run(&mut Arena::new(&plan), &bytes, &mut out)?;
    let output = &model.model().outputs[0];
    let tensor = model.output_types().next().expect("one");
    Ok(ports::unpack(&output.quantisation, tensor, &out))
}

/// The largest error over samples, as a share of the largest answer.
fn error(graph: &Graph, samples: &[Vec<Vec<f64>>]) -> f64 {
    let samples: Vec<Vec<Vec<f64>>> = samples
        .iter()
        .map(|sample| {
            let float = |input: &Vec<f64>| input.iter().map(|&x| f64::from(x as f32)).collect();
            sample.iter().map(float).collect()
        })
        .collect();
    let batch = batch(graph, &samples);
    let ranges = calibrate(graph, &batch, Method::MinMax, &mut |_| {}).expect("finite");
    let model = compiled(graph, &ranges);
    let (mut largest, mut furthest) = (0.0_f64, 0.0_f64);
    for (index, sample) in samples.iter().enumerate() {
        let want = float::run(graph, &batch.sample(index));
        let want = want.get(graph.outputs[0].1).expect("computed");
        let got = run(&model, sample).expect("runs");
        assert_eq!(got.len(), want.elements.len());
        for (&got, &want) in got.iter().zip(&want.elements) {
            largest = largest.max(want.abs());
            furthest = furthest.max((got - want).abs());
        }
    }
    assert!(largest > 0.0);
    furthest / largest
}

/// Checks a graph on numbers between two limits.
fn check(name: &str, graph: &Graph, [low, high]: [f64; 2], tolerance: f64) {
    let mut numbers = Numbers(1);
    let samples: Vec<Vec<Vec<f64>>> = (0..SAMPLES)
        .map(|_| {
            let input = |&input: &ValueIndex| {
                let count = graph.values[input].shape.iter().product();
                numbers.many(count, low, high)
            };
            graph.inputs.iter().map(input).collect()
        })
        .collect();
    let error = error(graph, &samples);
    println!("{name}: {error:.1e}");
    assert!(error <= tolerance, "{name}: {error:e}");
}

fn window(kernel: [usize; 2], stride: [usize; 2], pad: [usize; 4]) -> Window {
    Window {
        kernel,
        stride,
        pad,
    }
}

fn conv([inputs, outputs, groups]: [usize; 3], window: Window, dilation: [usize; 2]) -> Op {
    let area = window.kernel[0] * window.kernel[1];
    let mut numbers = Numbers(7);
    Op::Conv(Conv {
        weights: numbers.weights(outputs * inputs / groups * area),
        bias: numbers.weights(outputs),
        output_channels: outputs,
        groups,
        window,
        dilation,
        grid: None,
    })
}

#[test]
fn convolutions() {
    let cases = [
        // A line of 24 with three taps into the past, as a TCN has them.
        (
            [1, 5, 1, 24],
            [5, 16, 1],
            window([1, 3], [1, 1], [0, 0, 4, 0]),
            [1, 2],
        ),
        (
            [1, 16, 1, 24],
            [16, 16, 1],
            window([1, 3], [1, 1], [0, 0, 8, 0]),
            [1, 4],
        ),
        (
            [1, 3, 1, 5],
            [3, 2, 1],
            window([1, 1], [1, 1], [0; 4]),
            [1, 1],
        ),
        (
            [1, 4, 9, 8],
            [4, 6, 1],
            window([3, 3], [2, 2], [1, 1, 1, 1]),
            [1, 1],
        ),
        (
            [2, 4, 7, 7],
            [4, 8, 2],
            window([3, 2], [2, 1], [0, 0, 0, 1]),
            [1, 2],
        ),
        (
            [1, 6, 6, 6],
            [6, 6, 6],
            window([3, 3], [1, 1], [1, 1, 1, 1]),
            [1, 1],
        ),
    ];
    for (shape, channels, window, dilation) in cases {
        let name = format!("{shape:?} {channels:?} {window:?}");
        let graph = one(&shape, conv(channels, window, dilation));
        check(&name, &graph, [-3.0, 3.0], 2e-8);
        check(&name, &graph, [900.0, 1_000.0], 2e-8);
    }
}

#[test]
fn layers_of_any_size() {
    for (rows, inputs, outputs) in [(1, 3, 1), (1, 40, 64), (10, 4, 64), (3, 300, 20)] {
        let mut numbers = Numbers(3);
        let dense = Op::Dense(Dense {
            weights: numbers.weights(inputs * outputs),
            bias: numbers.weights(outputs),
            inputs,
            outputs,
            grid: None,
        });
        let graph = one(&[rows, inputs], dense);
        check(
            &format!("{inputs} to {outputs}"),
            &graph,
            [-1.0, 1.0],
            5e-9 * (inputs as f64).sqrt(),
        );
        check(&format!("{inputs} to {outputs}"), &graph, [4e6, 5e6], 5e-8);
    }
}

#[test]
fn products_of_matrices() {
    let graph = graph(&[&[2, 3, 4], &[2, 4, 5]], |graph, x| {
        graph.add(&origin(), Op::MatMul, x).expect("fits")
    });
    check("MatMul", &graph, [-2.0, 2.0], 1e-8);
}

#[test]
fn two_tensors() {
    for (name, op, limits) in [
        ("sum", Binary::Add, [-5.0, 9.0]),
        ("difference", Binary::Sub, [-5.0, 9.0]),
        ("product", Binary::Mul, [-5.0, 9.0]),
        ("quotient", Binary::Div, [0.5, 9.0]),
        ("negative quotient", Binary::Div, [-9.0, -0.2]),
        ("larger", Binary::Max, [-5.0, 9.0]),
        ("smaller", Binary::Min, [-5.0, 9.0]),
    ] {
        let graph = graph(&[&[3, 4], &[1, 4]], |graph, x| {
            graph.add(&origin(), Op::Binary(op), x).expect("fits")
        });
        check(name, &graph, limits, 8e-9);
    }
}

/// Prices over the last one, less 1: what raw candles go through first.
#[test]
fn moves_of_prices_keep_their_digits() {
    let graph = graph(&[&[1, 10, 4]], |graph, x| {
        let start = vec![0, 9, 3];
        let last = graph
            .add_shaped(
                &origin(),
                Op::Slice { start },
                x,
                vec![1, 1, 1],
                Element::Real,
            )
            .expect("fits");
        let quotient = graph
            .add(&origin(), Op::Binary(Binary::Div), &[x[0], last])
            .expect("fits");
        let less = Affine {
            shape: vec![1, 1, 1],
            scale: vec![100.0],
            offset: vec![-100.0],
        };
        graph
            .add(&origin(), Op::Affine(less), &[quotient])
            .expect("fits")
    });
    // Prices of 1 to 5,000 dollars in quarters, which float32 has exactly, that move by half a percent.
    let mut numbers = Numbers(5);
    let samples: Vec<Vec<Vec<f64>>> = (0..40)
        .map(|index| {
            let price = 2_500.0 * f64::from(index + 20) / 40.0;
            let row = numbers.many(40, 0.995 * price, 1.005 * price);
            vec![row.into_iter().map(|x| (x * 4.0).round() / 4.0).collect()]
        })
        .collect();
    let error = error(&graph, &samples);
    println!("moves: {error:.1e}");
    assert!(error < 2e-8, "{error:e}");
}

#[test]
fn whole_rows() {
    let mut cases = vec![];
    for kind in [
        Reduction::Sum,
        Reduction::Mean,
        Reduction::Max,
        Reduction::Min,
    ] {
        for axes in [vec![1], vec![2], vec![1, 2]] {
            cases.push((
                format!("{kind:?} {axes:?}"),
                Op::Reduce { kind, axes },
                4e-8,
            ));
        }
    }
    for axis in [1, 2] {
        cases.push((format!("Softmax {axis}"), Op::Softmax { axis }, 4e-8));
    }
    for (centre, epsilon) in [(true, 1e-5), (false, 1e-5), (true, 0.5), (true, 0.0)] {
        let normalise = Normalise { centre, epsilon };
        cases.push((format!("{normalise:?}"), Op::Normalise(normalise), 1e-7));
    }
    for (name, op, tolerance) in cases {
        let graph = one(&[2, 5, 7], op);
        check(&name, &graph, [-4.0, 6.0], tolerance);
        check(&name, &graph, [-4e-4, 6e-4], tolerance);
    }
}

#[test]
fn pools() {
    let shapes = [
        window([2, 2], [2, 2], [0; 4]),
        window([3, 3], [1, 1], [1, 1, 1, 1]),
        window([1, 3], [1, 2], [0, 0, 1, 1]),
    ];
    for window in shapes {
        let largest = one(&[1, 3, 6, 6], Op::MaxPool(window.clone()));
        check("MaxPool", &largest, [-4.0, 6.0], 3e-9);
        let mean = one(&[1, 3, 6, 6], Op::AveragePool(window));
        check("AveragePool", &mean, [-4.0, 6.0], 8e-9);
    }
}

#[test]
fn constants_along_any_axis() {
    for shape in [vec![1, 1, 6], vec![1, 4, 1], vec![1, 1, 1], vec![1, 4, 6]] {
        let count = shape.iter().product();
        let mut numbers = Numbers(9);
        let affine = Op::Affine(Affine {
            shape: shape.clone(),
            scale: numbers.weights(count),
            offset: numbers.weights(count),
        });
        check(
            &format!("{shape:?}"),
            &one(&[2, 4, 6], affine),
            [-3.0, 5.0],
            4e-9,
        );
    }
}

/// Features of very different size on their way to one scale.
#[test]
fn elements_that_move_keep_their_features() {
    let moves: [(&str, fn(&mut Graph, &[ValueIndex]) -> ValueIndex); 7] = [
        ("transposed", |graph, x| {
            let permutation = vec![0, 2, 1];
            graph
                .add(&origin(), Op::Transpose { permutation }, x)
                .expect("fits")
        }),
        ("rows turned", |graph, x| {
            let permutation = vec![1, 0, 2];
            graph
                .add(&origin(), Op::Transpose { permutation }, x)
                .expect("fits")
        }),
        ("flattened", |graph, x| {
            graph
                .add_shaped(&origin(), Op::Reshape, x, vec![1, 12], Element::Real)
                .expect("fits")
        }),
        ("regrouped", |graph, x| {
            graph
                .add_shaped(&origin(), Op::Reshape, x, vec![6, 2], Element::Real)
                .expect("fits")
        }),
        ("joined", |graph, x| {
            graph
                .add(&origin(), Op::Concat { axis: 2 }, &[x[0], x[0]])
                .expect("fits")
        }),
        ("stacked", |graph, x| {
            graph
                .add(&origin(), Op::Concat { axis: 1 }, &[x[0], x[0]])
                .expect("fits")
        }),
        ("padded", |graph, x| {
            let padding = vec![(0, 0), (1, 2), (0, 1)];
            graph
                .add(
                    &origin(),
                    Op::Pad {
                        padding,
                        value: 0.5,
                    },
                    x,
                )
                .expect("fits")
        }),
    ];
    for (name, build) in moves {
        let graph = graph(&[&[1, 4, 3]], build);
        let mut numbers = Numbers(2);
        let mut row = || {
            let sizes = [1_000.0, 30_000.0, 3.0];
            let element = |index: usize| sizes[index % 3] * numbers.next();
            vec![(0..12).map(element).collect::<Vec<f64>>()]
        };
        let samples: Vec<_> = (0..SAMPLES).map(|_| row()).collect();
        let error = error(&graph, &samples);
        println!("{name}: {error:.1e}");
        assert!(error < 3e-9, "{name}: {error:e}");
    }
}

#[test]
fn a_selection_by_comparison() {
    let graph = graph(&[&[6], &[6]], |graph, x| {
        let greater = Op::Compare(Comparison::Greater);
        let condition = graph.add(&origin(), greater, x).expect("fits");
        let doubled = Affine {
            shape: vec![1],
            scale: vec![2.0],
            offset: vec![0.25],
        };
        let doubled = graph
            .add(&origin(), Op::Affine(doubled), &x[..1])
            .expect("fits");
        graph
            .add(&origin(), Op::Select, &[condition, doubled, x[1]])
            .expect("fits")
    });
    check("selection", &graph, [-3.0, 3.0], 4e-9);
}

#[test]
fn a_gather_by_known_indices() {
    let graph = graph(&[&[3, 5]], |graph, x| {
        let indices = Tensor::of(Element::Integer, &[4], vec![4.0, 0.0, 2.0, 2.0]);
        let indices = graph.constant("indices", indices);
        graph
            .add(&origin(), Op::Gather { axis: 1 }, &[x[0], indices])
            .expect("fits")
    });
    check("gather", &graph, [-3.0, 3.0], 3e-9);
}

/// Every function with where it is asked for, and its error as a share of its largest value there.
const FUNCTIONS: [(Unary, [f64; 2], f64); 33] = [
    (Unary::Sigmoid, [-40.0, 40.0], 1.5e-8),
    (Unary::Silu, [-30.0, 10.0], 1.5e-8),
    (Unary::Tanh, [-30.0, 30.0], 2e-8),
    (Unary::LeakyRelu(0.01), [-5.0, 3.0], 4e-9),
    (Unary::Elu(1.0), [-30.0, 3.0], 1.5e-8),
    (Unary::HardSigmoid(0.2, 0.5), [-6.0, 6.0], 4e-9),
    (Unary::HardSwish, [-6.0, 6.0], 1.5e-8),
    (Unary::Softplus, [-30.0, 5.0], 1.5e-8),
    (Unary::Gelu { tanh: false }, [-9.0, 9.0], 1.5e-8),
    (Unary::Gelu { tanh: true }, [-9.0, 9.0], 1.5e-8),
    (Unary::Exp, [-9.0, 3.0], 2e-8),
    (Unary::Log, [0.01, 50.0], 1.5e-8),
    (Unary::Reciprocal, [0.02, 7.0], 1.5e-8),
    (Unary::Pow(3.0), [-2.0, 3.0], 1.5e-8),
    (Unary::Pow(-0.5), [0.1, 30.0], 5e-8),
    (Unary::Pow(1.7), [0.1, 30.0], 5e-8),
    (Unary::Sqrt, [0.0, 30.0], 1.5e-8),
    (Unary::Abs, [-4.0, 3.0], 3e-9),
    (Unary::Sign, [-4.0, 3.0], 3e-9),
    (Unary::Erf, [-6.0, 6.0], 1.5e-8),
    (Unary::Selu(1.673, 1.0507), [-30.0, 3.0], 1.5e-8),
    (Unary::Celu(0.5), [-30.0, 3.0], 1.5e-8),
    (Unary::Swish(1.5), [-20.0, 10.0], 1.5e-8),
    (Unary::Mish, [-30.0, 10.0], 1.5e-8),
    (Unary::Softsign, [-30.0, 30.0], 1.5e-8),
    (Unary::ThresholdedRelu(1.0), [-3.0, 4.0], 3e-9),
    (Unary::Shrink(0.5, 0.25), [-3.0, 4.0], 4e-9),
    (Unary::Sin, [-7.0, 7.0], 1.5e-8),
    (Unary::Cos, [-7.0, 7.0], 1.5e-8),
    (Unary::Atan, [-20.0, 20.0], 1.5e-8),
    (Unary::Sinh, [-2.0, 2.0], 1.5e-8),
    (Unary::Cosh, [-2.0, 2.0], 1.5e-8),
    (Unary::Asinh, [-30.0, 30.0], 1.5e-8),
];

/// A function's model for arguments `[len, 1]` from `low` to `high`.
fn function(unary: Unary, [low, high]: [f64; 2], len: usize) -> (Graph, ValidModel) {
    // One feature, with one grid.
    let graph = one(&[len, 1], Op::Unary(unary));
    let step = (high - low) / (len - 1) as f64;
    let arguments = (0..len).map(|index| low + step * index as f64).collect();
    let batch = batch(&graph, &[vec![arguments]]);
    let ranges = calibrate(&graph, &batch, Method::MinMax, &mut |_| {}).expect("finite");
    let model = compiled(&graph, &ranges);
    (graph, model)
}

#[test]
fn functions_over_their_domains() {
    const LEN: usize = 2_001;
    for (unary, domain, tolerance) in FUNCTIONS {
        let (_, model) = function(unary, domain, LEN);
        let step = (domain[1] - domain[0]) / (LEN - 1) as f64;
        let arguments: Vec<f64> = (0..LEN)
            .map(|index| domain[0] + step * index as f64)
            .collect();
        let got = run(&model, &[arguments.clone()]).expect("runs");
        let want: Vec<f64> = arguments.iter().map(|&x| unary.apply(x)).collect();
        let largest = want.iter().fold(0.0_f64, |max, y| max.max(y.abs()));
        // An argument is rounded to the input's grid first.
        let slopes = want
            .windows(2)
            .map(|pair| ((pair[1] - pair[0]) / step).abs());
        let slope = slopes.fold(0.0, f64::max);
        let argument = domain[0].abs().max(domain[1].abs()) * 2f64.powi(-28) * slope;
        let furthest = got
            .iter()
            .zip(&want)
            .fold(0.0_f64, |max, (a, b)| max.max((a - b).abs()));
        println!("{unary:?}: {:.1e}", furthest / largest);
        assert!(
            furthest <= tolerance * largest + argument,
            "{unary:?}: {furthest:e}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// At any arguments, up to twice what calibration saw.
    #[test]
    fn functions_at_any_argument(
        index in 0..FUNCTIONS.len(),
        shares in proptest::collection::vec(0.0..1.0, 33),
    ) {
        let (unary, domain, tolerance) = FUNCTIONS[index];
        let (_, model) = function(unary, domain, 33);
        let at = |share: &f64| domain[0] + share * (domain[1] - domain[0]);
        let arguments: Vec<f64> = shares.iter().map(at).collect();
        let got = run(&model, &[arguments.clone()]).expect("runs");
        let largest = [domain[0], domain[1]].map(|x| unary.apply(x).abs());
        let largest = largest[0].max(largest[1]).max(1.0);
        for (x, got) in arguments.iter().zip(got) {
            let want = unary.apply(*x);
            let rounding = domain[0].abs().max(domain[1].abs()) * 2f64.powi(-28);
            let near = [x - rounding, x + rounding].map(|x| (unary.apply(x) - want).abs());
            let allowed = tolerance * largest + near[0].max(near[1]);
            // A threshold is met on one side or the other.
            let jumps = matches!(unary, Unary::Sign | Unary::ThresholdedRelu(_) | Unary::Shrink(..));
            prop_assert!((got - want).abs() <= allowed || jumps && near[0].max(near[1]) > allowed, "{unary:?}({x}) = {got}, not {want}");
        }
    }
}

#[test]
fn what_does_not_fit_fails_the_call() {
    let quotient = graph(&[&[4, 1], &[4, 1]], |graph, x| {
        graph
            .add(&origin(), Op::Binary(Binary::Div), x)
            .expect("fits")
    });
    let usual = vec![vec![1.0, 2.0, 3.0, 4.0], vec![1.0, 1.5, 2.0, 1.0]];
    let batch_of = batch(&quotient, &[usual]);
    let ranges = calibrate(&quotient, &batch_of, Method::MinMax, &mut |_| {}).expect("finite");
    let model = compiled(&quotient, &ranges);
    let by_zero = run(&model, &[vec![1.0; 4], vec![1.0, 0.0, 1.0, 1.0]]);
    assert!(by_zero.is_err(), "{by_zero:?}");

    let exponential = one(&[3, 1], Op::Unary(Unary::Exp));
    let batch_of = batch(&exponential, &[vec![vec![-2.0, 0.5, 1.4]]]);
    let ranges = calibrate(&exponential, &batch_of, Method::MinMax, &mut |_| {}).expect("finite");
    let model = compiled(&exponential, &ranges);
    let far = run(&model, &[vec![0.0, 1.0, 2.8]]);
    assert!(far.is_err(), "{far:?}");
}
