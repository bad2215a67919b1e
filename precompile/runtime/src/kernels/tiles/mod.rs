//! Matrix products in register tiles: the loops, without a machine's own instructions.
//!
//! A few rows are multiplied with a panel, the weights of as many outputs as some registers hold sums of; the
//! sums stay in registers until they are complete. What a register is, and how it multiplies, the machine's own
//! module says, which is the only one that knows its instructions.

#![allow(unsafe_code)]

pub(crate) mod dot;
pub(crate) mod pairs;
