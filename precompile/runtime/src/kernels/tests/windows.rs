//! Convolutions and pools.

use super::{Elements, cases, sets};
use crate::kernels::KernelError;
use crate::kernels::portable::avg_pool2d::avg_pool2d;
use crate::kernels::portable::conv2d::{
    conv2d_i8, conv2d_i16, conv2d_scratch_words, conv2d_weights_i8, conv2d_weights_i16,
};
use crate::kernels::portable::depthwise_conv2d::{
    DepthwiseWeights, depthwise_conv2d_i8, depthwise_conv2d_i16,
};
use crate::kernels::portable::max_pool2d::max_pool2d;
use crate::kernels::portable::window::Window2d;
use alloc::{vec, vec::Vec};
use proptest::prelude::*;

prop_compose! {
    /// A geometry whose output covers all windows that the padded input has room for.
    pub(super) fn window(max_channels: usize, max_dilation: usize)(
        batch in 1..3_usize,
        channels in 1..=max_channels,
        kernel in [1..4_usize, 1..4_usize],
        stride in [1..4_usize, 1..4_usize],
        dilation in [1..=max_dilation, 1..=max_dilation],
        more in [0..6_usize, 0..6_usize],
        before in [0..4_usize, 0..4_usize],
        after in [0..4_usize, 0..4_usize],
    ) -> Window2d {
        let (mut input, mut output, mut pad_before) = ([0; 2], [0; 2], [0; 2]);
        for axis in 0..2 {
            let reach = (kernel[axis] - 1) * dilation[axis] + 1;
            let (before, after) = (before[axis].min(reach - 1), after[axis].min(reach - 1));
            let padded = (reach + more[axis]).max(before + after + 1);
            pad_before[axis] = before;
            input[axis] = padded - before - after;
            output[axis] = (padded - reach) / stride[axis] + 1;
        }
        Window2d { batch, channels, input, output, kernel, stride, dilation, pad_before }
    }
}

/// Input index of every tap of a window, `None` in the padding: `[KH, KW]`.
fn taps(window: &Window2d, [image, y, x]: [usize; 3]) -> Vec<Option<usize>> {
    let mut taps = Vec::new();
    for tap_y in 0..window.kernel[0] {
        for tap_x in 0..window.kernel[1] {
            let place = |axis: usize, out: usize, tap: usize| {
                (out * window.stride[axis] + tap * window.dilation[axis])
                    .checked_sub(window.pad_before[axis])
                    .filter(|&at| at < window.input[axis])
            };
            let pixel = place(0, y, tap_y).zip(place(1, x, tap_x));
            taps.push(pixel.map(|(y, x)| (image * window.input[0] + y) * window.input[1] + x));
        }
    }
    taps
}

/// Calls `visit` with every window's coordinates, in order.
fn positions(window: &Window2d) -> Vec<[usize; 3]> {
    let mut all = Vec::new();
    for image in 0..window.batch {
        for y in 0..window.output[0] {
            for x in 0..window.output[1] {
                all.push([image, y, x]);
            }
        }
    }
    all
}

/// CONV2D with weights `[OC, KH, KW, IC]`; x and w without their zero points.
fn naive_conv(window: &Window2d, x: &[i64], w: &[i64], bias: &[i64]) -> Vec<i64> {
    let channels = window.channels;
    let depth = window.taps() * channels;
    let mut out = Vec::new();
    for position in positions(window) {
        let taps = taps(window, position);
        for (output, w) in w.chunks_exact(depth).enumerate() {
            let mut sum = if bias.len() == 1 {
                bias[0]
            } else {
                bias[output]
            };
            for (tap, pixel) in taps.iter().enumerate() {
                let Some(pixel) = pixel else { continue };
                for c in 0..channels {
                    sum += x[pixel * channels + c] * w[tap * channels + c];
                }
            }
            out.push(sum);
        }
    }
    out
}

/// DEPTHWISE_CONV2D with weights `[KH, KW, C, M]`.
fn naive_depthwise(window: &Window2d, x: &[i64], w: &[i64], bias: &[i64]) -> Vec<i64> {
    let channels = window.channels;
    let outputs = w.len() / window.taps();
    let mut out = Vec::new();
    for position in positions(window) {
        let taps = taps(window, position);
        for output in 0..outputs {
            let mut sum = if bias.len() == 1 {
                bias[0]
            } else {
                bias[output]
            };
            for (tap, pixel) in taps.iter().enumerate() {
                let Some(pixel) = pixel else { continue };
                sum +=
                    x[pixel * channels + output / (outputs / channels)] * w[tap * outputs + output];
            }
            out.push(sum);
        }
    }
    out
}

fn shifted<T: Copy + Into<i64>>(elements: &[T], zero_point: i64) -> Vec<i64> {
    elements.iter().map(|&x| x.into() - zero_point).collect()
}

/// Windows whose sums leave 32 bits in many lines, in one, and in a part of one.
#[test]
fn convolutions_of_i16_at_the_extremes_are_exact() {
    for (channels, kernel) in [
        (85, 3),
        (84, 3),
        (28, 9),
        (5, 9),
        (300, 2),
        (127, 2),
        (128, 2),
    ] {
        let window = Window2d {
            batch: 1,
            channels,
            input: [12, 12],
            output: [12, 12],
            kernel: [kernel, kernel],
            stride: [1, 1],
            dilation: [1, 1],
            pad_before: [kernel / 2, kernel / 2],
        };
        let depth = window.taps() * channels;
        let outputs = 5;
        let (x, w) = (
            vec![i16::MIN; window.input_elements()],
            vec![-128; outputs * depth],
        );
        let want = naive_conv(&window, &shifted(&x, 0), &shifted(&w, 127), &[-7]);
        for isa in sets() {
            let packed = conv2d_weights_i16(isa, &w, outputs, &window, 127).expect("fits");
            let mut scratch = vec![0; conv2d_scratch_words(&window, &packed)];
            let mut out = vec![0_i64; want.len()];
            conv2d_i16(&window, &packed, &x, &[-7], 0, &mut out, &mut scratch).expect("fits");
            assert_eq!(out, want, "{} {channels} {kernel}", isa.name());
        }
    }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn convolutions(window in window(9, 3), outputs in 1..40_usize, cut in 0..100_usize, seed: u64) {
        let mut elements = Elements::new(seed);
        let depth = window.taps() * window.channels;
        let (x, w) = (elements.i8s(window.input_elements()), elements.i8s(outputs * depth));
        let x16 = elements.i16s(window.input_elements());
        let (x_zero, w_zero) = (elements.next(-128, 127), elements.next(-128, 127));
        let bias: Vec<i32> = elements.vec([1, outputs][cut % 2], -1 << 30, 1 << 30);
        let bias16: Vec<i64> = elements.vec(bias.len(), -1 << 46, 1 << 46);
        let wide_w = shifted(&w, w_zero);
        let want = naive_conv(&window, &shifted(&x, x_zero), &wide_w, &shifted(&bias, 0));
        let want16 = naive_conv(&window, &shifted(&x16, 0), &wide_w, &bias16);
        // The output in two pieces, cut anywhere.
        let cut = cut % (window.positions() + 1) * outputs;
        for isa in sets() {
            let packed = conv2d_weights_i8(isa, &w, outputs, &window, w_zero as i32).expect("fits");
            let mut scratch = vec![!0; conv2d_scratch_words(&window, &packed)];
            let mut out = vec![0_i32; want.len()];
            let (head, tail) = out.split_at_mut(cut);
            for (from, out) in [(0, head), (cut / outputs, tail)] {
                let x = (&x[..], x_zero as i32);
                conv2d_i8(&window, &packed, x, &bias, from, out, &mut scratch).expect("fits");
            }
            prop_assert_eq!(shifted(&out, 0), want.clone(), "{}", isa.name());

            let packed = conv2d_weights_i16(isa, &w, outputs, &window, w_zero as i32).expect("fits");
            let mut scratch = vec![0; conv2d_scratch_words(&window, &packed)];
            let mut out = vec![0_i64; want16.len()];
            let (head, tail) = out.split_at_mut(cut);
            for (from, out) in [(0, head), (cut / outputs, tail)] {
                conv2d_i16(&window, &packed, &x16, &bias16, from, out, &mut scratch).expect("fits");
            }
            prop_assert_eq!(&out, &want16, "{}", isa.name());
        }
    }

    #[test]
    fn depthwise_convolutions(
        window in window(140, 2), multiplier in 1..4_usize, has_zero_point: bool,
        cut in 0..100_usize, seed: u64,
    ) {
        // One weight per channel, without a zero point, is what nearly all models have.
        let multiplier = if has_zero_point { multiplier } else { 1 };
        let mut elements = Elements::new(seed);
        let outputs = window.channels * multiplier;
        let (x, w) = (elements.i8s(window.input_elements()), elements.i8s(outputs * window.taps()));
        let x16 = elements.i16s(window.input_elements());
        let x_zero = elements.next(-128, 127);
        let w_zero = if has_zero_point { elements.next(-128, 127) } else { 0 };
        let bias: Vec<i32> = elements.vec([1, outputs][cut % 2], -1 << 30, 1 << 30);
        let bias16: Vec<i64> = elements.vec(bias.len(), -1 << 46, 1 << 46);
        let wide_w = shifted(&w, w_zero);
        let want = naive_depthwise(&window, &shifted(&x, x_zero), &wide_w, &shifted(&bias, 0));
        let want16 = naive_depthwise(&window, &shifted(&x16, 0), &wide_w, &bias16);
        let weights =
            DepthwiseWeights::new(&w, window.kernel, window.channels, multiplier, w_zero as i32);
        let plain = weights.expect("fits");
        let cut = cut % (window.positions() + 1) * outputs;
        for isa in sets() {
            let weights = plain.clone().with_isa(isa);
            let mut out = vec![0_i32; want.len()];
            let (head, tail) = out.split_at_mut(cut);
            for (from, out) in [(0, head), (cut / outputs, tail)] {
                let x = (&x[..], x_zero as i32);
                depthwise_conv2d_i8(&window, &weights, x, &bias, from, out)
                    .expect("fits");
            }
            prop_assert_eq!(shifted(&out, 0), want.clone(), "{}", isa.name());
            let mut out = vec![0_i64; want16.len()];
            depthwise_conv2d_i16(&window, &weights, &x16, &bias16, 0, &mut out)
                .expect("fits");
            prop_assert_eq!(&out, &want16, "{}", isa.name());
        }
    }

    #[test]
    fn pools(window in window(70, 1), seed: u64) {
        let mut elements = Elements::new(seed);
        let x = elements.i8s(window.input_elements());
        let x16 = elements.i16s(window.input_elements());
        let (in_zero, out_zero) = (elements.next(-128, 127), elements.next(-128, 127));
        let (mut largest, mut means, mut means16) = (Vec::new(), Vec::new(), Vec::new());
        for position in positions(&window) {
            let taps = taps(&window, position);
            for c in 0..window.channels {
                let at = |pixel: &Option<usize>| pixel.map(|pixel| pixel * window.channels + c);
                let values: Vec<usize> = taps.iter().filter_map(at).collect();
                largest.push(values.iter().map(|&at| x[at]).max());
                let sum = values.iter().map(|&at| i64::from(x[at]) - in_zero).sum::<i64>();
                means.push(naive_mean(sum, values.len(), out_zero, -128, 127) as i8);
                let sum = values.iter().map(|&at| i64::from(x16[at])).sum::<i64>();
                means16.push(naive_mean(sum, values.len(), 0, -32768, 32767) as i16);
            }
        }
        for isa in sets() {
            let mut out = vec![0_i8; largest.len()];
            let mut out16 = vec![0_i16; largest.len()];
            isa.vectorise(|| max_pool2d(&window, &x, &mut out)).expect("no empty window");
            prop_assert!(out.iter().zip(&largest).all(|(got, want)| Some(*got) == *want));
            let (in_zero, out_zero) = (in_zero as i32, out_zero as i32);
            isa.vectorise(|| avg_pool2d(&window, in_zero, out_zero, &x, &mut out))
                .expect("no empty window");
            prop_assert_eq!(&out, &means, "{}", isa.name());
            isa.vectorise(|| avg_pool2d(&window, 0, 0, &x16, &mut out16)).expect("no empty window");
            prop_assert_eq!(&out16, &means16, "{}", isa.name());
        }
    }
}

/// Kernels with as many taps as some set takes at most, and with one more.
#[test]
fn depthwise_convolutions_with_many_taps() {
    let channels = if cfg!(miri) {
        &[1][..]
    } else {
        &[1, 15, 33, 65]
    };
    for kernel in [[1, 1], [1, 13], [5, 5], [8, 8], [5, 13], [17, 4]] {
        for &channels in channels {
            let window = Window2d {
                batch: 1,
                channels,
                input: [kernel[0] + 1, kernel[1] + 1],
                output: [3, 3],
                kernel,
                stride: [1, 1],
                dilation: [1, 1],
                pad_before: [usize::from(kernel[0] > 1), usize::from(kernel[1] > 1)],
            };
            let mut elements = Elements::new((kernel[0] * 100 + channels) as u64);
            let x = elements.i8s(window.input_elements());
            let w = elements.i8s(window.taps() * channels);
            let bias: Vec<i32> = elements.vec(channels, -1 << 30, 1 << 30);
            let want = naive_depthwise(
                &window,
                &shifted(&x, -7),
                &shifted(&w, 0),
                &shifted(&bias, 0),
            );
            let plain = DepthwiseWeights::new(&w, kernel, channels, 1, 0).expect("fits");
            for isa in sets() {
                let weights = plain.clone().with_isa(isa);
                let mut out = vec![0_i32; want.len()];
                depthwise_conv2d_i8(&window, &weights, (&x, -7), &bias, 0, &mut out).expect("fits");
                assert_eq!(
                    shifted(&out, 0),
                    want,
                    "{} {kernel:?} {channels}",
                    isa.name()
                );
            }
        }
    }
}

/// The standard's reciprocal, multiplied in i128.
fn naive_mean(sum: i64, count: usize, zero_point: i64, low: i64, high: i64) -> i64 {
    let mut power = 0;
    while 1 << power < count {
        power += 1;
    }
    let multiplier = (((1_i128 << 30) + 1) << power) / count as i128;
    let shift_bits = 30 + power;
    let scaled = (i128::from(sum) * multiplier + (1 << (shift_bits - 1))) >> shift_bits;
    (scaled as i64 + zero_point).clamp(low, high)
}

/// A square window with one row and column of padding before.
fn window_of(channels: usize, size: usize, kernel: [usize; 2], output: usize) -> Window2d {
    Window2d {
        batch: 1,
        channels,
        input: [size; 2],
        output: [output; 2],
        kernel,
        stride: [1, 1],
        dilation: [1, 1],
        pad_before: [1, 1],
    }
}

/// Outputs of the reference model (tosa-tools 2026.8.0).
#[test]
fn the_reference_models_answers() {
    let x: Vec<i8> = (-8..8).collect();
    let conv = window_of(1, 4, [2, 2], 4);
    let want = [
        15640, 15522, 15642, 15762, 15288, 14675, 14784, 14893, 15748, 15111, 15220, 15329, 16208,
        15547, 15656, 15765,
    ];
    for isa in sets() {
        let packed = conv2d_weights_i8(isa, &[1, -2, 3, 127], 1, &conv, 5).expect("fits");
        let mut scratch = vec![0; conv2d_scratch_words(&conv, &packed)];
        let mut out = [0; 16];
        conv2d_i8(
            &conv,
            &packed,
            (&x, -128),
            &[1000],
            0,
            &mut out,
            &mut scratch,
        )
        .expect("fits");
        assert_eq!(out, want);
    }
}

/// As [`the_reference_models_answers`].
#[test]
fn the_reference_models_means_and_depthwise_sums() {
    let x = [-128_i8, 127, 5, -7, 3, 3, 100, -100, -3];
    let pool = window_of(1, 3, [2, 2], 4);
    let mut out = [0; 16];
    avg_pool2d(&pool, -128, 5, &x, &mut out).expect("no empty window");
    assert_eq!(
        out,
        [
            5, 127, 127, 127, 66, 127, 127, 127, 127, 127, 109, 127, 127, 127, 82, 127
        ]
    );
    avg_pool2d(&pool, 0, 0, &x, &mut out).expect("no empty window");
    assert_eq!(
        out,
        [
            -128, -1, 66, 5, -68, -1, 35, 4, 47, -1, -24, 0, 100, 0, -52, -3
        ]
    );
    let x = [-32768_i16, 32767, 5, -7, -32768, -32768, 100, -100, -3];
    let pool = Window2d {
        kernel: [3, 2],
        stride: [1, 2],
        output: [3, 2],
        pad_before: [1, 0],
        ..pool
    };
    let mut out = [0; 6];
    avg_pool2d(&pool, 0, 0, &x, &mut out).expect("no empty window");
    assert_eq!(out, [-8194, -16382, -5463, -10922, -8194, -16386]);

    let x: Vec<i8> = (-8..10).collect();
    let w: Vec<i8> = (0..16).map(|at| at * 7 - 50).collect();
    let weights = DepthwiseWeights::new(&w, [2, 2], 2, 2, 5).expect("fits");
    let mut out = [0; 36];
    let geometry = window_of(2, 3, [2, 2], 3);
    depthwise_conv2d_i8(&geometry, &weights, (&x, -3), &[1, 2, 3, 4], 0, &mut out).expect("fits");
    let want = [
        -144, -178, -169, -196, -91, -146, -143, -184, -31, -58, -27, -40, 165, 138, 141, 128, 445,
        418, 395, 396, 341, 370, 403, 460, 177, 234, 321, 392, 133, 274, 419, 588, 29, 226, 427,
        652,
    ];
    assert_eq!(out, want);
}

#[test]
fn depthwise_sums_over_long_windows_are_exact() {
    // 11 x 11 taps of the largest products: more than i32 sums could hold at 2^24 each.
    let window = Window2d {
        batch: 1,
        channels: 33,
        input: [12, 11],
        output: [2, 1],
        kernel: [11, 11],
        stride: [1, 1],
        dilation: [1, 1],
        pad_before: [0, 0],
    };
    let x = vec![-32768_i16; window.input_elements()];
    for isa in sets() {
        let weights = DepthwiseWeights::new(&[-128; 121 * 33], [11, 11], 33, 1, 127);
        let weights = weights.expect("fits").with_isa(isa);
        let mut out = vec![0; 2 * 33];
        depthwise_conv2d_i16(&window, &weights, &x, &[7], 0, &mut out).expect("fits");
        assert!(out.iter().all(|&sum| sum == 121 * 32768 * 255 + 7));
    }
}

#[test]
fn a_window_in_the_padding_alone_fails() {
    let window = Window2d {
        batch: 1,
        channels: 1,
        input: [1, 1],
        output: [3, 1],
        kernel: [1, 1],
        stride: [1, 1],
        dilation: [1, 1],
        pad_before: [1, 0],
    };
    let fails = Err(KernelError::Requirement);
    assert_eq!(max_pool2d(&window, &[1_i8], &mut [0; 3]), fails);
    assert_eq!(avg_pool2d(&window, 0, 0, &[1_i8], &mut [0; 3]), fails);
    assert_eq!(
        max_pool2d(&window, &[1_i8], &mut [0; 2]),
        Err(KernelError::Shape)
    );
}
