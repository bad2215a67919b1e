//! `fixpoint bench`: how fast a model runs on this machine, alone or in a block.

mod block;
mod scenario;

use crate::output::out;
use anyhow::{Context as _, Result, ensure};
use fixpoint_client::{local_model::LocalModel, model_file, text::grouped};
use fixpoint_node::pre_execution::{MAX_THREADS, default_threads};
use fixpoint_runtime::{graph::Plan, kernels::Isa};
use std::{
    path::PathBuf,
    sync::{Arc, Barrier},
    thread,
    time::{Duration, Instant},
};

/// Time a model on this machine.
///
/// Runs it on a zero input until the time is over, with each set of kernels that this machine has, the
/// fastest first, and prints medians. Results are the same whichever kernels run.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  fixpoint bench digits.fxp
  fixpoint bench digits.fxp --threads 2 --json
  fixpoint bench digits.fxp --isa avx2
  fixpoint bench digits.fxp --block 100")]
pub(crate) struct Args {
    /// The compiled model
    model: PathBuf,
    /// Independent inferences at once, of one model in memory
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: u16,
    /// How long to run each set of kernels
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    seconds: f64,
    /// Run one set of kernels alone, by its name in the table
    #[arg(long, value_name = "NAME")]
    isa: Option<String>,
    /// Time a block of N transactions, each with an inference on an input of its own: executed in the
    /// block, and run before it by the devnet's threads
    #[arg(long, value_name = "N", conflicts_with_all = ["threads", "seconds", "isa"],
        value_parser = clap::value_parser!(u16).range(1..=10_000))]
    block: Option<u16>,
    /// With --block: threads that run transactions before it (default: as `fixpoint devnet`)
    #[arg(long, value_name = "N", requires = "block",
        value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_THREADS)))]
    pre_execution_threads: Option<u16>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// What one set of kernels did.
struct Measured {
    isa: &'static str,
    median: Duration,
    inferences_per_second: f64,
}

pub(crate) fn run(args: Args) -> Result<()> {
    ensure!(
        args.seconds > 0.0 && args.seconds <= 3600.0,
        "--seconds is more than 0 and at most 3600"
    );
    let file = model_file::read(&args.model)?;
    if let Some(transactions) = args.block {
        let threads = args.pre_execution_threads.unwrap_or_else(default_threads);
        return block::run(&file.payload, transactions, threads, args.json);
    }
    let duration = Duration::from_secs_f64(args.seconds);
    let mut sets: Vec<Isa> = match &args.isa {
        Some(name) => vec![Isa::named(name).with_context(|| {
            let sets: Vec<_> = Isa::available().map(Isa::name).collect();
            format!("--isa {name}: this machine has {}", sets.join(", "))
        })?],
        None => Isa::available().collect(),
    };
    sets.reverse();
    let measured = sets
        .into_iter()
        .map(|isa| measure(&file, isa, args.threads, duration))
        .collect::<Result<Vec<_>>>()?;
    let macs = file.model.work().macs();
    if args.json {
        let rows = measured.iter().map(|row| {
            serde_json::json!({
                "isa": row.isa,
                "median_us": row.median.as_secs_f64() * 1e6,
                "inferences_per_second": row.inferences_per_second,
                "gmacs_per_second": row.inferences_per_second * macs as f64 / 1e9,
            })
        });
        let result = serde_json::json!({
            "threads": args.threads,
            "macs": macs,
            "kernels": rows.collect::<Vec<_>>(),
        });
        out!("{}", serde_json::to_string_pretty(&result)?);
        return Ok(());
    }
    out!(
        "{} multiply-accumulates, {} thread(s)",
        grouped(macs),
        args.threads
    );
    for row in measured {
        out!(
            "{:<12} {:>10.1} us (median)  {:>12.0} inferences/s  {:>8.2} GMAC/s",
            row.isa,
            row.median.as_secs_f64() * 1e6,
            row.inferences_per_second,
            row.inferences_per_second * macs as f64 / 1e9,
        );
    }
    Ok(())
}

fn measure(
    file: &model_file::ModelFile,
    isa: Isa,
    threads: u16,
    duration: Duration,
) -> Result<Measured> {
    let input =
        vec![0; usize::try_from(file.model.input_bytes()).context("the input is too long")?];
    let plan = Arc::new(Plan::new(&file.model, isa));
    // All begin together, after a run that touches their memory.
    let start = Barrier::new(usize::from(threads));
    let workers = thread::scope(|scope| {
        let workers = (0..threads)
            .map(|_| {
                let model = LocalModel::of_plan(file, Arc::clone(&plan));
                let (input, start) = (&input, &start);
                scope.spawn(move || time_runs(model, input, start, duration))
            })
            .collect::<Vec<_>>();
        workers
            .into_iter()
            .map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect::<Result<Vec<_>>>()
    })?;
    let rates = workers
        .iter()
        .map(|worker| worker.times.len() as f64 / worker.elapsed.as_secs_f64());
    let inferences_per_second = rates.sum();
    let mut times = workers
        .iter()
        .flat_map(|worker| &worker.times)
        .copied()
        .collect::<Vec<_>>();
    times.sort_unstable();
    Ok(Measured {
        isa: isa.name(),
        median: times[times.len() / 2],
        inferences_per_second,
    })
}

/// What one thread did.
struct Worker {
    times: Vec<Duration>,
    elapsed: Duration,
}

/// At least one run, then runs until the time is over.
fn time_runs(
    mut model: LocalModel,
    input: &[u8],
    start: &Barrier,
    duration: Duration,
) -> Result<Worker> {
    let first = model.run_raw(input).map(|_| ()).context("a zero input");
    // Those that fail let the others begin.
    start.wait();
    first?;
    let begun = Instant::now();
    let mut times = Vec::new();
    while times.is_empty() || begun.elapsed() < duration {
        let started = Instant::now();
        model.run_raw(input)?;
        times.push(started.elapsed());
    }
    Ok(Worker {
        times,
        elapsed: begun.elapsed(),
    })
}
