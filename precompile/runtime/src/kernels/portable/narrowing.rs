//! A RESCALE and a CLAMP as kernels take them that narrow sums before they write them.

use crate::kernels::Isa;
#[cfg(all(feature = "std", target_arch = "x86_64"))]
use crate::kernels::{dispatch::Set, x86_64::narrow::Scale};
use alloc::vec::Vec;

/// A RESCALE of i32 to i8 by 32-bit multipliers, and a CLAMP behind it, for kernels that do both before
/// they write sums.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(all(feature = "std", target_arch = "x86_64")),
    allow(dead_code, reason = "no other set narrows in registers")
)]
pub(crate) struct Narrowing {
    /// One, or one per channel.
    pub(crate) multipliers: Vec<i32>,
    /// Right shifts, as many as multipliers.
    pub(crate) shifts_bits: Vec<u8>,
    /// DOUBLE_ROUND.
    pub(crate) is_double_round: bool,
    /// Added to the scaled value.
    pub(crate) zero_point: i8,
    /// Smallest result.
    pub(crate) low: i8,
    /// Largest result.
    pub(crate) high: i8,
}

impl Narrowing {
    /// Whether the set has kernels that do this to their sums.
    pub(crate) fn suits(&self, isa: Isa) -> bool {
        match isa.0 {
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Set::Avx512Vnni => Scale::suits(self),
            _ => false,
        }
    }
}
