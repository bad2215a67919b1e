//! `fixpoint`: compile, inspect, run, deploy and call models, and run a devnet.
//!
//! Only parsing of arguments and choosing a command live here; each command is one file in
//! [`commands`].

mod answers;
mod bars;
mod bill;
mod commands;
mod config_file;
mod genesis_args;
mod interrupt;
mod output;
mod receipt_proof;
mod samples;
mod solidity;
mod whole_file;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  fixpoint compile digits.onnx --calibration calibration.npz -o digits.fxp
  fixpoint inspect digits.fxp
  fixpoint run digits.fxp --input scan.npy
  fixpoint devnet
  fixpoint deploy digits.fxp --rpc http://127.0.0.1:8545 --private-key $KEY \\
    --name digits --price 1000000000000
  fixpoint call 0xMODEL --input scan.npy --rpc http://127.0.0.1:8545

FIXPOINT_ISA=portable|sse2|avx2|avxvnni|avx512vnni|neon|neondot chooses the kernels, for tests and measurements;
without it, the fastest of this machine run. Results are the same.";

/// Machine learning inside an EVM chain: integer models that every validator runs bit for bit.
#[derive(Parser)]
#[command(name = "fixpoint", version, about, after_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Compile(commands::compile::Args),
    Inspect(commands::inspect::Args),
    Run(commands::run::Args),
    Eval(commands::eval::Args),
    Bench(commands::bench::Args),
    Deploy(commands::deploy::Args),
    Call(commands::call::Args),
    Verify(commands::verify::Args),
    Receipt(commands::receipt::Args),
    Devnet(commands::devnet::Args),
    Genesis(commands::genesis::Args),
    Precompile(commands::precompile::Args),
    Conformance(commands::conformance::Args),
}

fn main() -> ExitCode {
    let result = config_file::arguments(std::env::args_os())
        .map(|arguments| Cli::parse_from(arguments).command)
        .and_then(|command| fixpoint_node::kernels::check().and_then(|()| run(command)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line: the cause chain, innermost last.
            eprintln!("fixpoint: {error:#}");
            if error.is::<interrupt::Stopped>() {
                return interrupt::INTERRUPTED.into();
            }
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Compile(args) => commands::compile::run(args),
        Command::Inspect(args) => commands::inspect::run(args),
        Command::Run(args) => commands::run::run(args),
        Command::Eval(args) => commands::eval::run(args),
        Command::Bench(args) => commands::bench::run(args),
        Command::Deploy(args) => commands::deploy::run(args),
        Command::Call(args) => commands::call::run(args),
        Command::Verify(args) => commands::verify::run(args),
        Command::Receipt(args) => commands::receipt::run(args),
        Command::Devnet(args) => commands::devnet::run(args),
        Command::Genesis(args) => commands::genesis::run(args),
        Command::Precompile(args) => commands::precompile::run(args),
        Command::Conformance(args) => commands::conformance::run(args),
    }
}
