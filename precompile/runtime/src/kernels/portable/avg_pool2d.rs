//! AVG_POOL2D on i8 and i16.

use super::window::Window2d;
use crate::kernels::{KernelResult, require, require_shape};

/// Elements that AVG_POOL2D works on.
pub trait PoolElement: Copy {
    /// The value.
    fn widen(self) -> i32;
    /// The nearest value of the type.
    fn saturate(value: i32) -> Self;
}

macro_rules! pool_element {
    ($element:ty) => {
        impl PoolElement for $element {
            #[inline(always)]
            fn widen(self) -> i32 {
                i32::from(self)
            }
            #[inline(always)]
            fn saturate(value: i32) -> Self {
                value.clamp(i32::from(Self::MIN), i32::from(Self::MAX)) as Self
            }
        }
    };
}

pool_element!(i8);
pool_element!(i16);

/// Channels whose sums are kept together.
const BLOCK: usize = 32;

/// The mean of every window, per channel; padding does not count. The sum of `x - input_zero_point`
/// is scaled by TOSA's reciprocal of the number of elements (single rounding), the output zero point
/// added, and the result saturated. Shapes as in [`super::max_pool2d`]. Requires that no window lies
/// in the padding alone.
#[inline(always)]
pub fn avg_pool2d<T: PoolElement>(
    window: &Window2d,
    input_zero_point: i32,
    output_zero_point: i32,
    x: &[T],
    out: &mut [T],
) -> KernelResult {
    require_shape(window.is_sound() && x.len() == window.input_elements())?;
    require_shape(out.len() == window.positions() * window.channels)?;
    // Beyond this no tensor fits a model, and the reciprocal would not fit 64 bits.
    require_shape(u32::try_from(window.taps()).is_ok())?;
    let channels = window.channels;
    let (mut last_count, mut scale) = (1, reciprocal(1));
    for (taps, means) in window.windows(0).zip(out.chunks_exact_mut(channels)) {
        let count = taps.count();
        require(count > 0)?;
        if count != last_count {
            (last_count, scale) = (count, reciprocal(count));
        }
        let (multiplier, shift_bits) = scale;
        let offset = (count as i32).wrapping_mul(input_zero_point);
        for (block, means) in means.chunks_mut(BLOCK).enumerate() {
            let mut sums = [0_i32; BLOCK];
            taps.for_each(window.kernel[1], |_, pixel| {
                let from = pixel * channels + block * BLOCK;
                for (sum, value) in sums.iter_mut().zip(&x[from..from + means.len()]) {
                    *sum = sum.wrapping_add(value.widen());
                }
            });
            for (mean, &sum) in means.iter_mut().zip(&sums) {
                let sum = i64::from(sum.wrapping_sub(offset));
                let scaled = (sum * multiplier + (1_i64 << (shift_bits - 1))) >> shift_bits;
                *mean = T::saturate((scaled as i32).wrapping_add(output_zero_point));
            }
        }
    }
    Ok(())
}

/// TOSA's `reciprocal_scale`: a multiplier in `2^30..2^31` and a shift that together divide by
/// `count`, which is at least 1 and at most 2^32.
fn reciprocal(count: usize) -> (i64, u32) {
    let power = usize::BITS - (count - 1).leading_zeros();
    let numerator = ((1_u64 << 30) + 1) << power;
    ((numerator / count as u64) as i64, 30 + power)
}
