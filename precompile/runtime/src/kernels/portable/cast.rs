//! CAST between bool, i8, i16 and i32.

use crate::kernels::{KernelResult, require_shape};

/// An element type that CAST reads and writes. Bool is `u8`, 0 or 1.
pub trait CastElement: Copy {
    /// The value.
    fn widen(self) -> i32;
    /// The low bits of a value; for bool, whether it is not 0.
    fn narrow(value: i32) -> Self;
}

macro_rules! integer {
    ($element:ty) => {
        impl CastElement for $element {
            #[inline(always)]
            fn widen(self) -> i32 {
                i32::from(self)
            }
            #[inline(always)]
            fn narrow(value: i32) -> Self {
                value as $element
            }
        }
    };
}

integer!(i8);
integer!(i16);
integer!(i32);

impl CastElement for u8 {
    #[inline(always)]
    fn widen(self) -> i32 {
        i32::from(self)
    }
    #[inline(always)]
    fn narrow(value: i32) -> Self {
        Self::from(value != 0)
    }
}

/// Sign-extends, keeps the low bits, or compares with 0, by the types.
#[inline(always)]
pub fn cast<I: CastElement, O: CastElement>(x: &[I], out: &mut [O]) -> KernelResult {
    require_shape(x.len() == out.len())?;
    for (o, &x) in out.iter_mut().zip(x) {
        *o = O::narrow(x.widen());
    }
    Ok(())
}
