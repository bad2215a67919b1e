//! Progress of a compilation, on a terminal only.

use fixpoint_compiler::{Progress, Stage};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal as _;

/// A progress bar per stage.
pub(crate) struct Bars {
    bar: ProgressBar,
}

impl Bars {
    pub(crate) fn new(quiet: bool) -> Self {
        let shown = !quiet && std::io::stderr().is_terminal();
        let bar = if shown {
            ProgressBar::new(0)
        } else {
            ProgressBar::hidden()
        };
        if let Ok(style) = ProgressStyle::with_template("{msg:16} {bar:40} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        Self { bar }
    }

    pub(crate) fn show(&self, progress: Progress) {
        self.bar.set_message(match progress.stage {
            Stage::Calibrate => "calibrating",
            Stage::Float => "running float",
            Stage::Layers => "measuring layers",
            Stage::Raise => "raising layers",
            Stage::Evaluate => "comparing",
        });
        self.bar.set_length(progress.total as u64);
        self.bar.set_position(progress.done as u64);
    }

    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
