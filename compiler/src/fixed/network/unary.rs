//! Functions of one element.
//!
//! What is made of lines is comparisons and products. What is flat at both ends is cut off there and made
//! of cubics ([`Pieces`]) between; what leaves a line's side exponentially is that line and such a function
//! of the distance. Roots, powers, logarithms and reciprocals are as exact for small arguments as for large
//! ones. Everything else is made of cubics over twice what calibration saw, and an argument beyond fails
//! the call.

use super::{Lowerer, Pieces, Wide, bits_for, lines::element, unsupported};
use crate::{
    error::CompileError,
    fixed::quotient::ROOT_UNIT,
    ir::{Node, Unary},
    real,
};
use fixpoint_runtime::model::format::ValueId;

type Computed = Result<Wide, CompileError>;

/// Most fraction bits of results up to 1.
const RESULT_BITS: i32 = 30;
/// Fraction bits of exponents: magnitudes below 32 fit, and a power is as exact as 1e-8 of itself.
const EXPONENT_BITS: i32 = 26;
/// Where `e^-x` is below 1e-9.
const EXPONENTIAL_END: f64 = 20.75;
/// Where the error function is 1 within 1e-9, and the normal distribution.
const ERROR_END: f64 = 4.35;
const NORMAL_END: f64 = 6.1;
/// Largest exponent that is multiplied out.
const MAX_FACTORS: i32 = 4;

impl Lowerer<'_> {
    pub(super) fn unary(&mut self, node: &Node, unary: Unary) -> Computed {
        match unary {
            Unary::Abs => self.absolute(node),
            Unary::Sign => self.sign(node),
            Unary::LeakyRelu(slope) => self.leaky(node, slope),
            Unary::ThresholdedRelu(alpha) => self.thresholded(node, alpha),
            Unary::Shrink(lambda, bias) => self.shrunk(node, lambda, bias),
            Unary::HardSigmoid(alpha, beta) => self.ramp(node, alpha, beta),
            Unary::HardSwish => {
                let ramp = self.ramp(node, 1.0 / 6.0, 0.5)?;
                self.times_argument(node, &ramp)
            }
            // Both ends are flat.
            Unary::Sigmoid => self.flat(node, unary, 1.0, EXPONENTIAL_END),
            Unary::Tanh => self.hyperbolic_tangent(node),
            Unary::Erf => self.flat(node, unary, 1.0, ERROR_END),
            // A flat function times the argument.
            Unary::Silu => self.gated(node, Unary::Sigmoid, 1.0, EXPONENTIAL_END),
            Unary::Swish(alpha) => self.gated(node, Unary::Sigmoid, alpha, EXPONENTIAL_END),
            Unary::Gelu { tanh } => {
                let share = move |x: f64| {
                    // Its own quotient at 0 is 0 over 0.
                    let x = if x == 0.0 { 1e-9 } else { x };
                    Unary::Gelu { tanh }.apply(x) / x
                };
                let gate = self.clipped(node, &format!("{unary:?}"), &share, 1.0, NORMAL_END)?;
                self.times_argument(node, &gate)
            }
            Unary::Mish => {
                let share = |x: f64| real::tanh(Unary::Softplus.apply(x));
                let gate = self.clipped(node, "Mish", &share, 1.0, EXPONENTIAL_END)?;
                self.times_argument(node, &gate)
            }
            // A line above 0, and what is left of it below.
            Unary::Softplus => {
                let rest = |x: f64| real::ln_1p(real::exp(-x.abs()));
                self.bent(
                    node,
                    unary,
                    [1.0, 1.0],
                    &rest,
                    [-EXPONENTIAL_END, EXPONENTIAL_END],
                )
            }
            Unary::Elu(alpha) => self.exponential_below(node, unary, [1.0, alpha, 1.0]),
            Unary::Selu(alpha, gamma) => {
                self.exponential_below(node, unary, [gamma, gamma * alpha, 1.0])
            }
            Unary::Celu(alpha) => self.exponential_below(node, unary, [1.0, alpha, alpha]),
            // Of any magnitude.
            Unary::Exp => self.exponential(node),
            Unary::Log => self.logarithm(node),
            Unary::Reciprocal => self.reciprocal(node),
            Unary::Sqrt => self.root(node),
            Unary::Pow(exponent) => self.power(node, exponent),
            Unary::Softsign => self.softsign(node),
            _ => self.smooth(node, unary),
        }
    }

    /// An operand as `[1, len]`, and its length.
    fn flattened(&mut self, node: &Node, value: ValueId) -> Result<(ValueId, usize), CompileError> {
        let len = self.shape(node.inputs[0]).iter().product();
        Ok((self.lane.builder.reshape(value, &[1, len])?, len))
    }

    /// `[1, len]` in the output's shape.
    fn shaped(&mut self, node: &Node, value: ValueId) -> super::Emitted {
        let shape = self.shape(node.output).to_vec();
        self.lane.builder.reshape(value, &shape)
    }

    /// Cubics of a function, made once for each argument's bits and domain.
    fn pieces(
        &mut self,
        node: &Node,
        name: &str,
        function: &dyn Fn(f64) -> f64,
        domain: [f64; 2],
        argument_bits: i32,
    ) -> Result<Pieces, CompileError> {
        let key = format!("{name} {argument_bits} {domain:?}");
        let fit = || Pieces::fit(function, domain, argument_bits, super::MAX_BITS);
        let pieces = self.pieces.entry(key).or_insert_with(fit);
        pieces.clone().ok_or_else(|| {
            unsupported(
                node,
                format!(
                    "from {:.4} to {:.4} it is too steep for 32 bits: scale or clip what goes into it, or use int16",
                    domain[0], domain[1]
                ),
            )
        })
    }

    /// A function of `factor * x` between its flat ends; its values are at most 1.
    fn clipped(
        &mut self,
        node: &Node,
        name: &str,
        function: &dyn Fn(f64) -> f64,
        factor: f64,
        end: f64,
    ) -> Computed {
        let wide = self.read(node, 0)?;
        let bound = wide.bound() * factor.abs();
        let bits = match wide.bits() {
            Some(bits) if factor == 1.0 => bits,
            _ => bits_for(bound, 2.0),
        };
        let shape = self.shape(node.inputs[0]).to_vec();
        let wide = self.with_bits(wide, &shape, factor, bits)?;
        let (argument, len) = self.flattened(node, wide.value)?;
        // No element is beyond what 32 bits hold.
        let reach = f64::from(i32::MAX) * 2f64.powi(-bits);
        let domain = [-end.min(reach), end.min(reach)];
        let argument = self.limited(argument, 2, 2f64.powi(-bits), domain)?;
        let pieces = self.pieces(node, name, function, domain, bits)?;
        let value = self.lane.piecewise(argument, len, &pieces)?;
        Ok(Wide::even(self.shaped(node, value)?, pieces.bits, 1.0))
    }

    fn flat(&mut self, node: &Node, unary: Unary, factor: f64, end: f64) -> Computed {
        let function = |x| unary.apply(x);
        let name = format!("{unary:?}");
        self.clipped(node, &name, &function, factor, end)
    }

    /// `2 Sigmoid(2 x) - 1`: the same cubics as of a sigmoid.
    fn hyperbolic_tangent(&mut self, node: &Node) -> Computed {
        let half = self.flat(node, Unary::Sigmoid, 2.0, EXPONENTIAL_END)?;
        let bits = half.bits().unwrap_or(RESULT_BITS);
        let rank = self.shape(node.output).len();
        let middle = self.lane.scalar(rank, 1 << (bits - 1))?;
        let value = self.lane.sub(half.value, middle)?;
        Ok(Wide::even(value, bits - 1, 1.0))
    }

    /// A gate of the argument times the argument.
    fn gated(&mut self, node: &Node, gate: Unary, factor: f64, end: f64) -> Computed {
        let gate = self.flat(node, gate, factor, end)?;
        self.times_argument(node, &gate)
    }

    fn times_argument(&mut self, node: &Node, gate: &Wide) -> Computed {
        let (wide, slope) = self.sloped(node, 0)?;
        let gate_slope = gate.slope().unwrap_or(1.0);
        let bound = self.expected(node.output).max(f64::MIN_POSITIVE);
        self.multiplied([(wide.value, slope), (gate.value, gate_slope)], bound)
    }

    /// `lines[0] x` above 0 and 0 below, plus `lines[1]` times a function between its flat ends.
    fn bent(
        &mut self,
        node: &Node,
        unary: Unary,
        [line, share]: [f64; 2],
        rest: &dyn Fn(f64) -> f64,
        [low, high]: [f64; 2],
    ) -> Computed {
        let (wide, bits) = self.uniform(node, 0)?;
        let (argument, len) = self.flattened(node, wide.value)?;
        let unit = 2f64.powi(-bits);
        let reach = f64::from(i32::MAX) * unit;
        let domain = [low.max(-reach), high.min(reach)];
        let limited = self.limited(argument, 2, unit, domain)?;
        let function = |x: f64| share * rest(x);
        let pieces = self.pieces(node, &format!("{unary:?}"), &function, domain, bits)?;
        let below = self.lane.piecewise(limited, len, &pieces)?;
        let zero = self.lane.scalar(2, 0)?;
        let above = self.lane.maximum(argument, zero)?;
        let bound = self.expected(node.output).max(share.abs());
        let bits_out = bits_for(bound.max(line.abs() * wide.bound()), 4.0).min(RESULT_BITS);
        let above = Wide::even(above, bits, wide.bound());
        let above = self.with_bits(above, &[1, len], line, bits_out)?;
        let below = Wide::even(below, pieces.bits, share.abs());
        let below = self.with_bits(below, &[1, len], 1.0, bits_out)?;
        let sum = self.lane.add(above.value, below.value)?;
        Ok(Wide::even(self.shaped(node, sum)?, bits_out, bound))
    }

    /// `line x` above 0, `alpha (e^(x / scale) - 1)` below.
    fn exponential_below(
        &mut self,
        node: &Node,
        unary: Unary,
        [line, alpha, scale]: [f64; 3],
    ) -> Computed {
        let rest = move |x: f64| real::exp_m1(x.min(0.0) / scale);
        let low = -EXPONENTIAL_END * scale.abs();
        self.bent(node, unary, [line, alpha], &rest, [low, 0.0])
    }

    /// `2^(factor x)`, up to a bound.
    fn power_of_two(&mut self, node: &Node, wide: Wide, factor: f64) -> Computed {
        let shape = self.shape(node.inputs[0]).to_vec();
        let bound = self.expected(node.output).max(1e-18);
        // Exponents are few bits before the point; what is far below the bound is 0 whatever it is.
        let bits = EXPONENT_BITS.min(bits_for(wide.bound() * factor.abs(), 2.0));
        let exponent = self.with_bits(wide, &shape, factor, bits)?;
        let (exponent, len) = self.flattened(node, exponent.value)?;
        let bits = u32::try_from(bits).map_err(|_| too_wide(node))?;
        let (value, bits) = self.lane.power_of_two(exponent, len, bits, bound)?;
        Ok(Wide::even(self.shaped(node, value)?, bits, bound))
    }

    fn exponential(&mut self, node: &Node) -> Computed {
        let wide = self.read(node, 0)?;
        self.power_of_two(node, wide, std::f64::consts::LOG2_E)
    }

    /// Natural logarithm of an operand in units of one size.
    fn logarithm(&mut self, node: &Node) -> Computed {
        let bound = self.expected(node.output).max(1.0);
        self.logarithm_up_to(node, bound)
    }

    fn logarithm_up_to(&mut self, node: &Node, bound: f64) -> Computed {
        let (wide, slope) = self.sloped(node, 0)?;
        let (value, len) = self.flattened(node, wide.value)?;
        let bits = bits_for(bound, 2.0).min(RESULT_BITS);
        let (value, bits) = self.lane.logarithm(value, len, real::ln(slope), bits)?;
        Ok(Wide::even(self.shaped(node, value)?, bits, bound))
    }

    fn reciprocal(&mut self, node: &Node) -> Computed {
        let (wide, slope) = self.sloped(node, 0)?;
        let rank = self.shape(node.output).len();
        let bound = self.expected(node.output).max(1e-18);
        let one = self.lane.scalar(rank, 1)?;
        let (value, unit) = self.lane.quotient([one, wide.value], rank, bound * slope)?;
        Ok(Wide::scaled(value, unit / slope, bound))
    }

    /// `x / (1 + |x|)`.
    fn softsign(&mut self, node: &Node) -> Computed {
        let wide = self.read(node, 0)?;
        let shape = self.shape(node.inputs[0]).to_vec();
        let bits = bits_for(wide.bound() + 1.0, 2.0).min(RESULT_BITS);
        let value = self.with_bits(wide, &shape, 1.0, bits)?.value;
        let size = self.lane.abs(value)?;
        let one = self
            .lane
            .scalar(shape.len(), element(1.0, 2f64.powi(-bits)))?;
        let more = self.lane.add(size, one)?;
        let (value, unit) = self.lane.quotient([value, more], shape.len(), 1.0)?;
        Ok(Wide::scaled(value, unit, 1.0))
    }

    fn root(&mut self, node: &Node) -> Computed {
        let (wide, slope) = self.sloped(node, 0)?;
        let (value, len) = self.flattened(node, wide.value)?;
        let (value, bits) = self.lane.root(value, len)?;
        let unit = slope.sqrt() * ROOT_UNIT * 2f64.powi(-bits);
        let bound = self.expected(node.output);
        Ok(Wide::scaled(self.shaped(node, value)?, unit, bound))
    }

    fn power(&mut self, node: &Node, exponent: f64) -> Computed {
        if exponent.fract() == 0.0 && (2.0..=f64::from(MAX_FACTORS)).contains(&exponent) {
            let (wide, slope) = self.sloped(node, 0)?;
            let mut result = wide.clone();
            for factors in 2..=exponent as i32 {
                let bound = real::powi(wide.bound(), factors);
                let own = result.slope().unwrap_or(slope);
                result = self.multiplied([(result.value, own), (wide.value, slope)], bound)?;
            }
            return Ok(result);
        }
        if self.ranges.values[node.inputs[0]].min < 0.0 {
            return Err(unsupported(
                node,
                format!(
                    "numbers below 0 to the power of {exponent} have no lowering at int32: use Mul, or int16"
                ),
            ));
        }
        // What is 0 has no logarithm; numbers that small have none that fits, and fail the call.
        let reach = self.expected(node.inputs[0]).max(1e-9);
        let bound = real::ln(reach)
            .abs()
            .max(real::ln(self.expected(node.output).max(1e-9)).abs() / exponent.abs());
        let logarithm = self.logarithm_up_to(node, bound.max(16.0))?;
        self.power_of_two(node, logarithm, exponent * std::f64::consts::LOG2_E)
    }

    /// Any other function: cubics over twice what calibration saw.
    fn smooth(&mut self, node: &Node, unary: Unary) -> Computed {
        let (wide, bits) = self.uniform(node, 0)?;
        let range = self.ranges.values[node.inputs[0]];
        let unit = 2f64.powi(-bits);
        let twice = |limit: f64| limit * super::HEADROOM;
        let mut domain = [
            twice(range.min.min(0.0)) - unit,
            twice(range.max.max(0.0)) + unit,
        ];
        let (mut argument, len) = self.flattened(node, wide.value)?;
        let own = match unary {
            Unary::Asin | Unary::Acos => Some([-1.0, 1.0]),
            Unary::Acosh => Some([1.0, domain[1].max(1.0 + unit)]),
            _ => None,
        };
        if let Some([low, high]) = own {
            domain = [low, high];
            argument = self.limited(argument, 2, unit, domain)?;
        }
        let name = format!("{unary:?}");
        let pieces = self.pieces(node, &name, &|x| unary.apply(x), domain, bits)?;
        let value = self.lane.piecewise(argument, len, &pieces)?;
        let bound = self.expected(node.output);
        Ok(Wide::even(self.shaped(node, value)?, pieces.bits, bound))
    }
}

fn too_wide(node: &Node) -> CompileError {
    unsupported(
        node,
        "its exponents reach 2^31 over the calibration samples: scale what goes into it",
    )
}
