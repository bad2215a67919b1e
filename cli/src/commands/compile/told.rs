//! What `fixpoint compile` says: what there is to say of the model, and what was written.

use crate::output::out;
use anyhow::Result;
use fixpoint_client::compilation::Compilation;
use serde_json::Value;
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
    /// The model, its report, its costs.
    pub(super) compilation: Compilation<'a>,
    /// What is written.
    pub(super) files: Files,
}

impl Told<'_> {
    /// The page, named as the model's file is.
    pub(super) fn page(&self, model: &Path) -> String {
        let name = model.file_stem().unwrap_or_default().to_string_lossy();
        self.compilation.page(&name)
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
        let mut report = self.compilation.json()?;
        report["output"] = self.files.model.display().to_string().into();
        report["calib"] = path(&self.files.record);
        report["report"] = path(&self.files.report);
        out!("{}", serde_json::to_string_pretty(&report)?);
        Ok(())
    }

    /// All of it for people.
    ///
    /// # Errors
    /// None.
    pub(super) fn print(&self) -> Result<()> {
        out!("{}", self.compilation.to_string().trim_end());
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
}
