//! `fixpoint inspect`: what a compiled model is and what it costs.

use crate::{
    cost::{self, Cost},
    model_file::{self, ModelFile},
    output::out,
    ports::{Port, Ports},
    solidity,
    text::{self, grouped},
};
use alloy_primitives::keccak256;
use anyhow::{Context as _, Result};
use fixpoint_runtime::tensor::TensorType;
use std::path::PathBuf;

/// Show a compiled model: graph, shapes, bytes, gas by operator, cost to deploy.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  fixpoint inspect digits.fxp
  fixpoint inspect digits.fxp --json
  fixpoint inspect digits.fxp --solidity Digits.sol")]
pub(crate) struct Args {
    /// The compiled model
    model: PathBuf,
    /// Write a typed Solidity library for this model: sizes, names of inputs and outputs
    #[arg(long, value_name = "Name.sol")]
    solidity: Option<PathBuf>,
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
    let rows = rows(&file);
    if args.json {
        let result = serde_json::json!({
            "payload_bytes": file.payload.len(),
            "content_hash": keccak256(&file.payload),
            "arena_bytes": file.model.arena_bytes(),
            "gas": cost,
            "inputs": ports.inputs.iter().map(port_json).collect::<Vec<_>>(),
            "outputs": ports.outputs.iter().map(port_json).collect::<Vec<_>>(),
            "operators": rows,
        });
        out!("{}", serde_json::to_string_pretty(&result)?);
    } else {
        print(&file, &ports, &cost, &rows);
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
            output: shown(&file.model.value_types()[first_output + index]),
            gas: cost::operator_gas(work),
        })
        .collect()
}

fn shown(tensor: &TensorType) -> String {
    format!("{:?} {}", tensor.dtype, text::shape(&tensor.shape)).to_lowercase()
}

fn port_json(port: &Port) -> serde_json::Value {
    serde_json::json!({
        "name": port.name,
        "dtype": format!("{:?}", port.dtype).to_lowercase(),
        "shape": port.shape,
        "quantised": !port.is_plain,
    })
}

fn print(file: &ModelFile, ports: &Ports, cost: &Cost, rows: &[Row]) {
    out!("content hash   {}", keccak256(&file.payload));
    out!("payload        {} bytes", grouped(file.payload.len()));
    out!("memory         {} bytes", grouped(file.model.arena_bytes()));
    for (side, ports) in [("input", &ports.inputs), ("output", &ports.outputs)] {
        for port in ports {
            let kind = if port.is_plain {
                "integers"
            } else {
                "real numbers (WAD)"
            };
            let dtype = format!("{:?}", port.dtype).to_lowercase();
            out!(
                "{side:<14} {}: {dtype} {}, {kind}",
                port.name,
                text::shape(&port.shape)
            );
        }
    }
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
