//! What a plan does beside its operators: bytes in and out, places, folding, work, errors.

mod support;

use fixpoint_runtime::{
    error::{ExecutionError, RunError},
    graph::{Arena, BlockSize, Plan},
    kernels::Isa,
    model::{self, Model, ValidModel, format::Signed32},
    ops::{
        Operator,
        add::Add,
        cast::Cast,
        clz::Clz,
        concat::Concat,
        conv2d::Conv2d,
        depthwise_conv2d::DepthwiseConv2d,
        gather::Gather,
        geometry::{Pad2d, Size2d},
        logical_left_shift::LogicalLeftShift,
        matmul::MatMul,
        max_pool2d::MaxPool2d,
        mul::Mul,
        reduce_sum::ReduceSum,
        rescale::Rescale,
        reshape::Reshape,
        table::Table,
    },
    tensor::DType::{Bool, I8, I16, I32},
    work::Work,
};
use support::{constant, list, model, tensor};

fn valid(model: Model) -> ValidModel {
    model::validate(model).expect("valid")
}

fn run(valid: &ValidModel, input: &[u8]) -> Result<Vec<u8>, RunError> {
    let plan = Plan::new(valid, Isa::detect());
    let mut output = vec![0xAA; valid.output_bytes() as usize];
    plan.run(&mut Arena::new(&plan), input, &mut output)?;
    Ok(output)
}

fn words(values: &[i32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn add(a: u16, b: u16) -> Operator {
    Operator::Add(Add { a, b })
}

fn reshape(input: u16, shape: &[u32]) -> Operator {
    Operator::Reshape(Reshape {
        input,
        shape: list!(shape),
    })
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "WASI has no threads")]
fn one_plan_serves_many_threads() {
    const fn shared<T: Send + Sync>() {}
    shared::<ValidModel>();
    shared::<Plan>();
    let valid = valid(model(&[tensor(I32, &[2])], &[], &[add(0, 0)], &[1]));
    let plan = Plan::new(&valid, Isa::detect());
    std::thread::scope(|scope| {
        for value in 0..4 {
            let plan = &plan;
            scope.spawn(move || {
                let mut output = [0; 8];
                let input = words(&[value, -value]);
                plan.run(&mut Arena::new(plan), &input, &mut output)
                    .expect("runs");
                assert_eq!(output[..], words(&[2 * value, -2 * value]));
            });
        }
    });
}

#[test]
fn tensors_are_packed_one_after_another() {
    let model = model(
        &[tensor(Bool, &[3]), tensor(I16, &[1]), tensor(I32, &[])],
        &[],
        &[
            Operator::Cast(Cast { input: 0, to: I8 }),
            Operator::Cast(Cast { input: 1, to: I32 }),
            Operator::Clz(Clz { input: 2 }),
        ],
        &[4, 3, 5],
    );
    let valid = valid(model);
    assert_eq!((valid.input_bytes(), valid.output_bytes()), (9, 11));
    assert_eq!((valid.input_elements(), valid.output_elements()), (5, 5));
    let output = run(&valid, &[1, 0, 1, 0xFE, 0xFF, 0, 0, 1, 0]).expect("runs");
    assert_eq!(output, [0xFE, 0xFF, 0xFF, 0xFF, 1, 0, 1, 15, 0, 0, 0]);
}

#[test]
fn wrong_lengths_and_values_are_named() {
    let valid = valid(model(
        &[tensor(I8, &[2]), tensor(Bool, &[3])],
        &[],
        &[
            Operator::Cast(Cast { input: 0, to: I16 }),
            Operator::Cast(Cast { input: 1, to: I16 }),
            Operator::Concat(Concat {
                inputs: list!([2, 3]),
                axis: 0,
            }),
        ],
        &[4],
    ));
    let plan = Plan::new(&valid, Isa::detect());
    let mut arena = Arena::new(&plan);
    let mut output = [0; 10];
    assert_eq!(
        plan.run(&mut arena, &[0; 4], &mut output),
        Err(RunError::InputLength { got: 4, want: 5 })
    );
    assert_eq!(
        plan.run(&mut arena, &[0; 5], &mut output[..9]),
        Err(RunError::OutputLength { got: 9, want: 10 })
    );
    assert_eq!(
        plan.run(&mut arena, &[9, 9, 1, 2, 1], &mut output),
        Err(RunError::InputValue { index: 3 })
    );
}

#[test]
fn memory_that_is_too_small_is_refused_and_larger_memory_is_used() {
    let of = |elements| {
        let valid = valid(model(
            &[tensor(I32, &[elements])],
            &[],
            &[Operator::Clz(Clz { input: 0 })],
            &[1],
        ));
        Plan::new(&valid, Isa::detect())
    };
    let (small, large) = (of(1), of(1000));
    let mut output = [0; 4000];
    assert_eq!(
        large.run(&mut Arena::new(&small), &[0; 4000], &mut output),
        Err(RunError::WrongArena)
    );
    let mut memory = Arena::new(&large);
    large
        .run(&mut memory, &[1; 4000], &mut output)
        .expect("runs");
    small
        .run(&mut memory, &[0; 4], &mut output[..4])
        .expect("runs");
    assert_eq!(output[..4], words(&[32]));
}

#[test]
fn the_first_operator_that_fails_is_reported() {
    let valid = valid(model(
        &[tensor(I32, &[2])],
        &[],
        &[add(0, 0), add(1, 1), add(0, 2)],
        &[3],
    ));
    let fails = |input: &[i32]| run(&valid, &words(input)).expect_err("overflows");
    let at = |operator| RunError::Execution(ExecutionError { operator });
    assert_eq!(fails(&[0, 1 << 30]), at(0));
    assert_eq!(fails(&[1 << 29, 0]), at(1));
    assert_eq!(
        fails(&[-(1 << 29), -1]),
        at(2),
        "-2^31 itself fits, the last sum does not"
    );
    assert_eq!(run(&valid, &words(&[1, -1])), Ok(words(&[5, -5])));
}

/// Runs in blocks of one row, of some rows, and of all rows.
fn run_in_blocks(valid: &ValidModel, input: &[u8]) -> Result<Vec<u8>, RunError> {
    run_in_blocks_on(Isa::detect(), valid, input)
}

fn run_in_blocks_on(isa: Isa, valid: &ValidModel, input: &[u8]) -> Result<Vec<u8>, RunError> {
    let outputs = [1, 150, usize::MAX / 2].map(|block_bytes| {
        let block = BlockSize {
            bytes: block_bytes,
            least_rows: 1,
        };
        let plan = Plan::in_blocks(valid, isa, block);
        let mut output = vec![0xAA; valid.output_bytes() as usize];
        let result = plan.run(&mut Arena::new(&plan), input, &mut output);
        result.map(|()| output)
    });
    assert_eq!(outputs[0], outputs[1]);
    assert_eq!(outputs[0], outputs[2]);
    let [output, _, _] = outputs;
    output
}

#[test]
fn the_first_operator_that_fails_in_any_row_is_reported() {
    let valid = valid(model(
        &[tensor(I32, &[4, 2])],
        &[],
        &[add(0, 0), add(1, 1), add(0, 2)],
        &[3],
    ));
    let fails = |input: &[i32]| run_in_blocks(&valid, &words(input)).expect_err("overflows");
    let at = |operator| RunError::Execution(ExecutionError { operator });
    let [first, second, third] = [1 << 30, 1 << 29, -(1 << 29) - 1];
    assert_eq!(fails(&[0, 0, third, 0, second, 0, 0, first]), at(0));
    assert_eq!(fails(&[first, 0, second, 0, third, 0, 0, 0]), at(0));
    assert_eq!(fails(&[0, 0, third, 0, second, 0, third, 0]), at(1));
    assert_eq!(fails(&[0, 0, 0, 0, 0, 0, 0, -(1 << 29)]), at(2));
    let output = run_in_blocks(&valid, &words(&[1, 2, 3, 4, 5, 6, 7, 8]));
    assert_eq!(output, Ok(words(&[5, 10, 15, 20, 25, 30, 35, 40])));
}

#[test]
fn rows_meet_operands_of_every_shape() {
    // x [2, 2, 3] + one row for all, + one element per row, + one for all; the sums along the rows; what
    // is handed on, also returned.
    let reduce = Operator::ReduceSum(ReduceSum { input: 4, axis: 2 });
    let valid = valid(model(
        &[tensor(I32, &[2, 2, 3])],
        &[
            constant(I32, &[1, 1, 3], &[100, 200, 300]),
            constant(I32, &[2, 2, 1], &[1000, 2000, 3000, 4000]),
            constant(I32, &[1, 1, 1], &[10_000]),
        ],
        &[
            add(0, 1),
            reduce,
            add(4, 2),
            add(6, 5),
            add(7, 3),
            add(8, 4),
        ],
        &[5, 9],
    ));
    let x = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    let mut want = [Vec::new(), Vec::new()];
    for (row, x) in x.chunks(3).enumerate() {
        let sums = [x[0] + 100, x[1] + 200, x[2] + 300];
        let total: i32 = sums.iter().sum();
        want[0].push(total);
        let of = |sum: &i32| 2 * sum + (row as i32 + 1) * 1000 + total + 10_000;
        want[1].extend(sums.iter().map(of));
    }
    let want: Vec<u8> = want.iter().flat_map(|values| words(values)).collect();
    assert_eq!(run_in_blocks(&valid, &words(&x)), Ok(want));
}

#[test]
fn two_products_and_what_is_between_them_run_in_blocks_of_rows() {
    // a [2, 5, 6] times b [2, 6, 7], seen as [1, 10, 7], narrowed, doubled, seen as [2, 5, 7], times
    // c [2, 7, 9]: blocks begin and end inside of matrices.
    let rescale = Operator::Rescale(Rescale {
        input: 4,
        to: I8,
        input_zero_point: Signed32(0),
        output_zero_point: Signed32(5),
        multipliers: list!([Signed32(1 << 30)]),
        shifts_bits: list!([38]),
        scale32: true,
        double_round: false,
        per_channel: false,
        input_unsigned: false,
        output_unsigned: false,
    });
    let product = |a, b, zero_point| {
        Operator::MatMul(MatMul {
            a,
            b,
            a_zero_point: Signed32(zero_point),
            b_zero_point: Signed32(-3),
        })
    };
    let valid = valid(model(
        &[
            tensor(I8, &[2, 5, 6]),
            tensor(I8, &[2, 6, 7]),
            tensor(I8, &[2, 7, 9]),
        ],
        &[],
        &[
            product(0, 1, 7),
            reshape(3, &[1, 10, 7]),
            rescale,
            reshape(5, &[2, 5, 7]),
            product(6, 2, 5),
        ],
        &[7],
    ));
    let input: Vec<u8> = (0..60 + 84 + 126).map(|at| (at * 89 % 251) as u8).collect();
    let of = |from: usize, at: usize| i32::from(input[from + at] as i8);
    let mut want = Vec::new();
    for row in 0..10 {
        let matrix = row / 5;
        let inner: Vec<i32> = (0..7)
            .map(|column| {
                let factors = (0..6)
                    .map(|k| (of(0, row * 6 + k) - 7) * (of(60, matrix * 42 + k * 7 + column) + 3));
                (((factors.sum::<i32>() + 128) >> 8) + 5).clamp(-128, 127)
            })
            .collect();
        want.extend((0..9).map(|column| {
            let factors = inner.iter().enumerate();
            let factors =
                factors.map(|(k, x)| (x - 5) * (of(144, matrix * 63 + k * 9 + column) + 3));
            factors.sum::<i32>()
        }));
    }
    for isa in Isa::available() {
        assert_eq!(
            run_in_blocks_on(isa, &valid, &input),
            Ok(words(&want)),
            "{}",
            isa.name()
        );
    }
}

#[test]
fn an_operand_that_is_broadcast_along_outer_axes_alone_is_taken_whole() {
    // [2, 1, 2] + [1, 3, 2]: no row of the result is a row of both.
    let valid = valid(model(
        &[tensor(I32, &[2, 1, 2]), tensor(I32, &[1, 3, 2])],
        &[],
        &[add(0, 1), add(2, 2)],
        &[3],
    ));
    let output = run_in_blocks(&valid, &words(&[1, 2, 3, 4, 10, 20, 30, 40, 50, 60]));
    let sums = [11, 22, 31, 42, 51, 62, 13, 24, 33, 44, 53, 64];
    assert_eq!(output, Ok(words(&sums.map(|sum| 2 * sum))));
}

#[test]
fn a_reshape_takes_no_place_and_no_work() {
    let valid = valid(model(
        &[tensor(I32, &[2, 3])],
        &[],
        &[reshape(0, &[6]), reshape(1, &[3, 2]), add(2, 2)],
        &[2, 3],
    ));
    assert_eq!(valid.arena_bytes(), 2 * 64);
    let work = Work {
        operators: 3,
        elementwise: 6,
        runs: 1,
        ..Work::default()
    };
    assert_eq!(*valid.work(), work);
    let output = run(&valid, &words(&[1, 2, 3, 4, 5, 6])).expect("runs");
    assert_eq!(output, words(&[1, 2, 3, 4, 5, 6, 2, 4, 6, 8, 10, 12]));
}

#[test]
fn operators_on_constants_alone_run_once_and_take_no_place() {
    let valid = valid(model(
        &[tensor(I32, &[1])],
        &[constant(I32, &[2], &[5, -7])],
        &[add(1, 1), reshape(2, &[1, 2]), add(0, 2)],
        &[4, 3],
    ));
    // The input and one output; the other output is constant.
    assert_eq!(valid.arena_bytes(), 2 * 64);
    assert_eq!(valid.work().operators, 3);
    let output = run(&valid, &words(&[100])).expect("runs");
    assert_eq!(output, words(&[110, 86, 10, -14]));
}

#[test]
fn places_are_used_again_when_their_tensors_are_dead() {
    let chain: Vec<Operator> = (0..20).map(|at| add(at, at)).collect();
    let deep = valid(model(&[tensor(I32, &[16])], &[], &chain, &[20]));
    assert_eq!(deep.arena_bytes(), 2 * 64);
    let input: Vec<i32> = (0..16).collect();
    let doubled: Vec<i32> = input.iter().map(|value| value << 20).collect();
    assert_eq!(run(&deep, &words(&input)), Ok(words(&doubled)));

    // The input is still read at the end: nothing may lie over it.
    let mut operators = chain;
    operators.push(add(0, 20));
    let wide = valid(model(&[tensor(I32, &[16])], &[], &operators, &[21]));
    assert_eq!(wide.arena_bytes(), 3 * 64);
    let sums: Vec<i32> = input.iter().map(|value| (value << 20) + value).collect();
    assert_eq!(run(&wide, &words(&input)), Ok(words(&sums)));
}

#[test]
#[expect(clippy::too_many_lines, reason = "one operator of every class")]
fn work_is_counted_by_class_from_shapes_alone() {
    let size = |y, x| Size2d { y, x };
    let no_pad = Pad2d {
        top: 0,
        bottom: 0,
        left: 0,
        right: 0,
    };
    let zero = Signed32(0);
    let model = model(
        &[tensor(I8, &[1, 6, 6, 2]), tensor(I16, &[4, 5])],
        &[
            constant(I8, &[3, 3, 3, 2], &[1; 54]),
            constant(I32, &[1], &[0]),
            constant(I8, &[2, 2, 2, 2], &[1; 16]),
            constant(I16, &[513], &[0; 513]),
            constant(I16, &[1, 5, 7], &[1; 35]),
            constant(I32, &[1, 3], &[0, 0, 0]),
            constant(I32, &[1, 1], &[1]),
        ],
        &[
            // 9: [1, 4, 4, 3], 16 positions of 3 outputs, 18 deep.
            Operator::Conv2d(Conv2d {
                input: 0,
                weight: 2,
                bias: 3,
                pad: no_pad,
                stride: size(1, 1),
                dilation: size(1, 1),
                input_zero_point: zero,
                weight_zero_point: zero,
            }),
            // 10: [1, 5, 5, 4], four taps each.
            Operator::DepthwiseConv2d(DepthwiseConv2d {
                input: 0,
                weight: 4,
                bias: 3,
                pad: no_pad,
                stride: size(1, 1),
                dilation: size(1, 1),
                input_zero_point: zero,
                weight_zero_point: zero,
            }),
            // 11: [1, 3, 3, 2], four elements each.
            Operator::MaxPool2d(MaxPool2d {
                input: 0,
                kernel: size(2, 2),
                stride: size(2, 2),
                pad: no_pad,
            }),
            // 12: [4, 5] of i32.
            Operator::Table(Table { input: 1, table: 5 }),
            reshape(1, &[1, 4, 5]),
            // 14: [1, 4, 7], five deep.
            Operator::MatMul(MatMul {
                a: 13,
                b: 6,
                a_zero_point: zero,
                b_zero_point: zero,
            }),
            // 15: [1, 3, 5].
            Operator::Gather(Gather {
                values: 13,
                indices: 7,
            }),
            // 16: [4, 5].
            Operator::Mul(Mul {
                a: 12,
                b: 12,
                shift_bits: 1,
            }),
            // 17: [4, 5].
            Operator::LogicalLeftShift(LogicalLeftShift { a: 16, b: 8 }),
            // 18: [1, 5], reads 20.
            Operator::ReduceSum(ReduceSum { input: 17, axis: 0 }),
            // 19: 72 bytes.
            Operator::Concat(Concat {
                inputs: list!([0]),
                axis: 3,
            }),
        ],
        &[9, 10, 11, 14, 15, 18, 19],
    );
    let expected = Work {
        operators: 11,
        // A panel of 16 outputs by 32 deep, and the gathering of each window.
        macs_i8: 16 * (16 * 32 + 512),
        // 25 windows, two results of each channel that lie apart, and 9 windows: panels of four taps, and the rest
        // of a window.
        depthwise_macs_i8: 25 * 2 * 2 * (16 * 4 + 64),
        pool_elements: 9 * (16 * 4 + 64),
        table: 20,
        macs_i16: 4 * 16 * 64,
        gather: 3,
        multiply_i32: 20,
        elementwise: 20,
        reduce: 20,
        // Three operands of weights, the last one's halves in a panel; what was gathered, what was joined.
        move_bytes: 54 + 16 + 16 * 5 * 4 + 30 + 72,
        // Lines of windows; rows that are joined; operands that meet; rows that are summed.
        runs: 16 * 3 + 25 * 2 + 9 * 2 + 36 + 1 + 1 + 4,
        ..Work::default()
    };
    assert_eq!(*valid(model).work(), expected);
}

#[test]
fn a_batch_of_small_constant_matrices_weighs_what_its_elements_do() {
    // One struct and a few allocations for each of them would weigh hundreds of times as much.
    let batch = 4_096_u32;
    let b: Vec<i64> = (0..2 * i64::from(batch)).map(|at| at % 251 - 125).collect();
    let matmul = Operator::MatMul(MatMul {
        a: 0,
        b: 1,
        a_zero_point: Signed32(3),
        b_zero_point: Signed32(-2),
    });
    let valid = valid(model(
        &[tensor(I8, &[batch, 1, 2])],
        &[constant(I8, &[batch, 2, 1], &b)],
        &[matmul],
        &[2],
    ));
    let plan = Plan::new(&valid, Isa::detect());
    assert!(plan.memory_bytes() < 8 * b.len(), "{}", plan.memory_bytes());
    let a: Vec<i8> = (0..2 * batch).map(|at| (at % 253) as u8 as i8).collect();
    let want: Vec<i32> = a
        .chunks_exact(2)
        .zip(b.chunks_exact(2))
        .map(|(a, b)| {
            let products = a
                .iter()
                .zip(b)
                .map(|(&a, &b)| (i32::from(a) - 3) * (b as i32 + 2));
            products.sum()
        })
        .collect();
    let input: Vec<u8> = a.iter().map(|&a| a as u8).collect();
    assert_eq!(run(&valid, &input), Ok(words(&want)));
}
