//! The operators of TOSA in plain i128 arithmetic, one index at a time: what vectors expect.
//!
//! Written from the standard's text alone and to be read, not to be fast. It shares no code with the
//! runtime but the model's types, and checks no model: it may panic on one that is not valid.

mod scale;
mod windows;

use fixpoint_runtime::{
    model::Model,
    ops::{Operator, geometry::Size2d},
    tensor::{DType, TensorType},
};

use scale::rescale;
use windows::{Window, avg_pool2d, conv2d, depthwise_conv2d, matmul};

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

/// A requirement of the standard does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unmet;

type Result<T> = core::result::Result<T, Unmet>;

impl Tensor {
    /// A tensor whose elements are computed from their indices.
    pub fn from_fn(dtype: DType, shape: &[usize], element: impl Fn(&[usize]) -> i128) -> Self {
        Self::try_from_fn(dtype, shape, |index| Ok(element(index))).expect("nothing to fail")
    }

    fn try_from_fn(
        dtype: DType,
        shape: &[usize],
        mut element: impl FnMut(&[usize]) -> Result<i128>,
    ) -> Result<Self> {
        let mut data = Vec::new();
        for at in 0..shape.iter().product() {
            data.push(element(&unflatten(at, shape))?);
        }
        Ok(Self {
            dtype,
            shape: shape.to_vec(),
            data,
        })
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

    fn at(&self, index: &[usize]) -> i128 {
        self.data[flatten(index, &self.shape)]
    }

    /// The element of a tensor that is broadcast to a larger shape.
    fn broadcast(&self, index: &[usize]) -> i128 {
        let own = index.iter().zip(&self.shape);
        let own: Vec<_> = own
            .map(|(at, size)| if *size == 1 { 0 } else { *at })
            .collect();
        self.at(&own)
    }

    fn map(&self, to: DType, element: impl Fn(i128) -> Result<i128>) -> Result<Self> {
        let data = self
            .data
            .iter()
            .map(|x| element(*x))
            .collect::<Result<_>>()?;
        Ok(Self {
            dtype: to,
            shape: self.shape.clone(),
            data,
        })
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

fn flatten(index: &[usize], shape: &[usize]) -> usize {
    index
        .iter()
        .zip(shape)
        .fold(0, |at, (place, size)| at * size + place)
}

fn replaced(index: &[usize], axis: usize, value: usize) -> Vec<usize> {
    let mut index = index.to_vec();
    index[axis] = value;
    index
}

/// Every value of a model, by its number.
///
/// # Errors
/// The index of the first operator of which a requirement does not hold.
pub fn values(model: &Model, inputs: &[Tensor]) -> core::result::Result<Vec<Tensor>, u16> {
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
pub fn run(model: &Model, inputs: &[Tensor]) -> core::result::Result<Vec<Tensor>, u16> {
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
#[expect(clippy::too_many_lines, reason = "one arm per operator")]
pub fn evaluate(operator: &Operator, operands: &[&Tensor]) -> Result<Tensor> {
    let x = operands[0];
    match operator {
        Operator::ArgMax(op) => {
            let axis = usize::from(op.axis);
            let mut shape = x.shape.clone();
            let size = shape.remove(axis);
            Tensor::try_from_fn(DType::I32, &shape, |index| {
                let element = |at: usize| {
                    let mut index = index.to_vec();
                    index.insert(axis, at);
                    x.at(&index)
                };
                let best = (0..size).fold(0, |best, at| {
                    if element(at) > element(best) {
                        at
                    } else {
                        best
                    }
                });
                Ok(best as i128)
            })
        }
        Operator::AvgPool2d(op) => avg_pool2d(op, x),
        Operator::Conv2d(op) => Ok(conv2d(op, x, operands[1], operands[2])),
        Operator::DepthwiseConv2d(op) => Ok(depthwise_conv2d(op, x, operands[1], operands[2])),
        Operator::MatMul(op) => Ok(matmul(op, x, operands[1])),
        Operator::MaxPool2d(op) => {
            let window = Window::new(op.kernel, op.pad, op.stride, Size2d { y: 1, x: 1 });
            Ok(Tensor::from_fn(
                x.dtype,
                &window.shape(x, x.shape[3]),
                |index| {
                    let taps = window.taps(x, index);
                    let elements = taps
                        .iter()
                        .flatten()
                        .map(|[y, column]| x.at(&[index[0], *y, *column, index[3]]));
                    elements.max().expect("every window sees an element")
                },
            ))
        }
        Operator::Clamp(op) => x.map(x.dtype, |x| {
            Ok(x.clamp(i128::from(op.min.0), i128::from(op.max.0)))
        }),
        Operator::Add(_) => pairs(DType::I32, operands, |a, b| fit(DType::I32, a + b)),
        Operator::Sub(_) => pairs(DType::I32, operands, |a, b| fit(DType::I32, a - b)),
        Operator::ArithmeticRightShift(op) => pairs(x.dtype, operands, |a, b| {
            require((0..bits(x.dtype)).contains(&b))?;
            let round = op.round && b > 0 && (a >> (b - 1)) & 1 == 1;
            Ok((a >> b) + i128::from(round))
        }),
        Operator::LogicalLeftShift(_) => pairs(x.dtype, operands, |a, b| {
            require((0..bits(x.dtype)).contains(&b))?;
            Ok(wrap(x.dtype, a << b))
        }),
        Operator::Mul(op) => pairs(DType::I32, operands, |a, b| match op.shift_bits {
            0 => Ok(wrap(DType::I32, a * b)),
            // The rounding addition is one of 64 bits and wraps, as in the reference model.
            shift => {
                let rounded = (a * b + (1 << (shift - 1))) as i64;
                fit(DType::I32, i128::from(rounded) >> shift)
            }
        }),
        Operator::Table(_) => table(x, operands[1]),
        Operator::Clz(_) => x.map(DType::I32, |x| Ok(i128::from((x as i32).leading_zeros()))),
        Operator::ReduceMax(op) => reduce(x, op.axis.into(), |best, x| Ok(best.max(x))),
        Operator::ReduceSum(op) => reduce(x, op.axis.into(), |sum, x| fit(DType::I32, sum + x)),
        Operator::Concat(op) => Ok(concat(usize::from(op.axis), operands)),
        Operator::Pad(op) => {
            let margins: Vec<_> = op.padding.iter().collect();
            let sizes = x.shape.iter().zip(&margins);
            let shape: Vec<_> = sizes
                .map(|(size, side)| size + (side.before + side.after) as usize)
                .collect();
            Ok(Tensor::from_fn(x.dtype, &shape, |index| {
                let inner = index
                    .iter()
                    .zip(&margins)
                    .zip(&x.shape)
                    .map(|((at, side), size)| {
                        at.checked_sub(side.before as usize).filter(|at| at < size)
                    });
                let inner: Option<Vec<_>> = inner.collect();
                inner.map_or(i128::from(op.value.0), |index| x.at(&index))
            }))
        }
        Operator::Reshape(op) => {
            let shape = op.shape.iter().map(|size| *size as usize).collect();
            Ok(Tensor { shape, ..x.clone() })
        }
        Operator::Slice(op) => {
            let shape: Vec<_> = op.size.iter().map(|size| *size as usize).collect();
            Ok(Tensor::from_fn(x.dtype, &shape, |index| {
                let index = index.iter().zip(op.start.iter());
                let index: Vec<_> = index.map(|(at, start)| at + *start as usize).collect();
                x.at(&index)
            }))
        }
        Operator::Transpose(op) => {
            let axes = op.permutation.iter().map(|axis| usize::from(*axis));
            let shape: Vec<_> = axes.clone().map(|axis| x.shape[axis]).collect();
            Ok(Tensor::from_fn(x.dtype, &shape, |index| {
                let mut source = vec![0; index.len()];
                axes.clone()
                    .zip(index)
                    .for_each(|(axis, at)| source[axis] = *at);
                x.at(&source)
            }))
        }
        Operator::Gather(_) => gather(x, operands[1]),
        Operator::Cast(op) => x.map(op.to, |x| {
            Ok(if op.to == DType::Bool {
                i128::from(x != 0)
            } else {
                wrap(op.to, x)
            })
        }),
        Operator::Rescale(op) => rescale(op, x),
        other => panic!("no vector has {} yet", other.name()),
    }
}

fn require(holds: bool) -> Result<()> {
    if holds { Ok(()) } else { Err(Unmet) }
}

fn bits(dtype: DType) -> i128 {
    8 * dtype.size_bytes() as i128
}

fn fit(dtype: DType, value: i128) -> Result<i128> {
    let (lowest, highest) = dtype.range();
    require((i128::from(lowest)..=i128::from(highest)).contains(&value))?;
    Ok(value)
}

/// The value modulo the width of a type of 8, 16 or 32 bits.
fn wrap(dtype: DType, value: i128) -> i128 {
    let modulus = 1 << bits(dtype);
    let low = value.rem_euclid(modulus);
    if low >= modulus / 2 {
        low - modulus
    } else {
        low
    }
}

fn pairs(
    to: DType,
    operands: &[&Tensor],
    element: impl Fn(i128, i128) -> Result<i128>,
) -> Result<Tensor> {
    let (a, b) = (operands[0], operands[1]);
    let sizes = a.shape.iter().zip(&b.shape);
    let shape: Vec<_> = sizes.map(|(a, b)| if *a == 1 { *b } else { *a }).collect();
    Tensor::try_from_fn(to, &shape, |index| {
        element(a.broadcast(index), b.broadcast(index))
    })
}

fn reduce(x: &Tensor, axis: usize, join: impl Fn(i128, i128) -> Result<i128>) -> Result<Tensor> {
    let mut shape = x.shape.clone();
    shape[axis] = 1;
    Tensor::try_from_fn(x.dtype, &shape, |index| {
        let mut elements = (0..x.shape[axis]).map(|at| x.at(&replaced(index, axis, at)));
        let first = elements.next().expect("no dimension is 0");
        elements.try_fold(first, &join)
    })
}

fn concat(axis: usize, parts: &[&Tensor]) -> Tensor {
    let mut shape = parts[0].shape.clone();
    shape[axis] = parts.iter().map(|part| part.shape[axis]).sum();
    Tensor::from_fn(parts[0].dtype, &shape, |index| {
        let mut at = index[axis];
        for part in parts {
            if at < part.shape[axis] {
                return part.at(&replaced(index, axis, at));
            }
            at -= part.shape[axis];
        }
        unreachable!("the sizes add up")
    })
}

fn gather(values: &Tensor, indices: &Tensor) -> Result<Tensor> {
    let shape = [values.shape[0], indices.shape[1], values.shape[2]];
    Tensor::try_from_fn(values.dtype, &shape, |index| {
        let row = indices.at(&index[..2]);
        require((0..values.shape[1] as i128).contains(&row))?;
        Ok(values.at(&[index[0], row as usize, index[2]]))
    })
}

fn table(x: &Tensor, table: &Tensor) -> Result<Tensor> {
    if x.dtype == DType::I8 {
        return x.map(DType::I8, |x| Ok(table.data[(x + 128) as usize]));
    }
    x.map(DType::I32, |x| {
        let index = ((x >> 7) + 256) as usize;
        let (base, next) = (table.data[index], table.data[index + 1]);
        let slope = fit(DType::I16, next - base)?;
        Ok((base << 7) + slope * (x & 0x7f))
    })
}
