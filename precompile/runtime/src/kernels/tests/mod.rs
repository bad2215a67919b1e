//! Every kernel, in every set that this machine can run, against loops that follow the standard's
//! text in wide integers.

mod elementwise;
mod logic;
mod movement;
mod narrowing;
mod products;
mod rescale;
mod resize;
mod rows;
mod volumes;
mod windows;

use super::Isa;
use alloc::vec::Vec;
use proptest::prelude::ProptestConfig;

/// How many cases a property has. Under Miri a few: it looks for undefined behaviour, which hardly
/// depends on values, and takes some thousand times as long.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig::with_cases(if cfg!(miri) { 2 } else { cases })
}

/// A deterministic source of elements: extremes and small values as often as anything else.
pub(crate) struct Elements(u64);

impl Elements {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// An integer in `low..=high`, one in four an extreme, one in four near zero.
    pub(crate) fn next(&mut self, low: i64, high: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let bits = self.0 >> 8;
        match self.0 & 7 {
            0 => low,
            1 => high,
            2 | 3 => ((bits % 7) as i64 - 3).clamp(low, high),
            _ => low + (i128::from(bits) % (i128::from(high) - i128::from(low) + 1)) as i64,
        }
    }

    pub(crate) fn vec<T: TryFrom<i64>>(&mut self, length: usize, low: i64, high: i64) -> Vec<T> {
        let element = |_| T::try_from(self.next(low, high)).ok();
        (0..length)
            .map(element)
            .collect::<Option<_>>()
            .expect("the range is the type's")
    }

    pub(crate) fn i8s(&mut self, length: usize) -> Vec<i8> {
        self.vec(length, -128, 127)
    }

    pub(crate) fn i16s(&mut self, length: usize) -> Vec<i16> {
        self.vec(length, -32768, 32767)
    }
}

/// The sets of this machine.
pub(crate) fn sets() -> Vec<Isa> {
    Isa::available().collect()
}

#[test]
fn portable_is_always_available() {
    assert_eq!(sets()[0], Isa::portable());
    assert!(sets().contains(&Isa::detect()));
}
