//! Measures what the load and conversion prices of `gas.rs` stand on: nanoseconds per payload
//! byte, item, validation step and word, for models that stress each.
//!
//! `cargo run --release -p fixpoint-precompile --example load_cost`
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "measures time; not part of the precompile"
)]

use alloy_primitives::{I256, U256, keccak256};
use fixpoint_precompile::ports::{Port, pack, unpack};
use fixpoint_runtime::{
    graph::{Arena, Plan},
    kernels::Isa,
    model::{
        self,
        format::{
            Affine, Constant, FORMAT_VERSION, Input, Model, Output, PerElement, Quantisation,
            Ratio, Signed32,
        },
    },
    ops::{Operator, add::Add, clamp::Clamp, matmul::MatMul},
    tensor::{DType, TensorType},
};
use std::hint::black_box;

fn main() {
    println!("kernels: {}", Isa::detect().name());
    report("weights 11.5 MB", &product(3_391, 3_391));
    report("16384 operators", &clamps(16_384));
    report("worst scales 8 x 60000", &scales(8, 60_000));
    report("adds on constants", &constant_adds(1 << 17, 2));
    report("small", &product(64, 10));
    words();
}

/// Nanoseconds of one run, on the processor: other programs do not count. The median of five
/// series, each long enough for the kernel's coarse bookkeeping.
fn time<T>(mut run: impl FnMut() -> T) -> f64 {
    const SERIES_NS: f64 = 100e6;
    let mut samples: Vec<f64> = (0..5)
        .map(|_| {
            let start = thread_time();
            let mut runs = 0.0;
            while thread_time() - start < SERIES_NS {
                // Reading the clock takes microseconds: runs that are shorter go many at a time.
                for _ in 0..16 {
                    black_box(run());
                }
                runs += 16.0;
            }
            (thread_time() - start) / runs
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    samples[2]
}

/// Nanoseconds that this thread has run (Linux).
fn thread_time() -> f64 {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    statistics.split(' ').next().unwrap().parse().unwrap()
}

fn report(name: &str, payload: &[u8]) {
    let bytes = payload.len() as f64;
    let hash = time(|| keccak256(payload));
    let parse = time(|| model::parse(payload).unwrap());
    let parsed = model::parse(payload).unwrap();
    let items = (parsed.operators.len() + parsed.constants.len()).max(1) as f64;
    let validate = time(|| model::validate(parsed.clone()).unwrap());
    let valid = model::validate(parsed).unwrap();
    let steps = valid.validation_steps().max(1) as f64;
    let plan = time(|| Plan::new(&valid, Isa::detect()));
    let planned = Plan::new(&valid, Isa::detect());
    let arena = time(|| Arena::new(&planned));
    println!(
        "{name}: {bytes} bytes, {items} items, {steps} steps; hash {:.2} ns/byte, parse {:.2} ns/byte, \
         validate {:.2} ns/byte = {:.2} ns/step = {:.0} ns/item, plan {:.2} ns/byte = {:.0} ns/item, \
         arena {:.3} ns/byte of {}",
        hash / bytes,
        parse / bytes,
        validate / bytes,
        validate / steps,
        validate / items,
        plan / bytes,
        plan / items,
        arena / valid.arena_bytes() as f64,
        valid.arena_bytes(),
    );
}

fn words() {
    let scale = Ratio {
        numerator: u64::MAX,
        denominator: u64::MAX - 1,
    };
    let quantisation = Quantisation::PerTensor(Affine {
        scale,
        zero_point: Signed32(-128),
    });
    let count = 10_000u32;
    let tensor = TensorType {
        dtype: DType::I8,
        shape: vec![count].try_into().unwrap(),
    };
    let ports = [Port {
        name: Vec::new(),
        tensor,
        quantisation,
        saturates: true,
    }];
    let input = vec![I256::from_raw(U256::from(123_456_789_012_345_678_901_u128)); count as usize];
    let packing = time(|| pack(&ports, input.iter().copied()));
    let packed = pack(&ports, input.into_iter()).unwrap();
    let unpacking = time(|| unpack(&ports, &packed));
    println!(
        "words: in {:.1} ns, out {:.1} ns",
        packing / f64::from(count),
        unpacking / f64::from(count)
    );
}

fn tensor(dtype: DType, shape: &[u32]) -> TensorType {
    TensorType {
        dtype,
        shape: shape.to_vec().try_into().unwrap(),
    }
}

fn build(
    inputs: Vec<(TensorType, Quantisation)>,
    constants: Vec<Constant>,
    operators: Vec<Operator>,
    outputs: Vec<u16>,
) -> Vec<u8> {
    let inputs: Vec<_> = inputs
        .into_iter()
        .zip(b'a'..)
        .map(|((tensor, quantisation), name)| Input {
            name: vec![name].try_into().unwrap(),
            tensor,
            quantisation,
            saturates: false,
        })
        .collect();
    let outputs: Vec<_> = outputs
        .into_iter()
        .zip(b'a'..)
        .map(|(value, name)| Output {
            name: vec![name].try_into().unwrap(),
            value,
            quantisation: Quantisation::None,
        })
        .collect();
    model::encode(&Model {
        version: FORMAT_VERSION,
        inputs: inputs.try_into().unwrap(),
        constants: constants.try_into().unwrap(),
        operators: operators.try_into().unwrap(),
        outputs: outputs.try_into().unwrap(),
    })
}

fn product(depth: u32, width: u32) -> Vec<u8> {
    let data: Vec<u8> = (0..depth * width)
        .map(|index| (index % 251) as u8)
        .collect();
    let weights = Constant {
        tensor: tensor(DType::I8, &[1, depth, width]),
        data: data.try_into().unwrap(),
    };
    let (a_zero_point, b_zero_point) = (Signed32(3), Signed32(-5));
    let matmul = Operator::MatMul(MatMul {
        a: 0,
        b: 1,
        a_zero_point,
        b_zero_point,
    });
    let input = (tensor(DType::I8, &[1, 1, depth]), Quantisation::None);
    build(vec![input], vec![weights], vec![matmul], vec![2])
}

fn clamp(input: u16) -> Operator {
    Operator::Clamp(Clamp {
        input,
        min: Signed32(-100),
        max: Signed32(100),
    })
}

fn clamps(count: u16) -> Vec<u8> {
    let input = (tensor(DType::I8, &[1]), Quantisation::None);
    build(
        vec![input],
        vec![],
        (0..count).map(clamp).collect(),
        vec![count],
    )
}

/// Scales of consecutive Fibonacci numbers: the longest way to show that they are coprime.
fn scales(ports: u16, entries: u32) -> Vec<u8> {
    let scale = Ratio {
        numerator: 12_200_160_415_121_876_738,
        denominator: 7_540_113_804_746_346_429,
    };
    let affine = Affine {
        scale,
        zero_point: Signed32(0),
    };
    let entries_list = vec![affine; entries as usize];
    let quantisation = Quantisation::PerElement(PerElement {
        axis: 0,
        entries: entries_list.try_into().unwrap(),
    });
    let input = (tensor(DType::I8, &[entries]), quantisation);
    let operators = (0..ports).map(clamp).collect();
    let outputs = (ports..2 * ports).collect();
    build(vec![input; usize::from(ports)], vec![], operators, outputs)
}

/// Sums of constants, and one sum with the input.
fn constant_adds(elements: u32, count: u16) -> Vec<u8> {
    let data = vec![1u8; 4 * elements as usize];
    let constant = Constant {
        tensor: tensor(DType::I32, &[elements]),
        data: data.try_into().unwrap(),
    };
    let mut operators: Vec<_> = (0..count)
        .map(|at| Operator::Add(Add { a: at + 1, b: 1 }))
        .collect();
    operators.push(Operator::Add(Add { a: count + 1, b: 0 }));
    let input = (tensor(DType::I32, &[elements]), Quantisation::None);
    build(vec![input], vec![constant], operators, vec![count + 2])
}
