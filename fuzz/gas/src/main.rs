//! `gas`: searches for the models that take longest for the gas that they pay, on each set of kernels,
//! and measures what the precompile takes beside the runtime.
//!
//! [`families`] makes models from decisions, [`bench`] measures them, [`search`] looks for the worst.
//! What may not live here: prices (they are in `fixpoint_precompile::gas`), and anything that consensus
//! depends on.

mod bench;
mod chain;
mod class;
mod clock;
mod draw;
mod families;
mod overhead;
mod random;
mod report;
mod search;
mod sketch;
mod subject;

use crate::{
    bench::Bench,
    class::Class,
    clock::Effort,
    random::Models,
    report::{SetReport, bar_mgas},
    search::{Pool, Random, search},
};
use anyhow::{Context as _, Result, ensure};
use clap::Parser as _;
use fixpoint_runtime::kernels::Isa;
use std::process::ExitCode;

/// Dearest model of a search, in gas: many small ones say more than a few large ones.
const MAX_GAS: f64 = 600e3;
/// Sets of kernels that prices stand on. Plain Rust has a bar too, but every x86-64 has `sse2`.
const SETS: [&str; 2] = ["sse2", "avx2"];

/// Search for the models that take longest for the gas that they pay.
///
/// For each class of work, and each part of a call and of a load that has a price, members of families
/// of models are drawn and changed as long as there is time; the slowest are measured again. Times are
/// those of the processor for this thread, so other programs hardly count, but they do take caches away.
/// Ends with 1 if anything is below its bar: 40 Mgas/s for `portable` and `sse2`, else 100.
#[derive(clap::Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "Examples:
  gas
  gas --isa avx2 --seconds-per-class 0 --random-models 0
  gas --isa avx2 --class macs_i8 --class gather --seconds-per-class 60
  gas --random-models 0 --json > gas.json
  gas --again 'CONV2D i8' 00a1b2c3 --isa avx2
  gas overhead digits.fxp"
)]
#[command(args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Sets of kernels [default: sse2 and avx2, as far as this machine has them]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    isa: Vec<String>,
    /// Classes [default: all]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    class: Vec<String>,
    /// Seconds of the processor to search, each class on each set of kernels; with 0 only members that
    /// were slow once are measured
    #[arg(long, value_name = "S", default_value_t = 20.0)]
    seconds_per_class: f64,
    /// What the search begins with, and the seed of the first random model
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Random models of which to measure the slowest 1,000 (none if classes are named)
    #[arg(long, value_name = "N")]
    random_models: Option<usize>,
    /// Measure one member again, of this family and by these decisions, as `--json` shows them
    #[arg(long, num_args = 2, value_names = ["FAMILY", "HEX"], conflicts_with = "random_models")]
    again: Vec<String>,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Subcommand)]
enum Command {
    Overhead(overhead::Args),
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match &args.command {
        Some(Command::Overhead(args)) => overhead::run(args),
        None => run(&args),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("gas: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether everything reaches its bar.
fn run(args: &Args) -> Result<bool> {
    ensure!(
        args.seconds_per_class >= 0.0 && args.seconds_per_class <= 86_400.0,
        "--seconds-per-class is at most 86400"
    );
    let sets = sets(args)?;
    let classes = classes(args)?;
    if let [family, decisions] = &args.again[..] {
        return again(family, decisions, &classes, &sets);
    }
    let count = args.random_models.unwrap_or(match args.class.len() {
        0 => 10_000,
        _ => 0,
    });
    if count > 0 {
        eprintln!("making {count} random models");
    }
    let models = Models::new(args.seed, count);
    let reports: Vec<_> = sets
        .into_iter()
        .map(|isa| measure_set(args, isa, &classes, &models))
        .collect();
    if args.json {
        let reports: Vec<_> = reports.iter().map(SetReport::json).collect();
        println!("{}", serde_json::to_string_pretty(&reports)?);
    } else {
        let tables: Vec<_> = reports.iter().map(SetReport::markdown).collect();
        print!("{}", tables.join("\n"));
    }
    Ok(reports.iter().all(SetReport::passes))
}

fn sets(args: &Args) -> Result<Vec<Isa>> {
    if args.isa.is_empty() {
        return Ok(SETS.iter().filter_map(|name| Isa::named(name)).collect());
    }
    let sets = args.isa.iter().map(|name| {
        Isa::named(name).with_context(|| {
            let names: Vec<_> = Isa::available().map(Isa::name).collect();
            format!("--isa {name}: this machine has {}", names.join(", "))
        })
    });
    sets.collect()
}

fn classes(args: &Args) -> Result<Vec<Class>> {
    if args.class.is_empty() {
        return Ok(Class::all().collect());
    }
    let classes = args.class.iter().map(|name| {
        Class::named(name).with_context(|| {
            let names: Vec<_> = Class::all().map(Class::name).collect();
            format!("--class {name}: there are {}", names.join(", "))
        })
    });
    classes.collect()
}

fn measure_set(args: &Args, isa: Isa, classes: &[Class], models: &Models) -> SetReport {
    let families = families::all();
    let mut bench = Bench::new(isa);
    let (mut pool, mut random) = (Pool::default(), Random::new(args.seed));
    let mut report = SetReport {
        isa,
        classes: Vec::new(),
        models: Vec::new(),
        measured: 0,
    };
    for &class in classes {
        let before = pool.measured;
        let found = search(
            class,
            &families,
            args.seconds_per_class,
            (&mut pool, &mut random),
            |subject, is_careful| {
                let effort = if is_careful {
                    Effort::REPORT
                } else {
                    Effort::SEARCH
                };
                bench.measure_again(subject, MAX_GAS, effort)
            },
        );
        let worst = found.first().map_or_else(
            || "nothing that pays mostly for it".to_owned(),
            |found| {
                let measured = &found.measured;
                format!(
                    "{:.1} Mgas/s, {}",
                    measured.mgas_per_second(),
                    measured.what
                )
            },
        );
        let count = pool.measured - before;
        eprintln!("{} {}: {count} models, {worst}", isa.name(), class.name());
        report.classes.push((class, found));
    }
    report.measured = pool.measured;
    report.models = models.slowest(&mut bench);
    if let Some(worst) = report.models.first() {
        let rate = worst.measured.mgas_per_second();
        let seed = worst.seed;
        eprintln!(
            "{} random models: {rate:.1} Mgas/s, seed {seed}",
            isa.name()
        );
    }
    report
}

/// Measures one member with care, as one of each class.
fn again(family: &str, decisions: &str, classes: &[Class], sets: &[Isa]) -> Result<bool> {
    let families = families::all();
    let family = families.iter().find(|other| other.name == family);
    let family = family.context("--again: there is no such family")?;
    let decisions = hex::decode(decisions).context("--again: decisions are hexadecimal")?;
    let mut passes = true;
    for isa in sets {
        let mut bench = Bench::new(*isa);
        for &class in classes {
            let subject = search::member(family, class, &decisions);
            let measured =
                subject.and_then(|of| bench.measure_again(&of, f64::MAX, Effort::REPORT));
            let Some(measured) = measured.filter(|measured| measured.class == class) else {
                continue;
            };
            let rate = measured.mgas_per_second();
            passes &= rate >= bar_mgas(*isa);
            println!(
                "{} {}: {rate:.1} Mgas/s, {:.0} gas, {:.0} ns, {}",
                isa.name(),
                class.name(),
                measured.gas,
                measured.ns,
                measured.what
            );
        }
    }
    Ok(passes)
}
