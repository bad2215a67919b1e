//! Sums at the edges of their accumulators.

use super::{Seen, check, edges, model};
use fixpoint_runtime::{
    model::format::Signed32,
    ops::{
        Operator,
        avg_pool2d::AvgPool2d,
        conv2d::Conv2d,
        geometry::{Pad2d, Size2d},
        matmul::MatMul,
        reduce_sum::ReduceSum,
    },
    tensor::DType::{self, I8, I16, I32, I48},
};
use fixpoint_test_vectors::builder::tensor;

const ONE: Size2d = Size2d { y: 1, x: 1 };
const NO_PAD: Pad2d = Pad2d {
    top: 0,
    bottom: 0,
    left: 0,
    right: 0,
};

#[test]
fn running_sums_that_leave_i32_on_the_way() {
    let sum = Operator::ReduceSum(ReduceSum { input: 0, axis: 0 });
    let along = model(&[tensor(I32, &[3, 1])], sum.clone());
    // Several columns take another way through the kernel than one.
    let across = model(&[tensor(I32, &[3, 2])], sum);
    let mut seen = Seen::default();
    for a in edges(I32) {
        for b in [i128::from(i32::MIN), -1, 0, 1, i128::from(i32::MAX)] {
            for c in [i128::from(i32::MIN), -5, 5, i128::from(i32::MAX)] {
                check(&along, &[vec![a, b, c]], &mut seen);
                check(&across, &[vec![0, a, 0, b, 0, c]], &mut seen);
            }
        }
    }
    seen.both("REDUCE_SUM");
}

/// Three products and a computed bias, with zero points at their ends.
fn convolution(input: DType, accumulator: DType, zero_points: [i32; 2], seen: &mut Seen) {
    let conv2d = Conv2d {
        input: 0,
        weight: 1,
        bias: 2,
        pad: NO_PAD,
        stride: ONE,
        dilation: ONE,
        input_zero_point: Signed32(zero_points[0]),
        weight_zero_point: Signed32(zero_points[1]),
    };
    let inputs = [
        tensor(input, &[1, 1, 1, 3]),
        tensor(I8, &[1, 1, 1, 3]),
        tensor(accumulator, &[1]),
    ];
    let valid = model(&inputs, Operator::Conv2d(conv2d));
    let (low, high) = input.range();
    for bias in edges(accumulator) {
        for x in [i128::from(low), 0, i128::from(high)] {
            for weight in [-128, 0, 1, 127] {
                check(
                    &valid,
                    &[vec![x, 1, x], vec![weight, -1, weight], vec![bias]],
                    seen,
                );
            }
        }
    }
}

#[test]
fn sums_of_convolutions_with_their_bias() {
    let mut seen = Seen::default();
    for zero_points in [[0, 0], [-128, 127], [127, -128]] {
        convolution(I8, I32, zero_points, &mut seen);
    }
    seen.both("CONV2D");
    let mut seen = Seen::default();
    for weight_zero_point in [-128, 0, 127] {
        convolution(I16, I48, [0, weight_zero_point], &mut seen);
    }
    seen.both("CONV2D");
}

#[test]
fn the_longest_products_that_are_accepted() {
    // Weights that are no constant: 127 * 128 * 2^17 would leave i32, these just do not.
    let matmul = |a_zero_point: i32, b_zero_point: i32| {
        Operator::MatMul(MatMul {
            a: 0,
            b: 1,
            a_zero_point: Signed32(a_zero_point),
            b_zero_point: Signed32(b_zero_point),
        })
    };
    let longest = 33_025;
    let inputs = [tensor(I8, &[1, 1, longest]), tensor(I8, &[1, longest, 1])];
    let mut seen = Seen::default();
    let valid = model(&inputs, matmul(127, 127));
    for (a, b) in [(-128, -128), (-128, 127), (127, -128), (127, 127)] {
        let operands = [vec![a; longest as usize], vec![b; longest as usize]];
        check(&valid, &operands, &mut seen);
    }
    let inputs = [tensor(I16, &[1, 1, 4096]), tensor(I16, &[1, 4096, 1])];
    let valid = model(&inputs, matmul(0, 0));
    for (a, b) in [(-32768, -32768), (-32768, 32767), (32767, 32767)] {
        check(&valid, &[vec![a; 4096], vec![b; 4096]], &mut seen);
    }
    seen.only_answers("MATMUL");
}

#[test]
fn means_of_the_largest_elements() {
    let mut seen = Seen::default();
    for (dtype, zero_points) in [(I8, vec![-128, 0, 127]), (I16, vec![0])] {
        let (low, high) = dtype.range();
        for &input_zero_point in &zero_points {
            for &output_zero_point in &zero_points {
                let pool = AvgPool2d {
                    input: 0,
                    kernel: Size2d { y: 3, x: 5 },
                    stride: ONE,
                    pad: Pad2d {
                        top: 2,
                        bottom: 1,
                        left: 4,
                        right: 0,
                    },
                    input_zero_point: Signed32(input_zero_point),
                    output_zero_point: Signed32(output_zero_point),
                };
                let valid = model(&[tensor(dtype, &[1, 4, 5, 1])], Operator::AvgPool2d(pool));
                for x in [low, low + 1, -1, 0, 1, high - 1, high] {
                    let mixed = (0..20).map(|at| if at % 3 == 0 { x.into() } else { high.into() });
                    check(&valid, &[vec![x.into(); 20]], &mut seen);
                    check(&valid, &[mixed.collect()], &mut seen);
                }
            }
        }
    }
    seen.only_answers("AVG_POOL2D");
}
