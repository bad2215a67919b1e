//! MAX_POOL2D on i8 and i16.

use super::window::Window2d;
use crate::kernels::{KernelResult, require, require_shape};

/// The largest element of every window, per channel; padding does not count. `x` is
/// `[batch, input, channels]`, `out` `[batch, output, channels]`. Requires that no window lies in the
/// padding alone.
#[inline(always)]
pub fn max_pool2d<T: Copy + Ord>(window: &Window2d, x: &[T], out: &mut [T]) -> KernelResult {
    require_shape(window.is_sound() && x.len() == window.input_elements())?;
    require_shape(out.len() == window.positions() * window.channels)?;
    let channels = window.channels;
    for (taps, largest) in window.windows(0).zip(out.chunks_exact_mut(channels)) {
        require(taps.count() > 0)?;
        largest.copy_from_slice(&x[taps.pixel * channels..][..channels]);
        taps.for_each(window.kernel[1], |_, pixel| {
            for (largest, &value) in largest.iter_mut().zip(&x[pixel * channels..]) {
                *largest = (*largest).max(value);
            }
        });
    }
    Ok(())
}
