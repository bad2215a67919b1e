//! Models for tests: built by hand, or drawn from a string of bytes.

#![allow(dead_code, reason = "every test file uses a part")]

use fixpoint_runtime::{
    model::{
        self, Model, ValidModel,
        format::{Constant, FORMAT_VERSION, Input, Output, Quantisation, Signed32, ValueId},
    },
    ops::{
        self, Operator,
        geometry::{Margin, Pad2d, Size2d},
    },
    tensor::{DType, TensorType},
};

/// A list of the format, from a slice that is short enough.
macro_rules! list {
    ($items:expr) => {
        $items.to_vec().try_into().expect("within the limit")
    };
}
#[allow(unused_imports, reason = "every test file uses a part")]
pub(crate) use list;

/// A tensor type.
pub(crate) fn tensor(dtype: DType, shape: &[u32]) -> TensorType {
    TensorType::new(dtype, shape).expect("rank of at most 6")
}

/// A constant from the values of its elements.
pub(crate) fn constant(dtype: DType, shape: &[u32], elements: &[i64]) -> Constant {
    let bytes = elements.iter().flat_map(|element| {
        let bytes = element.to_le_bytes();
        bytes.into_iter().take(dtype.size_bytes())
    });
    Constant {
        tensor: tensor(dtype, shape),
        data: list!(bytes.collect::<Vec<u8>>()),
    }
}

/// A model from its parts; names are made up, nothing is quantised.
pub(crate) fn model(
    inputs: &[TensorType],
    constants: &[Constant],
    operators: &[Operator],
    outputs: &[ValueId],
) -> Model {
    let name = |at: usize| list!(format!("t{at}").into_bytes());
    let inputs = inputs.iter().enumerate().map(|(at, tensor)| Input {
        name: name(at),
        tensor: tensor.clone(),
        quantisation: Quantisation::None,
        saturates: false,
    });
    let outputs = outputs.iter().enumerate().map(|(at, value)| Output {
        name: name(at),
        value: *value,
        quantisation: Quantisation::None,
    });
    Model {
        version: FORMAT_VERSION,
        inputs: list!(inputs.collect::<Vec<_>>()),
        constants: list!(constants),
        operators: list!(operators),
        outputs: list!(outputs.collect::<Vec<_>>()),
    }
}

/// Decisions drawn from bytes; when they run out, every decision is the first one.
pub(crate) struct Choices<'a>(pub(crate) &'a [u8]);

impl Choices<'_> {
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit.max(1)
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Any value, small ones and the ends of the range more often.
    pub(crate) fn element(&mut self, dtype: DType) -> i64 {
        let (min, max) = dtype.range();
        match self.below(6) {
            0 => 0,
            1 => min,
            2 => max,
            3 => i64::from(self.byte().cast_signed()).clamp(min, max),
            _ => {
                let bytes: [u8; 8] = std::array::from_fn(|_| self.byte());
                min + i64::from_le_bytes(bytes).rem_euclid(max - min + 1)
            }
        }
    }

    pub(crate) fn elements(&mut self, dtype: DType, count: usize) -> Vec<i64> {
        (0..count).map(|_| self.element(dtype)).collect()
    }

    fn dim(&mut self) -> u32 {
        self.pick(&[1, 2, 3, 4, 5, 7])
    }

    fn signed(&mut self, dtype: DType) -> Signed32 {
        Signed32(self.element(dtype) as i32)
    }

    fn zero_point(&mut self, dtype: DType) -> Signed32 {
        match dtype {
            DType::I8 => self.signed(dtype),
            _ => Signed32(0),
        }
    }
}

/// Values that grew larger get no operators: a constant beside one, at most 153 bytes for each of its
/// elements, would not fit a payload.
const MAX_OPERAND_ELEMENTS: u64 = 1 << 16;

/// A value of a [`Draft`], however many constants there will be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Source {
    Input(usize),
    Constant(usize),
    Output(usize),
}

/// Makes an operator from the final numbers of its operands.
type Make = Box<dyn Fn(&[ValueId]) -> Operator>;

/// A model under construction.
struct Draft {
    inputs: Vec<TensorType>,
    constants: Vec<Constant>,
    operators: Vec<(Vec<Source>, Make)>,
    outputs: Vec<TensorType>,
}

/// Draws a valid model. Operators that do not fit what is there are left out.
pub(crate) fn draw(choices: &mut Choices<'_>) -> ValidModel {
    let mut draft = Draft {
        inputs: Vec::new(),
        constants: Vec::new(),
        operators: Vec::new(),
        outputs: Vec::new(),
    };
    for _ in 0..1 + choices.below(2) {
        let dtype = choices.pick(&[DType::I8, DType::I16, DType::I32, DType::I8, DType::Bool]);
        let rank = choices.pick(&[4, 3, 4, 2, 1]);
        let shape: Vec<u32> = (0..rank).map(|_| choices.dim()).collect();
        draft.inputs.push(tensor(dtype, &shape));
    }
    let shape = draft.inputs[0].shape.clone();
    let identity = move |values: &[ValueId]| {
        Operator::Reshape(ops::reshape::Reshape {
            input: values[0],
            shape: shape.clone(),
        })
    };
    draft
        .operators
        .push((vec![Source::Input(0)], Box::new(identity)));
    let mut valid = draft.validate().expect("a reshape of an input");
    for _ in 0..choices.below(40) {
        let first_output = valid.model().inputs.len() + valid.model().constants.len();
        draft.outputs = valid.value_types()[first_output..].to_vec();
        let constants = draft.constants.len();
        let source = draft.source(choices);
        if draft.tensor(source).elements() > MAX_OPERAND_ELEMENTS {
            continue;
        }
        let Some(operator) = draft.operator(choices, source) else {
            continue;
        };
        draft.operators.push(operator);
        match draft.validate() {
            Some(larger) => valid = larger,
            None => {
                draft.operators.pop();
                draft.constants.truncate(constants);
            }
        }
    }
    valid
}

impl Draft {
    /// The model with every value that nothing reads as an output, if it is valid.
    fn validate(&self) -> Option<ValidModel> {
        let number = |source: &Source| match *source {
            Source::Input(at) => at as ValueId,
            Source::Constant(at) => (self.inputs.len() + at) as ValueId,
            Source::Output(at) => (self.inputs.len() + self.constants.len() + at) as ValueId,
        };
        let operators = self.operators.iter().map(|(sources, make)| {
            let numbers: Vec<ValueId> = sources.iter().map(number).collect();
            make(&numbers)
        });
        let operators: Vec<Operator> = operators.collect();
        let is_read = |at: &usize| {
            let mut sources = self.operators.iter().flat_map(|(sources, _)| sources);
            sources.any(|source| *source == Source::Output(*at))
        };
        let ends = (0..operators.len()).filter(|at| !is_read(at));
        let ends: Vec<ValueId> = ends.map(|at| number(&Source::Output(at))).collect();
        if ends.len() > 32 {
            return None;
        }
        model::validate(model(&self.inputs, &self.constants, &operators, &ends)).ok()
    }

    fn source(&self, choices: &mut Choices<'_>) -> Source {
        // The newest outputs are the likeliest: graphs grow deep.
        match choices.below(4) {
            0 => Source::Input(choices.below(self.inputs.len())),
            1 => Source::Output(choices.below(self.outputs.len())),
            _ => Source::Output(self.outputs.len() - 1 - choices.below(self.outputs.len().min(2))),
        }
    }

    fn tensor(&self, source: Source) -> &TensorType {
        match source {
            Source::Input(at) => &self.inputs[at],
            Source::Constant(at) => &self.constants[at].tensor,
            Source::Output(at) => &self.outputs[at],
        }
    }

    fn constant(&mut self, dtype: DType, shape: &[u32], elements: &[i64]) -> Source {
        self.constants.push(constant(dtype, shape, elements));
        Source::Constant(self.constants.len() - 1)
    }

    fn random(&mut self, choices: &mut Choices<'_>, dtype: DType, shape: &[u32]) -> Source {
        let count = shape.iter().product::<u32>() as usize;
        let elements = choices.elements(dtype, count);
        self.constant(dtype, shape, &elements)
    }

    /// An operator that could take a value; `None` where there is none of that kind.
    fn operator(&mut self, choices: &mut Choices<'_>, x: Source) -> Option<(Vec<Source>, Make)> {
        let of = self.tensor(x).clone();
        match choices.below(7) {
            0 => self.window(choices, x, &of),
            1 => self.product(choices, x, &of),
            2 => self.pairwise(choices, x, &of),
            3 => self.movement(choices, x, &of),
            4 => Some(unary(choices, x, &of)),
            5 => Some(rescale(choices, x, &of)),
            _ => self.lookup(choices, x, &of),
        }
    }

    fn window(
        &mut self,
        choices: &mut Choices<'_>,
        x: Source,
        of: &TensorType,
    ) -> Option<(Vec<Source>, Make)> {
        let [_, height, width, channels] = of.shape[..] else {
            return None;
        };
        let kernel = Size2d {
            y: 1 + choices.below(height.min(3) as usize) as u32,
            x: 1 + choices.below(width.min(3) as usize) as u32,
        };
        // Padding that makes windows with a stride fit now and then; often none.
        let mut side = || choices.pick(&[0, 0, 1, 2]);
        let pad = Pad2d {
            top: side(),
            bottom: side(),
            left: side(),
            right: side(),
        };
        let stride = Size2d {
            y: choices.pick(&[1, 1, 2, 3]),
            x: choices.pick(&[1, 1, 2, 3]),
        };
        let dilation = Size2d {
            y: choices.pick(&[1, 1, 1, 2]),
            x: choices.pick(&[1, 1, 1, 2]),
        };
        let shape = WindowShape {
            kernel,
            pad,
            stride,
            dilation,
            channels,
        };
        match choices.below(4) {
            0 | 1 => Some(pool(choices, x, of, &shape)),
            kind => Some(self.convolution(choices, x, of, &shape, kind == 2)),
        }
    }

    fn convolution(
        &mut self,
        choices: &mut Choices<'_>,
        x: Source,
        of: &TensorType,
        shape: &WindowShape,
        is_dense: bool,
    ) -> (Vec<Source>, Make) {
        let WindowShape {
            kernel,
            pad,
            stride,
            dilation,
            channels,
        } = *shape;
        let input_zero_point = choices.zero_point(of.dtype);
        let weight_zero_point = choices.zero_point(DType::I8);
        let count = choices.pick(&[1, 2, 3, 17]);
        let (outputs, shape) = if is_dense {
            (count, [count, kernel.y, kernel.x, channels])
        } else {
            (count * channels, [kernel.y, kernel.x, channels, count])
        };
        let weight = self.random(choices, DType::I8, &shape);
        let bias_type = match of.dtype {
            DType::I8 => DType::I32,
            _ => DType::I48,
        };
        let biases = choices.pick(&[outputs, 1]);
        let bias = (0..biases).map(|_| i64::from(choices.byte().cast_signed()) << 12);
        let bias = bias.collect::<Vec<_>>();
        let bias = self.constant(bias_type, &[biases], &bias);
        let make: Make = Box::new(move |values| {
            let (input, weight, bias) = (values[0], values[1], values[2]);
            if is_dense {
                Operator::Conv2d(ops::conv2d::Conv2d {
                    input,
                    weight,
                    bias,
                    pad,
                    stride,
                    dilation,
                    input_zero_point,
                    weight_zero_point,
                })
            } else {
                Operator::DepthwiseConv2d(ops::depthwise_conv2d::DepthwiseConv2d {
                    input,
                    weight,
                    bias,
                    pad,
                    stride,
                    dilation,
                    input_zero_point,
                    weight_zero_point,
                })
            }
        });
        (vec![x, weight, bias], make)
    }

    fn product(
        &mut self,
        choices: &mut Choices<'_>,
        x: Source,
        of: &TensorType,
    ) -> Option<(Vec<Source>, Make)> {
        let [batch, rows, depth] = of.shape[..] else {
            // A shape that fits, for another time.
            let elements = of.elements() as u32;
            let shape = list!([1, 1, elements]);
            return Some((vec![x], reshape(shape)));
        };
        let (a_zero_point, b_zero_point) =
            (choices.zero_point(of.dtype), choices.zero_point(of.dtype));
        let columns = choices.pick(&[1, 3, 16, 18]);
        let other = match choices.below(3) {
            0 => self.source(choices),
            1 if rows == depth => x,
            _ => self.random(choices, of.dtype, &[batch, depth, columns]),
        };
        let make: Make = Box::new(move |values| {
            Operator::MatMul(ops::matmul::MatMul {
                a: values[0],
                b: values[1],
                a_zero_point,
                b_zero_point,
            })
        });
        Some((vec![x, other], make))
    }

    fn pairwise(
        &mut self,
        choices: &mut Choices<'_>,
        x: Source,
        of: &TensorType,
    ) -> Option<(Vec<Source>, Make)> {
        let kind = choices.below(5);
        let other = if choices.flag() {
            self.source(choices)
        } else {
            // Broadcast along some axes.
            let sizes = of
                .shape
                .iter()
                .map(|&size| if choices.flag() { 1 } else { size });
            let shape: Vec<u32> = sizes.collect();
            let count = shape.iter().product::<u32>() as usize;
            let elements: Vec<i64> = if kind < 3 {
                choices.elements(of.dtype, count)
            } else {
                (0..count).map(|_| choices.below(10) as i64).collect()
            };
            self.constant(of.dtype, &shape, &elements)
        };
        let shift_bits = match of.dtype {
            DType::I32 => choices.pick(&[0, 1, 31, 32, 63]),
            _ => 0,
        };
        let round = choices.flag();
        let make: Make = Box::new(move |values| {
            let (a, b) = (values[0], values[1]);
            match kind {
                0 => Operator::Add(ops::add::Add { a, b }),
                1 => Operator::Sub(ops::sub::Sub { a, b }),
                2 => Operator::Mul(ops::mul::Mul { a, b, shift_bits }),
                3 => Operator::LogicalLeftShift(ops::logical_left_shift::LogicalLeftShift { a, b }),
                _ => Operator::ArithmeticRightShift(
                    ops::arithmetic_right_shift::ArithmeticRightShift { a, b, round },
                ),
            }
        });
        Some((vec![x, other], make))
    }

    #[expect(clippy::too_many_lines, reason = "one arm per operator")]
    fn movement(
        &mut self,
        choices: &mut Choices<'_>,
        x: Source,
        of: &TensorType,
    ) -> Option<(Vec<Source>, Make)> {
        let rank = of.shape.len();
        match choices.below(5) {
            0 => {
                let margin = |_| Margin {
                    before: choices.below(3) as u32,
                    after: choices.below(3) as u32,
                };
                let padding: Vec<Margin> = (0..rank).map(margin).collect();
                let value = choices.signed(of.dtype);
                let make: Make = Box::new(move |values| {
                    Operator::Pad(ops::pad::Pad {
                        input: values[0],
                        padding: list!(padding),
                        value,
                    })
                });
                Some((vec![x], make))
            }
            1 => {
                let starts = of
                    .shape
                    .iter()
                    .map(|&size| choices.below(size as usize) as u32);
                let start: Vec<u32> = starts.collect();
                let sizes = of
                    .shape
                    .iter()
                    .zip(&start)
                    .map(|(&size, &start)| 1 + choices.below((size - start) as usize) as u32);
                let size: Vec<u32> = sizes.collect();
                let make: Make = Box::new(move |values| {
                    Operator::Slice(ops::slice::Slice {
                        input: values[0],
                        start: list!(start),
                        size: list!(size),
                    })
                });
                Some((vec![x], make))
            }
            2 => {
                let mut left: Vec<u8> = (0..rank as u8).collect();
                let mut permutation = Vec::new();
                while !left.is_empty() {
                    permutation.push(left.remove(choices.below(left.len())));
                }
                let make: Make = Box::new(move |values| {
                    Operator::Transpose(ops::transpose::Transpose {
                        input: values[0],
                        permutation: list!(permutation),
                    })
                });
                Some((vec![x], make))
            }
            3 => {
                let axis = choices.below(rank) as u8;
                let mut parts = vec![x];
                for _ in 0..choices.below(3) {
                    parts.push(if choices.flag() {
                        x
                    } else {
                        self.source(choices)
                    });
                }
                let make: Make = Box::new(move |values| {
                    Operator::Concat(ops::concat::Concat {
                        inputs: list!(values),
                        axis,
                    })
                });
                Some((parts, make))
            }
            _ => {
                let mut shape = of.shape.to_vec();
                shape.reverse();
                Some((vec![x], reshape(list!(shape))))
            }
        }
    }

    fn lookup(
        &mut self,
        choices: &mut Choices<'_>,
        x: Source,
        of: &TensorType,
    ) -> Option<(Vec<Source>, Make)> {
        if choices.flag() {
            let table = match of.dtype {
                DType::I8 => self.random(choices, DType::I8, &[256]),
                // Steep places fail while running; most slopes are gentle.
                _ => {
                    let entries = (0..513).map(|at| (at - 256) * 100 + i64::from(choices.byte()));
                    let entries: Vec<i64> = entries.collect();
                    self.constant(DType::I16, &[513], &entries)
                }
            };
            let make: Make = Box::new(|values| {
                Operator::Table(ops::table::Table {
                    input: values[0],
                    table: values[1],
                })
            });
            return Some((vec![x, table], make));
        }
        let [batch, rows, _] = of.shape[..] else {
            return None;
        };
        let indices = if choices.flag() {
            self.source(choices)
        } else {
            let picks = 1 + choices.below(5);
            let elements = (0..batch as usize * picks).map(|_| choices.below(rows as usize) as i64);
            let elements: Vec<i64> = elements.collect();
            self.constant(DType::I32, &[batch, picks as u32], &elements)
        };
        let make: Make = Box::new(|values| {
            Operator::Gather(ops::gather::Gather {
                values: values[0],
                indices: values[1],
            })
        });
        Some((vec![x, indices], make))
    }
}

/// A window over height and width, whichever operator uses it.
struct WindowShape {
    kernel: Size2d,
    pad: Pad2d,
    stride: Size2d,
    dilation: Size2d,
    channels: u32,
}

fn pool(
    choices: &mut Choices<'_>,
    x: Source,
    of: &TensorType,
    shape: &WindowShape,
) -> (Vec<Source>, Make) {
    let WindowShape {
        kernel,
        pad,
        stride,
        ..
    } = *shape;
    let input_zero_point = choices.zero_point(of.dtype);
    let output_zero_point = choices.zero_point(of.dtype);
    let is_mean = choices.flag();
    let make: Make = Box::new(move |values| {
        let input = values[0];
        if is_mean {
            Operator::AvgPool2d(ops::avg_pool2d::AvgPool2d {
                input,
                kernel,
                stride,
                pad,
                input_zero_point,
                output_zero_point,
            })
        } else {
            Operator::MaxPool2d(ops::max_pool2d::MaxPool2d {
                input,
                kernel,
                stride,
                pad,
            })
        }
    });
    (vec![x], make)
}

fn reshape(shape: fixpoint_runtime::tensor::Shape) -> Make {
    Box::new(move |values| {
        Operator::Reshape(ops::reshape::Reshape {
            input: values[0],
            shape: shape.clone(),
        })
    })
}

fn unary(choices: &mut Choices<'_>, x: Source, of: &TensorType) -> (Vec<Source>, Make) {
    let axis = choices.below(of.shape.len()) as u8;
    let kind = choices.below(6);
    let to = choices.pick(&[DType::Bool, DType::I8, DType::I16, DType::I32]);
    let (one, other) = (choices.signed(of.dtype), choices.signed(of.dtype));
    let make: Make = Box::new(move |values| {
        let input = values[0];
        match kind {
            0 => Operator::ArgMax(ops::argmax::ArgMax { input, axis }),
            1 => Operator::Clamp(ops::clamp::Clamp {
                input,
                min: one.min(other),
                max: one.max(other),
            }),
            2 => Operator::Clz(ops::clz::Clz { input }),
            3 => Operator::ReduceMax(ops::reduce_max::ReduceMax { input, axis }),
            4 => Operator::ReduceSum(ops::reduce_sum::ReduceSum { input, axis }),
            _ => Operator::Cast(ops::cast::Cast { input, to }),
        }
    });
    (vec![x], make)
}

fn rescale(choices: &mut Choices<'_>, x: Source, of: &TensorType) -> (Vec<Source>, Make) {
    let to = choices.pick(&[DType::I8, DType::I16, DType::I32]);
    let scale32 = of.dtype != DType::I48;
    let per_channel = choices.flag() && !of.shape.is_empty();
    let channels = match of.shape.last() {
        Some(&channels) if per_channel => channels,
        _ => 1,
    };
    let largest = if scale32 { DType::I32 } else { DType::I16 };
    let multipliers: Vec<Signed32> = (0..channels)
        .map(|_| Signed32((choices.element(largest) as i32).max(0)))
        .collect();
    let shifts: Vec<u8> = multipliers
        .iter()
        .map(|_| choices.pick(&[38, 33, 31, 20, 2, 62]))
        .collect();
    let double_round = scale32 && choices.flag();
    let (input_zero_point, output_zero_point) =
        (choices.zero_point(of.dtype), choices.zero_point(to));
    let make: Make = Box::new(move |values| {
        Operator::Rescale(ops::rescale::Rescale {
            input: values[0],
            to,
            input_zero_point,
            output_zero_point,
            multipliers: list!(multipliers),
            shifts_bits: list!(shifts),
            scale32,
            double_round,
            per_channel,
            input_unsigned: false,
            output_unsigned: false,
        })
    });
    (vec![x], make)
}
