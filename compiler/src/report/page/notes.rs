//! What else there is to know.

use super::figures::clean;
use crate::report::Report;
use maud::{Markup, html};

/// Remarks of the compiler, as a list.
pub(super) fn notes(report: &Report) -> Markup {
    let decimals = report.exact_decimals.iter().map(|(input, decimals)| {
        let least = decimals.iter().min().copied().unwrap_or(0);
        format!("Input {input}: values with up to {least} decimals go through the model exactly as in its source.")
    });
    let calibration = (report.calibration_samples > 0).then(|| {
        format!(
            "Ranges were taken from {} calibration samples.",
            report.calibration_samples
        )
    });
    let notes: Vec<String> = calibration
        .into_iter()
        .chain(decimals)
        .chain(report.remarks.iter().cloned())
        .collect();
    if notes.is_empty() {
        return html! {};
    }
    html! {
        section {
            h2 { "Notes" }
            ul.notes { @for note in &notes { li { (clean(note)) } } }
        }
    }
}
