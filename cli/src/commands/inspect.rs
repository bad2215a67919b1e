//! `fixpoint inspect`: what a compiled model is and what it costs.

use crate::{output::out, solidity};
use alloy_primitives::keccak256;
use anyhow::{Context as _, Result};
use fixpoint_client::{
    cost::{self, Cost},
    model_file::{self, ModelFile},
    port_range::{self, Side},
    ports::Ports,
    text::{self, grouped},
};
use fixpoint_compiler::tosa;
use fixpoint_precompile::ports::Port;
use std::path::PathBuf;

/// Show a compiled model: graph, shapes, ranges, bytes, gas by operator, cost to deploy.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  fixpoint inspect digits.fxp
  fixpoint inspect digits.fxp --json
  fixpoint inspect digits.fxp --solidity Digits.sol
  fixpoint inspect digits.fxp --tosa digits.tosa")]
pub(crate) struct Args {
    /// The compiled model
    model: PathBuf,
    /// Write a typed Solidity library for this model: sizes, names and ranges of
    /// inputs and outputs
    #[arg(long, value_name = "Name.sol")]
    solidity: Option<PathBuf>,
    /// Write the graph as a TOSA 1.0 flatbuffer, for the TOSA reference model; scales
    /// of inputs and outputs have no place in it
    #[arg(long, value_name = "M.tosa")]
    tosa: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// One operator of the graph.
#[derive(serde::Serialize)]
struct Row {
    operator: usize,
    name: &'static str,
    output: String,
    gas: f64,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let file = model_file::read(&args.model)?;
    let (cost, _) = cost::measure(&file)?;
    let ports = Ports::of_model(&file.model);
    if let Some(path) = &args.solidity {
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        let source = solidity::library(name, &file, &ports)?;
        std::fs::write(path, source).with_context(|| format!("can't write {}", path.display()))?;
    }
    if let Some(path) = &args.tosa {
        let bytes = tosa::export(file.model.model())?;
        std::fs::write(path, bytes).with_context(|| format!("can't write {}", path.display()))?;
    }
    let rows = rows(&file);
    if args.json {
        let result = serde_json::json!({
            "payload_bytes": file.payload.len(),
            "content_hash": keccak256(&file.payload),
            "arena_bytes": file.model.arena_bytes(),
            "gas": cost,
            "inputs": port_range::list_json(&Port::inputs_of(&file.model), Side::Input),
            "outputs": port_range::list_json(&Port::outputs_of(&file.model), Side::Output),
            "operators": rows,
        });
        out!("{}", serde_json::to_string_pretty(&result)?);
    } else {
        print(&file, &cost, &rows);
    }
    Ok(())
}

fn rows(file: &ModelFile) -> Vec<Row> {
    let model = file.model.model();
    let first_output = model.inputs.len() + model.constants.len();
    let work = file.model.operator_work();
    model
        .operators
        .iter()
        .zip(work)
        .enumerate()
        .map(|(index, (operator, work))| Row {
            operator: index,
            name: operator.name(),
            output: text::tensor(&file.model.value_types()[first_output + index]),
            gas: cost::operator_gas(work),
        })
        .collect()
}

fn print_ports(label: &str, ports: &[Port], side: Side) {
    for port in ports {
        out!("{label:<14} {}", port_range::title(port));
        out!("{:<14}   {}", "", port_range::to_text(port, side));
    }
}

fn print(file: &ModelFile, cost: &Cost, rows: &[Row]) {
    out!("content hash   {}", keccak256(&file.payload));
    out!("payload        {} bytes", grouped(file.payload.len()));
    out!("memory         {} bytes", grouped(file.model.arena_bytes()));
    print_ports("input", &Port::inputs_of(&file.model), Side::Input);
    print_ports("output", &Port::outputs_of(&file.model), Side::Output);
    out!("");
    out!(
        "{:>5}  {:<24} {:<24} {:>12}",
        "#",
        "operator",
        "output",
        "gas"
    );
    for row in rows {
        out!(
            "{:>5}  {:<24} {:<24} {:>12.1}",
            row.operator,
            row.name,
            row.output,
            row.gas
        );
    }
    out!("");
    out!(
        "gas of a call  {} (first in a transaction; {} of it loads the model)",
        grouped(cost.first_call),
        grouped(cost.load)
    );
    out!(
        "gas to deploy  {} to store, {} to activate, once",
        grouped(cost.store),
        grouped(cost.activate)
    );
}
