//! Answers of the reference model of `tosa-tools` 2026.8.0 at the edges, as it gave them when asked.

use fixpoint_reference::{
    Conv2d, Op, Rescale, Resize, Tensor, TransposeConv2d, Type, Unmet, evaluate,
};

const MIN: i128 = -(1 << 31);
const MAX: i128 = (1 << 31) - 1;

fn of(dtype: Type, shape: &[i128], data: &[i128]) -> Tensor {
    let (shape, data) = (shape.to_vec(), data.to_vec());
    Tensor { dtype, shape, data }
}

fn row(dtype: Type, data: &[i128]) -> Tensor {
    of(dtype, &[data.len() as i128], data)
}

#[track_caller]
fn answers(op: &Op, operands: &[&Tensor], expected: &[i128]) {
    let answer = evaluate(op, operands).map(|output| output.data);
    assert_eq!(answer.as_deref(), Ok(expected), "{op:?}");
}

#[track_caller]
fn refuses(op: &Op, operands: &[&Tensor]) {
    assert_eq!(evaluate(op, operands), Err(Unmet), "{op:?} {operands:?}");
}

/// On two single elements.
#[track_caller]
fn pair(op: &Op, dtype: Type, a: i128, b: i128, expected: Result<i128, Unmet>) {
    let answer = evaluate(op, &[&row(dtype, &[a]), &row(dtype, &[b])]);
    assert_eq!(
        answer.map(|output| output.data[0]),
        expected,
        "{op:?} {a} {b}"
    );
}

#[test]
fn the_smallest_integer_has_no_absolute_value_and_no_negative() {
    answers(
        &Op::Abs,
        &[&row(Type::I32, &[-MAX, -1, 0, MAX])],
        &[MAX, 1, 0, MAX],
    );
    refuses(&Op::Abs, &[&row(Type::I32, &[MIN])]);
    let negate = |input_zp, output_zp| Op::Negate {
        input_zp,
        output_zp,
    };
    answers(
        &negate(0, 0),
        &[&row(Type::I32, &[-MAX, MAX])],
        &[MAX, -MAX],
    );
    refuses(&negate(0, 0), &[&row(Type::I32, &[MIN])]);
    let shorts = row(Type::I16, &[-32768, -32767, 32767, 0]);
    answers(&negate(0, 0), &[&shorts], &[32767, 32767, -32767, 0]);
    let bytes = row(Type::I8, &[-128, -127, 127, 0]);
    answers(&negate(0, 0), &[&bytes], &[127, 127, -127, 0]);
    answers(&negate(127, -128), &[&bytes], &[127, 126, -128, -1]);
    answers(&negate(-128, 127), &[&bytes], &[127, 126, -128, -1]);
    answers(
        &negate(127, 127),
        &[&row(Type::I8, &[-128, 127])],
        &[127, 127],
    );
    answers(
        &negate(-128, -128),
        &[&row(Type::I8, &[-128, 127])],
        &[-128, -128],
    );
}

#[test]
fn a_division_truncates() {
    let pairs = [
        (7, 2, 3),
        (-7, 2, -3),
        (7, -2, -3),
        (MIN, 1, MIN),
        (MIN, MIN, 1),
    ];
    for (a, b, quotient) in pairs {
        pair(&Op::IntDiv, Type::I32, a, b, Ok(quotient));
    }
    pair(&Op::IntDiv, Type::I32, 1, 0, Err(Unmet));
    pair(&Op::IntDiv, Type::I32, MIN, -1, Err(Unmet));
}

#[test]
fn sums_stay_in_their_type() {
    pair(&Op::Add, Type::I32, MAX, 0, Ok(MAX));
    pair(&Op::Add, Type::I32, MAX, 1, Err(Unmet));
    pair(&Op::Sub, Type::I32, MIN, 1, Err(Unmet));
    pair(&Op::Sub, Type::I32, -1, MIN, Ok(MAX));
    let sum = Op::ReduceSum { axis: 0 };
    answers(&sum, &[&row(Type::I32, &[-5, MAX, 5])], &[MAX]);
    answers(&sum, &[&row(Type::I32, &[MIN])], &[MIN]);
    refuses(&sum, &[&row(Type::I32, &[5, MAX, -5])]);
    refuses(&sum, &[&row(Type::I32, &[MAX, 1, -5])]);
}

#[test]
fn shifts_are_within_the_width() {
    let widths = [(Type::I8, 8), (Type::I16, 16), (Type::I32, 32)];
    for (dtype, width) in widths {
        let (lowest, highest) = (-(1 << (width - 1)), (1 << (width - 1)) - 1);
        let operators = [
            Op::LogicalLeftShift,
            Op::LogicalRightShift,
            Op::ArithmeticRightShift { round: true },
            Op::ArithmeticRightShift { round: false },
        ];
        for op in &operators {
            for value in [lowest, -1, highest] {
                pair(op, dtype, value, 0, Ok(value));
                for shift in [width, width + 1, -1, lowest] {
                    pair(op, dtype, value, shift, Err(Unmet));
                }
            }
        }
        let [left, right, rounded, floor] = &operators;
        let cases = [
            (left, highest, 1, -2),
            (left, 3, width - 1, lowest),
            (left, lowest, 1, 0),
            (right, lowest, 1, 1 << (width - 2)),
            (right, -1, 1, highest),
            (right, -2, width - 1, 1),
            (rounded, highest, 1, 1 << (width - 2)),
            (rounded, -1, 1, 0),
            (rounded, -2, 1, -1),
            (rounded, highest, width - 1, 1),
            (floor, -1, 1, -1),
            (floor, highest, 1, highest >> 1),
        ];
        for (op, value, shift, expected) in cases {
            pair(op, dtype, value, shift, Ok(expected));
        }
    }
}

#[test]
fn a_product_keeps_its_low_bits_or_fits_after_its_shift() {
    let cases = [
        (MAX, MAX, 0, Ok(1)),
        (MIN, MIN, 0, Ok(0)),
        (MIN, -1, 0, Ok(MIN)),
        (MAX, MAX, 1, Err(Unmet)),
        (MAX, MAX, 31, Ok(2_147_483_646)),
        (MIN, MIN, 31, Err(Unmet)),
        (MIN, MIN, 32, Ok(1 << 30)),
        (MIN, MIN, 62, Ok(1)),
        (MIN, MIN, 63, Ok(-1)),
        (MAX, MAX, 63, Ok(0)),
        (MIN, -1, 31, Ok(1)),
    ];
    for (a, b, shift, expected) in cases {
        pair(&Op::Mul { shift }, Type::I32, a, b, expected);
    }
    pair(
        &Op::Mul { shift: 0 },
        Type::I16,
        -32768,
        -32768,
        Ok(1 << 30),
    );
}

#[test]
fn each_place_is_written_once() {
    let values = of(Type::I32, &[1, 4, 2], &[0, 1, 2, 3, 4, 5, 6, 7]);
    let input = of(Type::I32, &[1, 2, 2], &[100, 101, 102, 103]);
    let indices = |of_rows: &[i128]| of(Type::I32, &[1, 2], of_rows);
    let scattered = [102, 103, 2, 3, 4, 5, 100, 101];
    answers(
        &Op::Scatter,
        &[&values, &indices(&[3, 0]), &input],
        &scattered,
    );
    for bad in [[1, 1], [0, 4], [-1, 0]] {
        refuses(&Op::Scatter, &[&values, &indices(&bad), &input]);
    }
    answers(&Op::Gather, &[&values, &indices(&[0, 3])], &[0, 1, 6, 7]);
    refuses(&Op::Gather, &[&values, &indices(&[4, 0])]);
    refuses(&Op::Gather, &[&values, &indices(&[-1, 0])]);
}

#[test]
fn table_entries_differ_by_an_i16() {
    let mut entries = vec![0; 513];
    (entries[0], entries[1]) = (32767, -1);
    (entries[256], entries[257], entries[258]) = (-32767, 0, 32767);
    let table = |entries: &[i128]| row(Type::I16, entries);
    let input = row(Type::I16, &[0, 1, 127, 128, 255, 32767, -32768, -32767]);
    let expected = [
        -4_194_176, -4_161_409, -32767, 0, 4_161_409, 0, 4_194_176, 4_161_408,
    ];
    answers(&Op::Table, &[&input, &table(&entries)], &expected);
    entries[1] = -2;
    refuses(&Op::Table, &[&row(Type::I16, &[-32768]), &table(&entries)]);
}

#[test]
fn a_transposed_convolution_adds_kernels() {
    let input = of(Type::I8, &[1, 1, 3, 1], &[1, 2, 3]);
    let kernel = of(Type::I8, &[1, 1, 3, 1], &[10, 20, 30]);
    let cases: [([i128; 2], i128, i128, &[i128]); 5] = [
        ([0, 0], 1, 0, &[10, 40, 100, 120, 90]),
        ([0, 0], 2, 1000, &[1010, 1020, 1050, 1040, 1090, 1060, 1090]),
        ([-1, -1], 1, 0, &[40, 100, 120]),
        ([-2, -2], 1, 0, &[100]),
        ([2, 1], 1, 7, &[7, 7, 17, 47, 107, 127, 97, 7]),
    ];
    for ([left, right], stride, bias, expected) in cases {
        let op = Op::TransposeConv2d(TransposeConv2d {
            out_pad: [0, 0, left, right],
            stride: [1, stride],
            input_zp: 0,
            weight_zp: 0,
        });
        answers(&op, &[&input, &kernel, &row(Type::I32, &[bias])], expected);
    }
}

#[test]
fn sums_with_their_bias_stay_in_the_accumulator() {
    let conv = Op::Conv2d(Conv2d {
        pad: [0; 4],
        stride: [1; 2],
        dilation: [1; 2],
        input_zp: 0,
        weight_zp: 0,
    });
    let ones = of(Type::I8, &[1, 1, 1, 2], &[1, 1]);
    let both = of(Type::I8, &[1, 1, 1, 2], &[1, -1]);
    // The reference model answers the first with MIN; the standard calls it unpredictable.
    refuses(&conv, &[&ones, &ones, &row(Type::I32, &[MAX])]);
    answers(&conv, &[&both, &ones, &row(Type::I32, &[MAX])], &[MAX]);
}

#[test]
fn images_grow_and_shrink() {
    let input = of(Type::I8, &[1, 1, 4, 1], &[1, 2, 3, 4]);
    let cases: [([i128; 4], &[i128], &[i128]); 7] = [
        ([1, 1, 0, 0], &[1, 2, 3, 4], &[1, 2, 3, 4]),
        (
            [2, 1, -1, 1],
            &[1, 1, 2, 2, 3, 3, 4, 4, 4],
            &[2, 2, 3, 4, 5, 6, 7, 8, 8],
        ),
        ([1, 2, 0, -1], &[1, 3], &[1, 3]),
        (
            [4, 2, -1, 1],
            &[1, 1, 2, 2, 3, 3, 4, 4],
            &[4, 5, 7, 9, 11, 13, 15, 16],
        ),
        ([2, 3, 0, 0], &[1, 3, 4], &[2, 5, 8]),
        ([6, 4, -2, 0], &[1, 1, 2, 3, 3, 4], &[6, 8, 12, 16, 20, 24]),
        (
            [3, 1, 0, 0],
            &[1, 1, 2, 2, 2, 3, 3, 3, 4, 4],
            &[3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
        ),
    ];
    for ([n, d, offset, border], nearest, bilinear) in cases {
        for (is_bilinear, expected) in [(false, nearest), (true, bilinear)] {
            let op = Op::Resize(Resize {
                is_bilinear,
                scale_n: [1, n],
                scale_d: [1, d],
                offset: [0, offset],
                border: [0, border],
            });
            answers(&op, &[&input], expected);
        }
    }
}

#[test]
fn scaling_rounds_and_refuses() {
    let rescale = |multiplier, shift, double_round| {
        Op::Rescale(Rescale {
            to: Type::I32,
            input_zp: 0,
            output_zp: 0,
            multiplier: vec![multiplier],
            shift: vec![shift],
            scale32: true,
            double_round,
            per_channel: false,
            input_unsigned: false,
            output_unsigned: false,
        })
    };
    let values = row(Type::I32, &[12, -12, 20, -20, 100, -100, -11, 11]);
    let once = [2, -1, 3, -2, 13, -12, -1, 1];
    let twice = [2, -2, 3, -3, 13, -13, -1, 2];
    let exact = [6, -6, 10, -10, 50, -50, -5, 6];
    answers(&rescale(1 << 30, 33, false), &[&values], &once);
    answers(&rescale(1 << 30, 33, true), &[&values], &twice);
    answers(&rescale(1 << 30, 31, false), &[&values], &exact);
    answers(&rescale(1 << 30, 31, true), &[&values], &exact);
    answers(
        &rescale(MAX, 2, false),
        &[&row(Type::I32, &[1, -2])],
        &[1 << 29, -(1 << 30) + 1],
    );
    refuses(&rescale(MAX, 2, false), &[&row(Type::I32, &[2])]);
    refuses(&rescale(MAX, 2, false), &[&row(Type::I32, &[-3])]);
    let edges = row(Type::I32, &[MIN, MAX]);
    answers(
        &rescale(MAX, 32, false),
        &[&edges],
        &[-(1 << 30) + 1, (1 << 30) - 1],
    );
    refuses(&rescale(MAX, 31, false), &[&edges]);
    for (multiplier, shift) in [(-1, 33), (1, 1), (1, 63)] {
        refuses(&rescale(multiplier, shift, false), &[&row(Type::I32, &[1])]);
    }
}
