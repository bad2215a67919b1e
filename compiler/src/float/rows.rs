//! Whole slices along axes: reductions, softmax, normalisation, the largest.

use crate::{
    ir::{Normalise, Reduction, Tensor},
    real,
    tensor::{permuted, strides, walk},
};

/// The elements with some axes last, and the number of elements along those.
fn rows(axes: &[usize], x: &Tensor) -> (Vec<usize>, usize) {
    let (mut order, last): (Vec<usize>, Vec<usize>) =
        (0..x.shape.len()).partition(|axis| !axes.contains(axis));
    order.extend(&last);
    let indices = walk(
        &permuted(&x.shape, &order),
        0,
        &permuted(&strides(&x.shape), &order),
    );
    let length = last.iter().map(|&axis| x.shape[axis]).product();
    (indices, length)
}

pub(super) fn reduce(kind: Reduction, axes: &[usize], x: &Tensor) -> Vec<f64> {
    let (indices, length) = rows(axes, x);
    let row = |row: &[usize]| {
        let elements = row.iter().map(|&index| x.elements[index]);
        match kind {
            Reduction::Sum => elements.sum::<f64>(),
            Reduction::Mean => elements.sum::<f64>() / length as f64,
            Reduction::Max => elements.fold(f64::NEG_INFINITY, f64::max),
            Reduction::Min => elements.fold(f64::INFINITY, f64::min),
        }
    };
    if length == 0 {
        let kept = (0..x.shape.len()).filter(|axis| !axes.contains(axis));
        let rows = kept.map(|axis| x.shape[axis]).product();
        return vec![row(&[]); rows];
    }
    indices.chunks(length).map(row).collect()
}

pub(super) fn softmax(axis: usize, x: &Tensor) -> Vec<f64> {
    let (indices, length) = rows(&[axis], x);
    let mut output = vec![0.0; x.elements.len()];
    for row in indices.chunks(length) {
        let elements = || row.iter().map(|&index| x.elements[index]);
        let max = elements().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = elements().map(|x| real::exp(x - max)).sum();
        row.iter()
            .for_each(|&index| output[index] = real::exp(x.elements[index] - max) / sum);
    }
    output
}

pub(super) fn normalise(normalise: Normalise, x: &Tensor) -> Vec<f64> {
    let length = x.shape.last().copied().unwrap_or(1);
    let mut output = Vec::with_capacity(x.elements.len());
    for row in x.elements.chunks(length) {
        let mean = if normalise.centre {
            row.iter().sum::<f64>() / length as f64
        } else {
            0.0
        };
        let squares = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / length as f64;
        let deviation = (squares + normalise.epsilon).sqrt();
        let quotient = |x| {
            if x == mean {
                0.0
            } else {
                (x - mean) / deviation
            }
        };
        output.extend(row.iter().map(|&x| quotient(x)));
    }
    output
}

pub(super) fn argmax(axis: usize, x: &Tensor) -> Vec<f64> {
    let (indices, length) = rows(&[axis], x);
    let first_largest = |row: &[usize]| {
        let mut best = 0;
        for (position, &index) in row.iter().enumerate() {
            if x.elements[index] > x.elements[row[best]] {
                best = position;
            }
        }
        best as f64
    };
    indices.chunks(length).map(first_largest).collect()
}
