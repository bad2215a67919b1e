//! Bits, flags, comparisons, choices, and the arithmetic that has few answers.

use super::elementwise::{count, pairs, shapes};
use super::{Elements, cases, sets};
use crate::kernels::portable::abs::abs_i32;
use crate::kernels::portable::bias::{add_bias_i32, add_bias_i48};
use crate::kernels::portable::bitwise_and::bitwise_and;
use crate::kernels::portable::bitwise_not::bitwise_not;
use crate::kernels::portable::bitwise_or::bitwise_or;
use crate::kernels::portable::bitwise_xor::bitwise_xor;
use crate::kernels::portable::broadcast::Broadcast;
use crate::kernels::portable::equal::equal_i32;
use crate::kernels::portable::greater::greater_i32;
use crate::kernels::portable::greater_equal::greater_equal_i32;
use crate::kernels::portable::intdiv::intdiv_i32;
use crate::kernels::portable::logical_and::logical_and;
use crate::kernels::portable::logical_not::logical_not;
use crate::kernels::portable::logical_or::logical_or;
use crate::kernels::portable::logical_right_shift::{
    logical_right_shift_i8, logical_right_shift_i16, logical_right_shift_i32,
};
use crate::kernels::portable::logical_xor::logical_xor;
use crate::kernels::portable::maximum::maximum_i32;
use crate::kernels::portable::minimum::minimum_i32;
use crate::kernels::portable::negate::{negate_i8, negate_i16, negate_i32};
use crate::kernels::portable::reduce_all::reduce_all;
use crate::kernels::portable::reduce_any::reduce_any;
use crate::kernels::portable::reduce_min::reduce_min;
use crate::kernels::portable::select::select;
use crate::kernels::{KernelError, KernelResult};
use alloc::{vec, vec::Vec};
use proptest::prelude::*;

const FAILS: KernelResult = Err(KernelError::Requirement);

/// A kernel of two operands, and what it computes.
type Pair<T, O> = (
    fn(&Broadcast, &[T], &[T], &mut [O]) -> KernelResult,
    fn(T, T) -> O,
);

fn check<T: Copy, O: Copy + Default + PartialEq + core::fmt::Debug>(
    (a_shape, b_shape): (&[u32], &[u32]),
    (a, b): (&[T], &[T]),
    kernels: &[Pair<T, O>],
) {
    let met = pairs(a_shape, b_shape);
    let shape = Broadcast::new(a_shape, b_shape).expect("shapes fit");
    for (kernel, op) in kernels {
        let want: Vec<O> = met.iter().map(|&(x, y)| op(a[x], b[y])).collect();
        for isa in sets() {
            let mut out = vec![O::default(); met.len()];
            assert_eq!(isa.vectorise(|| kernel(&shape, a, b, &mut out)), Ok(()));
            assert_eq!(out, want);
        }
    }
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn bits_and_comparisons((a_shape, b_shape) in shapes(), seed: u64) {
        let mut elements = Elements::new(seed);
        let shapes = (&a_shape[..], &b_shape[..]);
        let (a_count, b_count) = (count(&a_shape), count(&b_shape));
        let (min, max) = (i32::MIN.into(), i32::MAX.into());
        let a: Vec<i32> = elements.vec(a_count, min, max);
        let b: Vec<i32> = elements.vec(b_count, min, max);
        check(shapes, (&a, &b), &[
            (bitwise_and::<i32>, |x, y| x & y),
            (bitwise_or::<i32>, |x, y| x | y),
            (bitwise_xor::<i32>, |x, y| x ^ y),
            (maximum_i32, |x, y| if x < y { y } else { x }),
            (minimum_i32, |x, y| if x < y { x } else { y }),
        ]);
        check(shapes, (&a, &b), &[
            (equal_i32, |x, y| u8::from(x == y)),
            (greater_i32, |x, y| u8::from(x > y)),
            (greater_equal_i32, |x, y| u8::from(x >= y)),
        ]);
        let (a, b) = (elements.i8s(a_count), elements.i8s(b_count));
        check(shapes, (&a, &b), &[
            (bitwise_and::<i8>, |x, y| x & y),
            (bitwise_or::<i8>, |x, y| x | y),
            (bitwise_xor::<i8>, |x, y| x ^ y),
        ]);
        let (a, b) = (elements.vec(a_count, 0, 1), elements.vec(b_count, 0, 1));
        check::<u8, u8>(shapes, (&a, &b), &[
            (logical_and, |x, y| u8::from(x + y == 2)),
            (logical_or, |x, y| u8::from(x + y > 0)),
            (logical_xor, |x, y| u8::from(x + y == 1)),
        ]);
    }

    #[test]
    fn divisions((a_shape, b_shape) in shapes(), seed: u64) {
        let mut elements = Elements::new(seed);
        let a: Vec<i32> = elements.vec(count(&a_shape), i32::MIN.into(), i32::MAX.into());
        let b: Vec<i32> = elements.vec(count(&b_shape), -9, i32::MAX.into());
        let met = pairs(&a_shape, &b_shape);
        let quotients = met.iter().map(|&(x, y)| {
            let (x, y) = (i64::from(a[x]), i64::from(b[y]));
            let quotient = x.checked_div(y).map(i32::try_from);
            quotient.and_then(Result::ok).ok_or(KernelError::Requirement)
        });
        let want: Result<Vec<i32>, KernelError> = quotients.collect();
        let shape = Broadcast::new(&a_shape, &b_shape).expect("shapes fit");
        for isa in sets() {
            let mut out = vec![0; met.len()];
            let got = isa.vectorise(|| intdiv_i32(&shape, &a, &b, &mut out));
            prop_assert_eq!(got.map(|()| out), want.clone());
        }
    }

    #[test]
    fn choices((a_shape, b_shape) in shapes(), flip: u8, seed: u64) {
        let mut elements = Elements::new(seed);
        // The condition varies along other axes than the operands.
        let condition_shape: Vec<u32> = a_shape.iter().zip(&b_shape).enumerate()
            .map(|(axis, (&a, &b))| if flip >> axis & 1 == 0 { a.max(b) } else { 1 }).collect();
        let full: Vec<u32> = (0..a_shape.len())
            .map(|axis| a_shape[axis].max(b_shape[axis]).max(condition_shape[axis])).collect();
        let condition: Vec<u8> = elements.vec(count(&condition_shape), 0, 1);
        let (a, b) = (elements.i16s(count(&a_shape)), elements.i16s(count(&b_shape)));
        let at = |own: &[u32]| pairs(own, &full).into_iter().map(|(at, _)| at).collect::<Vec<_>>();
        let (c_at, a_at, b_at) = (at(&condition_shape), at(&a_shape), at(&b_shape));
        let want: Vec<i16> = (0..count(&full))
            .map(|i| if condition[c_at[i]] == 1 { a[a_at[i]] } else { b[b_at[i]] }).collect();
        let shape = Broadcast::of([&condition_shape, &a_shape, &b_shape]).expect("shapes fit");
        for isa in sets() {
            let mut out = vec![0; want.len()];
            isa.vectorise(|| select(&shape, &condition, &a, &b, &mut out)).expect("cannot fail");
            prop_assert_eq!(&out, &want);
        }
    }

    #[test]
    fn right_shifts_within_the_width(shift: i8, seed: u64) {
        let mut elements = Elements::new(seed);
        let shape = Broadcast::new(&[33], &[1]).expect("shapes fit");
        macro_rules! check {
            ($kernel:ident, $unsigned:ty, $a:expr) => {
                let a = $a;
                let fits = (0..<$unsigned>::BITS as i8).contains(&shift);
                for isa in sets() {
                    let mut out = vec![0; 33];
                    let got = isa.vectorise(|| $kernel(&shape, &a, &[shift.into()], &mut out));
                    prop_assert_eq!(got.is_ok(), fits);
                    for (&got, &x) in out.iter().zip(&a).filter(|_| fits) {
                        prop_assert_eq!(got as $unsigned, (x as $unsigned) >> shift);
                    }
                }
            };
        }
        check!(logical_right_shift_i8, u8, elements.i8s(33));
        check!(logical_right_shift_i16, u16, elements.i16s(33));
        check!(logical_right_shift_i32, u32, elements.vec(33, i32::MIN.into(), i32::MAX.into()));
    }

    #[test]
    fn single_operands(from: i8, to: i8, seed: u64) {
        let mut elements = Elements::new(seed);
        let (x8, x16) = (elements.i8s(33), elements.i16s(33));
        let flags: Vec<u8> = elements.vec(33, 0, 1);
        for isa in sets() {
            let mut out = [0; 33];
            isa.vectorise(|| negate_i8(&x8, from, to, &mut out)).expect("saturates");
            for (&got, &x) in out.iter().zip(&x8) {
                let value = i32::from(to) - (i32::from(x) - i32::from(from));
                prop_assert_eq!(i32::from(got), value.clamp(-128, 127));
            }
            let mut out = [0; 33];
            isa.vectorise(|| negate_i16(&x16, &mut out)).expect("saturates");
            prop_assert!(out.iter().zip(&x16).all(|(&got, &x)| got == (-i32::from(x)).min(32767) as i16));
            isa.vectorise(|| bitwise_not(&x16, &mut out)).expect("cannot fail");
            prop_assert!(out.iter().zip(&x16).all(|(&got, &x)| got == -1 - x));
            let mut out = [0; 33];
            isa.vectorise(|| logical_not(&flags, &mut out)).expect("cannot fail");
            prop_assert!(out.iter().zip(&flags).all(|(&got, &x)| got == 1 - x));
        }
    }

    #[test]
    fn reductions(axis in 1..6_usize, inner in 1..40_usize, outer in 1..4_usize, seed: u64) {
        let mut elements = Elements::new(seed);
        let flags: Vec<u8> = elements.vec(outer * axis * inner, 0, 1);
        let numbers = elements.i8s(outer * axis * inner);
        let column = |at: usize| (0..axis).map(move |place| (at / inner * axis + place) * inner + at % inner);
        for isa in sets() {
            let mut out = vec![0; outer * inner];
            isa.vectorise(|| reduce_all(axis, inner, &flags, &mut out)).expect("cannot fail");
            prop_assert!((0..outer * inner).all(|at| (out[at] == 1) == column(at).all(|i| flags[i] == 1)));
            isa.vectorise(|| reduce_any(axis, inner, &flags, &mut out)).expect("cannot fail");
            prop_assert!((0..outer * inner).all(|at| (out[at] == 1) == column(at).any(|i| flags[i] == 1)));
            let mut out = vec![0; outer * inner];
            isa.vectorise(|| reduce_min(axis, inner, &numbers, &mut out)).expect("cannot fail");
            prop_assert!((0..outer * inner).all(|at| column(at).map(|i| numbers[i]).min() == Some(out[at])));
        }
    }
}

#[test]
fn the_smallest_i32_has_no_magnitude_and_no_opposite() {
    for isa in sets() {
        let mut out = [0; 3];
        let edge = [i32::MIN + 1, i32::MAX, -1];
        assert_eq!(isa.vectorise(|| abs_i32(&edge, &mut out)), Ok(()));
        assert_eq!(out, [i32::MAX, i32::MAX, 1]);
        assert_eq!(isa.vectorise(|| negate_i32(&edge, &mut out)), Ok(()));
        assert_eq!(out, [i32::MAX, i32::MIN + 1, 1]);
        let over = [0, i32::MIN, 0];
        assert_eq!(isa.vectorise(|| abs_i32(&over, &mut out)), FAILS);
        assert_eq!(isa.vectorise(|| negate_i32(&over, &mut out)), FAILS);
    }
}

#[test]
fn a_computed_bias_may_reach_the_edge_but_not_pass_it() {
    let mut sums = [i32::MAX - 1, i32::MIN];
    assert_eq!(add_bias_i32(&[1, 0], &mut sums), Ok(()));
    assert_eq!(sums, [i32::MAX, i32::MIN]);
    assert_eq!(add_bias_i32(&[1], &mut sums), FAILS);
    assert_eq!(add_bias_i32(&[0, -1], &mut [0, i32::MIN]), FAILS);
    let edge = 1_i64 << 47;
    let mut sums = [edge - 2, -edge];
    assert_eq!(add_bias_i48(&[1, 0], &mut sums), Ok(()));
    assert_eq!(add_bias_i48(&[1], &mut sums), FAILS);
    assert_eq!(add_bias_i48(&[-1], &mut [-edge]), FAILS);
    assert_eq!(add_bias_i32(&[], &mut [0]), Err(KernelError::Shape));
    assert_eq!(add_bias_i32(&[1, 2], &mut [0; 3]), Err(KernelError::Shape));
}
