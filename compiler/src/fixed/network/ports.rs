//! Inputs on decimal grids, outputs by powers of two.
//!
//! A grid's unit is `10^-k / 2^j`: numbers with up to `k` decimals are exact, and up to three bits more
//! of the 32 are in use than on a plain decimal grid, for numbers with many digits.

use super::{ELEMENT_LIMIT, HEADROOM, Lowerer, Wide};
use crate::{
    builder::{list, tensor_type},
    calibrate::Range,
    classical::grid,
    error::CompileError,
    ir::{Element, Node, Op, ValueIndex},
    ratio,
};
use fixpoint_runtime::{
    model::format::{self, PerElement, Quantisation, Ratio, Signed32},
    tensor::DType,
};

/// Features whose magnitudes differ by less than this share a grid: their differences are exact.
const SIMILAR: f64 = 2.0;
/// Most halvings of a decimal unit.
const MAX_HALVINGS: u32 = 3;

fn affine(scale: Ratio) -> format::Affine {
    format::Affine {
        scale,
        zero_point: Signed32(0),
    }
}

/// The element type of integers that stand for themselves, and of truth values.
pub(super) const fn plain_dtype(element: Element) -> DType {
    match element {
        Element::Boolean => DType::Bool,
        Element::Real | Element::Integer => DType::I32,
    }
}

/// What a unit is for numbers up to a magnitude with its headroom: the finest grid.
fn unit(magnitude: f64) -> Ratio {
    let magnitude = if magnitude > 0.0 { magnitude } else { 1.0 };
    let decimals = grid::decimals(&[], &[], magnitude, HEADROOM).unwrap_or(grid::MIN_DECIMALS);
    let mut unit = grid::ratio(decimals);
    for _ in 0..MAX_HALVINGS {
        let Some(denominator) = unit.denominator.checked_mul(2) else {
            break;
        };
        let finer = Ratio {
            denominator,
            ..unit
        };
        if magnitude * HEADROOM / ratio::to_f64(finer) > ELEMENT_LIMIT {
            break;
        }
        unit = finer;
    }
    ratio::reduced(unit.numerator, unit.denominator).unwrap_or(unit)
}

/// For each feature the magnitude that its grid is made for: that of the largest that is similar to it,
/// or to one that is.
fn grid_magnitudes(features: &[Range]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..features.len()).collect();
    order.sort_by(|&a, &b| features[b].magnitude().total_cmp(&features[a].magnitude()));
    let mut magnitudes = vec![0.0; features.len()];
    let mut largest = f64::INFINITY;
    for index in order {
        let own = features[index].magnitude();
        if own * SIMILAR < largest {
            largest = own;
        }
        magnitudes[index] = largest;
    }
    magnitudes
}

impl Lowerer<'_> {
    /// Declares an input: real numbers on a grid for each index of the last axis.
    pub(super) fn input(
        &mut self,
        index: usize,
        input: ValueIndex,
        saturating: &[String],
    ) -> Result<(), CompileError> {
        let value = &self.graph.values[input];
        let saturates = saturating.contains(&value.name);
        let dtype = plain_dtype(value.element);
        let tensor = tensor_type(dtype, &value.shape)?;
        let builder = &mut self.lane.builder;
        if value.element != Element::Real {
            let number = builder.input(&value.name, tensor, Quantisation::None, saturates)?;
            self.values[input] = Some(Wide::scaled(number, 1.0, ELEMENT_LIMIT));
            return Ok(());
        }
        let features = &self.ranges.features[index];
        let whole = [self.ranges.values[input]];
        let per_feature = !value.shape.is_empty() && features.len() > 1;
        let ranges = if per_feature { features } else { &whole[..] };
        let units: Vec<Ratio> = grid_magnitudes(ranges).into_iter().map(unit).collect();
        let is_one = units.iter().all(|other| *other == units[0]);
        let quantisation = if is_one {
            Quantisation::PerTensor(affine(units[0]))
        } else {
            let entries = units.iter().map(|&unit| affine(unit)).collect();
            Quantisation::PerElement(PerElement {
                axis: (value.shape.len() - 1) as u8,
                entries: list(entries, "elements of a per-element scale")?,
            })
        };
        let number = builder.input(&value.name, tensor, quantisation, saturates)?;
        let slopes: Vec<f64> = units.iter().map(|&unit| ratio::to_f64(unit)).collect();
        let sizes = ranges.iter().zip(&slopes);
        let sizes = sizes.map(|(range, slope)| range.magnitude() * HEADROOM / slope);
        let mut wide = Wide {
            value: number,
            magnitudes: sizes.collect(),
            lines: slopes.iter().map(|&slope| (slope, 0.0)).collect(),
        };
        if is_one {
            wide.lines.truncate(1);
            wide.magnitudes = vec![wide.magnitudes.iter().copied().fold(0.0, f64::max)];
        }
        self.values[input] = Some(wide);
        Ok(())
    }

    /// Returns a value under a name.
    pub(super) fn output(&mut self, name: &str, output: ValueIndex) -> Result<(), CompileError> {
        let node = Node {
            name: name.to_owned(),
            source: "output".to_owned(),
            op: Op::Reshape,
            inputs: vec![output],
            output,
        };
        if self.element(output) != Element::Real {
            let wide = self.read(&node, 0)?;
            return self
                .lane
                .builder
                .output(name, wide.value, Quantisation::None);
        }
        let (wide, bits) = self.uniform(&node, 0)?;
        let scale = Ratio {
            numerator: 1 << (-bits).max(0),
            denominator: 1 << bits.max(0),
        };
        let quantisation = Quantisation::PerTensor(affine(scale));
        self.lane.builder.output(name, wide.value, quantisation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_keep_decimals_and_use_their_bits() {
        for magnitude in [1e-9, 0.013, 0.7, 1.0, 12.0, 4_321.0, 9.9e9, 3e14] {
            let unit = unit(magnitude);
            let elements = magnitude * HEADROOM / ratio::to_f64(unit);
            assert!(elements <= ELEMENT_LIMIT, "{magnitude}: {elements}");
            assert!(elements > ELEMENT_LIMIT / 2.6, "{magnitude}: {elements}");
            // A power of ten is a whole number of units.
            let decimal = 10f64.powi(-grid::decimals(&[], &[], magnitude, HEADROOM).expect("one"));
            let units = decimal / ratio::to_f64(unit);
            assert_eq!(units, units.round(), "{magnitude}");
        }
    }

    #[test]
    fn similar_features_share_a_grid() {
        let range = |max: f64| Range { min: 0.0, max };
        let features = [4_000.0, 4_100.0, 3_900.0, 12.0, 7.0].map(range);
        assert_eq!(
            grid_magnitudes(&features),
            [4_100.0, 4_100.0, 4_100.0, 12.0, 12.0]
        );
    }
}
