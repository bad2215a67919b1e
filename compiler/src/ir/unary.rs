//! Functions of one element.

use crate::real;
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
    /// Natural logarithm; minus infinity from 0 down.
    Log,
    /// `1 / x`.
    Reciprocal,
    /// `x^exponent`; for negative `x` 0 unless the exponent is an integer.
    Pow(f64),
    /// Square root, of 0 below 0.
    Sqrt,
    /// Absolute value.
    Abs,
    /// -1, 0 or 1.
    Sign,
    /// Error function.
    Erf,
    /// `gamma * Elu(alpha)(x)`.
    Selu(f64, f64),
    /// `x` above 0, `alpha * (e^(x / alpha) - 1)` below.
    Celu(f64),
    /// `x * Sigmoid(alpha * x)`.
    Swish(f64),
    /// `x * Tanh(Softplus(x))`.
    Mish,
    /// `x / (1 + |x|)`.
    Softsign,
    /// `x` above the threshold, 0 up to it.
    ThresholdedRelu(f64),
    /// `x` moved towards 0 by the second number where it is further from 0 than the first, else 0.
    Shrink(f64, f64),
    /// Sine.
    Sin,
    /// Cosine.
    Cos,
    /// Tangent.
    Tan,
    /// Inverse sine.
    Asin,
    /// Inverse cosine.
    Acos,
    /// Inverse tangent.
    Atan,
    /// Hyperbolic sine.
    Sinh,
    /// Hyperbolic cosine.
    Cosh,
    /// Inverse hyperbolic sine.
    Asinh,
    /// Inverse hyperbolic cosine.
    Acosh,
    /// Inverse hyperbolic tangent.
    Atanh,
}

impl Unary {
    /// The function's value.
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Self::Sigmoid => 1.0 / (1.0 + real::exp(-x)),
            Self::Silu => x / (1.0 + real::exp(-x)),
            Self::Tanh => real::tanh(x),
            Self::LeakyRelu(slope) => {
                if x < 0.0 {
                    slope * x
                } else {
                    x
                }
            }
            Self::Elu(alpha) => {
                if x < 0.0 {
                    alpha * real::exp_m1(x)
                } else {
                    x
                }
            }
            Self::HardSigmoid(alpha, beta) => (alpha * x + beta).clamp(0.0, 1.0),
            Self::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Self::Softplus => x.max(0.0) + real::ln_1p(real::exp(-x.abs())),
            Self::Gelu { tanh: true } => {
                let inner =
                    (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * real::powi(x, 3));
                0.5 * x * (1.0 + real::tanh(inner))
            }
            Self::Gelu { tanh: false } => 0.5 * x * (1.0 + erf(x / std::f64::consts::SQRT_2)),
            Self::Exp => real::exp(x),
            Self::Log => real::ln(x.max(0.0)),
            Self::Reciprocal => x.recip(),
            Self::Pow(exponent) if exponent.fract() == 0.0 => real::powi(x, exponent as i32),
            Self::Pow(exponent) => real::powf(x.max(0.0), exponent),
            Self::Sqrt => x.max(0.0).sqrt(),
            Self::Abs => x.abs(),
            Self::Sign if x == 0.0 => 0.0,
            Self::Sign => x.signum(),
            Self::Erf => erf(x),
            Self::Selu(alpha, gamma) => gamma * Self::Elu(alpha).apply(x),
            Self::Celu(alpha) => x.max(0.0) + (alpha * real::exp_m1(x / alpha)).min(0.0),
            Self::Swish(alpha) => x / (1.0 + real::exp(-alpha * x)),
            Self::Mish => x * real::tanh(Self::Softplus.apply(x)),
            Self::Softsign => x / (1.0 + x.abs()),
            Self::ThresholdedRelu(alpha) if x > alpha => x,
            Self::ThresholdedRelu(_) => 0.0,
            Self::Shrink(lambda, bias) if x > lambda => x - bias,
            Self::Shrink(lambda, bias) if x < -lambda => x + bias,
            Self::Shrink(..) => 0.0,
            trigonometric => trigonometric.trigonometry(x),
        }
    }

    /// Trigonometric and hyperbolic functions; others leave `x` as it is.
    fn trigonometry(self, x: f64) -> f64 {
        match self {
            Self::Sin => real::sin(x),
            Self::Cos => real::cos(x),
            Self::Tan => real::tan(x),
            Self::Asin => real::asin(x.clamp(-1.0, 1.0)),
            Self::Acos => real::acos(x.clamp(-1.0, 1.0)),
            Self::Atan => real::atan(x),
            Self::Sinh => real::sinh(x),
            Self::Cosh => real::cosh(x),
            Self::Asinh => real::asinh(x),
            Self::Acosh => real::acosh(x.max(1.0)),
            Self::Atanh => real::atanh(x),
            _ => x,
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
        1.0 - real::exp(-magnitude * magnitude)
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
