//! Inner loops, each in every set of this machine, and the limits of its instructions.
//!
//! `cargo bench -p fixpoint-runtime`. Throughput is in units of work: multiply-accumulates or
//! elements.

// `criterion_group!` makes a public function without documentation.
#![allow(missing_docs)]

mod limits;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fixpoint_runtime::kernels::portable::depthwise_conv2d::{
    DepthwiseWeights, depthwise_conv2d_i8,
};
use fixpoint_runtime::kernels::portable::rescale::{Rescale, RescaleParameters};
use fixpoint_runtime::kernels::portable::table::{table_i8, table_i16};
use fixpoint_runtime::kernels::portable::window::Window2d;
use fixpoint_runtime::kernels::{Isa, PackedWeights};
use std::hint::black_box;

/// The sets of this machine.
fn sets() -> Vec<Isa> {
    Isa::available().collect()
}

/// Elements that repeat only after a while.
fn bytes(length: usize) -> Vec<i8> {
    (0..251)
        .map(|at: u8| at.wrapping_mul(37).cast_signed())
        .cycle()
        .take(length)
        .collect()
}

fn words(length: usize) -> Vec<i16> {
    (0..65_521_u32)
        .map(|at| at.wrapping_mul(7919) as i16)
        .cycle()
        .take(length)
        .collect()
}

fn products(criterion: &mut Criterion) {
    let sizes = [
        (64, 64, 64),
        (256, 256, 256),
        (1024, 1024, 1024),
        (1, 1024, 1024),
        (1, 640, 128),
        (256, 27, 17),
    ];
    for (rows, depth, outputs) in sizes {
        let mut group = criterion.benchmark_group(format!("product {rows}x{depth}x{outputs}"));
        group.sample_size(10);
        group.throughput(Throughput::Elements((rows * depth * outputs) as u64));
        let (x, x16) = (bytes(rows * depth), words(rows * depth));
        let (w, w16) = (bytes(outputs * depth), words(outputs * depth));
        for isa in sets() {
            let packed = PackedWeights::i8(isa, &w, outputs, depth, 0).expect("sizes fit");
            let mut scratch = vec![0; packed.scratch_words(rows)];
            let mut out = vec![0; rows * outputs];
            group.bench_function(format!("i8 {}", isa.name()), |bencher| {
                bencher.iter(|| packed.product_i8(black_box(&x), -3, &[], &mut out, &mut scratch));
            });
            let by8 = PackedWeights::i8_for_i16(isa, &w, outputs, depth, 0).expect("sizes fit");
            let by16 = PackedWeights::i16(isa, &w16, outputs, depth).expect("sizes fit");
            let mut out = vec![0; rows * outputs];
            for (name, packed) in [("i16 x i8", by8), ("i16", by16)] {
                group.bench_function(format!("{name} {}", isa.name()), |bencher| {
                    bencher.iter(|| packed.product_i16(black_box(&x16), &[], &mut out));
                });
            }
        }
    }
}

fn depthwise(criterion: &mut Criterion) {
    for channels in [64, 33, 3, 1] {
        let window = Window2d {
            batch: 1,
            channels,
            input: [25, 25],
            output: [25, 25],
            kernel: [3, 3],
            stride: [1, 1],
            dilation: [1, 1],
            pad_before: [1, 1],
        };
        let mut group = criterion.benchmark_group(format!("depthwise 25x25x{channels} 3x3"));
        group.throughput(Throughput::Elements((25 * 25 * 9 * channels) as u64));
        let (x, w) = (bytes(window.input_elements()), bytes(9 * channels));
        let mut out = vec![0; window.positions() * channels];
        for isa in sets() {
            let weights = DepthwiseWeights::new(&w, [3, 3], channels, 1, 0).expect("sizes fit");
            let weights = weights.with_isa(isa);
            group.bench_function(isa.name(), |bencher| {
                let x = (&x[..], -3);
                bencher.iter(|| depthwise_conv2d_i8(&window, &weights, x, &[], 0, &mut out));
            });
        }
    }
}

fn elements(criterion: &mut Criterion) {
    const LENGTH: usize = 4096;
    let mut group = criterion.benchmark_group("elements");
    group.throughput(Throughput::Elements(LENGTH as u64));
    let (x8, x16) = (bytes(LENGTH), words(LENGTH));
    let x32: Vec<i32> = x16.iter().map(|&x| i32::from(x) * 5).collect();
    let (mut out8, mut out32) = (vec![0_i8; LENGTH], vec![0_i32; LENGTH]);
    let table8 = bytes(256);
    let table16: Vec<i16> = (0..513).map(|at| at * 61).collect();
    for isa in sets() {
        for channels in [1, 64] {
            let rescale = Rescale::new(&RescaleParameters {
                input_zero_point: 0,
                output_zero_point: 3,
                multipliers: &vec![1 << 30; channels],
                shifts_bits: &vec![40; channels],
                scale32: true,
                double_round: true,
                input_unsigned: false,
                output_unsigned: false,
            });
            let rescale = rescale.expect("in range").with_isa(isa);
            group.bench_function(
                format!("rescale, {channels} scales, {}", isa.name()),
                |bencher| {
                    bencher.iter(|| rescale.run(black_box(&x32), &mut out8));
                },
            );
        }
        group.bench_function(format!("table i8 {}", isa.name()), |bencher| {
            bencher.iter(|| isa.vectorise(|| table_i8(isa, &table8, black_box(&x8), &mut out8)));
        });
        group.bench_function(format!("table i16 {}", isa.name()), |bencher| {
            bencher.iter(|| {
                isa.vectorise(|| table_i16(isa, &table16, true, black_box(&x16), &mut out32))
            });
        });
    }
}

criterion_group!(benches, limits::limits, products, depthwise, elements);
criterion_main!(benches);
