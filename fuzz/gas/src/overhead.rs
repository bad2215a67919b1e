//! What the precompile takes beside the runtime: a call on a warm model, and a cold load step by step.

use crate::{
    bench::{calldata, load_model},
    chain::Chain,
    clock::{Effort, time},
};
use alloy_primitives::keccak256;
use anyhow::{Context as _, Result};
use fixpoint_precompile::{
    Environment, Status,
    cache::LruCache,
    gas::{Encoding, GENESIS},
    load::LoadedModel,
    root::{Root, chunk_codes, chunk_count},
    tally::Tally,
};
use fixpoint_runtime::{
    graph::{Arena, Plan},
    kernels::Isa,
    model::{
        encode,
        format::{Quantisation, Signed32},
        parse, validate,
    },
    ops::{Operator, rescale::Rescale},
    tensor::DType,
};
use fixpoint_test_vectors::builder::{self, ModelBuilder, tensor};
use std::path::PathBuf;

/// What a warm call may take beside the runtime.
const MAX_CALL_NS: f64 = 3e3;
/// What a cold load of [`network`] may take.
const MAX_LOAD_NS: f64 = 10e6;

/// Measure what the precompile takes beside the runtime.
///
/// A call of `inferenceRaw` on a model that is loaded, all state warm, without the time of the run
/// itself; and a load of 3.4 MB in 140 chunks that no cache holds, step by step. The state is in memory:
/// a database's time is not in it. Ends with 1 if the call takes 3 us or more, or the load 10 ms.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The compiled model that is called
    model: PathBuf,
    /// Kernels [default: the fastest of this machine]
    #[arg(long, value_name = "NAME")]
    isa: Option<String>,
}

/// Whether both are within their limits.
pub(crate) fn run(args: &Args) -> Result<bool> {
    let isa = match &args.isa {
        Some(name) => Isa::named(name).context("--isa: this machine has no such kernels")?,
        None => Isa::detect(),
    };
    let payload = std::fs::read(&args.model);
    let payload = payload.with_context(|| format!("can't read {}", args.model.display()))?;
    println!("kernels: {}", isa.name());
    let is_call_fast = call(&payload, isa)?;
    Ok(load(&network(), isa)? && is_call_fast)
}

fn call(payload: &[u8], isa: Isa) -> Result<bool> {
    let valid = validate(parse(payload)?)?;
    let mut chain = Chain::with_model(payload).context("the model fits no root")?;
    let loaded = load_model(&mut chain, isa).context("the model does not load")?;
    let LoadedModel { plan, record, .. } = &*loaded;
    chain.activate(record).context("no state")?;
    let input = vec![0; record.input_bytes as usize];
    let calldata = calldata(&valid, &input, Encoding::Raw);
    let cache = LruCache::new(usize::MAX);
    let tally = Tally::default();
    let environment = Environment {
        gas: &GENESIS,
        cache: &cache,
        answers: None,
        tally: &tally,
        isa,
    };
    let outcome = chain.call(&calldata, &environment)?;
    anyhow::ensure!(outcome.status == Status::Success, "the call fails");
    let mut arena = Arena::new(plan);
    let mut output = vec![0; record.output_bytes as usize];
    // In turns, so that both see the same machine.
    let mut beside: Vec<_> = (0..15)
        .map(|_| {
            let call = time(Effort::MODELS, || chain.call(&calldata, &environment));
            let run = time(Effort::MODELS, || plan.run(&mut arena, &input, &mut output));
            (call - run, call)
        })
        .collect();
    beside.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (beside, call) = beside[beside.len() / 2];
    println!(
        "warm inferenceRaw: {call:.0} ns, of which {beside:.0} ns beside the run (limit {MAX_CALL_NS:.0})"
    );
    Ok(beside < MAX_CALL_NS)
}

fn load(payload: &[u8], isa: Isa) -> Result<bool> {
    let mut chain = Chain::with_model(payload).context("the model fits no root")?;
    let all = time(Effort::REPORT, || load_model(&mut chain, isa));
    let (_, code) = chain.root.clone().context("no root")?;
    let root = time(Effort::REPORT, || (keccak256(&code), Root::decode(&code)));
    let chunks = chunk_codes(payload, Default::default());
    let copy = time(Effort::REPORT, || chunks.concat());
    let hash = time(Effort::REPORT, || keccak256(payload));
    let parsing = time(Effort::REPORT, || parse(payload));
    let model = parse(payload)?;
    let cloning = time(Effort::REPORT, || model.clone());
    let validating = time(Effort::REPORT, || validate(model.clone())) - cloning;
    let valid = validate(model)?;
    let planning = time(Effort::REPORT, || Plan::new(&valid, isa));
    println!(
        "cold load of {} bytes in {} chunks: {:.2} ms (limit {:.0})",
        payload.len(),
        chunk_count(payload.len() as u32),
        all / 1e6,
        MAX_LOAD_NS / 1e6,
    );
    let steps = [
        ("hash and decode the root", root),
        ("put chunks together", copy),
        ("hash the payload", hash),
        ("parse", parsing),
        ("validate", validating),
        ("plan, pack weights", planning),
    ];
    for (name, ns) in steps {
        let per_byte = ns / payload.len() as f64;
        println!("  {name:26} {:6.2} ms, {per_byte:5.2} ns/byte", ns / 1e6);
    }
    Ok(all < MAX_LOAD_NS)
}

/// As many weights as MobileNetV2 has, in pointwise convolutions of 320 channels with a bias and a scale
/// for each: 140 chunks.
fn network() -> Vec<u8> {
    const CHANNELS: u32 = 320;
    const LAYERS: u32 = 33;
    let mut model = ModelBuilder::new();
    let input = tensor(DType::I8, &[1, 1, 1, CHANNELS]);
    let mut value = model.input("x", input, Quantisation::None);
    let constants: Vec<_> = (0..LAYERS)
        .map(|layer| {
            let weights = (0..CHANNELS * CHANNELS).map(|at| ((at * 7 + layer) % 251) as u8);
            let weights = model.constant_bytes(
                tensor(DType::I8, &[CHANNELS, 1, 1, CHANNELS]),
                weights.collect(),
            );
            let bias: Vec<_> = (0..i64::from(CHANNELS)).collect();
            (
                weights,
                model.constant(tensor(DType::I32, &[CHANNELS]), &bias),
            )
        })
        .collect();
    let channels = CHANNELS as usize;
    let scale = Rescale {
        multipliers: vec![Signed32(1 << 30); channels].try_into().expect("few"),
        shifts_bits: vec![40; channels].try_into().expect("few"),
        per_channel: true,
        ..builder::rescale(0, DType::I8, 1 << 30, 40)
    };
    for (weights, bias) in constants {
        let sums = model.push(Operator::Conv2d(builder::conv2d(value, weights, bias)));
        let mut scale = scale.clone();
        scale.input = sums;
        value = model.push(Operator::Rescale(scale));
    }
    model.output("y", value, Quantisation::None);
    encode(&model.build())
}
