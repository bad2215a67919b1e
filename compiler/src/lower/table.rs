//! Functions of one element, by TABLE.
//!
//! 8 bits: an entry for each element. 16 bits: a table of 513 points with lines between them over
//! all 65,536 elements; where that is too coarse (near 0 of a square root, a kink between points),
//! the range is split, and each part gets a table of its own. Each part's index saturates at its
//! ends, so that the sum of all parts is the part that an element lies in plus a constant.

use super::{
    Lowerer, Output,
    emit::{Retype, limited},
};
use crate::{
    ir::{Node, Unary},
    quantise::Quant,
};
use fixpoint_runtime::{model::format::ValueId, tensor::DType};

/// Largest error of a line between points, in output elements, that is not split further.
const TOLERANCE: f64 = 0.35;
/// Most parts: each costs a subtraction, a RESCALE, a TABLE and an addition.
const MAX_PARTS: usize = 20;
/// Elements of a part that has a point for each.
const FINEST: i32 = 512;
/// Elements of 16 bits.
const ALL: i32 = 65_536;
/// Fraction bits of a table's result.
const FRACTION: i64 = 128;

/// A run of elements with a table of its own.
#[derive(Clone, Copy, Debug)]
struct Part {
    first: i32,
    width: i32,
    error: f64,
}

impl Lowerer<'_> {
    pub(super) fn unary(&mut self, node: &Node, unary: Unary) -> Output {
        let (layout, number) = self.any(node.inputs[0]);
        let input = self.quant(node.inputs[0]).clone();
        let output = self.quant(node.output).clone();
        if input.plain {
            return Err(Self::unsupported(
                node,
                "of integers it is not supported: cast them to float before",
            ));
        }
        if input.dtype == DType::I8 {
            let entries = (-128..128).map(|element: i32| {
                let real = f64::from(element - input.zero_point) * input.scale();
                output.element(unary.apply(real))
            });
            return Ok((layout, self.table8(number, entries)?));
        }
        let function = |element: f64| {
            let value = unary.apply(element * input.scale()) / output.scale();
            if value.is_nan() {
                0.0
            } else {
                value.clamp(-32768.0, 32767.0)
            }
        };
        let parts = parts(&function, domain(&input));
        let looked_up = if parts.len() == 1 {
            self.table16(number, |position| {
                function((position - 0.5) * f64::from(ALL))
            })?
        } else {
            self.table_parts(number, self.shape(node.inputs[0]).len(), &parts, &function)?
        };
        // The table's 7 fraction bits.
        let fine = output.scale() / FRACTION as f64;
        Ok((layout, self.narrowed(looked_up, fine, &output)?))
    }

    /// The sum of all parts' tables, with 7 fraction bits.
    fn table_parts(
        &mut self,
        number: ValueId,
        rank: usize,
        parts: &[Part],
        function: &impl Fn(f64) -> f64,
    ) -> super::emit::Emitted {
        let wide = self.rescale(number, Retype::widen(0), 1.0)?;
        let (tables, constant) = tables(parts, function);
        let ones = vec![1; rank];
        let mut sum = self.builder.integers(DType::I32, &ones, [constant])?;
        for (part, entries) in parts.iter().zip(tables) {
            let centre = i64::from(part.first + part.width / 2);
            let centre = self.builder.integers(DType::I32, &ones, [centre])?;
            let centred = self.sub(wide, centre)?;
            let retype = Retype {
                to: DType::I16,
                from_zero_point: 0,
                to_zero_point: 0,
            };
            let index = self.rescale(centred, retype, f64::from(ALL / part.width))?;
            let value = self.table16_of(index, &entries)?;
            sum = self.add(value, sum)?;
        }
        Ok(sum)
    }
}

/// The elements that matter: those seen, and a little around them.
fn domain(input: &Quant) -> [f64; 2] {
    let (low, high) = (
        input.range.min / input.scale(),
        input.range.max / input.scale(),
    );
    let margin = (high - low) / 64.0 + 1.0;
    [(low - margin).max(-32768.0), (high + margin).min(32767.0)]
}

/// Splits the worst part until all are good or there are many.
fn parts(function: &impl Fn(f64) -> f64, domain: [f64; 2]) -> Vec<Part> {
    let part = |first: i32, width: i32| Part {
        first,
        width,
        error: error(function, domain, first, width),
    };
    let mut parts = vec![part(-32768, ALL)];
    while parts.len() < MAX_PARTS {
        let splittable = |part: &&Part| part.error > TOLERANCE && part.width > FINEST;
        let worst = parts
            .iter()
            .filter(splittable)
            .max_by(|a, b| a.error.total_cmp(&b.error));
        let Some(&Part { first, width, .. }) = worst else {
            break;
        };
        parts.retain(|part| part.first != first);
        parts.push(part(first, width / 2));
        parts.push(part(first + width / 2, width / 2));
    }
    parts.sort_by_key(|part| part.first);
    parts
}

/// Largest error of the lines over a part, inside the domain.
fn error(function: &impl Fn(f64) -> f64, domain: [f64; 2], first: i32, width: i32) -> f64 {
    let cell = f64::from(width) / 512.0;
    if cell <= 1.0 {
        return 0.0;
    }
    let mut largest = 0.0_f64;
    for index in 0..512 {
        let start = f64::from(first) + f64::from(index) * cell;
        if start + cell < domain[0] || start > domain[1] {
            continue;
        }
        let (left, right) = (function(start), function(start + cell));
        for share in [0.125, 0.25, 0.5, 0.75, 0.875] {
            let at = start + share * cell;
            if (domain[0]..=domain[1]).contains(&at) {
                let line = left + share * (right - left);
                largest = largest.max((function(at) - line).abs());
            }
        }
    }
    largest
}

/// Entries of each part's table, and what the sum of all parts lacks.
///
/// An element beyond a part counts for what the table gives at that end. With `total` the sum of
/// all these ends before a part, and the first entries of the parts from it on, the part's entries
/// are `function - offset` such that the whole is `function`.
fn tables(parts: &[Part], function: &impl Fn(f64) -> f64) -> (Vec<Vec<i64>>, i64) {
    let at = |part: &Part, index: i32| {
        function(f64::from(part.first) + f64::from(index) * f64::from(part.width) / 512.0)
    };
    let entry = |value: f64| (value.round() as i64).clamp(-32768, 32767);
    let mut tables: Vec<Vec<i64>> = Vec::new();
    // Value at the end of the last part, and the constant, in fractions of an element.
    let (mut reached, mut constant) = (0, 0);
    for part in parts {
        let half = entry((at(part, 512) - at(part, 0)) / 2.0);
        let offset = if tables.is_empty() {
            let offset = (at(part, 512) + at(part, 0)) / 2.0;
            constant = (offset * FRACTION as f64).round() as i64;
            constant as f64 / FRACTION as f64
        } else {
            // The first entry is -half, and stands for where the part before ended.
            constant += half * FRACTION;
            reached as f64 / FRACTION as f64 + half as f64
        };
        let entries: Vec<i64> = (0..=512)
            .map(|index| {
                if index == 0 && !tables.is_empty() {
                    -half
                } else {
                    entry(at(part, index) - offset)
                }
            })
            .collect();
        let entries = limited(&entries);
        // The largest index, 32767, is 127/128 on the way from the last point but one.
        let end = entries[511] * FRACTION + (entries[512] - entries[511]) * 127;
        reached = (offset * FRACTION as f64).round() as i64 + end;
        tables.push(entries);
    }
    (tables, constant)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the runtime computes, for every element.
    fn evaluate(parts: &[Part], tables: &[Vec<i64>], constant: i64, element: i32) -> f64 {
        let mut sum = constant;
        for (part, table) in parts.iter().zip(tables) {
            let scaled = (element - part.first - part.width / 2) * (ALL / part.width);
            let index = scaled.clamp(-32768, 32767) + 32768;
            let (point, fraction) = ((index >> 7) as usize, i64::from(index & 127));
            sum += (table[point] << 7) + (table[point + 1] - table[point]) * fraction;
        }
        sum as f64 / FRACTION as f64
    }

    #[test]
    fn split_tables_follow_steep_functions() {
        let functions: [(&str, fn(f64) -> f64, [f64; 2]); 4] = [
            ("sqrt", |x| 180.0 * x.max(0.0).sqrt(), [0.0, 32767.0]),
            ("log", |x| 3000.0 * x.max(0.1).ln(), [1.0, 32767.0]),
            (
                "kink",
                |x| (x + 1234.0).max(0.0).min(20000.0),
                [-32768.0, 32767.0],
            ),
            ("inverse", |x| 30000.0 / x.max(1.0), [4.0, 32767.0]),
        ];
        for (name, function, domain) in functions {
            let parts = parts(&function, domain);
            assert!(
                (2..=MAX_PARTS).contains(&parts.len()),
                "{name}: {}",
                parts.len()
            );
            let (tables, constant) = tables(&parts, &function);
            for element in -32768..32768 {
                if !(domain[0]..=domain[1]).contains(&f64::from(element)) {
                    continue;
                }
                let got = evaluate(&parts, &tables, constant, element);
                let want = function(f64::from(element));
                // A line's error, an entry's rounding, and a 128th of a step at a part's start.
                let step = (function(f64::from(element) + 1.0) - want).abs();
                let step = step.max((function(f64::from(element) - 1.0) - want).abs());
                assert!(
                    (got - want).abs() < 1.0 + step / 64.0,
                    "{name}({element}): {got}, not {want}"
                );
            }
        }
    }

    #[test]
    fn smooth_functions_stay_in_one_table() {
        // Its lines are at most 0.27 away from it.
        let function = |x: f64| 32767.0 * (x / 14_000.0).tanh();
        assert_eq!(parts(&function, [-32768.0, 32767.0]).len(), 1);
    }
}
