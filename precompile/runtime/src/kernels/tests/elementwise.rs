//! Element by element: arithmetic, shifts, tables, casts, RESCALE, reductions.

use super::{Elements, cases, sets};
use crate::kernels::portable::add::add_i32;
use crate::kernels::portable::argmax::argmax;
use crate::kernels::portable::arithmetic_right_shift::{
    arithmetic_right_shift_i8, arithmetic_right_shift_i16, arithmetic_right_shift_i32,
};
use crate::kernels::portable::broadcast::Broadcast;
use crate::kernels::portable::cast::cast;
use crate::kernels::portable::clamp::{clamp, clamp_in_place};
use crate::kernels::portable::clz::clz_i32;
use crate::kernels::portable::logical_left_shift::{
    logical_left_shift_i8, logical_left_shift_i16, logical_left_shift_i32,
};
use crate::kernels::portable::mul::{mul_i8, mul_i16, mul_i32};
use crate::kernels::portable::reduce_max::reduce_max;
use crate::kernels::portable::reduce_sum::reduce_sum_i32;
use crate::kernels::portable::sub::sub_i32;
use crate::kernels::portable::table::{table_i8, table_i16, table_i16_always_holds};
use crate::kernels::{Isa, KernelError, KernelResult};
use alloc::{vec, vec::Vec};
use proptest::prelude::*;

const MIN: i64 = i32::MIN as i64;
const MAX: i64 = i32::MAX as i64;
const FAILS: KernelResult = Err(KernelError::Requirement);

/// A shape, and for each dimension whether `a` and `b` have size 1 there.
pub(super) fn shapes() -> impl Strategy<Value = (Vec<u32>, Vec<u32>)> {
    let size = prop::sample::select(vec![1_u32, 2, 3, 5, 17]);
    prop::collection::vec((size, 0..4_u8), 0..=4).prop_map(|dims| {
        let one = |one: bool, size: u32| if one { 1 } else { size };
        let a = dims
            .iter()
            .map(|&(size, ones)| one(ones == 1, size))
            .collect();
        let b = dims
            .iter()
            .map(|&(size, ones)| one(ones == 2, size))
            .collect();
        (a, b)
    })
}

/// The elements of `a` and `b` that meet, by index arithmetic on the result's shape.
pub(super) fn pairs(a_shape: &[u32], b_shape: &[u32]) -> Vec<(usize, usize)> {
    let shape: Vec<u32> = a_shape
        .iter()
        .zip(b_shape)
        .map(|(a, b)| *a.max(b))
        .collect();
    let at = |own: &[u32], mut flat: u32| {
        let (mut index, mut stride) = (0, 1);
        for (&size, &own) in shape.iter().zip(own).rev() {
            index += flat % size % own * stride;
            stride *= own;
            flat /= size;
        }
        index as usize
    };
    (0..shape.iter().product())
        .map(|flat| (at(a_shape, flat), at(b_shape, flat)))
        .collect()
}

pub(super) fn count(shape: &[u32]) -> usize {
    shape.iter().product::<u32>() as usize
}

/// What `op` gives if every result is in i32, else the failure.
fn in_i32(results: impl Iterator<Item = i128>) -> Result<Vec<i32>, KernelError> {
    results
        .map(|value| i32::try_from(value).map_err(|_| KernelError::Requirement))
        .collect()
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn broadcasts_and_overflow((a_shape, b_shape) in shapes(), scale in 0..3_u32, seed: u64) {
        let mut elements = Elements::new(seed);
        // Smaller operands too, so that not every case overflows.
        let bound = MAX >> (scale * 8);
        let a: Vec<i32> = elements.vec(count(&a_shape), -bound - 1, bound);
        let b: Vec<i32> = elements.vec(count(&b_shape), -bound - 1, bound);
        let met = pairs(&a_shape, &b_shape);
        let wide = |op: fn(i128, i128) -> i128| {
            let (a, b) = (&a, &b);
            in_i32(met.iter().map(move |&(x, y)| op(a[x].into(), b[y].into())))
        };
        let shape = Broadcast::new(&a_shape, &b_shape).expect("shapes fit");
        prop_assert_eq!(shape.elements(), met.len());
        for isa in sets() {
            let mut out = vec![0; met.len()];
            let got = isa.vectorise(|| add_i32(&shape, &a, &b, &mut out)).map(|()| out.clone());
            prop_assert_eq!(got, wide(|x, y| x + y));
            let got = isa.vectorise(|| sub_i32(&shape, &a, &b, &mut out)).map(|()| out.clone());
            prop_assert_eq!(got, wide(|x, y| x - y));
            let got = isa.vectorise(|| mul_i32(&shape, &a, &b, 0, &mut out)).map(|()| out.clone());
            prop_assert_eq!(got, wide(|x, y| i128::from((x * y) as i32)));
        }
    }

    #[test]
    fn multiplications(shift_bits in 1..=62_u8, seed: u64) {
        let mut elements = Elements::new(seed);
        let (a, b): (Vec<i32>, Vec<i32>) = (elements.vec(33, MIN, MAX), elements.vec(33, MIN, MAX));
        let (a8, b8) = (elements.i8s(33), elements.i8s(33));
        let (a16, b16) = (elements.i16s(33), elements.i16s(33));
        let shape = Broadcast::new(&[33], &[33]).expect("shapes fit");
        let one = Broadcast::new(&[1], &[1]).expect("shapes fit");
        for isa in sets() {
            let mut out = [0; 33];
            isa.vectorise(|| mul_i8(&shape, &a8, &b8, &mut out)).expect("cannot fail");
            prop_assert!((0..33).all(|at| out[at] == i32::from(a8[at]) * i32::from(b8[at])));
            isa.vectorise(|| mul_i16(&shape, &a16, &b16, &mut out)).expect("cannot fail");
            prop_assert!((0..33).all(|at| out[at] == i32::from(a16[at]) * i32::from(b16[at])));
            for (&x, &y) in a.iter().zip(&b) {
                let product = i128::from(x) * i128::from(y);
                let want = in_i32([(product + (1 << (shift_bits - 1))) >> shift_bits].into_iter());
                let mut out = [0];
                let got = isa.vectorise(|| mul_i32(&one, &[x], &[y], shift_bits, &mut out));
                prop_assert_eq!(got.map(|()| out.to_vec()), want);
            }
        }
    }

    #[test]
    fn shifts(x: i32, shift: i32, round: bool) {
        let one = Broadcast::new(&[1], &[1]).expect("shapes fit");
        macro_rules! check {
            ($element:ty, $right:ident, $left:ident) => {
                for shift in [shift as $element, (shift & 31) as $element] {
                    let x = x as $element;
                    let bits = i64::from(shift);
                    let allowed = (0..i64::from(<$element>::BITS)).contains(&bits);
                    let (mut right, mut left) = ([0], [0]);
                    for isa in sets() {
                        let got = isa.vectorise(|| $right(&one, &[x], &[shift], round, &mut right));
                        prop_assert_eq!(got.is_ok(), allowed);
                        let got = isa.vectorise(|| $left(&one, &[x], &[shift], &mut left));
                        prop_assert_eq!(got.is_ok(), allowed);
                        if allowed {
                            let half = if round && bits > 0 { 1_i128 << (bits - 1) } else { 0 };
                            prop_assert_eq!(i128::from(right[0]), (i128::from(x) + half) >> bits);
                            prop_assert_eq!(left[0], (i128::from(x) << bits) as $element);
                        }
                    }
                }
            };
        }
        check!(i8, arithmetic_right_shift_i8, logical_left_shift_i8);
        check!(i16, arithmetic_right_shift_i16, logical_left_shift_i16);
        check!(i32, arithmetic_right_shift_i32, logical_left_shift_i32);
    }

    #[test]
    fn tables(smooth: bool, length in 1..140_usize, kind in 0..4_u8, seed: u64) {
        let mut elements = Elements::new(seed);
        let (table8, x8) = (elements.i8s(256), elements.i8s(length));
        let bound = if smooth { 1 << 14 } else { 1 << 15 };
        let table: Vec<i16> = elements.vec(513, -bound, bound - 1);
        let mut x = elements.i16s(if smooth { length } else { 1 });
        // Entries themselves, or below the middle, or above.
        for x in &mut x {
            *x = match kind {
                0 => *x & !127,
                1 => *x | i16::MIN,
                2 => *x & i16::MAX,
                _ => *x,
            };
        }
        let slope = |x: i16| {
            let at = (i64::from(x) >> 7) + 256;
            let (base, next) = (i64::from(table[at as usize]), i64::from(table[at as usize + 1]));
            (base, next - base)
        };
        let holds = x.iter().all(|&x| i16::try_from(slope(x).1).is_ok());
        let want: Vec<i64> = x.iter().map(|&x| {
            let (base, slope) = slope(x);
            (base << 7) + slope * i64::from(x & 127)
        }).collect();
        prop_assert!(!smooth || table_i16_always_holds(&table));
        for isa in sets() {
            let mut out = vec![0; x.len()];
            let always_holds = table_i16_always_holds(&table);
            let got = isa.vectorise(|| table_i16(isa, &table, always_holds, &x, &mut out));
            prop_assert_eq!(got.is_ok(), holds);
            prop_assert!(!holds || out.iter().map(|&v| i64::from(v)).eq(want.iter().copied()));
            let mut out = vec![0; x8.len()];
            isa.vectorise(|| table_i8(isa, &table8, &x8, &mut out)).expect("cannot fail");
            prop_assert!((0..length).all(|at| out[at] == table8[(i32::from(x8[at]) + 128) as usize]));
        }
    }

    #[test]
    fn reductions(outer in 1..4_usize, axis in 1..40_usize, inner in 1..35_usize, seed: u64) {
        let mut elements = Elements::new(seed);
        let length = outer * axis * inner;
        let x: Vec<i32> = elements.vec(length, MIN >> 4, MAX >> 4);
        let x8 = elements.i8s(length);
        let lines: Vec<Vec<usize>> = (0..outer * inner)
            .map(|line| {
                let first = line / inner * axis * inner + line % inner;
                (0..axis).map(|at| first + at * inner).collect()
            })
            .collect();
        let sums: Vec<Option<i32>> = lines
            .iter()
            .map(|line| line.iter().try_fold(0_i32, |sum, &at| sum.checked_add(x[at])))
            .collect();
        let largest: Vec<i8> =
            lines.iter().map(|line| line.iter().map(|&at| x8[at]).max().unwrap_or(0)).collect();
        let first: Vec<i32> = lines
            .iter()
            .zip(&largest)
            .map(|(line, &largest)| line.iter().position(|&at| x8[at] == largest).unwrap_or(0) as i32)
            .collect();
        for isa in sets() {
            let mut out = vec![0; outer * inner];
            let got = isa.vectorise(|| reduce_sum_i32(axis, inner, &x, &mut out));
            prop_assert_eq!(got.is_ok(), sums.iter().all(Option::is_some));
            prop_assert!(got.is_err() || out.iter().zip(&sums).all(|(o, s)| Some(*o) == *s));
            isa.vectorise(|| argmax(axis, inner, &x8, &mut out)).expect("cannot fail");
            prop_assert_eq!(&out, &first);
            let mut out = vec![0; outer * inner];
            isa.vectorise(|| reduce_max(axis, inner, &x8, &mut out)).expect("cannot fail");
            prop_assert_eq!(&out, &largest);
        }
    }

    #[test]
    fn unary_operators(seed: u64) {
        let mut elements = Elements::new(seed);
        let x: Vec<i32> = elements.vec(50, MIN, MAX);
        let x8 = elements.i8s(50);
        let (p, q) = (elements.next(-128, 127) as i8, elements.next(-128, 127) as i8);
        let (low, high) = (p.min(q), p.max(q));
        let mut out = [0; 50];
        clz_i32(&x, &mut out).expect("cannot fail");
        let bits = |x: i32| if x == 0 { 0 } else { 32 - (31 - (x as u32).ilog2()) };
        prop_assert!((0..50).all(|at| out[at] == 32 - bits(x[at]) as i32));
        let mut out8 = [0_i8; 50];
        clamp(&x8, low, high, &mut out8).expect("cannot fail");
        prop_assert!((0..50).all(|at| out8[at] == x8[at].clamp(low, high)));
        let mut in_place = x8.clone();
        clamp_in_place(&mut in_place, low, high).expect("cannot fail");
        prop_assert_eq!(&in_place[..], &out8[..]);
        cast(&x, &mut out8).expect("cannot fail");
        prop_assert!((0..50).all(|at| out8[at] == (x[at].rem_euclid(256) as u8) as i8));
        let mut bools = [0_u8; 50];
        cast(&x, &mut bools).expect("cannot fail");
        prop_assert!((0..50).all(|at| bools[at] == u8::from(x[at] != 0)));
        cast(&x8, &mut out).expect("cannot fail");
        prop_assert!((0..50).all(|at| out[at] == i32::from(x8[at])));
    }
}

/// Outputs of the reference model (tosa-tools 2026.8.0).
#[test]
fn the_reference_models_answers() {
    let one = Broadcast::new(&[1], &[1]).expect("shapes fit");
    let mut out = [0];
    // The rounded product leaves i64 and wraps.
    mul_i32(&one, &[i32::MIN], &[i32::MIN], 63, &mut out).expect("holds");
    assert_eq!(out, [-1]);
    mul_i32(&one, &[-3], &[1], 1, &mut out).expect("holds");
    assert_eq!(out, [-1]);
    assert_eq!(mul_i32(&one, &[i32::MIN], &[i32::MIN], 31, &mut out), FAILS);
    // The running sum decides, not the total.
    assert_eq!(reduce_sum_i32(3, 1, &[i32::MAX, 1, -5], &mut out), FAILS);
    reduce_sum_i32(3, 1, &[i32::MAX, -5, 1], &mut out).expect("holds");
    assert_eq!(out, [i32::MAX - 4]);
    let mut table = [0; 513];
    (table[0], table[1], table[511], table[512]) = (-5, 7, 100, 200);
    (table[300], table[301]) = (-32768, 32767);
    let mut out = [0; 8];
    let x = [-32768, -32767, -32641, 32767, 32640, 0, -1, 1];
    table_i16(Isa::portable(), &table, false, &x, &mut out).expect("holds");
    assert_eq!(out, [-640, -628, 884, 25500, 12800, 0, 0, 0]);
    // Even where the fraction is 0.
    assert_eq!(
        table_i16(
            Isa::portable(),
            &table,
            false,
            &[(300 - 256) * 128],
            &mut out[..1]
        ),
        FAILS
    );
    assert!(!table_i16_always_holds(&table));
    let mut out = [0_i8; 3];
    cast(&[300, -300, 128], &mut out).expect("holds");
    assert_eq!(out, [44, -44, -128]);
    let mut out = [0; 6];
    clz_i32(&[0, 1, -1, i32::MAX, i32::MIN, 255], &mut out).expect("holds");
    assert_eq!(out, [32, 31, 0, 1, 0, 24]);
    let mut out = [0; 2];
    argmax(3, 2, &[1_i8, -128, 5, -128, 5, -128], &mut out).expect("holds");
    assert_eq!(out, [1, 0]);
}

#[test]
fn shapes_that_do_not_broadcast_are_refused() {
    assert!(Broadcast::new(&[2], &[3]).is_none());
    assert!(Broadcast::new(&[2], &[2, 1]).is_none());
    assert!(Broadcast::new(&[0], &[1]).is_none());
    assert!(Broadcast::new(&[1; 7], &[1; 7]).is_none());
    let shape = Broadcast::new(&[2], &[1]).expect("shapes fit");
    assert_eq!(
        add_i32(&shape, &[1, 2], &[1, 2], &mut [0; 2]),
        Err(KernelError::Shape)
    );
    assert_eq!(
        table_i8(Isa::portable(), &[0; 255], &[0], &mut [0]),
        Err(KernelError::Shape)
    );
    assert_eq!(
        table_i16(Isa::portable(), &[0; 512], false, &[0], &mut [0]),
        Err(KernelError::Shape)
    );
}
