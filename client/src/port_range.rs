//! Which real numbers an input accepts and an output can be: exact, from the same arithmetic as a
//! call's words.

use crate::{text, wad_value::wad_to_f64};
use alloy_primitives::{I256, U256};
use fixpoint_precompile::{ports::Port, wad::word_of_element};
use fixpoint_runtime::model::format::{Affine, Quantisation};
use serde_json::{Value, json};

/// 10^18.
const WAD: u64 = 1_000_000_000_000_000_000;

/// The words of the elements that share a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordRange {
    /// What real number an element stands for; `None` if a word is the element itself.
    pub affine: Option<Affine>,
    /// The smallest.
    pub min: I256,
    /// The largest.
    pub max: I256,
}

/// Whether a port takes words or gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Words go in: those that round to an element are in range.
    Input,
    /// Words come out: one for each element.
    Output,
}

/// The ranges of a port: one, or one per entry along the axis of a per-element quantisation.
pub fn ranges(port: &Port, side: Side) -> Vec<WordRange> {
    let (low, high) = port.tensor.dtype.range();
    let of = |affine: Affine| match side {
        // An element's words are those of [element - 1/2, element + 1/2) steps.
        Side::Input => WordRange {
            affine: Some(affine),
            min: first_word_from(2 * (low - zero_point(affine)) - 1, affine),
            max: first_word_from(2 * (high - zero_point(affine)) + 1, affine) - I256::ONE,
        },
        Side::Output => WordRange {
            affine: Some(affine),
            min: word_of_element(low, Some(affine)),
            max: word_of_element(high, Some(affine)),
        },
    };
    match &port.quantisation {
        Quantisation::None => vec![WordRange {
            affine: None,
            min: word_of_element(low, None),
            max: word_of_element(high, None),
        }],
        Quantisation::PerTensor(affine) => vec![of(*affine)],
        Quantisation::PerElement(per_element) => {
            per_element.entries.iter().copied().map(of).collect()
        }
    }
}

fn zero_point(affine: Affine) -> i64 {
    i64::from(affine.zero_point.0)
}

/// The smallest word that stands for at least half as many steps: `ceil(half_steps * scale * 10^18
/// / 2)`. Factors are below `2^51`, `2^64` and `2^60`.
fn first_word_from(half_steps: i64, affine: Affine) -> I256 {
    let signed = |value: u64| I256::from_raw(U256::from(value));
    let numerator = I256::from_raw(U256::from(half_steps.unsigned_abs()))
        * signed(affine.scale.numerator)
        * signed(WAD);
    let numerator = if half_steps < 0 {
        -numerator
    } else {
        numerator
    };
    let denominator = signed(affine.scale.denominator) * signed(2);
    // Rounding down the negated value is rounding up.
    -(-numerator).div_euclid(denominator)
}

/// Machine-readable form; words are decimal strings, exact, and real numbers are for reading.
pub fn to_json(port: &Port, side: Side) -> Value {
    let (kind, axis) = match &port.quantisation {
        Quantisation::None => ("none", None),
        Quantisation::PerTensor(_) => ("per_tensor", None),
        Quantisation::PerElement(per_element) => ("per_element", Some(per_element.axis)),
    };
    let ranges = ranges(port, side).into_iter().map(|range| {
        let mut entry = json!({
            "min_word": range.min.to_string(),
            "max_word": range.max.to_string(),
        });
        if let Some(affine) = range.affine {
            entry["scale"] = scale(affine).into();
            entry["scale_numerator"] = affine.scale.numerator.into();
            entry["scale_denominator"] = affine.scale.denominator.into();
            entry["zero_point"] = affine.zero_point.0.into();
            entry["min"] = wad_to_f64(range.min).into();
            entry["max"] = wad_to_f64(range.max).into();
        }
        entry
    });
    json!({
        "name": String::from_utf8_lossy(&port.name),
        "dtype": format!("{:?}", port.tensor.dtype).to_lowercase(),
        "shape": port.tensor.shape.to_vec(),
        "quantised": port.quantisation != Quantisation::None,
        "quantisation": kind,
        "axis": axis,
        "saturates": port.saturates,
        "ranges": ranges.collect::<Vec<_>>(),
    })
}

/// Machine-readable form of all inputs or outputs.
pub fn list_json(ports: &[Port], side: Side) -> Value {
    ports.iter().map(|port| to_json(port, side)).collect()
}

/// What a port is, for a person: name, type, what callers pass.
pub fn title(port: &Port) -> String {
    let kind = match port.quantisation {
        Quantisation::None => "integers",
        _ => "real numbers (WAD)",
    };
    let name = String::from_utf8_lossy(&port.name);
    format!("{name}: {}, {kind}", text::tensor(&port.tensor))
}

/// Which values a port takes or gives, for a person.
pub fn to_text(port: &Port, side: Side) -> String {
    let beyond = match (side, port.saturates) {
        (Side::Output, _) => "",
        (Side::Input, true) => "; beyond it saturates",
        (Side::Input, false) => "; beyond it the call reverts (InputRange)",
    };
    let ranges = ranges(port, side);
    match (ranges.as_slice(), &port.quantisation) {
        ([range], Quantisation::PerTensor(affine)) => format!(
            "range {} .. {}{beyond}; scale {:.6e}, zero point {}",
            shown(range.min),
            shown(range.max),
            scale(*affine),
            affine.zero_point.0,
        ),
        ([range], Quantisation::None) => format!("range {} .. {}{beyond}", range.min, range.max),
        (ranges, _) => format!(
            "range, scale and zero point per element ({} of them, in --json){beyond}",
            ranges.len(),
        ),
    }
}

fn scale(affine: Affine) -> f64 {
    affine.scale.numerator as f64 / affine.scale.denominator as f64
}

/// Six significant digits.
fn shown(word: I256) -> String {
    let value = wad_to_f64(word);
    if value == 0.0 {
        return "0".to_owned();
    }
    let whole_digits = value.abs().log10().floor().clamp(-12.0, 5.0) as i32;
    let decimals = usize::try_from(5 - whole_digits).unwrap_or(0);
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use fixpoint_precompile::wad::{Element, element_of_word};
    use fixpoint_runtime::{
        model::format::{PerElement, Ratio, Signed32},
        tensor::{DType, TensorType},
    };

    fn affine(numerator: u64, denominator: u64, zero_point: i32) -> Affine {
        Affine {
            scale: Ratio {
                numerator,
                denominator,
            },
            zero_point: Signed32(zero_point),
        }
    }

    fn port(dtype: DType, quantisation: Quantisation) -> Port {
        Port {
            name: b"x".to_vec(),
            tensor: TensorType::new(dtype, &[1, 2]).unwrap(),
            quantisation,
            saturates: false,
        }
    }

    #[test]
    fn the_ends_are_the_last_words_that_a_call_accepts() {
        for scale in [
            affine(1, 2, 0),
            affine(16, 255, -128),
            affine(1, 1 << 19, 7),
            affine(u64::MAX, 1, i32::MIN),
            affine(u64::MAX, 3, i32::MAX),
            affine(123_456_789, 987_654_321, -5),
        ] {
            for dtype in [DType::I8, DType::I16, DType::I32, DType::I48] {
                let port = port(dtype, Quantisation::PerTensor(scale));
                let [range] = ranges(&port, Side::Input)[..] else {
                    panic!("one range per tensor");
                };
                let element = |word| element_of_word(word, Some(scale), dtype);
                let (low, high) = dtype.range();
                let case = format!("{scale:?} {dtype:?}");
                assert_eq!(element(range.min), Element::Exact(low), "{case}");
                assert_eq!(element(range.min - I256::ONE), Element::Below, "{case}");
                assert_eq!(element(range.max), Element::Exact(high), "{case}");
                assert_eq!(element(range.max + I256::ONE), Element::Above, "{case}");
            }
        }
    }

    #[test]
    fn outputs_span_their_elements_values() {
        let scale = Quantisation::PerTensor(affine(1, 2, 0));
        let range = ranges(&port(DType::I8, scale), Side::Output)[0];
        assert_eq!(range.min.to_string(), "-64000000000000000000");
        assert_eq!(range.max.to_string(), "63500000000000000000");
    }

    #[test]
    fn elements_with_scales_of_their_own_are_listed() {
        let entries = vec![affine(1, 1, 0), affine(1, 100, 0)].try_into().unwrap();
        let quantisation = Quantisation::PerElement(PerElement { axis: 1, entries });
        let port = port(DType::I8, quantisation);
        let json = to_json(&port, Side::Input);
        assert_eq!(json["quantisation"], "per_element");
        assert_eq!(json["axis"], 1);
        assert_eq!(json["ranges"][0]["min_word"], "-128500000000000000000");
        assert_eq!(json["ranges"][1]["max"], 1.275);
        assert!(to_text(&port, Side::Input).contains("per element (2 of them"));
    }

    #[test]
    fn plain_integers_have_their_types_range() {
        assert_eq!(
            to_text(&port(DType::I8, Quantisation::None), Side::Input),
            "range -128 .. 127; beyond it the call reverts (InputRange)"
        );
    }
}
