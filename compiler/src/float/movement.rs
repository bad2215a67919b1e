//! The same elements elsewhere.

use crate::{
    ir::Tensor,
    tensor::{broadcast_indices, permuted, strides, walk},
};

fn picked(x: &Tensor, indices: &[usize]) -> Vec<f64> {
    indices.iter().map(|&index| x.elements[index]).collect()
}

pub(super) fn broadcast(x: &Tensor, shape: &[usize]) -> Vec<f64> {
    picked(x, &broadcast_indices(&x.shape, shape))
}

pub(super) fn transpose(permutation: &[usize], x: &Tensor, shape: &[usize]) -> Vec<f64> {
    picked(
        x,
        &walk(shape, 0, &permuted(&strides(&x.shape), permutation)),
    )
}

pub(super) fn slice(start: &[usize], x: &Tensor, shape: &[usize]) -> Vec<f64> {
    let strides = strides(&x.shape);
    let first = start
        .iter()
        .zip(&strides)
        .map(|(index, stride)| index * stride)
        .sum();
    picked(x, &walk(shape, first, &strides))
}

pub(super) fn pad(padding: &[(usize, usize)], value: f64, x: &Tensor, shape: &[usize]) -> Vec<f64> {
    let strides = strides(shape);
    let first = padding
        .iter()
        .zip(&strides)
        .map(|((before, _), stride)| before * stride)
        .sum();
    let mut output = vec![value; shape.iter().product()];
    for (&index, &element) in walk(&x.shape, first, &strides).iter().zip(&x.elements) {
        output[index] = element;
    }
    output
}

pub(super) fn concat(axis: usize, parts: &[&Tensor]) -> Vec<f64> {
    let run = |part: &Tensor| part.shape[axis..].iter().product::<usize>();
    let outer = parts[0].shape[..axis].iter().product();
    let mut output = Vec::new();
    for index in 0..outer {
        for part in parts {
            let run = run(part);
            output.extend_from_slice(&part.elements[index * run..][..run]);
        }
    }
    output
}

pub(super) fn gather(axis: usize, values: &Tensor, indices: &Tensor) -> Vec<f64> {
    let inner: usize = values.shape[axis + 1..].iter().product();
    let size = values.shape[axis];
    let mut output = Vec::new();
    for slice in values.elements.chunks(size * inner) {
        for &index in &indices.elements {
            // Out of range fails on chain; here it only must not panic.
            let index = (index.max(0.0) as usize).min(size - 1);
            output.extend_from_slice(&slice[index * inner..][..inner]);
        }
    }
    output
}
