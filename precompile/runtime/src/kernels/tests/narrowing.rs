//! Sums that are narrowed before they are written, against the plain sums, a RESCALE and a CLAMP.

use super::{Elements, cases, sets, windows::window};
use crate::kernels::{
    Isa, KernelError, PackedWeights,
    portable::{
        conv2d::{conv2d_i8, conv2d_scratch_words, conv2d_weights_i8},
        depthwise_conv2d::{DepthwiseWeights, depthwise_conv2d_i8},
        narrowing::Narrowing,
        rescale::{Rescale, RescaleParameters},
    },
};
use alloc::{vec, vec::Vec};
use proptest::prelude::*;

/// Scales of so many outputs, or one for all of them: shifts from the shortest on that is narrowed.
fn narrowing(elements: &mut Elements, outputs: usize, is_double_round: bool) -> Narrowing {
    let scales = if elements.next(0, 3) == 0 { 1 } else { outputs };
    // Scales around those that lead from sums to bytes, and any.
    let longest = if elements.next(0, 1) == 0 { 62 } else { 42 };
    let low = elements.next(-128, 127) as i8;
    Narrowing {
        multipliers: elements.vec(scales, 0, i64::from(i32::MAX)),
        shifts_bits: elements.vec(scales, 33, longest),
        is_double_round,
        zero_point: elements.next(-128, 127) as i8,
        low,
        high: elements.next(i64::from(low), 127) as i8,
    }
}

/// What the plain operators make of sums.
fn narrowed(narrowing: &Narrowing, sums: &[i32]) -> Vec<i8> {
    let rescale = Rescale::new(&RescaleParameters {
        input_zero_point: 0,
        output_zero_point: i32::from(narrowing.zero_point),
        multipliers: &narrowing.multipliers,
        shifts_bits: &narrowing.shifts_bits,
        scale32: true,
        double_round: narrowing.is_double_round,
        input_unsigned: false,
        output_unsigned: false,
    });
    let mut out = vec![0_i8; sums.len()];
    let rescale = rescale.expect("in range");
    rescale.run(sums, &mut out).expect("nothing can fail");
    out.into_iter()
        .map(|value| value.max(narrowing.low).min(narrowing.high))
        .collect()
}

/// Sums of every size, so that some are narrowed to neither bound.
fn bias(elements: &mut Elements, count: usize) -> Vec<i32> {
    let reach = 1_i64 << elements.next(1, 30);
    elements.vec(count, -reach, reach)
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn products(m in 1..30_usize, n in 1..70_usize, k in 1..70_usize, double: bool, seed: u64) {
        let mut elements = Elements::new(seed);
        let (x, w) = (elements.i8s(m * k), elements.i8s(n * k));
        let (bias, x_zero) = (bias(&mut elements, n), elements.next(-128, 127) as i32);
        let narrowing = narrowing(&mut elements, n, double);
        let plain = PackedWeights::i8(Isa::portable(), &w, n, k, 0).expect("fits");
        let mut scratch = vec![0; plain.scratch_words(m)];
        let mut sums = vec![0_i32; m * n];
        plain.product_i8(&x, x_zero, &bias, &mut sums, &mut scratch).expect("fits");
        let want = narrowed(&narrowing, &sums);
        for isa in sets().into_iter().filter(|&isa| narrowing.suits(isa)) {
            let packed = PackedWeights::i8(isa, &w, n, k, 0).expect("fits").narrowed(&narrowing);
            prop_assert!(packed.is_some(), "{}", isa.name());
            let Some(packed) = packed else { continue };
            let mut scratch = vec![0; packed.scratch_words(m)];
            let mut out = vec![0_i8; m * n];
            packed.product_i8(&x, x_zero, &bias, &mut out, &mut scratch).expect("fits");
            prop_assert_eq!(&out, &want, "{}", isa.name());
            let refused = packed.product_i8(&x, x_zero, &bias, &mut sums, &mut scratch);
            prop_assert_eq!(refused, Err(KernelError::Shape));
        }
    }

    #[test]
    fn convolutions(window in window(9, 3), outputs in 1..40_usize, double: bool, seed: u64) {
        let mut elements = Elements::new(seed);
        let depth = window.taps() * window.channels;
        let (x, w) = (elements.i8s(window.input_elements()), elements.i8s(outputs * depth));
        let (bias, x_zero) = (bias(&mut elements, outputs), elements.next(-128, 127) as i32);
        let narrowing = narrowing(&mut elements, outputs, double);
        let plain = conv2d_weights_i8(Isa::portable(), &w, outputs, &window, 0).expect("fits");
        let mut scratch = vec![0; conv2d_scratch_words(&window, &plain)];
        let mut sums = vec![0_i32; window.positions() * outputs];
        conv2d_i8(&window, &plain, (&x, x_zero), &bias, 0, &mut sums, &mut scratch).expect("fits");
        let want = narrowed(&narrowing, &sums);
        for isa in sets().into_iter().filter(|&isa| narrowing.suits(isa)) {
            let packed = conv2d_weights_i8(isa, &w, outputs, &window, 0).expect("fits");
            let Some(packed) = packed.narrowed(&narrowing) else { continue };
            let mut scratch = vec![0; conv2d_scratch_words(&window, &packed)];
            let mut out = vec![0_i8; sums.len()];
            conv2d_i8(&window, &packed, (&x, x_zero), &bias, 0, &mut out, &mut scratch)
                .expect("fits");
            prop_assert_eq!(&out, &want, "{}", isa.name());
        }
    }

    #[test]
    fn depthwise_convolutions(window in window(140, 2), double: bool, seed: u64) {
        let mut elements = Elements::new(seed);
        let channels = window.channels;
        let x = elements.i8s(window.input_elements());
        let w = elements.i8s(window.taps() * channels);
        let (bias, x_zero) = (bias(&mut elements, channels), elements.next(-128, 127) as i32);
        let narrowing = narrowing(&mut elements, channels, double);
        let plain = DepthwiseWeights::new(&w, window.kernel, channels, 1, 0).expect("fits");
        let mut sums = vec![0_i32; window.positions() * channels];
        depthwise_conv2d_i8(&window, &plain, (&x, x_zero), &bias, 0, &mut sums).expect("fits");
        let want = narrowed(&narrowing, &sums);
        for isa in sets().into_iter().filter(|&isa| narrowing.suits(isa)) {
            let weights = plain.clone().with_isa(isa).narrowed(&narrowing);
            prop_assert_eq!(weights.is_some(), window.taps() <= 64, "{}", isa.name());
            let Some(weights) = weights else { continue };
            let mut out = vec![0_i8; sums.len()];
            depthwise_conv2d_i8(&window, &weights, (&x, x_zero), &bias, 0, &mut out).expect("fits");
            prop_assert_eq!(&out, &want, "{}", isa.name());
            let refused = depthwise_conv2d_i8(&window, &weights, (&x, 0), &[], 0, &mut sums);
            prop_assert_eq!(refused, Err(KernelError::Shape));
        }
    }
}

#[test]
fn the_widest_set_narrows_all_but_short_shifts() {
    let mut elements = Elements::new(1);
    let long = narrowing(&mut elements, 4, false);
    let short = Narrowing {
        shifts_bits: vec![33, 32, 33, 33],
        multipliers: vec![1; 4],
        ..long.clone()
    };
    for isa in sets() {
        assert_eq!(long.suits(isa), isa.name() == "avx512vnni");
        assert!(!short.suits(isa));
    }
}
