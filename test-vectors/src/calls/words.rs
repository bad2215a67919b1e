//! Conversion of words.

use super::WAD;
use crate::{
    cases::{Case, Subject, integers, milli, units},
    state::State,
};
use alloy_primitives::I256;

/// Conversion of words: halves, range ends, saturation, per-element scales.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(super) fn words(state: &State) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |name: &str, edges: &[(&str, Vec<I256>)]| {
        let subject = Subject::new(state, name);
        cases.extend(
            edges
                .iter()
                .map(|(what, input)| subject.words(&format!("{name}: {what}"), input)),
        );
    };
    let one = |value: i128| vec![units(value)];
    let quarter = WAD / 4;
    add(
        "halves",
        &[
            ("zero", one(0)),
            ("one step", one(WAD / 2)),
            ("half a step rounds up", one(quarter)),
            ("a unit less rounds down", one(quarter - 1)),
            ("half a step below zero rounds up to zero", one(-quarter)),
            ("a unit less rounds down to minus one", one(-quarter - 1)),
            ("minus one and a half steps", one(-3 * quarter)),
            (
                "minus one and a half steps, a unit less",
                one(-3 * quarter - 1),
            ),
            ("largest element", one(127 * WAD / 2)),
            (
                "last unit that rounds to the largest",
                one(127 * WAD / 2 + quarter - 1),
            ),
            ("first unit above the range", one(127 * WAD / 2 + quarter)),
            ("smallest element", one(-64 * WAD)),
            (
                "last unit that rounds to the smallest",
                one(-64 * WAD - quarter),
            ),
            ("first unit below the range", one(-64 * WAD - quarter - 1)),
            ("largest word", vec![I256::MAX]),
            ("smallest word", vec![I256::MIN]),
        ],
    );
    add(
        "pixel",
        &[
            ("both ends", milli(&[0, 1_000])),
            ("middle", milli(&[500, 502])),
            ("first fails", milli(&[-3, 0])),
            ("second fails", milli(&[0, 1_003])),
        ],
    );
    add(
        "coarse",
        &[
            ("a step of three", milli(&[4_500])),
            ("rounds up below zero", milli(&[-4_500])),
        ],
    );
    add(
        "fifteen-bits",
        &[
            ("ends", vec![units(-WAD), units(WAD - WAD / 32_768)]),
            ("one is above", milli(&[0, 1_000])),
        ],
    );
    add(
        "thirds",
        &[
            ("a third and a bit", one(WAD / 3)),
            ("minus a third", one(-WAD / 3)),
            (
                "largest element is not exact",
                one(i128::from(i32::MAX) * WAD / 3),
            ),
            ("above", one((i128::from(i32::MAX) + 1) * WAD / 3)),
        ],
    );
    let widest = I256::try_from(u64::MAX)
        .expect("fits")
        .wrapping_mul(units(WAD));
    add(
        "widest",
        &[
            ("zero is at the range's end", one(0)),
            ("one step", vec![widest]),
            ("largest", vec![widest.wrapping_mul(units((1 << 32) - 1))]),
            ("above", vec![widest.wrapping_mul(units(1 << 32))]),
            ("below", vec![widest.wrapping_neg()]),
        ],
    );
    add(
        "finest",
        &[
            ("every unit is many steps", one(100_000_000)),
            ("one above", one(117_000_000)),
        ],
    );
    add(
        "saturating",
        &[
            ("inside", milli(&[0, 1_000, -1_000])),
            (
                "both ends and beyond",
                vec![units(1_000 * WAD), units(-1_000 * WAD), units(13 * WAD)],
            ),
            ("extreme words", vec![I256::MAX, I256::MIN, I256::ZERO]),
        ],
    );
    add(
        "saturating-wide",
        &[
            ("extreme", vec![I256::MIN]),
            ("just above", one((1 << 31) * WAD)),
        ],
    );
    add(
        "columns",
        &[
            (
                "a scale per column",
                milli(&[100, 250, 2_333, -100, -250, -2_333]),
            ),
            ("last column fails", milli(&[0, 0, 0, 0, 0, 100_000])),
        ],
    );
    add(
        "rows",
        &[
            ("a scale per row", milli(&[100, -100, 100, -100])),
            ("saturates per row", milli(&[4_000_000, 1, 40_000, 1])),
        ],
    );
    add(
        "plain",
        &[
            (
                "integers as they are",
                integers(&[1, 0, -128, 32_767, -2_147_483_648]),
            ),
            ("a bool of 2", integers(&[1, 2, 0, 0, 0])),
            ("a bool of -1", integers(&[-1, 0, 0, 0, 0])),
            ("a byte of 128", integers(&[1, 1, 128, 0, 0])),
            ("a short of -32769", integers(&[1, 1, 0, -32_769, 0])),
            ("a word of 2^31", integers(&[1, 1, 0, 0, 2_147_483_648])),
            ("not 18 decimals", milli(&[1_000, 0, 0, 0, 0])),
        ],
    );
    cases
}
