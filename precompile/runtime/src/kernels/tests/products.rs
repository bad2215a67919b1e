//! Matrix products.

use super::{Elements, cases, sets};
use crate::kernels::portable::matmul::{MatMulShape, NarrowedMatMul, matmul_i8, matmul_i16};
use crate::kernels::portable::{
    narrowing::Narrowing,
    rescale::{Rescale, RescaleParameters},
};
use crate::kernels::{KernelError, PackedWeights};
use alloc::{vec, vec::Vec};
use proptest::prelude::*;

/// Sizes around the tiles of every set.
fn size() -> impl Strategy<Value = usize> {
    prop::sample::select(vec![
        1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65,
    ])
}

/// Depths around the runs in which i32 sums are kept.
fn depth() -> impl Strategy<Value = usize> {
    prop::sample::select(vec![
        1, 2, 3, 15, 16, 17, 63, 64, 65, 127, 128, 129, 191, 1025,
    ])
}

/// Outputs and depths: around tiles and runs, and few outputs around the depth up to which they get a panel.
fn weights() -> impl Strategy<Value = (usize, usize)> {
    prop_oneof![
        5 => (size(), depth()),
        1 => (1..5_usize, 4_095..4_098_usize),
    ]
}

/// `rows` times `weights`, both `[_, depth]`, in i128.
fn naive(rows: &[i64], weights: &[i64], depth: usize, bias: &[i64]) -> Vec<i64> {
    let outputs = weights.len() / depth;
    let mut out = Vec::new();
    for row in rows.chunks_exact(depth) {
        for (output, weights) in weights.chunks_exact(depth).enumerate() {
            let products = row
                .iter()
                .zip(weights)
                .map(|(x, w)| i128::from(*x) * i128::from(*w));
            let bias = if bias.len() == outputs {
                bias[output]
            } else {
                *bias.first().unwrap_or(&0)
            };
            let sum = products.sum::<i128>() + i128::from(bias);
            out.push(i64::try_from(sum).expect("bounded by the test"));
        }
    }
    out
}

fn shifted<T: Copy + Into<i64>>(elements: &[T], zero_point: i64) -> Vec<i64> {
    elements.iter().map(|&x| x.into() - zero_point).collect()
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn i8_products(m in size(), (n, k) in weights(), biases in 0..3_usize, seed: u64) {
        let mut elements = Elements::new(seed);
        let (x, w) = (elements.i8s(m * k), elements.i8s(n * k));
        let (x_zero, w_zero) = (elements.next(-128, 127), elements.next(-128, 127));
        let bias: Vec<i32> = elements.vec([0, 1, n][biases], -1 << 30, 1 << 30);
        let want = naive(&shifted(&x, x_zero), &shifted(&w, w_zero), k, &shifted(&bias, 0));
        for isa in sets() {
            let packed = PackedWeights::i8(isa, &w, n, k, w_zero as i32).expect("sizes fit");
            let mut scratch = vec![0; packed.scratch_words(m)];
            let mut out = vec![0_i32; m * n];
            packed.product_i8(&x, x_zero as i32, &bias, &mut out, &mut scratch).expect("sizes fit");
            prop_assert_eq!(shifted(&out, 0), want.clone(), "{}", isa.name());
        }
    }

    #[test]
    fn i16_products(m in size(), (n, k) in weights(), biases in 0..3_usize, seed: u64) {
        let mut elements = Elements::new(seed);
        let (x, w8, w16) = (elements.i16s(m * k), elements.i8s(n * k), elements.i16s(n * k));
        let w_zero = elements.next(-128, 127);
        let bias: Vec<i64> = elements.vec([0, 1, n][biases], -1 << 46, 1 << 46);
        let wide = shifted(&x, 0);
        let want8 = naive(&wide, &shifted(&w8, w_zero), k, &bias);
        let want16 = naive(&wide, &shifted(&w16, 0), k, &bias);
        for isa in sets() {
            let packed = PackedWeights::i8_for_i16(isa, &w8, n, k, w_zero as i32).expect("fits");
            let mut out = vec![0_i64; m * n];
            packed.product_i16(&x, &bias, &mut out).expect("sizes fit");
            prop_assert_eq!(&out, &want8, "i16 x i8 {}", isa.name());
            let packed = PackedWeights::i16(isa, &w16, n, k).expect("fits");
            packed.product_i16(&x, &bias, &mut out).expect("sizes fit");
            prop_assert_eq!(&out, &want16, "i16 x i16 {}", isa.name());
        }
    }

    #[test]
    fn products_of_two_inputs(
        batch in 1..3_usize, rows in size(), (columns, depth) in weights(), seed: u64,
    ) {
        let mut elements = Elements::new(seed);
        let shape = MatMulShape { batch, rows, depth, columns };
        let (a, b) = (elements.i8s(batch * rows * depth), elements.i8s(batch * depth * columns));
        let zeros = (elements.next(-128, 127), elements.next(-128, 127));
        let (a16, b16) = (elements.i16s(a.len()), elements.i16s(b.len()));
        let want = naive_batch(&shape, &shifted(&a, zeros.0), &shifted(&b, zeros.1));
        let want16 = naive_batch(&shape, &shifted(&a16, 0), &shifted(&b16, 0));
        let block = elements.next(1, (batch * rows) as i64) as usize;
        for isa in sets() {
            let mut scratch = vec![0; shape.scratch_words_i8(isa)];
            let mut out = vec![0_i32; batch * rows * columns];
            let b = (&b[..], zeros.1 as i32);
            // Rows at a time, over the border of two matrices too.
            let blocks = a.chunks(block * depth).zip(out.chunks_mut(block * columns));
            for (at, (a, out)) in blocks.enumerate() {
                let a = (a, zeros.0 as i32);
                matmul_i8(isa, &shape, at * block, a, b, out, &mut scratch).expect("sizes fit");
            }
            prop_assert_eq!(shifted(&out, 0), want.clone(), "{}", isa.name());
            let mut scratch = vec![0; shape.scratch_words_i16(isa)];
            let mut out = vec![0_i64; batch * rows * columns];
            matmul_i16(isa, &shape, &a16, &b16, &mut out, &mut scratch).expect("sizes fit");
            prop_assert_eq!(&out, &want16, "{}", isa.name());
        }
    }
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn products_of_two_inputs_narrowed(
        batch in 1..3_usize, rows in size(), columns in size(), depth in depth(),
        is_per_column: bool, double_round: bool, seed: u64,
    ) {
        let mut elements = Elements::new(seed);
        let shape = MatMulShape { batch, rows, depth, columns };
        let (a, b) = (elements.i8s(batch * rows * depth), elements.i8s(batch * depth * columns));
        let zeros = (elements.next(-128, 127), elements.next(-128, 127));
        let channels = if is_per_column { columns } else { 1 };
        let multipliers: Vec<i32> = elements.vec(channels, 1 << 30, i64::from(i32::MAX));
        let shifts_bits: Vec<u8> = elements.vec(channels, 33, 50);
        let zero_point = elements.next(-128, 127);
        let narrowing = Narrowing {
            multipliers: multipliers.clone(),
            shifts_bits: shifts_bits.clone(),
            is_double_round: double_round,
            zero_point: zero_point as i8,
            low: -100,
            high: 90,
        };
        let sums = naive_batch(&shape, &shifted(&a, zeros.0), &shifted(&b, zeros.1));
        let sums: Vec<i32> = sums.iter().map(|&sum| sum as i32).collect();
        let rescale = Rescale::new(&RescaleParameters {
            input_zero_point: 0,
            output_zero_point: zero_point as i32,
            multipliers: &multipliers,
            shifts_bits: &shifts_bits,
            scale32: true,
            double_round,
            input_unsigned: false,
            output_unsigned: false,
        });
        let mut want = vec![0_i8; sums.len()];
        rescale.expect("in range").with_bounds(Some((-100, 90))).run(&sums, &mut want).expect("fits");
        let block = elements.next(1, (batch * rows) as i64) as usize;
        let zero_points = (zeros.0 as i32, zeros.1 as i32);
        for isa in sets() {
            let Some(product) = NarrowedMatMul::new(isa, shape, zero_points, &narrowing) else {
                continue;
            };
            let mut scratch = vec![0; shape.scratch_words_i8(isa)];
            let mut out = vec![0_i8; want.len()];
            let blocks = a.chunks(block * depth).zip(out.chunks_mut(block * columns));
            for (at, (a, out)) in blocks.enumerate() {
                product.run(at * block, a, &b, out, &mut scratch).expect("sizes fit");
            }
            prop_assert_eq!(&out, &want, "{}", isa.name());
        }
    }
}

fn naive_batch(shape: &MatMulShape, a: &[i64], b: &[i64]) -> Vec<i64> {
    let mut out = Vec::new();
    let (depth, columns) = (shape.depth, shape.columns);
    for (a, b) in a
        .chunks_exact(shape.rows * depth)
        .zip(b.chunks_exact(depth * columns))
    {
        let transposed: Vec<i64> = (0..columns * depth)
            .map(|at| b[at % depth * columns + at / depth])
            .collect();
        out.extend(naive(a, &transposed, depth, &[]));
    }
    out
}

#[test]
fn large_products() {
    // Sizes at which a library takes over, and one short of each.
    let sizes = [
        (16, 64, 256),
        (15, 64, 256),
        (16, 63, 256),
        (16, 64, 255),
        (67, 65, 257),
    ];
    // Under Miri, which would take an hour, no library runs.
    let sizes = if cfg!(miri) {
        &[(3, 5, 257)][..]
    } else {
        &sizes
    };
    for &(m, n, k) in sizes {
        let mut elements = Elements::new((m * n * k) as u64);
        let (x, w) = (elements.i8s(m * k), elements.i8s(n * k));
        let bias: Vec<i32> = elements.vec(n, -1 << 30, 1 << 30);
        for x_zero in [-128, 0, 127] {
            let want = naive(&shifted(&x, x_zero), &shifted(&w, 0), k, &shifted(&bias, 0));
            for isa in sets() {
                let packed = PackedWeights::i8(isa, &w, n, k, 0).expect("sizes fit");
                let mut scratch = vec![0; packed.scratch_words(m)];
                let mut out = vec![0_i32; m * n];
                let zero_point = x_zero as i32;
                packed
                    .product_i8(&x, zero_point, &bias, &mut out, &mut scratch)
                    .expect("fits");
                assert_eq!(shifted(&out, 0), want, "{} {m} {n} {k}", isa.name());
            }
        }
    }
}

/// More rows than are gathered, moved or widened at a time, with as much scratch as is asked for.
#[test]
fn many_deep_rows() {
    let rows = if cfg!(miri) { 2 } else { 50 };
    for (depth, outputs) in [(1025, 5), (1023, 1), (4099, 4), (5, 33)] {
        let mut elements = Elements::new((depth * outputs) as u64);
        let (x, w) = (elements.i8s(rows * depth), elements.i8s(outputs * depth));
        let want = naive(&shifted(&x, -3), &shifted(&w, 0), depth, &[]);
        for isa in sets() {
            let packed = PackedWeights::i8(isa, &w, outputs, depth, 0).expect("sizes fit");
            for count in 1..=rows {
                let mut scratch = vec![0; packed.scratch_words(count)];
                let mut out = vec![0_i32; count * outputs];
                packed
                    .product_i8(&x[..count * depth], -3, &[], &mut out, &mut scratch)
                    .expect("the scratch is long enough");
                let want = &want[..count * outputs];
                assert_eq!(shifted(&out, 0), want, "{} {count} {depth}", isa.name());
            }
        }
    }
}

#[test]
fn sums_at_the_extremes_are_exact() {
    // The largest magnitudes over a depth that crosses every run of i32 sums.
    let depth = 1025;
    for isa in sets() {
        let packed = PackedWeights::i8_for_i16(isa, &[-128; 1025], 1, depth, 127).expect("fits");
        let mut out = [0];
        packed
            .product_i16(&[-32768; 1025], &[], &mut out)
            .expect("fits");
        assert_eq!(out, [1025 * 32768 * 255]);
        let packed = PackedWeights::i16(isa, &[-32768; 1025], 1, depth).expect("fits");
        packed
            .product_i16(&[-32768; 1025], &[], &mut out)
            .expect("fits");
        assert_eq!(out, [1025 << 30]);
    }
}

#[test]
fn wrong_sizes_are_refused() {
    for isa in sets() {
        assert!(PackedWeights::i8(isa, &[0; 6], 2, 4, 0).is_none());
        assert!(PackedWeights::i8(isa, &[], 0, 4, 0).is_none());
        assert!(PackedWeights::i8(isa, &[0; 6], 2, 3, 128).is_none());
        let packed = PackedWeights::i8(isa, &[0; 6], 2, 3, 0).expect("fits");
        let shape = Err(KernelError::Shape);
        let mut scratch = vec![0; packed.scratch_words(1)];
        assert_eq!(
            packed.product_i8(&[0; 4], 0, &[], &mut [0; 2], &mut scratch),
            shape
        );
        assert_eq!(
            packed.product_i8(&[0; 3], 0, &[], &mut [0; 3], &mut scratch),
            shape
        );
        assert_eq!(
            packed.product_i8(&[0; 3], 0, &[0; 3], &mut [0; 2], &mut scratch),
            shape
        );
        assert_eq!(
            packed.product_i8(&[0; 3], 0, &[], &mut [0; 2], &mut []),
            shape
        );
        assert_eq!(
            packed.product_i8(&[0; 3], 128, &[], &mut [0; 2], &mut scratch),
            shape
        );
        assert_eq!(packed.product_i16(&[0; 3], &[], &mut [0; 2]), shape);
    }
}
