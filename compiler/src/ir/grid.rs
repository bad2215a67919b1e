//! Integers that an already quantised model prescribes.

use crate::calibrate::Range;

/// Width and sign of a prescribed integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// -128 ..= 127.
    I8,
    /// 0 ..= 255.
    U8,
    /// -32768 ..= 32767.
    I16,
    /// 0 ..= 65535.
    U16,
}

/// What a tensor's integers stand for in the source model: `(code - zero_point) * scale`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// The integers.
    pub code: Code,
    /// Distance of two neighbours; positive and finite.
    pub scale: f32,
    /// The integer that stands for 0, in the source model's own integers.
    pub zero_point: i32,
}

/// The 8-bit integers that an operator's constant weights come with.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightGrid {
    /// Scale of each output's weights, or one for all.
    pub scales: Vec<f64>,
    /// The stored integer that stands for 0; integers are stored signed.
    pub zero_point: i32,
    /// The bias of each output in units of input scale times weight scale, where the source model
    /// gives it so.
    pub bias: Option<Vec<i64>>,
}

impl Code {
    /// Smallest and largest integer.
    pub const fn limits(self) -> (i32, i32) {
        match self {
            Self::I8 => (-128, 127),
            Self::U8 => (0, 255),
            Self::I16 => (-32_768, 32_767),
            Self::U16 => (0, 65_535),
        }
    }

    /// What is taken away from an integer so that it fits a signed type.
    pub const fn offset(self) -> i32 {
        match self {
            Self::I8 | Self::I16 => 0,
            Self::U8 => 128,
            Self::U16 => 32_768,
        }
    }

    /// Whether integers around this one fit: arithmetic of 16 bits has no zero points.
    pub fn has_zero_point(self, zero_point: i64) -> bool {
        self.bits() == 8 || zero_point == i64::from(self.offset())
    }

    /// Bits of an integer.
    pub const fn bits(self) -> u32 {
        match self {
            Self::I8 | Self::U8 => 8,
            Self::I16 | Self::U16 => 16,
        }
    }
}

impl Grid {
    /// The integer for a real number: the nearest, the even one of two, saturated.
    pub fn code(&self, real: f64) -> f64 {
        let (min, max) = self.code.limits();
        let nearest = (real / f64::from(self.scale)).round_ties_even();
        (nearest + f64::from(self.zero_point)).clamp(f64::from(min), f64::from(max))
    }

    /// What an integer stands for.
    pub fn real(&self, code: f64) -> f64 {
        (code - f64::from(self.zero_point)) * f64::from(self.scale)
    }

    /// All that the integers can stand for.
    pub fn range(&self) -> Range {
        let (min, max) = self.code.limits();
        Range {
            min: self.real(f64::from(min)),
            max: self.real(f64::from(max)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_the_nearest_even_and_saturate() {
        let grid = Grid {
            code: Code::U8,
            scale: 0.5,
            zero_point: 10,
        };
        for (real, code) in [(0.25, 10.0), (0.75, 12.0), (-100.0, 0.0), (1e9, 255.0)] {
            assert_eq!(grid.code(real), code, "{real}");
        }
        assert_eq!((grid.range().min, grid.range().max), (-5.0, 122.5));
    }
}
