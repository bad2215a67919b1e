//! What a node of the float graph computes.

use super::{Grid, Unary, WeightGrid};

/// An operator.
#[derive(Clone, Debug)]
pub enum Op {
    /// Convolution over height and width of `[N, C, H, W]`.
    Conv(Conv),
    /// `x * W^T + b` along the last axis.
    Dense(Dense),
    /// Product of two computed matrices (the last two axes) with equal axes before them.
    MatMul,
    /// Largest element of each window.
    MaxPool(Window),
    /// Mean of each window, padding left out.
    AveragePool(Window),
    /// One element of each slice along some axes, which stay with length 1.
    Reduce {
        /// How.
        kind: Reduction,
        /// The axes, ascending.
        axes: Vec<usize>,
    },
    /// A function of two tensors, broadcast.
    Binary(Binary),
    /// `x * scale + offset` with constants.
    Affine(Affine),
    /// `min(max(x, low), high)`.
    Clamp {
        /// Lower bound, may be minus infinity.
        low: f64,
        /// Upper bound, may be infinity.
        high: f64,
    },
    /// A function of each element alone.
    Unary(Unary),
    /// Softmax along an axis.
    Softmax {
        /// The axis.
        axis: usize,
    },
    /// Rows (the last axis) divided by their root mean square.
    Normalise(Normalise),
    /// Which elements of the first tensor compare so with the second's, broadcast: truth values.
    Compare(Comparison),
    /// A function of two tensors of truth values, broadcast.
    Logical(Logical),
    /// The other truth value.
    Not,
    /// The second operand where the first (truth values) is true, else the third, broadcast.
    Select,
    /// The same elements in the output's shape.
    Reshape,
    /// The output's shape, by repeating along axes of length 1.
    Broadcast,
    /// Output axis `i` is input axis `permutation[i]`.
    Transpose {
        /// The permutation.
        permutation: Vec<usize>,
    },
    /// Tensors joined along an axis.
    Concat {
        /// The axis.
        axis: usize,
    },
    /// A box cut out: the output's shape from these indices.
    Slice {
        /// First index per axis.
        start: Vec<usize>,
    },
    /// A constant added around.
    Pad {
        /// Elements before and after, per axis.
        padding: Vec<(usize, usize)>,
        /// The constant.
        value: f64,
    },
    /// Slices of the first operand along an axis, with indices from the second, which are in range.
    Gather {
        /// The axis.
        axis: usize,
    },
    /// Index of the largest element along an axis, the first of equals; the axis goes.
    ArgMax {
        /// The axis.
        axis: usize,
    },
    /// Each number as the nearest that the output's prescribed integers can stand for.
    Quantise(Grid),
    /// Integers of a quantised model as what they stand for.
    Decode(Grid),
    /// What integers of a quantised model stand for as these integers.
    Encode(Grid),
    /// The same numbers as the output's kind of elements: integers cut towards zero, truth values
    /// for what is not 0.
    Cast,
    /// The same numbers in integers of another width, between layers of different precision.
    Convert,
}

/// Functions of two elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient; of integers, cut towards zero.
    Div,
    /// The larger.
    Max,
    /// The smaller.
    Min,
}

/// How a slice becomes one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Sum.
    Sum,
    /// Mean.
    Mean,
    /// Largest element.
    Max,
    /// Smallest element.
    Min,
}

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Equal,
    /// Greater.
    Greater,
    /// Greater or equal.
    GreaterEqual,
}

/// Functions of two truth values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logical {
    /// Both.
    And,
    /// At least one.
    Or,
    /// Exactly one.
    Xor,
}

/// `x / sqrt(mean(x^2) + epsilon)` along the last axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalise {
    /// Whether the row's mean is taken away first.
    pub centre: bool,
    /// Added to the mean of squares.
    pub epsilon: f64,
}

/// A convolution's constants and geometry.
#[derive(Clone, Debug)]
pub struct Conv {
    /// `[OC, IC / groups, KH, KW]`.
    pub weights: Vec<f32>,
    /// `[OC]`.
    pub bias: Vec<f32>,
    /// Output channels.
    pub output_channels: usize,
    /// Groups of channels that do not see each other.
    pub groups: usize,
    /// Kernel, stride, padding.
    pub window: Window,
    /// Dilation along height and width.
    pub dilation: [usize; 2],
    /// The integers that the weights come with, if the source model is quantised.
    pub grid: Option<WeightGrid>,
}

/// A fully connected layer's constants.
#[derive(Clone, Debug)]
pub struct Dense {
    /// `[outputs, inputs]`.
    pub weights: Vec<f32>,
    /// `[outputs]`.
    pub bias: Vec<f32>,
    /// Length of the last axis read.
    pub inputs: usize,
    /// Length of the last axis written.
    pub outputs: usize,
    /// The integers that the weights come with, if the source model is quantised.
    pub grid: Option<WeightGrid>,
}

/// Geometry of a sliding window.
#[derive(Clone, Debug)]
pub struct Window {
    /// Height and width.
    pub kernel: [usize; 2],
    /// Along height and width.
    pub stride: [usize; 2],
    /// Top, bottom, left, right.
    pub pad: [usize; 4],
}

/// Constants of [`Op::Affine`].
#[derive(Clone, Debug)]
pub struct Affine {
    /// Shape of both constants: of the input's rank, each dimension the input's or 1.
    pub shape: Vec<usize>,
    /// Factors.
    pub scale: Vec<f32>,
    /// Summands.
    pub offset: Vec<f32>,
}

impl Op {
    /// Whether every element of the result is one that the first operand has, as it is.
    pub const fn picks(&self) -> bool {
        match self {
            Self::Reshape
            | Self::Broadcast
            | Self::Transpose { .. }
            | Self::MaxPool(_)
            | Self::Gather { .. }
            | Self::Slice { .. } => true,
            Self::Reduce { kind, .. } => kind.picks(),
            _ => false,
        }
    }
}

impl Binary {
    /// The function's value.
    pub fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::Div => a / b,
            Self::Max => a.max(b),
            Self::Min => a.min(b),
        }
    }
}

impl Comparison {
    /// Whether it holds.
    pub fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Self::Equal => a == b,
            Self::Greater => a > b,
            Self::GreaterEqual => a >= b,
        }
    }
}

impl Logical {
    /// The function's value.
    pub const fn apply(self, a: bool, b: bool) -> bool {
        match self {
            Self::And => a && b,
            Self::Or => a || b,
            Self::Xor => a != b,
        }
    }
}
