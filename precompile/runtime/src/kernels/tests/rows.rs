//! Operators that move whole rows: REVERSE, TILE, SCATTER.

use super::movement::{bytes, count, flat, indices, shape};
use super::{Elements, cases};
use crate::kernels::portable::reverse::reverse;
use crate::kernels::portable::scatter::{scatter, scatter_scratch_words};
use crate::kernels::portable::tile::tile;
use crate::kernels::{KernelError, KernelResult};
use alloc::{vec, vec::Vec};
use proptest::prelude::*;

const FAILS: KernelResult = Err(KernelError::Requirement);

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn reversals((shape, width) in shape(), seed: u64) {
        prop_assume!(!shape.is_empty());
        let axis = (seed % shape.len() as u64) as usize;
        let x = bytes(count(&shape) * width, seed);
        let mut want = Vec::new();
        for mut index in indices(&shape) {
            index[axis] = shape[axis] - 1 - index[axis];
            let at = flat(&shape, &index) * width;
            want.extend_from_slice(&x[at..at + width]);
        }
        let inner = shape[axis + 1..].iter().product::<u32>() as usize;
        let mut out = vec![0; x.len()];
        reverse(shape[axis] as usize, inner * width, &x, &mut out).expect("fits");
        prop_assert_eq!(out, want);
    }

    #[test]
    fn tiles((shape, width) in shape(), seed: u64) {
        let mut elements = Elements::new(seed);
        let multiples: Vec<u32> = shape.iter().map(|_| elements.next(1, 3) as u32).collect();
        let tiled: Vec<u32> = shape.iter().zip(&multiples).map(|(size, many)| size * many).collect();
        prop_assume!(count(&tiled) < 1 << 16);
        let x = bytes(count(&shape) * width, seed);
        let mut want = Vec::new();
        for index in indices(&tiled) {
            let index: Vec<u32> = index.iter().zip(&shape).map(|(at, size)| at % size).collect();
            let at = flat(&shape, &index) * width;
            want.extend_from_slice(&x[at..at + width]);
        }
        let mut out = vec![0; want.len()];
        tile(&shape, &multiples, width, &x, &mut out).expect("fits");
        prop_assert_eq!(out, want);
    }

    #[test]
    fn scatters(batch in 1..4_usize, rows in 1..70_usize, row_bytes in 1..9_usize, seed: u64) {
        let mut elements = Elements::new(seed);
        let picks = elements.next(1, rows as i64) as usize;
        let values = bytes(batch * rows * row_bytes, seed);
        let input = bytes(batch * picks * row_bytes, !seed);
        let index = |at: usize, shift: usize| ((at * 7 + shift) % rows) as i32;
        let shift = elements.next(0, 100) as usize;
        let mut all: Vec<i32> = (0..batch).flat_map(|_| (0..picks).map(|at| index(at, shift))).collect();
        let is_unique = (0..picks).all(|at| (0..at).all(|other| index(at, 0) != index(other, 0)));
        let mut want = values.clone();
        for (at, &row) in all.iter().enumerate() {
            let to = (at / picks * rows + row as usize) * row_bytes;
            want[to..to + row_bytes].copy_from_slice(&input[at * row_bytes..(at + 1) * row_bytes]);
        }
        let mut out = vec![0; values.len()];
        let mut scratch = vec![u64::MAX; scatter_scratch_words(rows)];
        let got = scatter(batch, row_bytes, &values, &all, &input, &mut out, &mut scratch);
        prop_assert_eq!(got, if is_unique { Ok(()) } else { FAILS });
        prop_assert!(!is_unique || out == want);
        for outside in [-1, rows as i32, i32::MIN, i32::MAX] {
            all[picks - 1] = outside;
            let got = scatter(batch, row_bytes, &values, &all, &input, &mut out, &mut scratch);
            prop_assert_eq!(got, FAILS);
        }
    }
}
