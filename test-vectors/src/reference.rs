//! What a model answers by the naive operators of [`fixpoint_reference`]: what vectors expect.
//!
//! Only a translation: every number is worked out there. It checks no model: it may panic on one
//! that is not valid.

use fixpoint_reference as tosa;
use fixpoint_runtime::{
    model::{Model, format::Signed32},
    ops::{
        Operator,
        conv3d::Conv3d,
        geometry::{Margin, Pad2d, Size2d},
        rescale::Rescale,
        resize::{Resize, ResizeMode},
        transpose_conv2d::TransposeConv2d,
    },
    tensor::{DType, TensorType},
};

pub use tosa::Unmet;

/// A tensor with its elements in row-major order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Element type.
    pub dtype: DType,
    /// Dimensions.
    pub shape: Vec<usize>,
    /// Elements, all in the range of the type.
    pub data: Vec<i128>,
}

impl Tensor {
    /// A tensor whose elements are computed from their indices.
    pub fn from_fn(dtype: DType, shape: &[usize], element: impl Fn(&[usize]) -> i128) -> Self {
        let places = 0..shape.iter().product();
        Self {
            dtype,
            shape: shape.to_vec(),
            data: places.map(|at| element(&unflatten(at, shape))).collect(),
        }
    }

    /// Reads little-endian elements; `None` if one is not of the type or the length is wrong.
    #[must_use]
    pub fn from_bytes(of: &TensorType, bytes: &[u8]) -> Option<Self> {
        let (lowest, highest) = of.dtype.range();
        let read = |bytes: &[u8]| {
            let fill = if bytes.last().is_some_and(|byte| *byte >= 0x80) {
                0xff
            } else {
                0
            };
            let mut wide = [fill; 8];
            wide[..bytes.len()].copy_from_slice(bytes);
            i64::from_le_bytes(wide)
        };
        let elements = bytes.chunks(of.dtype.size_bytes()).map(read);
        let data: Vec<i64> = elements.collect();
        let is_whole = bytes.len() as u64 == of.size_bytes();
        let fits = data
            .iter()
            .all(|element| (lowest..=highest).contains(element));
        (is_whole && fits).then(|| Self {
            dtype: of.dtype,
            shape: of.shape.iter().map(|size| *size as usize).collect(),
            data: data.into_iter().map(i128::from).collect(),
        })
    }

    /// The elements, little-endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let size_bytes = self.dtype.size_bytes();
        let bytes = self
            .data
            .iter()
            .flat_map(|element| element.to_le_bytes()[..size_bytes].to_vec());
        bytes.collect()
    }

    fn to_tosa(&self) -> tosa::Tensor {
        tosa::Tensor {
            dtype: type_of(self.dtype),
            shape: self.shape.iter().map(|size| *size as i128).collect(),
            data: self.data.clone(),
        }
    }

    fn from_tosa(of: tosa::Tensor) -> Self {
        let dtype = match of.dtype {
            tosa::Type::Bool => DType::Bool,
            tosa::Type::I8 => DType::I8,
            tosa::Type::I16 => DType::I16,
            tosa::Type::I32 => DType::I32,
            tosa::Type::I48 => DType::I48,
        };
        let shape = of.shape.into_iter().map(|size| size as usize).collect();
        let data = of.data;
        Self { dtype, shape, data }
    }
}

fn unflatten(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (place, size) in index.iter_mut().zip(shape).rev() {
        *place = at % size;
        at /= size;
    }
    index
}

/// Every value of a model, by its number.
///
/// # Errors
/// The index of the first operator of which a requirement does not hold.
pub fn values(model: &Model, inputs: &[Tensor]) -> Result<Vec<Tensor>, u16> {
    let mut values = inputs.to_vec();
    for constant in model.constants.iter() {
        values.push(Tensor::from_bytes(&constant.tensor, &constant.data).expect("a valid model"));
    }
    for (index, operator) in (0_u16..).zip(model.operators.iter()) {
        let numbers = operator.operands();
        let operands: Vec<_> = numbers
            .iter()
            .map(|&number| &values[usize::from(number)])
            .collect();
        let value = evaluate(operator, &operands).map_err(|Unmet| index)?;
        values.push(value);
    }
    Ok(values)
}

/// A model's outputs, in declared order.
///
/// # Errors
/// As [`values`].
pub fn run(model: &Model, inputs: &[Tensor]) -> Result<Vec<Tensor>, u16> {
    let values = values(model, inputs)?;
    let outputs = model.outputs.iter();
    Ok(outputs
        .map(|output| values[usize::from(output.value)].clone())
        .collect())
}

/// One operator on its operands, in the order of its fields.
///
/// # Errors
/// [`Unmet`].
pub fn evaluate(operator: &Operator, operands: &[&Tensor]) -> Result<Tensor, Unmet> {
    let operands: Vec<_> = operands.iter().map(|operand| operand.to_tosa()).collect();
    let operands: Vec<_> = operands.iter().collect();
    tosa::evaluate(&op_of(operator), &operands).map(Tensor::from_tosa)
}

/// The operator with its attributes in the reference's terms.
fn op_of(operator: &Operator) -> tosa::Op {
    use tosa::Op;
    match operator {
        Operator::ArgMax(op) => Op::ArgMax {
            axis: op.axis.into(),
        },
        Operator::AvgPool2d(op) => Op::AvgPool2d(tosa::Pool {
            input_zp: wide(op.input_zero_point),
            output_zp: wide(op.output_zero_point),
            ..pool(op.kernel, op.stride, op.pad)
        }),
        Operator::Conv2d(op) => Op::Conv2d(tosa::Conv2d {
            pad: sides(op.pad),
            stride: pair(op.stride),
            dilation: pair(op.dilation),
            input_zp: wide(op.input_zero_point),
            weight_zp: wide(op.weight_zero_point),
        }),
        Operator::Conv3d(op) => Op::Conv3d(conv3d(op)),
        Operator::DepthwiseConv2d(op) => Op::DepthwiseConv2d(tosa::Conv2d {
            pad: sides(op.pad),
            stride: pair(op.stride),
            dilation: pair(op.dilation),
            input_zp: wide(op.input_zero_point),
            weight_zp: wide(op.weight_zero_point),
        }),
        Operator::MatMul(op) => Op::MatMul {
            a_zp: wide(op.a_zero_point),
            b_zp: wide(op.b_zero_point),
        },
        Operator::MaxPool2d(op) => Op::MaxPool2d(pool(op.kernel, op.stride, op.pad)),
        Operator::TransposeConv2d(op) => Op::TransposeConv2d(transpose_conv2d(op)),
        Operator::Clamp(op) => Op::Clamp {
            min: wide(op.min),
            max: wide(op.max),
        },
        _ => elementwise_of(operator).unwrap_or_else(|| layout_of(operator)),
    }
}

fn elementwise_of(operator: &Operator) -> Option<tosa::Op> {
    use tosa::Op;
    Some(match operator {
        Operator::Add(_) => Op::Add,
        Operator::ArithmeticRightShift(op) => Op::ArithmeticRightShift { round: op.round },
        Operator::BitwiseAnd(_) => Op::BitwiseAnd,
        Operator::BitwiseOr(_) => Op::BitwiseOr,
        Operator::BitwiseXor(_) => Op::BitwiseXor,
        Operator::IntDiv(_) => Op::IntDiv,
        Operator::LogicalAnd(_) => Op::LogicalAnd,
        Operator::LogicalLeftShift(_) => Op::LogicalLeftShift,
        Operator::LogicalRightShift(_) => Op::LogicalRightShift,
        Operator::LogicalOr(_) => Op::LogicalOr,
        Operator::LogicalXor(_) => Op::LogicalXor,
        Operator::Maximum(_) => Op::Maximum,
        Operator::Minimum(_) => Op::Minimum,
        Operator::Mul(op) => Op::Mul {
            shift: op.shift_bits.into(),
        },
        Operator::Sub(_) => Op::Sub,
        Operator::Table(_) => Op::Table,
        Operator::Abs(_) => Op::Abs,
        Operator::BitwiseNot(_) => Op::BitwiseNot,
        Operator::Clz(_) => Op::Clz,
        Operator::LogicalNot(_) => Op::LogicalNot,
        Operator::Negate(op) => Op::Negate {
            input_zp: wide(op.input_zero_point),
            output_zp: wide(op.output_zero_point),
        },
        Operator::Select(_) => Op::Select,
        Operator::Equal(_) => Op::Equal,
        Operator::Greater(_) => Op::Greater,
        Operator::GreaterEqual(_) => Op::GreaterEqual,
        _ => return None,
    })
}

fn layout_of(operator: &Operator) -> tosa::Op {
    use tosa::Op;
    let along = |axis: u8| usize::from(axis);
    match operator {
        Operator::ReduceAll(op) => Op::ReduceAll {
            axis: along(op.axis),
        },
        Operator::ReduceAny(op) => Op::ReduceAny {
            axis: along(op.axis),
        },
        Operator::ReduceMax(op) => Op::ReduceMax {
            axis: along(op.axis),
        },
        Operator::ReduceMin(op) => Op::ReduceMin {
            axis: along(op.axis),
        },
        Operator::ReduceSum(op) => Op::ReduceSum {
            axis: along(op.axis),
        },
        Operator::Concat(op) => Op::Concat {
            axis: along(op.axis),
        },
        Operator::Pad(op) => Op::Pad {
            margins: op.padding.iter().map(margin).collect(),
            value: wide(op.value),
        },
        Operator::Reshape(op) => Op::Reshape {
            shape: sizes(&op.shape),
        },
        Operator::Reverse(op) => Op::Reverse {
            axis: along(op.axis),
        },
        Operator::Slice(op) => Op::Slice {
            start: sizes(&op.start),
            size: sizes(&op.size),
        },
        Operator::Tile(op) => Op::Tile {
            multiples: sizes(&op.multiples),
        },
        Operator::Transpose(op) => Op::Transpose {
            perms: op.permutation.iter().copied().map(along).collect(),
        },
        Operator::Gather(_) => Op::Gather,
        Operator::Scatter(_) => Op::Scatter,
        Operator::Resize(op) => Op::Resize(resize(op)),
        Operator::Cast(op) => Op::Cast { to: type_of(op.to) },
        Operator::Rescale(op) => Op::Rescale(rescale(op)),
        Operator::Identity(_) => Op::Identity,
        _ => unreachable!("{} is among those above", operator.name()),
    }
}

fn type_of(dtype: DType) -> tosa::Type {
    match dtype {
        DType::Bool => tosa::Type::Bool,
        DType::I8 => tosa::Type::I8,
        DType::I16 => tosa::Type::I16,
        DType::I32 => tosa::Type::I32,
        DType::I48 => tosa::Type::I48,
    }
}

fn wide(value: Signed32) -> i128 {
    value.0.into()
}

fn sizes(of: &[u32]) -> Vec<i128> {
    of.iter().copied().map(i128::from).collect()
}

fn pair(size: Size2d) -> [i128; 2] {
    [size.y, size.x].map(i128::from)
}

fn sides(pad: Pad2d) -> [i128; 4] {
    [pad.top, pad.bottom, pad.left, pad.right].map(i128::from)
}

fn margin(margin: &Margin) -> [i128; 2] {
    [margin.before, margin.after].map(i128::from)
}

fn pool(kernel: Size2d, stride: Size2d, pad: Pad2d) -> tosa::Pool {
    tosa::Pool {
        kernel: pair(kernel),
        stride: pair(stride),
        pad: sides(pad),
        input_zp: 0,
        output_zp: 0,
    }
}

fn rescale(op: &Rescale) -> tosa::Rescale {
    tosa::Rescale {
        to: type_of(op.to),
        input_zp: wide(op.input_zero_point),
        output_zp: wide(op.output_zero_point),
        multiplier: op.multipliers.iter().copied().map(wide).collect(),
        shift: op.shifts_bits.iter().copied().map(i128::from).collect(),
        scale32: op.scale32,
        double_round: op.double_round,
        per_channel: op.per_channel,
        input_unsigned: op.input_unsigned,
        output_unsigned: op.output_unsigned,
    }
}

fn conv3d(op: &Conv3d) -> tosa::Conv3d {
    let (pad, stride, dilation) = (op.pad, op.stride, op.dilation);
    let sides = [
        pad.front, pad.back, pad.top, pad.bottom, pad.left, pad.right,
    ];
    tosa::Conv3d {
        pad: sides.map(i128::from),
        stride: [stride.z, stride.y, stride.x].map(i128::from),
        dilation: [dilation.z, dilation.y, dilation.x].map(i128::from),
        input_zp: wide(op.input_zero_point),
        weight_zp: wide(op.weight_zero_point),
    }
}

fn transpose_conv2d(op: &TransposeConv2d) -> tosa::TransposeConv2d {
    let pad = op.out_pad;
    tosa::TransposeConv2d {
        out_pad: [pad.top, pad.bottom, pad.left, pad.right].map(wide),
        stride: pair(op.stride),
        input_zp: wide(op.input_zero_point),
        weight_zp: wide(op.weight_zero_point),
    }
}

fn resize(op: &Resize) -> tosa::Resize {
    let (y, x) = (op.y, op.x);
    tosa::Resize {
        is_bilinear: op.mode == ResizeMode::Bilinear,
        scale_n: [y.scale_n, x.scale_n].map(i128::from),
        scale_d: [y.scale_d, x.scale_d].map(i128::from),
        offset: [y.offset, x.offset].map(wide),
        border: [y.border, x.border].map(wide),
    }
}
