//! Smooth functions by pieces: the argument's upper bits choose a cubic, its lower bits go into it.
//!
//! Cubics meet the function at Chebyshev's four points of their cell, so their error is about
//! `h^4 max|f''''| / 3072` for cells of width `h`; cells are halved until that is 2^-29 of the function's
//! largest value. Roundings add at most four units of the result: 4e-9 of a function that reaches 1.
//! An argument outside the cells fails the call, as GATHER has no row for it: nothing is cut off here.

use super::{Emitted, Lane};
use crate::real;
use fixpoint_runtime::model::format::ValueId;

/// Largest error of a cubic, as a share of the function's largest value.
const TOLERANCE: f64 = 1.0 / (1 << 29) as f64;
/// Most cells: 64 KiB of coefficients.
const MAX_CELLS: i64 = 4096;
/// Fewest cells that are tried first.
const MIN_CELL_BITS: u32 = 2;
/// Coefficients of a cubic.
const COEFFICIENTS: usize = 4;
/// Units that partial sums may be off by.
const SPARE: f64 = 16.0;
/// Where a cubic's error is looked at, as shares of a cell.
const PROBES: [f64; 7] = [0.0, 0.15, 0.3, 0.5, 0.7, 0.85, 1.0];

/// A function's cells: cubics in integers.
#[derive(Clone, Debug)]
pub(crate) struct Pieces {
    /// Index of the first cell: arguments from `first << cell_bits` on.
    first: i64,
    /// Arguments of a cell have these many lower bits of their own.
    cell_bits: u32,
    /// For each cell the cubic's coefficients, the constant first, for lower bits as a share of 1.
    coefficients: Vec<[i64; COEFFICIENTS]>,
    /// Fraction bits of results.
    pub(crate) bits: i32,
}

impl Pieces {
    /// A function of real numbers from `low` to `high`, for arguments with `argument_bits` fraction bits
    /// and results with at most `most_bits`; nothing if so few cells are not enough.
    pub(crate) fn fit(
        function: &dyn Fn(f64) -> f64,
        [low, high]: [f64; 2],
        argument_bits: i32,
        most_bits: i32,
    ) -> Option<Self> {
        let unit = 2f64.powi(-argument_bits);
        let (low, high) = ((low / unit).floor() as i64, (high / unit).ceil() as i64);
        let span_bits = 64 - (high - low).max(1).leading_zeros();
        let coarsest = span_bits.saturating_sub(MIN_CELL_BITS);
        (0..=coarsest).rev().find_map(|cell_bits| {
            let (first, last) = (low >> cell_bits, high >> cell_bits);
            let width = unit * 2f64.powi(cell_bits.cast_signed());
            let cubics = (first..=last).map(|cell| Cubic::of(function, cell as f64 * width, width));
            (last - first < MAX_CELLS).then_some(())?;
            let cubics: Vec<Cubic> = cubics.collect();
            let error = cubics
                .iter()
                .fold(0.0, |max: f64, cubic| max.max(cubic.error));
            let largest = cubics
                .iter()
                .fold(0.0, |max: f64, cubic| max.max(cubic.largest));
            // Cells of one argument are exact, whatever lies between.
            let good = cell_bits == 0 || error <= TOLERANCE * largest;
            let sum = cubics
                .iter()
                .fold(0.0, |max: f64, cubic| max.max(cubic.sum()));
            (good && sum.is_finite())
                .then(|| Self::rounded(first, cell_bits, &cubics, sum, most_bits))
        })
    }

    fn rounded(first: i64, cell_bits: u32, cubics: &[Cubic], sum: f64, most_bits: i32) -> Self {
        let room = real::log2((f64::from(i32::MAX) - SPARE) / sum).floor();
        let bits = if sum > 0.0 {
            most_bits.min(room as i32)
        } else {
            most_bits
        };
        let unit = 2f64.powi(bits);
        let integers = |cubic: &Cubic| cubic.coefficients.map(|c| (c * unit).round() as i64);
        Self {
            first,
            cell_bits,
            coefficients: cubics.iter().map(integers).collect(),
            bits,
        }
    }
}

/// A function's cubic over a cell, by the share of the cell.
struct Cubic {
    coefficients: [f64; COEFFICIENTS],
    error: f64,
    largest: f64,
}

impl Cubic {
    fn of(function: &dyn Fn(f64) -> f64, start: f64, width: f64) -> Self {
        let at = |share: f64| function(start + share * width);
        // (1 - cos((2 j + 1) pi / 8)) / 2.
        const POINTS: [f64; COEFFICIENTS] = [
            0.038_060_233_744_356_62,
            0.308_658_283_817_455_1,
            0.691_341_716_182_544_9,
            0.961_939_766_255_643_4,
        ];
        // Newton's divided differences, then powers of the share.
        let mut differences = POINTS.map(at);
        for order in 1..COEFFICIENTS {
            for index in (order..COEFFICIENTS).rev() {
                let distance = POINTS[index] - POINTS[index - order];
                differences[index] = (differences[index] - differences[index - 1]) / distance;
            }
        }
        let mut coefficients = [0.0; COEFFICIENTS];
        for index in (0..COEFFICIENTS).rev() {
            for power in (1..COEFFICIENTS).rev() {
                coefficients[power] = coefficients[power - 1] - POINTS[index] * coefficients[power];
            }
            coefficients[0] = differences[index] - POINTS[index] * coefficients[0];
        }
        let value = |share: f64| {
            coefficients
                .iter()
                .rev()
                .fold(0.0, |sum, c| sum * share + c)
        };
        let error = PROBES.map(|share| (value(share) - at(share)).abs());
        Self {
            coefficients,
            error: error.into_iter().fold(0.0, f64::max),
            largest: at(0.0).abs().max(at(1.0).abs()),
        }
    }

    /// A bound of every partial sum.
    fn sum(&self) -> f64 {
        self.coefficients.iter().map(|c| c.abs()).sum()
    }
}

impl Lane {
    /// The function of the pieces, of `[1, len]` arguments with the fraction bits that they were made
    /// for.
    pub(crate) fn piecewise(&mut self, argument: ValueId, len: usize, pieces: &Pieces) -> Emitted {
        let bits = self.scalar(2, i64::from(pieces.cell_bits))?;
        let cell = self.shift_right(argument, bits, false)?;
        let start = self.shift_left(cell, bits)?;
        let share = self.sub(argument, start)?;
        let share = self.builder.reshape(share, &[1, len, 1])?;
        let index = if pieces.first == 0 {
            cell
        } else {
            let first = self.scalar(2, pieces.first)?;
            self.sub(cell, first)?
        };
        let shape = [1, pieces.coefficients.len(), COEFFICIENTS];
        let table = self.constant(&shape, pieces.coefficients.iter().flatten().copied())?;
        let rows = self.gather(table, index)?;
        let coefficient =
            |lane: &mut Self, power| lane.builder.slice(rows, &[0, 0, power], &[1, len, 1]);
        let mut sum = coefficient(self, COEFFICIENTS - 1)?;
        for power in (0..COEFFICIENTS - 1).rev() {
            // With no lower bits the share is 0.
            let product = self.mul(sum, share, pieces.cell_bits)?;
            let next = coefficient(self, power)?;
            sum = self.add(product, next)?;
        }
        self.builder.reshape(sum, &[1, len])
    }
}
