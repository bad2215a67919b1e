//! One element, two or three to one.

use crate::{
    ir::{Affine, Tensor},
    tensor::broadcast_indices,
};

pub(super) fn each(x: &Tensor, function: impl Fn(f64) -> f64) -> Vec<f64> {
    x.elements.iter().map(|&x| function(x)).collect()
}

pub(super) fn pair(
    a: &Tensor,
    b: &Tensor,
    shape: &[usize],
    function: impl Fn(f64, f64) -> f64,
) -> Vec<f64> {
    if a.shape == shape && b.shape == shape {
        let pairs = a.elements.iter().zip(&b.elements);
        return pairs.map(|(&a, &b)| function(a, b)).collect();
    }
    let indices = broadcast_indices(&a.shape, shape);
    let others = broadcast_indices(&b.shape, shape);
    let pairs = indices.iter().zip(&others);
    pairs
        .map(|(&i, &j)| function(a.elements[i], b.elements[j]))
        .collect()
}

pub(super) fn select([condition, a, b]: [&Tensor; 3], shape: &[usize]) -> Vec<f64> {
    let [conditions, firsts, seconds] =
        [condition, a, b].map(|tensor| broadcast_indices(&tensor.shape, shape));
    (0..conditions.len())
        .map(|index| {
            if condition.elements[conditions[index]] != 0.0 {
                a.elements[firsts[index]]
            } else {
                b.elements[seconds[index]]
            }
        })
        .collect()
}

pub(super) fn affine(affine: &Affine, x: &Tensor) -> Vec<f64> {
    let indices = broadcast_indices(&affine.shape, &x.shape);
    let pairs = x.elements.iter().zip(&indices);
    pairs
        .map(|(&x, &index)| x * f64::from(affine.scale[index]) + f64::from(affine.offset[index]))
        .collect()
}
