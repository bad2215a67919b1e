//! What there is to say of a compiled model: as text, as JSON, as a page.

use crate::{
    model_file::ModelFile,
    port_range::{self, Side},
    text::grouped,
};
use alloy_primitives::keccak256;
use fixpoint_compiler::report::{
    Report,
    page::{Costs, Page},
};
use fixpoint_precompile::ports::Port;
use serde_json::{Value, json};
use std::fmt;

/// A compiled model, its report, and its costs. Its text is for people.
pub struct Compilation<'a> {
    /// The compiler's report.
    pub report: &'a Report,
    /// What the model costs.
    pub costs: Costs,
    /// The model.
    pub file: &'a ModelFile,
}

impl Compilation<'_> {
    /// All of it as a page, about a model of this name.
    pub fn page(&self, name: &str) -> String {
        let page = Page {
            name,
            content_hash: &keccak256(&self.file.payload).to_string(),
            report: self.report,
            costs: &self.costs,
        };
        page.render()
    }

    /// All of it for programs: the report, with `gas`, `inputs` and `outputs`.
    ///
    /// # Errors
    /// None so far as numbers can be written as JSON.
    pub fn json(&self) -> serde_json::Result<Value> {
        let mut report = serde_json::to_value(self.report)?;
        report["gas"] = self.gas()?;
        report["inputs"] = port_range::list_json(&Port::inputs_of(&self.file.model), Side::Input);
        report["outputs"] =
            port_range::list_json(&Port::outputs_of(&self.file.model), Side::Output);
        Ok(report)
    }

    /// Costs, in gas and in wei.
    fn gas(&self) -> serde_json::Result<Value> {
        let costs = &self.costs;
        let wei = |gas: u64| costs.wei(gas).to_string();
        let mut gas = serde_json::to_value(costs)?;
        gas["wei"] = json!({
            "first_call": wei(costs.first_call),
            "load": wei(costs.load),
            "activate": wei(costs.activate),
            "store": wei(costs.store),
            "deploy_at_most": wei(costs.deploy_at_most),
        });
        Ok(gas)
    }
}

impl fmt::Display for Compilation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inputs = Port::inputs_of(&self.file.model);
        let outputs = Port::outputs_of(&self.file.model);
        for (label, ports, side) in [
            ("input", inputs, Side::Input),
            ("output", outputs, Side::Output),
        ] {
            for port in &ports {
                writeln!(f, "{label:<19} {}", port_range::title(port))?;
                writeln!(f, "{:<19} {}", "", port_range::to_text(port, side))?;
            }
        }
        writeln!(f, "{}", self.report.to_string().trim_end())?;
        let costs = &self.costs;
        writeln!(
            f,
            "gas of a call       {} (first in a transaction; {} of it loads the model)",
            grouped(costs.first_call),
            grouped(costs.load)
        )?;
        writeln!(
            f,
            "gas to bring it on  {} to store, {} to activate, once",
            grouped(costs.store),
            grouped(costs.activate)
        )?;
        writeln!(
            f,
            "to deploy           at most {} gas, {} wei at {} wei of gas price",
            grouped(costs.deploy_at_most),
            grouped(costs.wei(costs.deploy_at_most)),
            grouped(costs.gas_price_wei)
        )
    }
}
