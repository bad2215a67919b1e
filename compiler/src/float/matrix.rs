//! Matrix products.

use crate::ir::{Dense, Tensor};

pub(super) fn dense(dense: &Dense, x: &Tensor) -> Vec<f64> {
    let weights: Vec<f64> = dense
        .weights
        .iter()
        .map(|&weight| f64::from(weight))
        .collect();
    let mut output = Vec::with_capacity(x.elements.len() / dense.inputs * dense.outputs);
    for row in x.elements.chunks(dense.inputs) {
        for (weights, &bias) in weights.chunks(dense.inputs).zip(&dense.bias) {
            let sum: f64 = row.iter().zip(weights).map(|(x, weight)| x * weight).sum();
            output.push(sum + f64::from(bias));
        }
    }
    output
}

pub(super) fn matmul(a: &Tensor, b: &Tensor) -> Vec<f64> {
    let rank = a.shape.len();
    let (height, depth, width) = (a.shape[rank - 2], a.shape[rank - 1], b.shape[rank - 1]);
    let batches = a
        .elements
        .chunks(height * depth)
        .zip(b.elements.chunks(depth * width));
    let mut output = Vec::with_capacity(a.elements.len() / depth * width);
    for (a, b) in batches {
        for row in a.chunks(depth) {
            let mut sums = vec![0.0; width];
            for (&x, line) in row.iter().zip(b.chunks(width)) {
                sums.iter_mut()
                    .zip(line)
                    .for_each(|(sum, &y)| *sum += x * y);
            }
            output.extend(sums);
        }
    }
    output
}
