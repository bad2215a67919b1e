//! Matrix products in register tiles: the loops, without a machine's own instructions.
//!
//! A few rows are multiplied with a panel, the weights of as many outputs as some registers hold sums of; the
//! sums stay in registers until they are complete. What a register is, and how it multiplies, the machine's own
//! module says, which is the only one that knows its instructions.

#![allow(unsafe_code)]

pub(crate) mod dot;
pub(crate) mod pairs;

/// Outputs that make a panel worth its memory, whatever their depth.
const FULL_ENOUGH: usize = 4;
/// Deepest weights that a panel of fewer outputs takes. Most of it is empty, yet plain Rust, which multiplies four
/// outputs at a time, is slower at this depth too: 32 rows take it twice as long on AVX2, one row as long. The
/// bound is one of memory: a panel may take 32 times that of its weights.
const EMPTY_DEPTH: usize = 4096;

/// Whether constant weights of so many outputs belong in panels.
pub(crate) const fn suit_panels(outputs: usize, depth: usize) -> bool {
    outputs >= FULL_ENOUGH || depth <= EMPTY_DEPTH
}

/// Rows that make it worth to put a matrix of fewer outputs in a panel first.
const MANY_ROWS: usize = 16;

/// [`suit_panels`] for a matrix that is known only while running, and multiplied with so many rows.
pub(crate) const fn suit_panels_of_rows(rows: usize, outputs: usize, depth: usize) -> bool {
    outputs >= FULL_ENOUGH || (rows >= MANY_ROWS && depth <= EMPTY_DEPTH)
}
