//! Sliding windows over `[N, C, H, W]`.

use crate::ir::{Conv, Tensor, Window};

/// Calls with the offset in the image of each position of the window at an output pixel that is
/// not padding, and with its offset in the kernel.
fn positions(
    window: &Window,
    dilation: [usize; 2],
    [height, width]: [usize; 2],
    [row, column]: [usize; 2],
    mut at: impl FnMut(usize, usize),
) {
    let [kernel_height, kernel_width] = window.kernel;
    for ky in 0..kernel_height {
        let y = (row * window.stride[0] + ky * dilation[0]).wrapping_sub(window.pad[0]);
        if y >= height {
            continue;
        }
        for kx in 0..kernel_width {
            let x = (column * window.stride[1] + kx * dilation[1]).wrapping_sub(window.pad[2]);
            if x < width {
                at(y * width + x, ky * kernel_width + kx);
            }
        }
    }
}

pub(super) fn conv(conv: &Conv, x: &Tensor, shape: &[usize]) -> Vec<f64> {
    let (channels, size) = (x.shape[1], [x.shape[2], x.shape[3]]);
    let (pixels, area) = (
        size[0] * size[1],
        conv.window.kernel[0] * conv.window.kernel[1],
    );
    let group_channels = channels / conv.groups;
    let group_outputs = conv.output_channels / conv.groups;
    let out = [shape[2], shape[3]];
    let mut output = vec![0.0; shape.iter().product()];
    let maps = output.chunks_mut(out[0] * out[1]).enumerate();
    for (map, results) in maps {
        let (image, channel) = (map / conv.output_channels, map % conv.output_channels);
        results.fill(f64::from(conv.bias[channel]));
        for group_channel in 0..group_channels {
            let from = channel / group_outputs * group_channels + group_channel;
            let pixels = &x.elements[(image * channels + from) * pixels..][..pixels];
            let weights =
                &conv.weights[(channel * group_channels + group_channel) * area..][..area];
            for (index, result) in results.iter_mut().enumerate() {
                let at = [index / out[1], index % out[1]];
                positions(&conv.window, conv.dilation, size, at, |pixel, position| {
                    *result += pixels[pixel] * f64::from(weights[position]);
                });
            }
        }
    }
    output
}

pub(super) fn pool(window: &Window, x: &Tensor, shape: &[usize], largest: bool) -> Vec<f64> {
    let (size, out) = ([x.shape[2], x.shape[3]], [shape[2], shape[3]]);
    let mut output = Vec::with_capacity(shape.iter().product());
    for pixels in x.elements.chunks(size[0] * size[1]) {
        for index in 0..out[0] * out[1] {
            let at = [index / out[1], index % out[1]];
            let (mut max, mut sum, mut count) = (f64::NEG_INFINITY, 0.0, 0.0);
            positions(window, [1, 1], size, at, |pixel, _| {
                max = max.max(pixels[pixel]);
                sum += pixels[pixel];
                count += 1.0;
            });
            output.push(if largest { max } else { sum / count });
        }
    }
    output
}
