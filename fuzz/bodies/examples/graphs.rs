//! Compares the runtime with the reference on random graphs, for as many as are asked for.
//!
//! `cargo run --release -p fixpoint-fuzz-bodies --example graphs -- --graphs 100000 --seed 1`
//!
//! Graph number n has the seed `--seed` + n, so a difference is found again with its seed and
//! `--graphs 1`.

use fixpoint_fuzz_bodies::graphs::{Tally, check_seed};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    time::{Duration, Instant},
};

/// Between two lines of progress.
const PERIOD: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let graphs = argument("--graphs").unwrap_or(10_000);
    let first_seed = argument("--seed").unwrap_or(1);
    let mut tally = Tally::default();
    let mut last = Instant::now();
    for seed in first_seed..first_seed + graphs {
        let checked = catch_unwind(AssertUnwindSafe(|| check_seed(seed, &mut tally)));
        if checked.is_err() {
            println!("DIFFERENCE: --graphs 1 --seed {seed} shows it again");
            return ExitCode::FAILURE;
        }
        if last.elapsed() > PERIOD {
            last = Instant::now();
            println!(
                "{} of {graphs} graphs, {} operator cases",
                tally.graphs,
                cases(&tally)
            );
        }
    }
    report(&tally);
    ExitCode::SUCCESS
}

/// The number after a flag.
fn argument(flag: &str) -> Option<u64> {
    let mut arguments = std::env::args().skip_while(|argument| argument != flag);
    arguments.nth(1)?.parse().ok()
}

fn cases(tally: &Tally) -> u64 {
    let counts = tally.operators.values();
    counts.map(|count| count.positive + count.failing).sum()
}

fn report(tally: &Tally) {
    println!(
        "{:24} {:>9} {:>9} {:>9}",
        "operator", "positive", "failing", "refused"
    );
    for (name, count) in &tally.operators {
        println!(
            "{name:24} {:9} {:9} {:9}",
            count.positive, count.failing, count.refused
        );
    }
    println!();
    for ((name, cause), times) in tally.refusals.iter().filter(|(_, times)| **times > 20) {
        println!("refused {times:6}: {name} {cause}");
    }
    println!(
        "\n{} graphs, {} runs ({} gave outputs, {} failed), {} operators, {} operator cases, \
         differences: 0",
        tally.graphs,
        tally.positive + tally.failing,
        tally.positive,
        tally.failing,
        tally.operators.len(),
        cases(tally),
    );
}
