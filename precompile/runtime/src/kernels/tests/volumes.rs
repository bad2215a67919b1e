//! CONV3D and TRANSPOSE_CONV2D.

use super::{Elements, cases, sets};
use crate::kernels::PackedWeights;
use crate::kernels::portable::conv3d::{Window3d, conv3d_i8, conv3d_i16};
use crate::kernels::portable::transpose_conv2d::{
    TransposeWeights, TransposeWindow2d, transpose_conv2d_i8, transpose_conv2d_i16,
};
use crate::kernels::portable::window::Window2d;
use alloc::{vec, vec::Vec};
use proptest::prelude::*;

/// Kernel, stride, dilation, padding in front and output size along one axis, with the input's size.
fn axis() -> impl Strategy<Value = [usize; 6]> {
    (
        1..4_usize,
        1..3_usize,
        1..3_usize,
        0..3_usize,
        1..4_usize,
        0..3_usize,
    )
        .prop_map(|(kernel, stride, dilation, before, output, after)| {
            let reach = (output - 1) * stride + (kernel - 1) * dilation + 1;
            let input = reach.saturating_sub(before + after).max(1);
            [kernel, stride, dilation, before, output, input]
        })
}

/// The tap's place in the input, if it is not in the padding.
fn tap(
    [_, stride, dilation, before, _, input]: [usize; 6],
    output: usize,
    tap: usize,
) -> Option<usize> {
    let at = (output * stride + tap * dilation).checked_sub(before)?;
    (at < input).then_some(at)
}

/// Differences from the zero points.
fn shifted<T: Copy + Into<i64>>(elements: &[T], zero_point: i32) -> Vec<i64> {
    elements
        .iter()
        .map(|&x| x.into() - i64::from(zero_point))
        .collect()
}

fn naive_conv3d(
    axes: &[[usize; 6]; 3],
    [batch, channels, outputs]: [usize; 3],
    x: &[i64],
    w: &[i64],
    bias: &[i64],
) -> Vec<i64> {
    let [z, y, x_axis] = *axes;
    let mut out = Vec::new();
    for at in 0..batch * z[4] * y[4] * x_axis[4] {
        let (ox, rest) = (at % x_axis[4], at / x_axis[4]);
        let (oy, rest) = (rest % y[4], rest / y[4]);
        let (oz, image) = (rest % z[4], rest / z[4]);
        for (output, &bias) in bias.iter().enumerate().take(outputs) {
            let mut sum = bias;
            for tap_at in 0..z[0] * y[0] * x_axis[0] {
                let (kx, rest) = (tap_at % x_axis[0], tap_at / x_axis[0]);
                let (ky, kz) = (rest % y[0], rest / y[0]);
                let (Some(iz), Some(iy), Some(ix)) =
                    (tap(z, oz, kz), tap(y, oy, ky), tap(x_axis, ox, kx))
                else {
                    continue;
                };
                let pixel = ((image * z[5] + iz) * y[5] + iy) * x_axis[5] + ix;
                for c in 0..channels {
                    let weight = (output * z[0] * y[0] * x_axis[0] + tap_at) * channels + c;
                    sum += x[pixel * channels + c] * w[weight];
                }
            }
            out.push(sum);
        }
    }
    out
}

fn naive_transpose(
    window: &TransposeWindow2d,
    outputs: usize,
    x: &[i64],
    w: &[i64],
    bias: &[i64],
) -> Vec<i64> {
    let [height, width] = window.output;
    let mut out: Vec<i64> = (0..window.batch * height * width)
        .flat_map(|_| bias.to_vec())
        .collect();
    for (pixel, x) in x.chunks_exact(window.channels).enumerate() {
        let (ix, rest) = (pixel % window.input[1], pixel / window.input[1]);
        let (iy, image) = (rest % window.input[0], rest / window.input[0]);
        for (at, w) in w.chunks_exact(window.channels).enumerate() {
            let (tap, output) = (at % window.taps(), at / window.taps());
            let oy =
                (iy * window.stride[0] + tap / window.kernel[1]) as i64 + window.out_pad_before[0];
            let ox =
                (ix * window.stride[1] + tap % window.kernel[1]) as i64 + window.out_pad_before[1];
            if (0..height as i64).contains(&oy) && (0..width as i64).contains(&ox) {
                let position = (image * height + oy as usize) * width + ox as usize;
                out[position * outputs + output] +=
                    x.iter().zip(w).map(|(x, w)| x * w).sum::<i64>();
            }
        }
    }
    out
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn conv3d(
        axes in [axis(), axis(), axis()],
        batch in 1..3_usize,
        channels in 1..9_usize,
        outputs in 1..20_usize,
        zero_points in [-128..=127_i32, -128..=127_i32],
        seed: u64,
    ) {
        let mut elements = Elements::new(seed);
        let pair = |field: usize| [axes[1][field], axes[2][field]];
        let window = Window3d {
            plane: Window2d {
                batch: batch * axes[0][4], channels, input: pair(5), output: pair(4), kernel: pair(0),
                stride: pair(1), dilation: pair(2), pad_before: pair(3),
            },
            input: axes[0][5], output: axes[0][4], kernel: axes[0][0], stride: axes[0][1],
            dilation: axes[0][2], pad_before: axes[0][3],
        };
        let count = batch * axes.iter().map(|axis| axis[5]).product::<usize>() * channels;
        let (x8, x16) = (elements.i8s(count), elements.i16s(count));
        let w = elements.i8s(outputs * window.depth());
        let bias: Vec<i64> = elements.vec(outputs, -1000, 1000);
        let narrow_bias: Vec<i32> = bias.iter().map(|&bias| bias as i32).collect();
        let sizes = [batch, channels, outputs];
        let wide_w = shifted(&w, zero_points[1]);
        let want8 = naive_conv3d(&axes, sizes, &shifted(&x8, zero_points[0]), &wide_w, &bias);
        let want16 = naive_conv3d(&axes, sizes, &shifted(&x16, 0), &wide_w, &bias);
        for isa in sets() {
            let weights = PackedWeights::i8(isa, &w, outputs, window.depth(), zero_points[1]).expect("fits");
            let mut scratch = vec![0; weights.scratch_words(window.plane.positions())];
            let mut out = vec![0; want8.len()];
            conv3d_i8(&window, &weights, (&x8, zero_points[0]), &narrow_bias, &mut out, &mut scratch).expect("fits");
            prop_assert!(out.iter().map(|&sum| i64::from(sum)).eq(want8.iter().copied()));
            let weights = PackedWeights::i8_for_i16(isa, &w, outputs, window.depth(), zero_points[1]).expect("fits");
            let mut scratch = vec![0; weights.scratch_words(window.plane.positions())];
            let mut out = vec![0; want16.len()];
            conv3d_i16(&window, &weights, &x16, &bias, &mut out, &mut scratch).expect("fits");
            prop_assert_eq!(&out, &want16);
        }
    }

    #[test]
    fn transpose_conv2d(
        batch in 1..3_usize,
        channels in 1..9_usize,
        // Taps in one group and in several.
        outputs in prop::sample::select(vec![1_usize, 2, 15, 16, 17, 1500, 4097]),
        input in [1..20_usize, 1..20_usize],
        kernel in [1..4_usize, 1..4_usize],
        stride in [1..4_usize, 1..4_usize],
        pads in [(-2..4_i64, -2..4_i64), (-2..4_i64, -2..4_i64)],
        zero_points in [-128..=127_i32, -128..=127_i32],
        seed: u64,
    ) {
        let input = if outputs > 100 { input.map(|size| size.min(3)) } else { input };
        let mut elements = Elements::new(seed);
        let (mut output, mut out_pad_before) = ([0; 2], [0; 2]);
        for axis in 0..2 {
            let least = 1 - kernel[axis] as i64;
            let (before, after) = (pads[axis].0.max(least), pads[axis].1.max(least));
            let size = ((input[axis] - 1) * stride[axis] + kernel[axis]) as i64 + before + after;
            prop_assume!(size > 0);
            (output[axis], out_pad_before[axis]) = (size as usize, before);
        }
        let window = TransposeWindow2d { batch, channels, input, output, kernel, stride, out_pad_before };
        let count = batch * input[0] * input[1] * channels;
        let (x8, x16) = (elements.i8s(count), elements.i16s(count));
        let w = elements.i8s(outputs * window.taps() * channels);
        let bias: Vec<i64> = elements.vec(outputs, -1000, 1000);
        let narrow_bias: Vec<i32> = bias.iter().map(|&bias| bias as i32).collect();
        let wide_w = shifted(&w, zero_points[1]);
        let want8 = naive_transpose(&window, outputs, &shifted(&x8, zero_points[0]), &wide_w, &bias);
        let want16 = naive_transpose(&window, outputs, &shifted(&x16, 0), &wide_w, &bias);
        for isa in sets() {
            let pack = |pack| TransposeWeights::new(isa, &w, &window, outputs, zero_points[1], pack).expect("fits");
            let weights = pack(PackedWeights::i8);
            let mut scratch = vec![0; weights.scratch_words()];
            let mut out = vec![0; want8.len()];
            transpose_conv2d_i8(&window, &weights, (&x8, zero_points[0]), &narrow_bias, &mut out, &mut scratch).expect("fits");
            prop_assert!(out.iter().map(|&sum| i64::from(sum)).eq(want8.iter().copied()));
            let weights = pack(PackedWeights::i8_for_i16);
            let mut scratch = vec![0; weights.scratch_words()];
            let mut out = vec![0; want16.len()];
            transpose_conv2d_i16(&window, &weights, &x16, &bias, &mut out, &mut scratch).expect("fits");
            prop_assert_eq!(&out, &want16);
        }
    }
}
