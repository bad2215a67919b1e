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
    let [height, width] = window.input;
    for (position, largest) in out.chunks_exact_mut(channels).enumerate() {
        let [image, y, column] = window.locate(position);
        let (rows, top) = window.inside(0, y);
        let (columns, left) = window.inside(1, column);
        require(!rows.is_empty() && !columns.is_empty())?;
        for row in 0..rows.len() {
            let at = (image * height + top + row * window.dilation[0]) * width + left;
            for tap in 0..columns.len() {
                let from = (at + tap * window.dilation[1]) * channels;
                let taps = &x[from..from + channels];
                if row == 0 && tap == 0 {
                    largest.copy_from_slice(taps);
                    continue;
                }
                for (largest, &value) in largest.iter_mut().zip(taps) {
                    *largest = (*largest).max(value);
                }
            }
        }
    }
    Ok(())
}
