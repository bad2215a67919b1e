//! Operators that only move elements.

use super::{Elements, cases};
use crate::kernels::portable::concat::concat_part;
use crate::kernels::portable::gather::gather;
use crate::kernels::portable::pad::pad;
use crate::kernels::portable::slice::slice;
use crate::kernels::portable::transpose::transpose;
use crate::kernels::{KernelError, KernelResult};
use alloc::{vec, vec::Vec};
use proptest::prelude::*;

const SHAPE: KernelResult = Err(KernelError::Shape);

/// A shape and an element width in bytes.
pub(super) fn shape() -> impl Strategy<Value = (Vec<u32>, usize)> {
    (
        prop::collection::vec(1..5_u32, 0..=6),
        prop::sample::select(vec![1_usize, 2, 4, 8]),
    )
}

pub(super) fn count(shape: &[u32]) -> usize {
    shape.iter().product::<u32>() as usize
}

/// The indices of a shape, row-major.
pub(super) fn indices(shape: &[u32]) -> Vec<Vec<u32>> {
    let mut all = vec![Vec::new()];
    for &size in shape {
        let longer = |index: &Vec<u32>| {
            let index = index.clone();
            (0..size)
                .map(move |at| [&index[..], &[at]].concat())
                .collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

pub(super) fn flat(shape: &[u32], index: &[u32]) -> usize {
    shape
        .iter()
        .zip(index)
        .fold(0, |at, (&size, &place)| at * size as usize + place as usize)
}

pub(super) fn bytes(length: usize, seed: u64) -> Vec<u8> {
    Elements::new(seed).vec(length, 0, 255)
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn slices((shape, width) in shape(), seed: u64) {
        let mut elements = Elements::new(seed);
        let start: Vec<u32> =
            shape.iter().map(|&size| elements.next(0, i64::from(size) - 1) as u32).collect();
        let size: Vec<u32> = shape.iter().zip(&start)
            .map(|(&size, &start)| elements.next(1, i64::from(size - start)) as u32).collect();
        let x = bytes(count(&shape) * width, seed);
        let mut want = Vec::new();
        for index in indices(&size) {
            let index: Vec<u32> = index.iter().zip(&start).map(|(at, start)| at + start).collect();
            let at = flat(&shape, &index) * width;
            want.extend_from_slice(&x[at..at + width]);
        }
        let mut out = vec![0; want.len()];
        slice(&shape, &start, &size, width, &x, &mut out).expect("fits");
        prop_assert_eq!(out, want);
    }

    #[test]
    fn pads((shape, width) in shape(), seed: u64) {
        let mut elements = Elements::new(seed);
        let padding: Vec<(u32, u32)> = shape.iter()
            .map(|_| (elements.next(0, 2) as u32, elements.next(0, 2) as u32)).collect();
        let x = bytes(count(&shape) * width, seed);
        let value: Vec<u8> = (1..=width as u8).collect();
        let padded: Vec<u32> =
            shape.iter().zip(&padding).map(|(size, (before, after))| size + before + after).collect();
        let mut want = Vec::new();
        for index in indices(&padded) {
            let inside: Option<Vec<u32>> = index.iter().zip(&padding).zip(&shape)
                .map(|((at, (before, _)), &size)| at.checked_sub(*before).filter(|&at| at < size))
                .collect();
            match inside {
                Some(index) => {
                    let at = flat(&shape, &index) * width;
                    want.extend_from_slice(&x[at..at + width]);
                }
                None => want.extend_from_slice(&value),
            }
        }
        let mut out = vec![0; want.len()];
        pad(&shape, &padding, &value, &x, &mut out).expect("fits");
        prop_assert_eq!(out, want);
    }

    #[test]
    fn transposes((shape, width) in shape(), seed: u64) {
        let mut elements = Elements::new(seed);
        let mut permutation: Vec<u8> = (0..shape.len() as u8).collect();
        for at in (1..permutation.len()).rev() {
            permutation.swap(at, elements.next(0, at as i64) as usize);
        }
        let x = bytes(count(&shape) * width, seed);
        let moved: Vec<u32> = permutation.iter().map(|&axis| shape[usize::from(axis)]).collect();
        let mut want = Vec::new();
        for index in indices(&moved) {
            let mut source = vec![0; shape.len()];
            for (&axis, &at) in permutation.iter().zip(&index) {
                source[usize::from(axis)] = at;
            }
            let at = flat(&shape, &source) * width;
            want.extend_from_slice(&x[at..at + width]);
        }
        let mut out = vec![0; want.len()];
        transpose(&shape, &permutation, width, &x, &mut out).expect("fits");
        prop_assert_eq!(out, want);
    }

    #[test]
    fn gathers(
        batch in 1..3_usize, rows in 1..5_usize, row_bytes in 1..9_usize, picks in 1..5_usize,
        outside in 0..4_i32, seed: u64,
    ) {
        let mut elements = Elements::new(seed);
        let values = bytes(batch * rows * row_bytes, seed);
        let mut indices: Vec<i32> = elements.vec(batch * picks, 0, rows as i64 - 1);
        let bad = match outside {
            0 => Some(-1),
            1 => Some(rows as i32),
            _ => None,
        };
        if let Some(bad) = bad {
            let at = elements.next(0, indices.len() as i64 - 1) as usize;
            indices[at] = bad;
        }
        let mut out = vec![0; indices.len() * row_bytes];
        let got = gather(batch, rows, row_bytes, &values, &indices, &mut out);
        if bad.is_some() {
            prop_assert_eq!(got, Err(KernelError::Requirement));
        } else {
            prop_assert_eq!(got, Ok(()));
            for (at, row) in out.chunks_exact(row_bytes).enumerate() {
                let from = (at / picks * rows + indices[at] as usize) * row_bytes;
                prop_assert_eq!(row, &values[from..from + row_bytes]);
            }
        }
    }

    #[test]
    fn concats(outer in 1..4_usize, parts in prop::collection::vec(1..9_usize, 1..5), seed: u64) {
        let operands: Vec<Vec<u8>> =
            parts.iter().map(|part| bytes(outer * part, seed ^ *part as u64)).collect();
        let row = parts.iter().sum::<usize>();
        let mut out = vec![0; outer * row];
        let mut offset = 0;
        for (operand, &part) in operands.iter().zip(&parts) {
            concat_part(operand, part, &mut out, row, offset).expect("fits");
            offset += part;
        }
        let mut want = Vec::new();
        for at in 0..outer {
            for (operand, &part) in operands.iter().zip(&parts) {
                want.extend_from_slice(&operand[at * part..(at + 1) * part]);
            }
        }
        prop_assert_eq!(out, want);
    }
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    let x = [0; 4];
    assert_eq!(slice(&[4], &[2], &[3], 1, &x, &mut [0; 3]), SHAPE);
    assert_eq!(slice(&[4], &[u32::MAX], &[2], 1, &x, &mut [0; 2]), SHAPE);
    assert_eq!(slice(&[4], &[0], &[2], 1, &x, &mut [0; 3]), SHAPE);
    assert_eq!(pad(&[4], &[(1, 0)], &[0], &x, &mut [0; 4]), SHAPE);
    assert_eq!(pad(&[4], &[(u32::MAX, 1)], &[0], &x, &mut [0; 4]), SHAPE);
    assert_eq!(transpose(&[2, 2], &[0, 0], 1, &x, &mut [0; 4]), SHAPE);
    assert_eq!(transpose(&[2, 2], &[0, 2], 1, &x, &mut [0; 4]), SHAPE);
    assert_eq!(gather(1, 2, 2, &x, &[0], &mut [0; 3]), SHAPE);
    assert_eq!(concat_part(&x, 2, &mut [0; 4], 2, 1), SHAPE);
}
