//! RESIZE against the standard's text, one element at a time.

use super::{Elements, cases, sets};
use crate::kernels::portable::resize::{ResizeScale, ResizeShape, resize_bilinear, resize_nearest};
use alloc::{vec, vec::Vec};
use proptest::prelude::*;

prop_compose! {
    fn shape()(
        batch in 1..3_usize,
        channels in 1..20_usize,
        input in [1..6_usize, 1..6_usize],
        output in [1..9_usize, 1..9_usize],
        numerator in [1..9_i64, 1..2049_i64],
        denominator in [1..20_i64, 1..4000_i64],
        offset in [-8..100_i64, -2048..4000_i64],
    ) -> ResizeShape {
        let scale = |axis: usize| ResizeScale {
            numerator: numerator[axis],
            denominator: denominator[axis],
            offset: offset[axis].max(-numerator[axis]),
        };
        ResizeShape { batch, channels, input, output, scales: [scale(0), scale(1)] }
    }
}

/// The two elements of the input and the steps after the first, along one axis.
fn place(shape: &ResizeShape, axis: usize, output: usize) -> (usize, usize, i64) {
    let scale = &shape.scales[axis];
    let at = output as i64 * scale.denominator + scale.offset;
    let element = at.div_euclid(scale.numerator);
    let last = shape.input[axis] as i64 - 1;
    let first = element.max(0).min(last);
    let second = (element + 1).min(last).max(0);
    (
        first as usize,
        second as usize,
        at - element * scale.numerator,
    )
}

fn naive(shape: &ResizeShape, x: &[i64], is_bilinear: bool) -> Vec<i64> {
    let mut out = Vec::new();
    for image in 0..shape.batch {
        for (y, x_out) in
            (0..shape.output[0]).flat_map(|y| (0..shape.output[1]).map(move |x| (y, x)))
        {
            let (y0, y1, ry) = place(shape, 0, y);
            let (x0, x1, rx) = place(shape, 1, x_out);
            let [ny, nx] = shape.scales.map(|scale| scale.numerator);
            for channel in 0..shape.channels {
                let at = |y: usize, column: usize| {
                    let pixel = (image * shape.input[0] + y) * shape.input[1] + column;
                    x[pixel * shape.channels + channel]
                };
                out.push(if is_bilinear {
                    let upper = at(y0, x0) * (nx - rx) + at(y0, x1) * rx;
                    let lower = at(y1, x0) * (nx - rx) + at(y1, x1) * rx;
                    upper * (ny - ry) + lower * ry
                } else {
                    at(
                        if 2 * ry >= ny { y1 } else { y0 },
                        if 2 * rx >= nx { x1 } else { x0 },
                    )
                });
            }
        }
    }
    out
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn resizes(shape in shape(), seed: u64) {
        let mut elements = Elements::new(seed);
        let count = shape.batch * shape.input[0] * shape.input[1] * shape.channels;
        let (x8, x16) = (elements.i8s(count), elements.i16s(count));
        let wide8: Vec<i64> = x8.iter().map(|&x| x.into()).collect();
        let wide16: Vec<i64> = x16.iter().map(|&x| x.into()).collect();
        for isa in sets() {
            let want = naive(&shape, &wide8, false);
            let mut out = vec![0; want.len()];
            isa.vectorise(|| resize_nearest(&shape, &x8, &mut out)).expect("fits");
            prop_assert!(out.iter().map(|&x| i64::from(x)).eq(want));
            let want = naive(&shape, &wide8, true);
            let mut out = vec![0; want.len()];
            isa.vectorise(|| resize_bilinear(&shape, &x8, &mut out)).expect("fits");
            prop_assert!(out.iter().map(|&x| i64::from(x)).eq(want));
            let mut out = vec![0; out.len()];
            isa.vectorise(|| resize_bilinear(&shape, &x16, &mut out)).expect("fits");
            prop_assert_eq!(out, naive(&shape, &wide16, true));
        }
    }
}
