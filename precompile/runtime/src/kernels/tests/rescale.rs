//! RESCALE.

use super::{Elements, cases, sets};
use crate::kernels::portable::rescale::{Rescale, RescaleParameters};
use crate::kernels::{Isa, KernelError};
use alloc::{vec, vec::Vec};
use proptest::prelude::*;

const PLAIN: RescaleParameters<'static> = RescaleParameters {
    input_zero_point: 0,
    output_zero_point: 0,
    multipliers: &[1 << 30],
    shifts_bits: &[30],
    scale32: true,
    double_round: false,
    input_unsigned: false,
    output_unsigned: false,
};

/// One element by the standard's text, in i128; `None` where a REQUIRE fails.
fn naive(
    value: i64,
    channel: usize,
    parameters: &RescaleParameters<'_>,
    (low, high): (i64, i64),
) -> Option<i64> {
    let value = i128::from(value) - i128::from(parameters.input_zero_point);
    let multiplier = i128::from(parameters.multipliers[channel]);
    let shift_bits = parameters.shifts_bits[channel];
    let mut round = 1_i128 << (shift_bits - 1);
    let limit = if parameters.scale32 { round } else { 1 << 47 };
    if !(-limit..limit).contains(&value) {
        return None;
    }
    if parameters.double_round && shift_bits > 31 {
        round += if value >= 0 { 1 << 30 } else { -(1 << 30) };
    }
    let scaled = i32::try_from((value * multiplier + round) >> shift_bits).ok()?;
    let moved = scaled.checked_add(parameters.output_zero_point)?;
    Some(i64::from(moved).clamp(low, high))
}

prop_compose! {
    fn channels(scale32: bool)(
        list in prop::collection::vec(
            (prop_oneof![Just(0), Just(1), Just(i32::MAX), Just(1 << 30), any::<i32>()], 2..=62_u8),
            1..6,
        ),
    ) -> (Vec<i32>, Vec<u8>) {
        let mask = if scale32 { i32::MAX } else { i32::from(i16::MAX) };
        list.into_iter().map(|(multiplier, shift_bits)| (multiplier & mask, shift_bits)).unzip()
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn every_type(
        (scale32, (multipliers, shifts_bits)) in
            any::<bool>().prop_flat_map(|scale32| (Just(scale32), channels(scale32))),
        double_round: bool, input_unsigned: bool, output_unsigned: bool,
        small: bool, seed: u64,
    ) {
        let mut elements = Elements::new(seed);
        let parameters = RescaleParameters {
            input_zero_point: elements.next(-128, 255) as i32,
            output_zero_point: elements.next(-128, 255) as i32,
            multipliers: &multipliers,
            shifts_bits: &shifts_bits,
            scale32,
            double_round: double_round && scale32,
            input_unsigned,
            output_unsigned,
        };
        let count = multipliers.len();
        macro_rules! check {
            ($input:ty, $low:expr, $high:expr, $unsigned:ty, [$($output:ty, $uoutput:ty);*]) => {$(
                let narrow = size_of::<$input>() <= 2;
                let wide_output = size_of::<$output>() == 4;
                let parameters = RescaleParameters {
                    input_zero_point: if narrow { parameters.input_zero_point } else { 0 },
                    input_unsigned: input_unsigned && narrow,
                    output_unsigned: output_unsigned && !wide_output,
                    ..parameters
                };
                let rescale = Rescale::new(&parameters).expect("in range");
                let (low, high) = if small { ($low >> 7, $high >> 7) } else { ($low, $high) };
                let x: Vec<$input> = elements.vec(count, low, high);
                let range = if parameters.output_unsigned {
                    (0, i64::from(<$uoutput>::MAX))
                } else {
                    (i64::from(<$output>::MIN), i64::from(<$output>::MAX))
                };
                for isa in sets() {
                    // Alone, so that a failure of one element does not hide the others.
                    for (at, &x) in x.iter().enumerate() {
                        let value = if parameters.input_unsigned {
                            i64::from(x as $unsigned as u16)
                        } else {
                            i64::from(x)
                        };
                        let want = naive(value, at, &parameters, range);
                        let alone = Rescale::new(&RescaleParameters {
                            multipliers: &multipliers[at..=at],
                            shifts_bits: &shifts_bits[at..=at],
                            ..parameters
                        }).expect("in range");
                        let mut out = [0 as $output];
                        let got = alone.with_isa(isa).run(&[x], &mut out);
                        prop_assert_eq!(got.is_ok(), want.is_some());
                        if let Some(want) = want {
                            prop_assert_eq!(out[0], want as $output);
                        }
                    }
                    let all: Option<Vec<$output>> = x.iter().enumerate().map(|(at, &x)| {
                        let value = if parameters.input_unsigned {
                            i64::from(x as $unsigned as u16)
                        } else {
                            i64::from(x)
                        };
                        naive(value, at, &parameters, range).map(|value| value as $output)
                    }).collect();
                    let mut out = vec![0 as $output; count];
                    let got = rescale.clone().with_isa(isa).run(&x, &mut out).ok().map(|()| out.clone());
                    prop_assert_eq!(got, all);
                }
            )*};
        }
        check!(i8, -128_i64, 127_i64, u8, [i8, u8; i16, u16; i32, u32]);
        check!(i16, -32768_i64, 32767_i64, u16, [i8, u8; i16, u16; i32, u32]);
        check!(i32, -(1_i64 << 31), (1_i64 << 31) - 1, u16, [i8, u8; i16, u16; i32, u32]);
        // 32-bit multipliers are not for i48.
        if scale32 {
            let parameters = RescaleParameters { input_zero_point: 0, ..parameters };
            let wide = Rescale::new(&parameters).expect("in range");
            let got = wide.run(&vec![0_i64; count], &mut vec![0_i32; count]);
            prop_assert_eq!(got, Err(KernelError::Shape));
            return Ok(());
        }
        check!(i64, -(1_i64 << 47), (1_i64 << 47) - 1, u16, [i8, u8; i16, u16; i32, u32]);
    }
}

/// Channels around the registers of every set, and around what fits some rows together.
fn channel_count() -> impl Strategy<Value = usize> {
    prop::sample::select(vec![
        1, 2, 3, 8, 15, 16, 17, 24, 31, 32, 33, 63, 64, 65, 79, 80, 100,
    ])
}

proptest! {
    #![proptest_config(cases(96))]

    /// What follows a convolution.
    #[test]
    fn sums_shifted_by_32_bits_and_more(
        count in channel_count(), rows in 1..7_usize, double_round: bool, output_unsigned: bool,
        seed: u64,
    ) {
        let mut elements = Elements::new(seed);
        let multipliers: Vec<i32> = elements.vec(count, 0, i64::from(i32::MAX));
        let shifts_bits: Vec<u8> = elements.vec(count, 32, 62);
        let x: Vec<i32> = elements.vec(rows * count, -1 << 31, (1 << 31) - 1);
        let zero_point = elements.next(-128, 127) as i32;
        macro_rules! check {
            ($output:ty, $zero_point:expr, $is_unsigned:expr, $low:expr, $high:expr) => {
                let parameters = RescaleParameters {
                    output_zero_point: $zero_point,
                    multipliers: &multipliers,
                    shifts_bits: &shifts_bits,
                    double_round,
                    output_unsigned: $is_unsigned,
                    ..PLAIN
                };
                let want: Option<Vec<$output>> = x.iter().enumerate().map(|(at, &x)| {
                    let value = naive(i64::from(x), at % count, &parameters, ($low, $high));
                    value.map(|value| value as $output)
                }).collect();
                let want = want.expect("nothing can fail");
                let rescale = Rescale::new(&parameters).expect("in range");
                for isa in sets() {
                    let mut out = vec![0 as $output; x.len()];
                    rescale.clone().with_isa(isa).run(&x, &mut out).expect("nothing can fail");
                    prop_assert_eq!(&out, &want, "{}", isa.name());
                }
            };
        }
        if output_unsigned {
            check!(i8, zero_point + 128, true, 0, 255);
            check!(i16, 1 << 15, true, 0, 65_535);
        } else {
            check!(i8, zero_point, false, -128, 127);
            check!(i16, 0, false, -32_768, 32_767);
            check!(i32, 0, false, i64::from(i32::MIN), i64::from(i32::MAX));
        }
    }
}

proptest! {
    #![proptest_config(cases(96))]

    /// What brings two inputs of an ADD to one scale: shifts of more bits than the elements have, and of
    /// fewer.
    #[test]
    fn narrow_elements_are_widened(
        count in channel_count(), rows in 1..7_usize, least in 2..32_i64, double_round: bool, seed: u64,
    ) {
        let mut elements = Elements::new(seed);
        let multipliers: Vec<i32> = elements.vec(count, 0, i64::from(i32::MAX));
        let shifts_bits: Vec<u8> = elements.vec(count, least, (least + 20).min(62));
        let x_zero = elements.next(-128, 127) as i32;
        let (x, x16) = (elements.i8s(rows * count), elements.i16s(rows * count));
        macro_rules! check {
            ($x:expr, $zero_point:expr) => {
                let parameters = RescaleParameters {
                    input_zero_point: $zero_point,
                    multipliers: &multipliers,
                    shifts_bits: &shifts_bits,
                    double_round,
                    ..PLAIN
                };
                let range = (i64::from(i32::MIN), i64::from(i32::MAX));
                let want: Option<Vec<i32>> = $x.iter().enumerate().map(|(at, &x)| {
                    let value = naive(i64::from(x), at % count, &parameters, range);
                    value.map(|value| value as i32)
                }).collect();
                let rescale = Rescale::new(&parameters).expect("in range");
                for isa in sets() {
                    let mut out = vec![0_i32; $x.len()];
                    let got = rescale.clone().with_isa(isa).run(&$x, &mut out).ok().map(|()| out);
                    prop_assert_eq!(&got, &want, "{}", isa.name());
                }
            };
        }
        check!(x, x_zero);
        check!(x16, 0);
    }
}

/// Outputs of the reference model (tosa-tools 2026.8.0).
#[test]
fn the_reference_models_answers() {
    let run = |multiplier: i32, shift_bits: u8, double_round: bool, x: &[i32]| {
        let multipliers = [multiplier];
        let rescale = Rescale::new(&RescaleParameters {
            multipliers: &multipliers,
            shifts_bits: &[shift_bits],
            double_round,
            ..PLAIN
        });
        let mut out = vec![0_i32; x.len()];
        rescale.expect("in range").run(x, &mut out).map(|()| out)
    };
    let x: Vec<i32> = (-5..=5).collect();
    let single = |values: [i32; 11]| Ok(values.to_vec());
    assert_eq!(
        run(1 << 30, 32, false, &x),
        single([-1, -1, -1, 0, 0, 0, 0, 1, 1, 1, 1])
    );
    assert_eq!(
        run(1 << 30, 32, true, &x),
        single([-1, -1, -1, -1, 0, 0, 1, 1, 1, 1, 2])
    );
    assert_eq!(
        run(i32::MAX, 33, false, &x),
        single([-1, -1, -1, 0, 0, 0, 0, 0, 1, 1, 1])
    );
    assert_eq!(
        run(i32::MAX, 33, true, &x),
        single([-1, -1, -1, -1, 0, 0, 0, 1, 1, 1, 1])
    );
    assert_eq!(
        run(i32::MAX, 32, true, &x),
        single([-3, -2, -2, -1, -1, 0, 1, 1, 2, 2, 3])
    );
    assert_eq!(
        run(i32::MAX, 32, true, &[i32::MIN]),
        Ok(vec![-1_073_741_824])
    );
    assert_eq!(
        run(i32::MAX, 32, false, &[i32::MIN]),
        Ok(vec![-1_073_741_823])
    );
    assert_eq!(
        run(1 << 30, 62, true, &[i32::MAX, i32::MIN]),
        Ok(vec![1, -1])
    );
    let fails = Err(KernelError::Requirement);
    assert_eq!(
        run(1, 31, false, &[(1 << 30) - 1, -(1 << 30)]),
        Ok(vec![0, 0])
    );
    assert_eq!(run(1, 31, false, &[1 << 30]), fails);
    assert_eq!(run(1, 31, false, &[-(1 << 30) - 1]), fails);
    assert_eq!(run(i32::MAX, 31, true, &[i32::MAX]), fails);
}

/// As [`the_reference_models_answers`].
#[test]
fn sums_with_a_zero_point_and_narrow_multipliers() {
    // The output zero point may not carry the sum out of i32, though i8 would saturate it.
    let run = |value: i32, output_zero_point: i32| {
        let rescale = Rescale::new(&RescaleParameters {
            output_zero_point,
            multipliers: &[4],
            shifts_bits: &[2],
            scale32: false,
            ..PLAIN
        });
        let mut out = [0_i8];
        rescale
            .expect("in range")
            .run(&[value], &mut out)
            .map(|()| out[0])
    };
    let fails = Err(KernelError::Requirement);
    assert_eq!(run(i32::MAX, 0), Ok(127));
    assert_eq!(run(i32::MAX, 127), fails);
    assert_eq!(run(i32::MAX - 127, 127), Ok(127));
    assert_eq!(run(i32::MIN, -128), fails);
    // 16-bit multipliers allow any i48 whatever the shift.
    let parameters = RescaleParameters {
        multipliers: &[1],
        shifts_bits: &[2],
        scale32: false,
        ..PLAIN
    };
    let mut out = [0_i32];
    let rescale = Rescale::new(&parameters).expect("in range");
    rescale.run(&[1_i32 << 20], &mut out).expect("fits");
    assert_eq!(out, [1 << 18]);
}

#[test]
fn parameters_out_of_range_are_refused() {
    let refused = |parameters: &RescaleParameters<'_>| Rescale::new(parameters).is_none();
    assert!(!refused(&PLAIN));
    assert!(refused(&RescaleParameters {
        multipliers: &[],
        shifts_bits: &[],
        ..PLAIN
    }));
    assert!(refused(&RescaleParameters {
        multipliers: &[1, 2],
        ..PLAIN
    }));
    assert!(refused(&RescaleParameters {
        multipliers: &[-1],
        ..PLAIN
    }));
    assert!(refused(&RescaleParameters {
        shifts_bits: &[1],
        ..PLAIN
    }));
    assert!(refused(&RescaleParameters {
        shifts_bits: &[63],
        ..PLAIN
    }));
    assert!(refused(&RescaleParameters {
        scale32: false,
        ..PLAIN
    }));
    let sixteen = RescaleParameters {
        multipliers: &[1],
        scale32: false,
        ..PLAIN
    };
    assert!(refused(&RescaleParameters {
        double_round: true,
        ..sixteen
    }));
    let unsigned = Rescale::new(&RescaleParameters {
        input_unsigned: true,
        ..PLAIN
    });
    let run = unsigned
        .expect("in range")
        .with_isa(Isa::detect())
        .run(&[0_i32], &mut [0_i8]);
    assert_eq!(run, Err(KernelError::Shape));
}

/// Every power of two with every shift: they have a kernel of their own.
#[test]
fn powers_of_two() {
    let mut elements = Elements::new(3);
    for (bits, shift_bits) in (0..=30).flat_map(|bits| (2..=62).map(move |shift| (bits, shift))) {
        let parameters = RescaleParameters {
            multipliers: &[1 << bits],
            shifts_bits: &[shift_bits],
            output_zero_point: -3,
            double_round: elements.next(0, 1) == 1,
            ..PLAIN
        };
        let edge = 1_i64 << (shift_bits.min(32) - 1);
        let mut x: Vec<i64> = vec![0, 1, -1, edge - 1, -edge, (edge / 2) - 1, edge / 2];
        x.extend((0..30).map(|_| elements.next(-edge, edge - 1)));
        for isa in sets() {
            let rescale = Rescale::new(&parameters).expect("in range").with_isa(isa);
            let narrow = (i64::from(i32::MIN), i64::from(i32::MAX));
            let want: Option<Vec<i64>> = x
                .iter()
                .map(|&x| naive(x, 0, &parameters, narrow))
                .collect();
            let x32: Vec<i32> = x.iter().map(|&x| x as i32).collect();
            let (mut out, mut out8) = (vec![0_i32; x.len()], vec![0_i8; x.len()]);
            rescale.run(&x32, &mut out).expect("in range");
            let got: Vec<i64> = out.iter().map(|&x| x.into()).collect();
            assert_eq!(Some(got), want, "{} {bits} {shift_bits}", isa.name());
            rescale.run(&x32, &mut out8).expect("in range");
            let clamped: Vec<i8> = out.iter().map(|&x| x.clamp(-128, 127) as i8).collect();
            assert_eq!(out8, clamped);
            for outside in [edge, -edge - 1] {
                let got = i32::try_from(outside).map(|x| rescale.run(&[x], &mut [0_i32]));
                assert!(got.is_err() || got == Ok(Err(KernelError::Requirement)));
            }
            let x16: Vec<i16> = x.iter().map(|&x| x as i16).collect();
            let want: Option<Vec<i64>> = x16
                .iter()
                .map(|&x| naive(x.into(), 0, &parameters, narrow))
                .collect();
            let got = rescale.run(&x16, &mut out).map(|()| out.clone());
            let got = got
                .ok()
                .map(|out| out.iter().map(|&x| x.into()).collect::<Vec<i64>>());
            assert_eq!(got, want, "{} {bits} {shift_bits}", isa.name());
        }
    }
}
