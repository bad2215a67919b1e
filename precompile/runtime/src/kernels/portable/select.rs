//! SELECT.

use super::broadcast::Broadcast;
use crate::kernels::KernelResult;

/// Elements that SELECT chooses from.
pub trait Choose: Copy {
    /// `x` if the condition, 0 or 1, is 1, else `y`: without a branch that values decide.
    fn choose(condition: u8, x: Self, y: Self) -> Self;
}

macro_rules! choose {
    ($element:ty) => {
        impl Choose for $element {
            #[inline(always)]
            fn choose(condition: u8, x: Self, y: Self) -> Self {
                let all_or_none = Self::from(condition & 1 != 0).wrapping_neg();
                y ^ ((x ^ y) & all_or_none)
            }
        }
    };
}

choose!(u8);
choose!(i8);
choose!(i16);
choose!(i32);

/// `out = if condition { a } else { b }`; a condition is 0 or 1.
#[inline(always)]
pub fn select<T: Choose>(
    shape: &Broadcast<3>,
    condition: &[u8],
    a: &[T],
    b: &[T],
    out: &mut [T],
) -> KernelResult {
    shape.require_lengths([condition.len(), a.len(), b.len()], out.len())?;
    let [condition_stride, a_stride, b_stride] = shape.row_strides();
    shape.each_row(out, |row, [condition_at, a_at, b_at]| {
        let end = |at, stride| at + if stride == 0 { 1 } else { row.len() };
        let a = &a[a_at..end(a_at, a_stride)];
        let b = &b[b_at..end(b_at, b_stride)];
        if condition_stride == 0 {
            let chosen = if condition[condition_at] != 0 { a } else { b };
            match chosen {
                [one] => row.fill(*one),
                all => row.copy_from_slice(all),
            }
            return;
        }
        let condition = &condition[condition_at..end(condition_at, condition_stride)];
        match (a, b) {
            ([x], [y]) => choose(row, condition, core::iter::repeat((x, y))),
            ([x], b) => choose(row, condition, b.iter().map(|y| (x, y))),
            (a, [y]) => choose(row, condition, a.iter().map(|x| (x, y))),
            (a, b) => choose(row, condition, a.iter().zip(b)),
        }
    });
    Ok(())
}

/// Takes the first or the second of each pair.
#[inline(always)]
fn choose<'a, T: Choose + 'a>(
    out: &mut [T],
    condition: &[u8],
    pairs: impl Iterator<Item = (&'a T, &'a T)>,
) {
    for ((o, &condition), (&x, &y)) in out.iter_mut().zip(condition).zip(pairs) {
        *o = T::choose(condition, x, y);
    }
}
