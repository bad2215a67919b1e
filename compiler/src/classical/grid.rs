//! Features as integers on a decimal grid, and what the source model's own rounding makes of them.
//!
//! A contract gives decimal numbers. The source model first rounds them to float32 and may scale them,
//! rounding again. [`Rule`] is that path for one element; every step of it is monotone, so the
//! smallest integer that a comparison sends one way is found by bisection, exactly, without thinking
//! about ulps.

use fixpoint_runtime::model::format::Ratio;

/// Decimals of a WAD word: a finer grid would hold nothing more.
pub const MAX_DECIMALS: i32 = 18;
/// Coarsest grid: steps of 10^18.
pub const MIN_DECIMALS: i32 = -18;

/// One rounded operation with a constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// To float32.
    Round,
    /// To an integer, towards 0.
    Truncate,
    /// `x + c`.
    Add(f64),
    /// `x - c`.
    Sub(f64),
    /// `x * c`.
    Mul(f64),
    /// `x / c`.
    Div(f64),
}

/// What one unit of an element is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unit {
    /// `10^-decimals`.
    Decimal(i32),
    /// `2^-bits`.
    Binary(u32),
}

/// How the source model sees an integer.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Unit of the integer.
    pub unit: Unit,
    /// What is done to the number; results stay float32 once [`Step::Round`] has been.
    pub steps: Vec<Step>,
}

impl Rule {
    /// An input of 32-bit floats.
    pub fn float32(decimals: i32) -> Self {
        Self {
            unit: Unit::Decimal(decimals),
            steps: vec![Step::Round],
        }
    }

    /// The number that the source model computes with.
    pub fn number(&self, integer: i64) -> f64 {
        let exact = match self.unit {
            // The parser rounds a decimal once, correctly.
            Unit::Decimal(decimals) => {
                let text = format!("{integer}e{}", -decimals);
                if self.steps.first() == Some(&Step::Round) {
                    text.parse::<f32>().map_or(0.0, f64::from)
                } else {
                    text.parse().unwrap_or(0.0)
                }
            }
            Unit::Binary(bits) => integer as f64 * 2f64.powi(-bits.cast_signed()),
        };
        run(&self.steps, exact)
    }

    /// The real number without rounding to floats: `integer * .0 + .1`.
    pub fn line(&self) -> (f64, f64) {
        let unit = match self.unit {
            Unit::Decimal(decimals) => 10f64.powi(-decimals),
            Unit::Binary(bits) => 2f64.powi(-bits.cast_signed()),
        };
        self.steps
            .iter()
            .fold((unit, 0.0), |(a, b), step| match *step {
                Step::Round | Step::Truncate => (a, b),
                Step::Add(c) => (a, b + c),
                Step::Sub(c) => (a, b - c),
                Step::Mul(c) => (a * c, b * c),
                Step::Div(c) => (a / c, b / c),
            })
    }

    /// Whether larger integers give larger numbers (or the same); nothing if a step throws the
    /// number away.
    fn rises(&self) -> Option<bool> {
        let (slope, _) = self.line();
        (slope != 0.0 && slope.is_finite()).then_some(slope > 0.0)
    }

    /// Which integers say yes to `number < threshold` (or `<=`).
    pub fn split(&self, threshold: f64, or_equal: bool) -> Split {
        let yes = |integer: i64| {
            let number = self.number(integer);
            number < threshold || or_equal && number == threshold
        };
        let (low, high) = (i64::from(i32::MIN), i64::from(i32::MAX));
        match (self.rises(), yes(low), yes(high)) {
            (None, _, _) | (_, true, true) | (_, false, false) => Split::Always(yes(0)),
            (Some(rising), _, _) => {
                // The first integer whose answer is not that of the lowest.
                let (mut same, mut other) = (low, high);
                while other - same > 1 {
                    let middle = same + (other - same) / 2;
                    if yes(middle) == yes(low) {
                        same = middle;
                    } else {
                        other = middle;
                    }
                }
                Split::From {
                    first: other as i32,
                    yes: !rising,
                }
            }
        }
    }
}

/// The answers of a comparison over all integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// The same for all.
    Always(bool),
    /// `yes` from `first` on, the opposite below.
    From {
        /// First integer of the upper part.
        first: i32,
        /// Answer of the upper part.
        yes: bool,
    },
}

/// The finest grid on which every threshold lies between two integers, and so does every number up
/// to `magnitude` with this `headroom`: beyond the ends nothing changes, or nothing is expected.
pub fn decimals(
    steps: &[Step],
    thresholds: &[(f64, bool)],
    magnitude: f64,
    headroom: f64,
) -> Option<i32> {
    (MIN_DECIMALS..=MAX_DECIMALS).rev().find(|&decimals| {
        let rule = Rule {
            unit: Unit::Decimal(decimals),
            steps: steps.to_vec(),
        };
        let fits = magnitude * headroom * 10f64.powi(decimals) < f64::from(i32::MAX);
        let inside = |&(threshold, or_equal): &(f64, bool)| {
            matches!(rule.split(threshold, or_equal), Split::From { .. })
        };
        fits && thresholds.iter().all(inside)
    })
}

/// The scale `10^-decimals`.
pub fn ratio(decimals: i32) -> Ratio {
    let power = 10_u64.pow(decimals.unsigned_abs());
    if decimals < 0 {
        Ratio {
            numerator: power,
            denominator: 1,
        }
    } else {
        Ratio {
            numerator: 1,
            denominator: power,
        }
    }
}

/// Runs steps; in float32 from the first [`Step::Round`] on.
pub fn run(steps: &[Step], number: f64) -> f64 {
    let mut single = false;
    steps.iter().fold(number, |x, step| {
        let result = match *step {
            Step::Round => {
                single = true;
                x
            }
            Step::Truncate => x.trunc(),
            Step::Add(c) => x + c,
            Step::Sub(c) => x - c,
            Step::Mul(c) => x * c,
            Step::Div(c) => x / c,
        };
        // Sums, products and quotients of two float32 numbers, rounded to float64 first, round to the
        // same float32 as directly (53 >= 2 * 24 + 2 bits).
        if single {
            f64::from(result as f32)
        } else {
            result
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cut_at_a_data_value_goes_the_way_of_float32() {
        // 0.1184 is above float32(0.1184) = 0.118399999..., so the exact comparison would be wrong.
        let threshold = f64::from(0.1184_f32);
        let rule = Rule::float32(9);
        let Split::From { first, yes } = rule.split(threshold, false) else {
            panic!("inside the grid");
        };
        assert!(!yes);
        assert!(
            first < 118_400_000,
            "0.1184 itself is not below the threshold"
        );
        assert_eq!(rule.number(i64::from(first)), threshold);
        assert!(rule.number(i64::from(first) - 1) < threshold);
    }

    #[test]
    fn a_scaler_with_a_negative_factor_turns_the_comparison_round() {
        let rule = Rule {
            unit: Unit::Decimal(3),
            steps: vec![Step::Round, Step::Sub(2.0), Step::Mul(-4.0)],
        };
        // -4 (x - 2) < 1 from x > 1.75.
        let split = rule.split(1.0, false);
        assert_eq!(
            split,
            Split::From {
                first: 1751,
                yes: true
            }
        );
        assert_eq!(rule.line(), (-0.004, 8.0));
    }

    #[test]
    fn the_finest_grid_that_holds_the_thresholds_is_chosen() {
        let steps = [Step::Round];
        assert_eq!(decimals(&steps, &[(2.0, false)], 0.0, 1.0), Some(9));
        assert_eq!(decimals(&steps, &[(3.0, false)], 0.0, 1.0), Some(8));
        assert_eq!(decimals(&steps, &[(3e12, true)], 0.0, 1.0), Some(-4));
        assert_eq!(decimals(&steps, &[(1e-12, true)], 0.0, 1.0), Some(18));
        assert_eq!(decimals(&steps, &[], 150.0, 2.0), Some(6));
        assert_eq!(decimals(&steps, &[(1e30, true)], 0.0, 1.0), None);
    }

    proptest! {
        #[test]
        fn every_integer_gets_the_answer_of_its_float32(
            threshold in -1e3f32..1e3,
            decimals in 0i32..6,
            offset in -3i64..=3,
            or_equal: bool,
        ) {
            let rule = Rule::float32(decimals);
            let threshold = f64::from(threshold);
            let near = (threshold * 10f64.powi(decimals)).round() as i64 + offset;
            let number = rule.number(near);
            let yes = if or_equal { number <= threshold } else { number < threshold };
            let got = match rule.split(threshold, or_equal) {
                Split::Always(yes) => yes,
                Split::From { first, yes } => yes == (near >= i64::from(first)),
            };
            prop_assert_eq!(got, yes);
        }
    }
}
