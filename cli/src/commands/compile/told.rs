//! What `fixpoint compile` says: as text, as JSON, as a page.

use crate::{
    model_file::ModelFile,
    output::out,
    port_range::{self, Side},
    text::grouped,
};
use alloy_primitives::keccak256;
use anyhow::Result;
use fixpoint_compiler::report::{
    Report,
    page::{Costs, Page},
};
use fixpoint_precompile::ports::Port;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What is written, and where.
pub(super) struct Files {
    /// The compiled model.
    pub(super) model: PathBuf,
    /// Ranges and choices.
    pub(super) record: Option<PathBuf>,
    /// The page.
    pub(super) report: Option<PathBuf>,
}

/// Everything there is to say.
pub(super) struct Told<'a> {
    /// The compiler's report.
    pub(super) report: &'a Report,
    /// What the model costs.
    pub(super) costs: Costs,
    /// The model.
    pub(super) file: &'a ModelFile,
    /// What is written.
    pub(super) files: Files,
}

impl Told<'_> {
    /// The page, named as the model's file is.
    pub(super) fn page(&self, model: &Path) -> String {
        let name = model.file_stem().unwrap_or_default().to_string_lossy();
        let page = Page {
            name: &name,
            content_hash: &keccak256(&self.file.payload).to_string(),
            report: self.report,
            costs: &self.costs,
        };
        page.render()
    }

    /// All of it for programs.
    ///
    /// # Errors
    /// None so far as numbers can be written as JSON.
    pub(super) fn json(&self) -> Result<()> {
        let path = |path: &Option<PathBuf>| match path {
            Some(path) => path.display().to_string().into(),
            None => Value::Null,
        };
        let mut report = serde_json::to_value(self.report)?;
        report["output"] = self.files.model.display().to_string().into();
        report["calib"] = path(&self.files.record);
        report["report"] = path(&self.files.report);
        report["gas"] = self.gas()?;
        report["inputs"] = port_range::list_json(&Port::inputs_of(&self.file.model), Side::Input);
        report["outputs"] =
            port_range::list_json(&Port::outputs_of(&self.file.model), Side::Output);
        out!("{}", serde_json::to_string_pretty(&report)?);
        Ok(())
    }

    /// Costs, in gas and in wei.
    fn gas(&self) -> Result<Value> {
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

    /// All of it for people.
    ///
    /// # Errors
    /// None.
    pub(super) fn print(&self) -> Result<()> {
        self.print_ports();
        out!("{}", self.report.to_string().trim_end());
        let costs = &self.costs;
        out!(
            "gas of a call       {} (first in a transaction; {} of it loads the model)",
            grouped(costs.first_call),
            grouped(costs.load)
        );
        out!(
            "gas to bring it on  {} to store, {} to activate, once",
            grouped(costs.store),
            grouped(costs.activate)
        );
        out!(
            "to deploy           at most {} gas, {} wei at {} wei of gas price",
            grouped(costs.deploy_at_most),
            grouped(costs.wei(costs.deploy_at_most)),
            grouped(costs.gas_price_wei)
        );
        out!("written             {}", self.files.model.display());
        let others = [
            (&self.files.record, "ranges and choices"),
            (&self.files.report, "report"),
        ];
        for (path, what) in others {
            if let Some(path) = path {
                out!("                    {} ({what})", path.display());
            }
        }
        Ok(())
    }

    fn print_ports(&self) {
        let inputs = Port::inputs_of(&self.file.model);
        let outputs = Port::outputs_of(&self.file.model);
        for (label, ports, side) in [
            ("input", inputs, Side::Input),
            ("output", outputs, Side::Output),
        ] {
            for port in &ports {
                out!("{label:<19} {}", port_range::title(port));
                out!("{:<19} {}", "", port_range::to_text(port, side));
            }
        }
    }
}
