//! The operators of TOSA 1.0, profile PRO-INT with EXT-INT16 and EXT-DOUBLEROUND, one index at a
//! time in 128-bit integers: what a graph means.
//!
//! To be read beside the standard, in its order; it shares no code with the runtime, knows nothing of
//! models, and is as slow as it looks. A REQUIRE of the standard is a line with [`require`] or
//! [`fit`]. What the standard forbids before anything runs (its ERROR_IFs: types, ranks, shapes that
//! do not match, attributes out of range) is not looked at: it may panic.
//!
//! Where the text leaves a result open or differs from the reference model of `tosa-tools` 2026.8.0,
//! that model decides, and a comment says so.

/// An element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `bool_t`, as 0 or 1.
    Bool,
    /// `i8_t`.
    I8,
    /// `i16_t`.
    I16,
    /// `i32_t`.
    I32,
    /// `i48_t`.
    I48,
}

impl Type {
    fn bits(self) -> u32 {
        match self {
            Self::Bool => 1,
            Self::I8 => 8,
            Self::I16 => 16,
            Self::I32 => 32,
            Self::I48 => 48,
        }
    }

    fn minimum(self) -> i128 {
        match self {
            Self::Bool => 0,
            _ => -(1 << (self.bits() - 1)),
        }
    }

    fn maximum(self) -> i128 {
        match self {
            Self::Bool => 1,
            _ => (1 << (self.bits() - 1)) - 1,
        }
    }
}

/// A tensor with its elements in row-major order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Element type.
    pub dtype: Type,
    /// Dimensions, outermost first.
    pub shape: Vec<i128>,
    /// Elements, all in the range of the type.
    pub data: Vec<i128>,
}

impl Tensor {
    /// A tensor whose elements are worked out from their indices, in row-major order.
    fn each(
        dtype: Type,
        shape: &[i128],
        mut element: impl FnMut(&[i128]) -> Result<i128>,
    ) -> Result<Self> {
        let mut data = Vec::new();
        for place in 0..shape.iter().product() {
            let (mut rest, mut index) = (place, vec![0; shape.len()]);
            for axis in (0..shape.len()).rev() {
                index[axis] = rest % shape[axis];
                rest /= shape[axis];
            }
            data.push(element(&index)?);
        }
        let shape = shape.to_vec();
        Ok(Self { dtype, shape, data })
    }

    /// The same for a known rank.
    fn each_at<const RANK: usize>(
        dtype: Type,
        shape: [i128; RANK],
        mut element: impl FnMut([i128; RANK]) -> Result<i128>,
    ) -> Result<Self> {
        let of_rank = |index: &[i128]| index.try_into().expect("one number per axis");
        Self::each(dtype, &shape, |index| element(of_rank(index)))
    }

    /// `tensor_read`.
    fn read(&self, index: &[i128]) -> i128 {
        assert!(self.contains(index), "{index:?} in {:?}", self.shape);
        self.data[self.place(index)]
    }

    /// The same where a dimension of 1 stands for any.
    fn read_broadcast(&self, index: &[i128]) -> i128 {
        let sizes = index.iter().zip(&self.shape);
        let index: Vec<_> = sizes.map(|(at, size)| at % size).collect();
        self.read(&index)
    }

    /// Whether the index lies inside.
    fn contains(&self, index: &[i128]) -> bool {
        let mut sizes = index.iter().zip(&self.shape);
        index.len() == self.shape.len() && sizes.all(|(at, size)| (0..*size).contains(at))
    }

    fn place(&self, index: &[i128]) -> usize {
        let sizes = index.iter().zip(&self.shape);
        sizes.fold(0, |place, (at, size)| place * size + at) as usize
    }

    /// A dimension for each of a known number of axes.
    fn sizes<const RANK: usize>(&self) -> [i128; RANK] {
        self.shape[..].try_into().expect("the rank of the operator")
    }
}

/// A REQUIRE of the standard does not hold: its result is unpredictable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unmet;

/// An answer, or [`Unmet`].
pub type Result<T> = core::result::Result<T, Unmet>;

/// A pool over height and width. Padding is top, bottom, left, right; all others are y, x.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names of the standard")]
pub struct Pool {
    pub kernel: [i128; 2],
    pub stride: [i128; 2],
    pub pad: [i128; 4],
    /// Of no meaning to MAX_POOL2D.
    pub input_zp: i128,
    /// Of no meaning to MAX_POOL2D.
    pub output_zp: i128,
}

/// A convolution over height and width. Padding is top, bottom, left, right.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names of the standard")]
pub struct Conv2d {
    pub pad: [i128; 4],
    pub stride: [i128; 2],
    pub dilation: [i128; 2],
    pub input_zp: i128,
    pub weight_zp: i128,
}

/// A convolution over depth, height and width. Padding is front, back, top, bottom, left, right.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names of the standard")]
pub struct Conv3d {
    pub pad: [i128; 6],
    pub stride: [i128; 3],
    pub dilation: [i128; 3],
    pub input_zp: i128,
    pub weight_zp: i128,
}

/// A transposed convolution. Padding of the output is top, bottom, left, right, and may be negative.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names of the standard")]
pub struct TransposeConv2d {
    pub out_pad: [i128; 4],
    pub stride: [i128; 2],
    pub input_zp: i128,
    pub weight_zp: i128,
}

/// Along y, then along x: a scale of `scale_n / scale_d`, where it begins and how far it goes on.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names of the standard")]
pub struct Resize {
    pub is_bilinear: bool,
    pub scale_n: [i128; 2],
    pub scale_d: [i128; 2],
    pub offset: [i128; 2],
    pub border: [i128; 2],
}

/// A change of scale and type.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names of the standard")]
pub struct Rescale {
    pub to: Type,
    pub input_zp: i128,
    pub output_zp: i128,
    /// One, or one per channel.
    pub multiplier: Vec<i128>,
    /// As many.
    pub shift: Vec<i128>,
    pub scale32: bool,
    pub double_round: bool,
    pub per_channel: bool,
    pub input_unsigned: bool,
    pub output_unsigned: bool,
}

/// An operator with its attributes; those that the standard passes as constants are among them.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names of the standard")]
pub enum Op {
    ArgMax {
        axis: usize,
    },
    AvgPool2d(Pool),
    Conv2d(Conv2d),
    Conv3d(Conv3d),
    DepthwiseConv2d(Conv2d),
    MatMul {
        a_zp: i128,
        b_zp: i128,
    },
    MaxPool2d(Pool),
    TransposeConv2d(TransposeConv2d),
    Clamp {
        min: i128,
        max: i128,
    },
    Add,
    ArithmeticRightShift {
        round: bool,
    },
    BitwiseAnd,
    BitwiseOr,
    BitwiseXor,
    IntDiv,
    LogicalAnd,
    LogicalLeftShift,
    LogicalRightShift,
    LogicalOr,
    LogicalXor,
    Maximum,
    Minimum,
    Mul {
        shift: i128,
    },
    Sub,
    Table,
    Abs,
    BitwiseNot,
    Clz,
    LogicalNot,
    Negate {
        input_zp: i128,
        output_zp: i128,
    },
    Select,
    Equal,
    Greater,
    GreaterEqual,
    ReduceAll {
        axis: usize,
    },
    ReduceAny {
        axis: usize,
    },
    ReduceMax {
        axis: usize,
    },
    ReduceMin {
        axis: usize,
    },
    ReduceSum {
        axis: usize,
    },
    Concat {
        axis: usize,
    },
    Pad {
        margins: Vec<[i128; 2]>,
        value: i128,
    },
    Reshape {
        shape: Vec<i128>,
    },
    Reverse {
        axis: usize,
    },
    Slice {
        start: Vec<i128>,
        size: Vec<i128>,
    },
    Tile {
        multiples: Vec<i128>,
    },
    Transpose {
        perms: Vec<usize>,
    },
    Gather,
    Scatter,
    Resize(Resize),
    Cast {
        to: Type,
    },
    Rescale(Rescale),
    Identity,
}

/// One operator on its operands, in the standard's order.
///
/// # Errors
/// [`Unmet`].
///
/// # Panics
/// If the standard forbids such operands or attributes.
pub fn evaluate(op: &Op, x: &[&Tensor]) -> Result<Tensor> {
    match op {
        Op::ArgMax { axis } => argmax(x[0], *axis),
        Op::AvgPool2d(op) => avg_pool2d(op, x[0]),
        Op::Conv2d(op) => conv2d(op, x[0], x[1], x[2]),
        Op::Conv3d(op) => conv3d(op, x[0], x[1], x[2]),
        Op::DepthwiseConv2d(op) => depthwise_conv2d(op, x[0], x[1], x[2]),
        Op::MatMul { a_zp, b_zp } => matmul(x[0], x[1], *a_zp, *b_zp),
        Op::MaxPool2d(op) => max_pool2d(op, x[0]),
        Op::TransposeConv2d(op) => transpose_conv2d(op, x[0], x[1], x[2]),
        Op::Clamp { min, max } => clamp(x[0], *min, *max),
        Op::Add => add(x[0], x[1]),
        Op::ArithmeticRightShift { round } => arithmetic_right_shift(x[0], x[1], *round),
        Op::BitwiseAnd => bitwise_and(x[0], x[1]),
        Op::BitwiseOr => bitwise_or(x[0], x[1]),
        Op::BitwiseXor => bitwise_xor(x[0], x[1]),
        Op::IntDiv => intdiv(x[0], x[1]),
        Op::LogicalAnd => logical_and(x[0], x[1]),
        Op::LogicalLeftShift => logical_left_shift(x[0], x[1]),
        Op::LogicalRightShift => logical_right_shift(x[0], x[1]),
        Op::LogicalOr => logical_or(x[0], x[1]),
        Op::LogicalXor => logical_xor(x[0], x[1]),
        Op::Maximum => maximum(x[0], x[1]),
        Op::Minimum => minimum(x[0], x[1]),
        Op::Mul { shift } => mul(x[0], x[1], *shift),
        Op::Sub => sub(x[0], x[1]),
        Op::Table => table(x[0], x[1]),
        Op::Abs => abs(x[0]),
        Op::BitwiseNot => bitwise_not(x[0]),
        Op::Clz => clz(x[0]),
        Op::LogicalNot => logical_not(x[0]),
        Op::Negate {
            input_zp,
            output_zp,
        } => negate(x[0], *input_zp, *output_zp),
        Op::Select => select(x[0], x[1], x[2]),
        Op::Equal => equal(x[0], x[1]),
        Op::Greater => greater(x[0], x[1]),
        Op::GreaterEqual => greater_equal(x[0], x[1]),
        Op::ReduceAll { axis } => reduce_all(x[0], *axis),
        Op::ReduceAny { axis } => reduce_any(x[0], *axis),
        Op::ReduceMax { axis } => reduce_max(x[0], *axis),
        Op::ReduceMin { axis } => reduce_min(x[0], *axis),
        Op::ReduceSum { axis } => reduce_sum(x[0], *axis),
        Op::Concat { axis } => concat(x, *axis),
        Op::Pad { margins, value } => pad(x[0], margins, *value),
        Op::Reshape { shape } => reshape(x[0], shape),
        Op::Reverse { axis } => reverse(x[0], *axis),
        Op::Slice { start, size } => slice(x[0], start, size),
        Op::Tile { multiples } => tile(x[0], multiples),
        Op::Transpose { perms } => transpose(x[0], perms),
        Op::Gather => gather(x[0], x[1]),
        Op::Scatter => scatter(x[0], x[1], x[2]),
        Op::Resize(op) => resize(op, x[0]),
        Op::Cast { to } => cast(x[0], *to),
        Op::Rescale(op) => rescale(op, x[0]),
        Op::Identity => Ok(x[0].clone()),
    }
}

// ---- What the operators share ----

fn require(holds: bool) -> Result<()> {
    if holds { Ok(()) } else { Err(Unmet) }
}

/// The value, if it is one of the type.
fn fit(dtype: Type, value: i128) -> Result<i128> {
    require(value >= dtype.minimum() && value <= dtype.maximum())?;
    Ok(value)
}

/// The low bits of a value as a signed integer of the type.
fn wrap(dtype: Type, value: i128) -> i128 {
    let low = zero_extend(dtype, value);
    if low > dtype.maximum() {
        low - (1 << dtype.bits())
    } else {
        low
    }
}

/// The low bits of a value as an unsigned integer.
fn zero_extend(dtype: Type, value: i128) -> i128 {
    value.rem_euclid(1 << dtype.bits())
}

/// The type of sums of products.
fn accumulator(input: &Tensor) -> Type {
    match input.dtype {
        Type::I8 => Type::I32,
        _ => Type::I48,
    }
}

/// The same index with another number on one axis.
fn replaced(index: &[i128], axis: usize, at: i128) -> Vec<i128> {
    let mut index = index.to_vec();
    index[axis] = at;
    index
}

/// Size of an output along one axis of a window.
fn window_size(size: i128, pad: &[i128], kernel: i128, stride: i128, dilation: i128) -> i128 {
    (size - 1 + pad[0] + pad[1] - (kernel - 1) * dilation) / stride + 1
}

/// `apply_scale_32`.
fn apply_scale_32(value: i128, multiplier: i128, shift: i128, double_round: bool) -> Result<i128> {
    require(multiplier >= 0)?;
    require((2..=62).contains(&shift))?;
    require(value >= -(1 << (shift - 1)) && value < 1 << (shift - 1))?;
    let mut round = 1 << (shift - 1);
    if double_round && shift > 31 {
        round += if value >= 0 { 1 << 30 } else { -(1 << 30) };
    }
    fit(Type::I32, (value * multiplier + round) >> shift)
}

/// `apply_scale_16`.
fn apply_scale_16(value: i128, multiplier: i128, shift: i128) -> Result<i128> {
    require(multiplier >= 0)?;
    require((2..=62).contains(&shift))?;
    let round = 1 << (shift - 1);
    fit(Type::I32, (value * multiplier + round) >> shift)
}

// ---- Tensor operators ----

fn argmax(input: &Tensor, axis: usize) -> Result<Tensor> {
    let mut shape = input.shape.clone();
    let size = shape.remove(axis);
    Tensor::each(Type::I32, &shape, |index| {
        let read = |at| {
            let mut index = index.to_vec();
            index.insert(axis, at);
            input.read(&index)
        };
        let mut best = 0;
        for at in 1..size {
            if read(at) > read(best) {
                best = at;
            }
        }
        Ok(best)
    })
}

fn avg_pool2d(op: &Pool, input: &Tensor) -> Result<Tensor> {
    let [batch, height, width, channels] = input.sizes();
    let out_height = window_size(height, &op.pad[..2], op.kernel[0], op.stride[0], 1);
    let out_width = window_size(width, &op.pad[2..], op.kernel[1], op.stride[1], 1);
    let shape = [batch, out_height, out_width, channels];
    Tensor::each_at(input.dtype, shape, |[n, oy, ox, c]| {
        let (mut sum, mut count) = (0, 0);
        for ky in 0..op.kernel[0] {
            for kx in 0..op.kernel[1] {
                let y = oy * op.stride[0] - op.pad[0] + ky;
                let x = ox * op.stride[1] - op.pad[2] + kx;
                // Padding is not counted.
                if input.contains(&[n, y, x, c]) {
                    sum = fit(Type::I32, sum + input.read(&[n, y, x, c]) - op.input_zp)?;
                    count += 1;
                }
            }
        }
        // `reciprocal_scale`: k is the number of bits of count - 1.
        let mut k = 0;
        while 1 << k < count {
            k += 1;
        }
        let multiplier = (((1 << 30) + 1) << k) / count;
        let mean = apply_scale_32(sum, multiplier, 30 + k, false)?;
        let moved = fit(Type::I32, mean + op.output_zp)?;
        Ok(moved.clamp(input.dtype.minimum(), input.dtype.maximum()))
    })
}

fn conv2d(op: &Conv2d, input: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let [batch, height, width, _] = input.sizes();
    let [outputs, kernel_y, kernel_x, channels] = weight.sizes();
    let [stride_y, stride_x] = op.stride;
    let [dilation_y, dilation_x] = op.dilation;
    let out_height = window_size(height, &op.pad[..2], kernel_y, stride_y, dilation_y);
    let out_width = window_size(width, &op.pad[2..], kernel_x, stride_x, dilation_x);
    let acc_t = accumulator(input);
    let shape = [batch, out_height, out_width, outputs];
    Tensor::each_at(acc_t, shape, |[n, oy, ox, oc]| {
        let mut acc = 0;
        for ky in 0..kernel_y {
            for kx in 0..kernel_x {
                for ic in 0..channels {
                    let y = oy * stride_y - op.pad[0] + ky * dilation_y;
                    let x = ox * stride_x - op.pad[2] + kx * dilation_x;
                    if input.contains(&[n, y, x, ic]) {
                        let value = input.read(&[n, y, x, ic]) - op.input_zp;
                        let weight = weight.read(&[oc, ky, kx, ic]) - op.weight_zp;
                        acc = fit(acc_t, acc + value * weight)?;
                    }
                }
            }
        }
        fit(acc_t, acc + bias.read_broadcast(&[oc]))
    })
}

fn conv3d(op: &Conv3d, input: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let [batch, depth, height, width, _] = input.sizes();
    let [outputs, kernel_z, kernel_y, kernel_x, channels] = weight.sizes();
    let [stride_z, stride_y, stride_x] = op.stride;
    let [dilation_z, dilation_y, dilation_x] = op.dilation;
    let out_depth = window_size(depth, &op.pad[..2], kernel_z, stride_z, dilation_z);
    let out_height = window_size(height, &op.pad[2..4], kernel_y, stride_y, dilation_y);
    let out_width = window_size(width, &op.pad[4..], kernel_x, stride_x, dilation_x);
    let acc_t = accumulator(input);
    let shape = [batch, out_depth, out_height, out_width, outputs];
    Tensor::each_at(acc_t, shape, |[n, oz, oy, ox, oc]| {
        let mut acc = 0;
        for kz in 0..kernel_z {
            for ky in 0..kernel_y {
                for kx in 0..kernel_x {
                    for ic in 0..channels {
                        let z = oz * stride_z - op.pad[0] + kz * dilation_z;
                        let y = oy * stride_y - op.pad[2] + ky * dilation_y;
                        let x = ox * stride_x - op.pad[4] + kx * dilation_x;
                        if input.contains(&[n, z, y, x, ic]) {
                            let value = input.read(&[n, z, y, x, ic]) - op.input_zp;
                            let weight = weight.read(&[oc, kz, ky, kx, ic]) - op.weight_zp;
                            acc = fit(acc_t, acc + value * weight)?;
                        }
                    }
                }
            }
        }
        fit(acc_t, acc + bias.read_broadcast(&[oc]))
    })
}

fn depthwise_conv2d(op: &Conv2d, input: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let [batch, height, width, _] = input.sizes();
    let [kernel_y, kernel_x, channels, copies] = weight.sizes();
    let [stride_y, stride_x] = op.stride;
    let [dilation_y, dilation_x] = op.dilation;
    let out_height = window_size(height, &op.pad[..2], kernel_y, stride_y, dilation_y);
    let out_width = window_size(width, &op.pad[2..], kernel_x, stride_x, dilation_x);
    let acc_t = accumulator(input);
    let shape = [batch, out_height, out_width, channels * copies];
    Tensor::each_at(acc_t, shape, |[n, oy, ox, oc]| {
        let (c, m) = (oc / copies, oc % copies);
        let mut acc = 0;
        for ky in 0..kernel_y {
            for kx in 0..kernel_x {
                let y = oy * stride_y - op.pad[0] + ky * dilation_y;
                let x = ox * stride_x - op.pad[2] + kx * dilation_x;
                if input.contains(&[n, y, x, c]) {
                    let value = input.read(&[n, y, x, c]) - op.input_zp;
                    let weight = weight.read(&[ky, kx, c, m]) - op.weight_zp;
                    acc = fit(acc_t, acc + value * weight)?;
                }
            }
        }
        fit(acc_t, acc + bias.read_broadcast(&[oc]))
    })
}

fn matmul(a: &Tensor, b: &Tensor, a_zp: i128, b_zp: i128) -> Result<Tensor> {
    let [batch, rows, depth] = a.sizes();
    let [_, _, columns] = b.sizes();
    let acc_t = accumulator(a);
    Tensor::each_at(acc_t, [batch, rows, columns], |[n, h, w]| {
        let mut acc = 0;
        for c in 0..depth {
            let product = (a.read(&[n, h, c]) - a_zp) * (b.read(&[n, c, w]) - b_zp);
            acc = fit(acc_t, acc + product)?;
        }
        Ok(acc)
    })
}

fn max_pool2d(op: &Pool, input: &Tensor) -> Result<Tensor> {
    let [batch, height, width, channels] = input.sizes();
    let out_height = window_size(height, &op.pad[..2], op.kernel[0], op.stride[0], 1);
    let out_width = window_size(width, &op.pad[2..], op.kernel[1], op.stride[1], 1);
    let shape = [batch, out_height, out_width, channels];
    Tensor::each_at(input.dtype, shape, |[n, oy, ox, c]| {
        let mut best = input.dtype.minimum();
        for ky in 0..op.kernel[0] {
            for kx in 0..op.kernel[1] {
                let y = oy * op.stride[0] - op.pad[0] + ky;
                let x = ox * op.stride[1] - op.pad[2] + kx;
                if input.contains(&[n, y, x, c]) {
                    best = best.max(input.read(&[n, y, x, c]));
                }
            }
        }
        Ok(best)
    })
}

fn transpose_conv2d(
    op: &TransposeConv2d,
    input: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
) -> Result<Tensor> {
    let [batch, height, width, _] = input.sizes();
    let [outputs, kernel_y, kernel_x, channels] = weight.sizes();
    let [stride_y, stride_x] = op.stride;
    let [top, bottom, left, right] = op.out_pad;
    let out_height = (height - 1) * stride_y + top + bottom + kernel_y;
    let out_width = (width - 1) * stride_x + left + right + kernel_x;
    let acc_t = accumulator(input);
    let mut output = Tensor::each_at(acc_t, [batch, out_height, out_width, outputs], |_| Ok(0))?;
    // Every input element adds a kernel to the output. What falls outside is dropped.
    let taps = [batch, height, width, outputs, channels, kernel_y, kernel_x];
    Tensor::each_at(acc_t, taps, |[n, iy, ix, oc, ic, ky, kx]| {
        let (oy, ox) = (iy * stride_y + top + ky, ix * stride_x + left + kx);
        if output.contains(&[n, oy, ox, oc]) {
            let value = input.read(&[n, iy, ix, ic]) - op.input_zp;
            let weight = weight.read(&[oc, ky, kx, ic]) - op.weight_zp;
            let place = output.place(&[n, oy, ox, oc]);
            output.data[place] = fit(acc_t, output.data[place] + value * weight)?;
        }
        Ok(0)
    })?;
    Tensor::each(acc_t, &output.shape, |index| {
        fit(acc_t, output.read(index) + bias.read_broadcast(&index[3..]))
    })
}

// ---- Activation functions ----

fn clamp(input: &Tensor, min: i128, max: i128) -> Result<Tensor> {
    unary(input.dtype, input, |x| Ok(x.clamp(min, max)))
}

// ---- Elementwise binary operators ----

/// Elementwise with broadcasting: equal ranks, a dimension of 1 stands for any.
fn binary(
    dtype: Type,
    a: &Tensor,
    b: &Tensor,
    element: impl Fn(i128, i128) -> Result<i128>,
) -> Result<Tensor> {
    let sizes = a.shape.iter().zip(&b.shape);
    let shape: Vec<_> = sizes.map(|(a, b)| *a.max(b)).collect();
    Tensor::each(dtype, &shape, |index| {
        element(a.read_broadcast(index), b.read_broadcast(index))
    })
}

fn add(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(Type::I32, a, b, |a, b| fit(Type::I32, a + b))
}

fn arithmetic_right_shift(a: &Tensor, b: &Tensor, round: bool) -> Result<Tensor> {
    binary(a.dtype, a, b, |x, shift| {
        require((0..i128::from(a.dtype.bits())).contains(&shift))?;
        let up = round && shift > 0 && (x >> (shift - 1)) & 1 == 1;
        Ok((x >> shift) + i128::from(up))
    })
}

fn bitwise_and(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(a.dtype, a, b, |a, b| Ok(a & b))
}

fn bitwise_or(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(a.dtype, a, b, |a, b| Ok(a | b))
}

fn bitwise_xor(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(a.dtype, a, b, |a, b| Ok(a ^ b))
}

fn intdiv(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(Type::I32, a, b, |a, b| {
        require(b != 0)?;
        // Towards 0. The smallest integer by -1 does not fit.
        fit(Type::I32, a / b)
    })
}

fn logical_and(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(Type::Bool, a, b, |a, b| Ok(a & b))
}

fn logical_left_shift(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(a.dtype, a, b, |x, shift| {
        require((0..i128::from(a.dtype.bits())).contains(&shift))?;
        Ok(wrap(a.dtype, x << shift))
    })
}

fn logical_right_shift(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(a.dtype, a, b, |x, shift| {
        require((0..i128::from(a.dtype.bits())).contains(&shift))?;
        Ok(wrap(a.dtype, zero_extend(a.dtype, x) >> shift))
    })
}

fn logical_or(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(Type::Bool, a, b, |a, b| Ok(a | b))
}

fn logical_xor(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(Type::Bool, a, b, |a, b| Ok(a ^ b))
}

fn maximum(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(Type::I32, a, b, |a, b| Ok(a.max(b)))
}

fn minimum(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(Type::I32, a, b, |a, b| Ok(a.min(b)))
}

fn mul(a: &Tensor, b: &Tensor, shift: i128) -> Result<Tensor> {
    binary(Type::I32, a, b, |x, y| {
        // A product of 8 or 16 bits fits, and has no shift.
        if a.dtype != Type::I32 || shift == 0 {
            return Ok(wrap(Type::I32, x * y));
        }
        // The reference model rounds in 64 bits that wrap: -2^31 * -2^31 >> 63 is -1.
        let rounded = (x * y + (1 << (shift - 1))) as i64;
        fit(Type::I32, i128::from(rounded) >> shift)
    })
}

fn sub(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(Type::I32, a, b, |a, b| fit(Type::I32, a - b))
}

fn table(input: &Tensor, table: &Tensor) -> Result<Tensor> {
    if input.dtype == Type::I8 {
        return unary(Type::I8, input, |x| Ok(table.read(&[x + 128])));
    }
    unary(Type::I32, input, |x| {
        let (index, fraction) = ((x >> 7) + 256, x & 0x7f);
        let (base, next) = (table.read(&[index]), table.read(&[index + 1]));
        // Also where the fraction is 0, as in the reference model.
        let slope = fit(Type::I16, next - base)?;
        Ok((base << 7) + slope * fraction)
    })
}

// ---- Elementwise unary operators ----

fn unary(dtype: Type, input: &Tensor, element: impl Fn(i128) -> Result<i128>) -> Result<Tensor> {
    Tensor::each(dtype, &input.shape, |index| element(input.read(index)))
}

fn abs(input: &Tensor) -> Result<Tensor> {
    // The reference model refuses the smallest integer.
    unary(Type::I32, input, |x| fit(Type::I32, x.abs()))
}

fn bitwise_not(input: &Tensor) -> Result<Tensor> {
    unary(input.dtype, input, |x| Ok(!x))
}

fn clz(input: &Tensor) -> Result<Tensor> {
    unary(Type::I32, input, |x| {
        let mut zeros = 0;
        while zeros < 32 && zero_extend(Type::I32, x) >> (31 - zeros) == 0 {
            zeros += 1;
        }
        Ok(zeros)
    })
}

fn logical_not(input: &Tensor) -> Result<Tensor> {
    unary(Type::Bool, input, |x| Ok(1 - x))
}

fn negate(input: &Tensor, input_zp: i128, output_zp: i128) -> Result<Tensor> {
    unary(input.dtype, input, |x| {
        // Only the smallest i32 does not fit: shorter types are negated in 32 bits, then saturate.
        let negated = fit(Type::I32, 0 - (x - input_zp))?;
        let moved = fit(Type::I32, negated + output_zp)?;
        Ok(moved.clamp(input.dtype.minimum(), input.dtype.maximum()))
    })
}

// ---- Elementwise ternary operators ----

fn select(condition: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let sizes = condition.shape.iter().zip(&a.shape).zip(&b.shape);
    let shape: Vec<_> = sizes.map(|((c, a), b)| *c.max(a).max(b)).collect();
    Tensor::each(a.dtype, &shape, |index| {
        let source = if condition.read_broadcast(index) == 1 {
            a
        } else {
            b
        };
        Ok(source.read_broadcast(index))
    })
}

// ---- Comparison operators ----

fn equal(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(Type::Bool, a, b, |a, b| Ok(i128::from(a == b)))
}

fn greater(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(Type::Bool, a, b, |a, b| Ok(i128::from(a > b)))
}

fn greater_equal(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    binary(Type::Bool, a, b, |a, b| Ok(i128::from(a >= b)))
}

// ---- Reduction operators ----

/// From index 0 upwards, beginning with what changes nothing.
fn reduce(
    input: &Tensor,
    axis: usize,
    start: i128,
    join: impl Fn(i128, i128) -> Result<i128>,
) -> Result<Tensor> {
    Tensor::each(input.dtype, &replaced(&input.shape, axis, 1), |index| {
        let mut acc = start;
        for at in 0..input.shape[axis] {
            acc = join(acc, input.read(&replaced(index, axis, at)))?;
        }
        Ok(acc)
    })
}

fn reduce_all(input: &Tensor, axis: usize) -> Result<Tensor> {
    reduce(input, axis, 1, |acc, x| Ok(acc & x))
}

fn reduce_any(input: &Tensor, axis: usize) -> Result<Tensor> {
    reduce(input, axis, 0, |acc, x| Ok(acc | x))
}

fn reduce_max(input: &Tensor, axis: usize) -> Result<Tensor> {
    reduce(input, axis, input.dtype.minimum(), |acc, x| Ok(acc.max(x)))
}

fn reduce_min(input: &Tensor, axis: usize) -> Result<Tensor> {
    reduce(input, axis, input.dtype.maximum(), |acc, x| Ok(acc.min(x)))
}

fn reduce_sum(input: &Tensor, axis: usize) -> Result<Tensor> {
    reduce(input, axis, 0, |acc, x| fit(Type::I32, acc + x))
}

// ---- Data layout ----

fn concat(inputs: &[&Tensor], axis: usize) -> Result<Tensor> {
    let size = inputs.iter().map(|input| input.shape[axis]).sum();
    let shape = replaced(&inputs[0].shape, axis, size);
    Tensor::each(inputs[0].dtype, &shape, |index| {
        let (mut at, mut part) = (index[axis], 0);
        while at >= inputs[part].shape[axis] {
            at -= inputs[part].shape[axis];
            part += 1;
        }
        Ok(inputs[part].read(&replaced(index, axis, at)))
    })
}

fn pad(input: &Tensor, margins: &[[i128; 2]], value: i128) -> Result<Tensor> {
    let sizes = input.shape.iter().zip(margins);
    let shape: Vec<_> = sizes
        .map(|(size, [before, after])| before + size + after)
        .collect();
    Tensor::each(input.dtype, &shape, |index| {
        let sides = index.iter().zip(margins);
        let index: Vec<_> = sides.map(|(at, [before, _])| at - before).collect();
        Ok(if input.contains(&index) {
            input.read(&index)
        } else {
            value
        })
    })
}

fn reshape(input: &Tensor, shape: &[i128]) -> Result<Tensor> {
    let shape = shape.to_vec();
    Ok(Tensor {
        shape,
        ..input.clone()
    })
}

fn reverse(input: &Tensor, axis: usize) -> Result<Tensor> {
    Tensor::each(input.dtype, &input.shape, |index| {
        let at = input.shape[axis] - 1 - index[axis];
        Ok(input.read(&replaced(index, axis, at)))
    })
}

fn slice(input: &Tensor, start: &[i128], size: &[i128]) -> Result<Tensor> {
    Tensor::each(input.dtype, size, |index| {
        let index: Vec<_> = index
            .iter()
            .zip(start)
            .map(|(at, start)| at + start)
            .collect();
        Ok(input.read(&index))
    })
}

fn tile(input: &Tensor, multiples: &[i128]) -> Result<Tensor> {
    let sizes = input.shape.iter().zip(multiples);
    let shape: Vec<_> = sizes.map(|(size, multiple)| size * multiple).collect();
    Tensor::each(input.dtype, &shape, |index| {
        let sizes = index.iter().zip(&input.shape);
        let index: Vec<_> = sizes.map(|(at, size)| at % size).collect();
        Ok(input.read(&index))
    })
}

fn transpose(input: &Tensor, perms: &[usize]) -> Result<Tensor> {
    let shape: Vec<_> = perms.iter().map(|axis| input.shape[*axis]).collect();
    Tensor::each(input.dtype, &shape, |index| {
        let mut source = index.to_vec();
        for (axis, at) in perms.iter().zip(index) {
            source[*axis] = *at;
        }
        Ok(input.read(&source))
    })
}

// ---- Scatter and gather ----

fn gather(values: &Tensor, indices: &Tensor) -> Result<Tensor> {
    let [batch, rows, channels] = values.sizes();
    let [_, picks] = indices.sizes();
    Tensor::each_at(values.dtype, [batch, picks, channels], |[n, w, c]| {
        let k = indices.read(&[n, w]);
        require(k >= 0 && k < rows)?;
        Ok(values.read(&[n, k, c]))
    })
}

fn scatter(values_in: &Tensor, indices: &Tensor, input: &Tensor) -> Result<Tensor> {
    let [_, rows, _] = values_in.sizes();
    let mut output = values_in.clone();
    let mut is_written = vec![false; output.data.len()];
    Tensor::each_at(input.dtype, input.sizes(), |[n, w, c]| {
        let k = indices.read(&[n, w]);
        require(k >= 0 && k < rows)?;
        let place = output.place(&[n, k, c]);
        // No place twice, also not with the same value.
        require(!is_written[place])?;
        is_written[place] = true;
        output.data[place] = input.read(&[n, w, c]);
        Ok(0)
    })?;
    Ok(output)
}

// ---- Image operators ----

fn resize(op: &Resize, input: &Tensor) -> Result<Tensor> {
    let [batch, height, width, channels] = input.sizes();
    let out_size = |axis: usize, size: i128| {
        ((size - 1) * op.scale_n[axis] - op.offset[axis] + op.border[axis]) / op.scale_d[axis] + 1
    };
    // Along one axis: the two neighbours, and the distance from the first in units of 1 / scale_n.
    let neighbours = |axis: usize, at: i128, size: i128| {
        let position = at * op.scale_d[axis] + op.offset[axis];
        let before = position.div_euclid(op.scale_n[axis]);
        let distance = position.rem_euclid(op.scale_n[axis]);
        (before.max(0), (before + 1).min(size - 1), distance)
    };
    let dtype = if op.is_bilinear {
        accumulator(input)
    } else {
        input.dtype
    };
    let shape = [batch, out_size(0, height), out_size(1, width), channels];
    Tensor::each_at(dtype, shape, |[n, oy, ox, c]| {
        let (y0, y1, ry) = neighbours(0, oy, height);
        let (x0, x1, rx) = neighbours(1, ox, width);
        let [scale_y, scale_x] = op.scale_n;
        if !op.is_bilinear {
            let y = if 2 * ry >= scale_y { y1 } else { y0 };
            let x = if 2 * rx >= scale_x { x1 } else { x0 };
            return Ok(input.read(&[n, y, x, c]));
        }
        let mut acc = input.read(&[n, y0, x0, c]) * (scale_y - ry) * (scale_x - rx);
        acc += input.read(&[n, y0, x1, c]) * (scale_y - ry) * rx;
        acc += input.read(&[n, y1, x0, c]) * ry * (scale_x - rx);
        acc += input.read(&[n, y1, x1, c]) * ry * rx;
        fit(dtype, acc)
    })
}

// ---- Type conversion ----

fn cast(input: &Tensor, to: Type) -> Result<Tensor> {
    unary(to, input, |x| match to {
        Type::Bool => Ok(i128::from(x != 0)),
        _ => Ok(wrap(to, x)),
    })
}

fn rescale(op: &Rescale, input: &Tensor) -> Result<Tensor> {
    Tensor::each(op.to, &input.shape, |index| {
        let channel = match op.per_channel {
            true => index[index.len() - 1] as usize,
            false => 0,
        };
        let (multiplier, shift) = (op.multiplier[channel], op.shift[channel]);
        let element = match op.input_unsigned {
            true => zero_extend(input.dtype, input.read(index)),
            false => input.read(index),
        };
        let value = element - op.input_zp;
        let scaled = match op.scale32 {
            true => apply_scale_32(value, multiplier, shift, op.double_round)?,
            false => apply_scale_16(value, multiplier, shift)?,
        };
        let moved = fit(Type::I32, scaled + op.output_zp)?;
        let (lowest, highest) = match op.output_unsigned {
            true => (0, (1 << op.to.bits()) - 1),
            false => (op.to.minimum(), op.to.maximum()),
        };
        Ok(wrap(op.to, moved.clamp(lowest, highest)))
    })
}
