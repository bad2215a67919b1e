//! The float graph between import and lowering: few operators, constants inside them, every shape
//! known, layouts as in ONNX (channels first).
//!
//! Importers write it, [`crate::fold`] simplifies it, calibration and lowering read it. No
//! integers and no TOSA here.

/// Index of a value in [`Graph::values`].
pub type ValueIndex = usize;

/// A graph, nodes in execution order.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Every tensor that is not constant.
    pub values: Vec<Value>,
    /// Inputs, in declared order.
    pub inputs: Vec<ValueIndex>,
    /// Outputs with their names, in declared order.
    pub outputs: Vec<(String, ValueIndex)>,
    /// Operators, each after those it reads.
    pub nodes: Vec<Node>,
}

/// A tensor.
#[derive(Clone, Debug)]
pub struct Value {
    /// Name in the source model: the float model can be asked for it.
    pub name: String,
    /// Dimensions, batch included.
    pub shape: Vec<usize>,
}

/// An operator with what it reads and the one value it computes.
#[derive(Clone, Debug)]
pub struct Node {
    /// Name of the source node, for messages.
    pub name: String,
    /// Operator of the source node, for messages.
    pub source: String,
    /// What is computed.
    pub op: Op,
    /// Values read.
    pub inputs: Vec<ValueIndex>,
    /// Value computed.
    pub output: ValueIndex,
}

/// What a node computes.
#[derive(Clone, Debug)]
pub enum Op {
    /// Convolution over height and width of `[N, C, H, W]`.
    Conv(Conv),
    /// `x * W^T + b` along the last axis.
    Dense(Dense),
    /// Product of two computed matrices (the last two axes).
    MatMul,
    /// Largest element of each window.
    MaxPool(Window),
    /// Mean of each window, padding left out.
    AveragePool(Window),
    /// Mean over axes, which stay with length 1 or not, as the output's shape says.
    Mean {
        /// The axes, ascending.
        axes: Vec<usize>,
    },
    /// Sum of two computed tensors, broadcast.
    Add,
    /// Difference of two computed tensors, broadcast.
    Sub,
    /// Product of two computed tensors, broadcast.
    Mul,
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
    /// The same elements in the output's shape.
    Reshape,
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
    /// Zeros added around.
    Pad {
        /// Elements before and after, per axis.
        padding: Vec<(usize, usize)>,
    },
    /// Index of the largest element along an axis, the first of equals.
    ArgMax {
        /// The axis.
        axis: usize,
    },
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
    /// 1, or the number of input channels (depthwise).
    pub groups: usize,
    /// Kernel, stride, padding.
    pub window: Window,
    /// Dilation along height and width.
    pub dilation: [usize; 2],
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

/// Functions of one element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unary {
    /// `1 / (1 + e^-x)`.
    Sigmoid,
    /// `x * Sigmoid(x)`.
    Silu,
    /// Hyperbolic tangent.
    Tanh,
    /// `x` above 0, `slope * x` below.
    LeakyRelu(f64),
    /// `x` above 0, `alpha * (e^x - 1)` below.
    Elu(f64),
    /// `min(max(alpha * x + beta, 0), 1)`.
    HardSigmoid(f64, f64),
    /// `x * HardSigmoid(1/6, 1/2)(x)`.
    HardSwish,
    /// `ln(1 + e^x)`.
    Softplus,
    /// `x * Phi(x)`, exact or with the tanh approximation.
    Gelu {
        /// Whether the tanh approximation is meant.
        tanh: bool,
    },
    /// `e^x`.
    Exp,
    /// Square root, of 0 below 0.
    Sqrt,
    /// Absolute value.
    Abs,
    /// Error function.
    Erf,
}

impl Graph {
    /// How many nodes and outputs read each value.
    pub fn readers(&self) -> Vec<usize> {
        let mut readers = vec![0; self.values.len()];
        for node in &self.nodes {
            for &input in &node.inputs {
                readers[input] += 1;
            }
        }
        for &(_, output) in &self.outputs {
            readers[output] += 1;
        }
        readers
    }

    /// Index of the node that computes each value; nothing for inputs.
    pub fn producers(&self) -> Vec<Option<usize>> {
        let mut producers = vec![None; self.values.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            producers[node.output] = Some(index);
        }
        producers
    }

    /// Number of learned constants.
    pub fn parameters(&self) -> usize {
        self.nodes
            .iter()
            .map(|node| match &node.op {
                Op::Conv(conv) => conv.weights.len() + conv.bias.len(),
                Op::Dense(dense) => dense.weights.len() + dense.bias.len(),
                Op::Affine(affine) => affine.scale.len() + affine.offset.len(),
                _ => 0,
            })
            .sum()
    }
}

impl Unary {
    /// The function's value.
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Silu => x / (1.0 + (-x).exp()),
            Self::Tanh => x.tanh(),
            Self::LeakyRelu(slope) => {
                if x < 0.0 {
                    slope * x
                } else {
                    x
                }
            }
            Self::Elu(alpha) => {
                if x < 0.0 {
                    alpha * x.exp_m1()
                } else {
                    x
                }
            }
            Self::HardSigmoid(alpha, beta) => (alpha * x + beta).clamp(0.0, 1.0),
            Self::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Self::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            Self::Gelu { tanh: true } => {
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
                0.5 * x * (1.0 + inner.tanh())
            }
            Self::Gelu { tanh: false } => 0.5 * x * (1.0 + erf(x / std::f64::consts::SQRT_2)),
            Self::Exp => x.exp(),
            Self::Sqrt => x.max(0.0).sqrt(),
            Self::Abs => x.abs(),
            Self::Erf => erf(x),
        }
    }
}

/// The error function, to about 1e-15: its power series near 0, its continued fraction elsewhere.
fn erf(x: f64) -> f64 {
    let magnitude = x.abs();
    let value = if magnitude < 2.5 {
        let (mut term, mut sum) = (magnitude, magnitude);
        let mut n = 0.0;
        while term.abs() > 1e-17 * sum.abs() {
            n += 1.0;
            term *= -magnitude * magnitude / n;
            sum += term / (2.0 * n + 1.0);
        }
        2.0 / std::f64::consts::PI.sqrt() * sum
    } else {
        let mut fraction = 0.0;
        for k in (1..=60).rev() {
            fraction = f64::from(k) / 2.0 / (magnitude + fraction);
        }
        1.0 - (-magnitude * magnitude).exp()
            / (std::f64::consts::PI.sqrt() * (magnitude + fraction))
    };
    value.copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_function_has_its_known_values() {
        for (x, want) in [
            (0.0, 0.0),
            (0.5, 0.520_499_877_813_046_5),
            (1.0, 0.842_700_792_949_714_9),
            (2.4, 0.999_311_486_103_354_9),
            (2.6, 0.999_763_965_583_471),
            (-1.0, -0.842_700_792_949_714_9),
        ] {
            assert!((erf(x) - want).abs() < 1e-12, "erf({x}) = {}", erf(x));
        }
    }
}
