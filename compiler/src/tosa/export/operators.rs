//! A runtime operator's operands and attributes as TOSA has them: the other side of `attributes`.

use super::file::Field;
use fixpoint_runtime::{
    model::format::{Signed32, ValueId},
    ops::{
        Operator,
        clamp::Clamp,
        geometry::{Pad2d, Pad3d, Size2d, Size3d},
        pad::Pad,
        rescale::Rescale,
        resize::{Resize, ResizeMode},
        transpose_conv2d::OutPad2d,
    },
    tensor::{DType, TensorType},
};

/// `NanPropagationMode::PROPAGATE`, which says nothing of integers.
const PROPAGATE: u32 = 1;
/// `RoundingMode::SINGLE_ROUND` and `DOUBLE_ROUND`.
const SINGLE_ROUND: u32 = 1;
const DOUBLE_ROUND: u32 = 3;
/// `ResizeMode::NEAREST` and `BILINEAR`.
const NEAREST: u32 = 1;
const BILINEAR: u32 = 2;

/// An operand.
pub(super) enum Operand {
    /// A value of the model.
    Value(ValueId),
    /// A list of integers that the model keeps as an attribute.
    Integers(DType, Vec<i64>),
    /// A shape that the model keeps as an attribute.
    Shape(Vec<i64>),
}

/// Operands in TOSA's order, and fields of the attribute table by slot.
pub(super) struct Described {
    pub(super) operands: Vec<Operand>,
    pub(super) attributes: Vec<(u16, Field)>,
}

/// An operator, given the types of all values and of its output.
pub(super) fn describe(
    operator: &Operator,
    types: &[TensorType],
    output: &TensorType,
) -> Described {
    let mut operands: Vec<_> = operator
        .operands()
        .into_iter()
        .map(Operand::Value)
        .collect();
    operands.extend(constant_operands(operator, types, output));
    Described {
        operands,
        attributes: attributes(operator, types, output),
    }
}

/// What TOSA has as operands after those that the model has.
fn constant_operands(
    operator: &Operator,
    types: &[TensorType],
    output: &TensorType,
) -> Vec<Operand> {
    let point = |of: ValueId, Signed32(zero_point): Signed32| {
        let dtype = types[usize::from(of)].dtype;
        Operand::Integers(dtype, vec![zero_point.into()])
    };
    let output_point =
        |Signed32(zero_point): Signed32| Operand::Integers(output.dtype, vec![zero_point.into()]);
    let shape = |dims: &[u32]| Operand::Shape(dims.iter().map(|&dim| dim.into()).collect());
    match operator {
        Operator::AvgPool2d(op) => vec![
            point(op.input, op.input_zero_point),
            output_point(op.output_zero_point),
        ],
        Operator::Conv2d(op) => vec![
            point(op.input, op.input_zero_point),
            point(op.weight, op.weight_zero_point),
        ],
        Operator::Conv3d(op) => vec![
            point(op.input, op.input_zero_point),
            point(op.weight, op.weight_zero_point),
        ],
        Operator::DepthwiseConv2d(op) => vec![
            point(op.input, op.input_zero_point),
            point(op.weight, op.weight_zero_point),
        ],
        Operator::TransposeConv2d(op) => vec![
            point(op.input, op.input_zero_point),
            point(op.weight, op.weight_zero_point),
        ],
        Operator::MatMul(op) => vec![point(op.a, op.a_zero_point), point(op.b, op.b_zero_point)],
        Operator::Negate(op) => vec![
            point(op.input, op.input_zero_point),
            output_point(op.output_zero_point),
        ],
        Operator::Mul(op) => vec![Operand::Integers(DType::I8, vec![op.shift_bits.into()])],
        Operator::Pad(op) => vec![margins(op), point(op.input, op.value)],
        Operator::Reshape(op) => vec![shape(&op.shape)],
        Operator::Slice(op) => vec![shape(&op.start), shape(&op.size)],
        Operator::Tile(op) => vec![shape(&op.multiples)],
        Operator::Rescale(op) => {
            let mut operands = factors(op);
            operands.push(point(op.input, op.input_zero_point));
            operands.push(output_point(op.output_zero_point));
            operands
        }
        Operator::Resize(op) => resize_operands(op),
        _ => vec![],
    }
}

fn margins(op: &Pad) -> Operand {
    let margins = op.padding.iter();
    let sides = margins.flat_map(|margin| [margin.before, margin.after]);
    Operand::Shape(sides.map(i64::from).collect())
}

fn factors(op: &Rescale) -> Vec<Operand> {
    let multiplier = if op.scale32 { DType::I32 } else { DType::I16 };
    let multipliers = op.multipliers.iter().map(|entry| entry.0.into()).collect();
    let shifts = op.shifts_bits.iter().map(|&shift| shift.into()).collect();
    vec![
        Operand::Integers(multiplier, multipliers),
        Operand::Integers(DType::I8, shifts),
    ]
}

fn resize_operands(op: &Resize) -> Vec<Operand> {
    let (y, x) = (&op.y, &op.x);
    let scale = [y.scale_n, y.scale_d, x.scale_n, x.scale_d];
    vec![
        Operand::Shape(scale.map(i64::from).to_vec()),
        Operand::Shape([y.offset, x.offset].map(|it| it.0.into()).to_vec()),
        Operand::Shape([y.border, x.border].map(|it| it.0.into()).to_vec()),
    ]
}

fn attributes(operator: &Operator, types: &[TensorType], output: &TensorType) -> Vec<(u16, Field)> {
    let axis = |axis: u8| (0, Field::I32(axis.into()));
    let propagate = |slot| (slot, Field::U32(PROPAGATE));
    // The accumulator of a convolution has the bias's type.
    let accumulator =
        |slot, bias: ValueId| (slot, Field::U32(types[usize::from(bias)].dtype as u32));
    match operator {
        Operator::ArgMax(op) => vec![axis(op.axis), propagate(1)],
        Operator::ReduceMax(op) => vec![axis(op.axis), propagate(1)],
        Operator::ReduceMin(op) => vec![axis(op.axis), propagate(1)],
        Operator::ReduceAll(op) => vec![axis(op.axis)],
        Operator::ReduceAny(op) => vec![axis(op.axis)],
        Operator::ReduceSum(op) => vec![axis(op.axis)],
        Operator::Reverse(op) => vec![axis(op.axis)],
        Operator::Concat(op) => vec![axis(op.axis)],
        Operator::Maximum(_) | Operator::Minimum(_) => vec![propagate(0)],
        Operator::AvgPool2d(op) => vec![
            (0, size(op.kernel)),
            (1, size(op.stride)),
            (2, pad(op.pad)),
            (3, Field::U32(DType::I32 as u32)),
        ],
        Operator::MaxPool2d(op) => vec![
            (0, size(op.kernel)),
            (1, size(op.stride)),
            (2, pad(op.pad)),
            propagate(3),
        ],
        Operator::Conv2d(op) => vec![
            (0, pad(op.pad)),
            (1, size(op.stride)),
            (2, size(op.dilation)),
            accumulator(4, op.bias),
        ],
        Operator::DepthwiseConv2d(op) => vec![
            (0, pad(op.pad)),
            (1, size(op.stride)),
            (2, size(op.dilation)),
            accumulator(4, op.bias),
        ],
        Operator::Conv3d(op) => vec![
            (0, pad3d(op.pad)),
            (1, size3d(op.stride)),
            (2, size3d(op.dilation)),
            accumulator(4, op.bias),
        ],
        Operator::TransposeConv2d(op) => vec![
            (0, out_pad(op.out_pad)),
            (1, size(op.stride)),
            accumulator(3, op.bias),
        ],
        Operator::ArithmeticRightShift(op) => vec![(0, Field::Bool(op.round))],
        Operator::Clamp(op) => clamp(op, output.dtype),
        Operator::Transpose(op) => {
            let axes = op.permutation.iter().map(|&axis| axis.into()).collect();
            vec![(0, Field::I32s(axes))]
        }
        Operator::Rescale(op) => rescale(op),
        Operator::Resize(op) => {
            let mode = match op.mode {
                ResizeMode::Nearest => NEAREST,
                ResizeMode::Bilinear => BILINEAR,
            };
            vec![(0, Field::U32(mode))]
        }
        _ => vec![],
    }
}

fn clamp(op: &Clamp, dtype: DType) -> Vec<(u16, Field)> {
    let bound = |Signed32(bound): Signed32| {
        Field::Bytes(bound.to_le_bytes()[..dtype.size_bytes()].to_vec())
    };
    vec![
        (0, bound(op.min)),
        (1, bound(op.max)),
        (2, Field::U32(PROPAGATE)),
    ]
}

fn rescale(op: &Rescale) -> Vec<(u16, Field)> {
    let rounding = if op.double_round {
        DOUBLE_ROUND
    } else {
        SINGLE_ROUND
    };
    vec![
        (0, Field::Bool(op.scale32)),
        (1, Field::U32(rounding)),
        (2, Field::Bool(op.per_channel)),
        (3, Field::Bool(op.input_unsigned)),
        (4, Field::Bool(op.output_unsigned)),
    ]
}

/// Sizes are far below 2^31: the runtime has refused larger ones.
fn entries(values: &[u32]) -> Field {
    Field::I32s(values.iter().map(|value| value.cast_signed()).collect())
}

fn size(it: Size2d) -> Field {
    entries(&[it.y, it.x])
}

fn size3d(it: Size3d) -> Field {
    entries(&[it.z, it.y, it.x])
}

fn pad(it: Pad2d) -> Field {
    entries(&[it.top, it.bottom, it.left, it.right])
}

fn pad3d(it: Pad3d) -> Field {
    entries(&[it.front, it.back, it.top, it.bottom, it.left, it.right])
}

fn out_pad(it: OutPad2d) -> Field {
    let sides = [it.top, it.bottom, it.left, it.right];
    Field::I32s(sides.map(|side| side.0).to_vec())
}
