//! The elements that RESCALE reads and writes.

/// Elements that a RESCALE reads: i8, i16, i32, i64 (for i48).
pub trait RescaleInput: bytemuck::Pod {
    /// Width.
    const BITS: u32;
    /// The value.
    fn widen(self) -> i64;
}

/// Elements that a RESCALE writes: i8, i16, i32.
pub trait RescaleOutput: bytemuck::Pod {
    /// Width.
    const BITS: u32;
    /// The low bits.
    fn truncate(value: i32) -> Self;
}

macro_rules! input {
    ($element:ty) => {
        impl RescaleInput for $element {
            const BITS: u32 = Self::BITS;
            #[inline(always)]
            fn widen(self) -> i64 {
                i64::from(self)
            }
        }
    };
}

macro_rules! output {
    ($element:ty) => {
        impl RescaleOutput for $element {
            const BITS: u32 = Self::BITS;
            #[inline(always)]
            fn truncate(value: i32) -> Self {
                value as Self
            }
        }
    };
}

input!(i8);
input!(i16);
input!(i32);
input!(i64);
output!(i8);
output!(i16);
output!(i32);
