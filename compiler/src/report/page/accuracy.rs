//! Accuracy: differences from float, figures against labels, what was done for a wanted error.

use super::{
    figures::{clean, count, figure, real, share},
    plots,
};
use crate::report::{Accuracy, OutputAccuracy, Report};
use maud::{Markup, html};

/// Both models side by side.
pub(super) fn accuracy(report: &Report) -> Markup {
    let Some(accuracy) = &report.accuracy else {
        return html! {};
    };
    html! {
        section {
            h2 { "Accuracy" }
            p.soft {
                "Measured on " (count("/accuracy/samples", accuracy.samples as u64)) " samples, "
                @if accuracy.held_back {
                    "held back from the calibration data: " code { "--test" } " gives an independent figure."
                } @else {
                    "a test set that calibration never saw."
                }
            }
            (labelled(accuracy))
            @for (index, output) in accuracy.outputs.iter().enumerate() { (errors(index, output)) }
            (out_of_range(accuracy))
            (mixed(report))
        }
    }
}

/// What a figure is called, its place in the numbers, the model's, the float model's, how it is shown.
type Figure = (
    &'static str,
    &'static str,
    f64,
    Option<f64>,
    fn(&str, f64) -> Markup,
);

/// Figures against labels.
fn labelled(accuracy: &Accuracy) -> Markup {
    let mut rows: Vec<Figure> = Vec::new();
    if let Some(top1) = &accuracy.top1
        && let Some(compiled) = top1.compiled_accuracy
    {
        rows.push((
            "Right class",
            "top1/*_accuracy",
            compiled,
            top1.float_accuracy,
            share,
        ));
    }
    if let Some(of) = &accuracy.regression {
        rows.push((
            "R\u{b2}",
            "regression/*_r2",
            of.compiled_r2,
            of.float_r2,
            real,
        ));
        rows.push((
            "RMS error",
            "regression/*_rms_error",
            of.compiled_rms_error,
            of.float_rms_error,
            real,
        ));
        rows.push((
            "Mean error",
            "regression/*_mean_error",
            of.compiled_mean_error,
            of.float_mean_error,
            real,
        ));
    }
    if rows.is_empty() {
        return html! {};
    }
    html! {
        div.wide {
            table {
                tr { th { "Against the labels" } th.number { "compiled" } th.number { "float" } }
                @for (name, key, compiled, float, show) in rows {
                    @let of = |model: &str| format!("/accuracy/{}", key.replace('*', model));
                    tr {
                        td { (name) }
                        td.number { (show(&of("compiled"), compiled)) }
                        td.number { @if let Some(float) = float { (show(&of("float"), float)) } }
                    }
                }
            }
        }
    }
}

/// The differences of one output.
fn errors(index: usize, output: &OutputAccuracy) -> Markup {
    let key = |field: &str| format!("/accuracy/outputs/{index}/{field}");
    let rows = [
        ("mean", "mean_error", output.mean_error),
        ("root mean square", "rms_error", output.rms_error),
        ("99 % are below", "p99_error", output.p99_error),
        ("largest", "max_error", output.max_error),
        (
            "median, relative",
            "median_relative_error",
            output.median_relative_error,
        ),
        (
            "99 %, relative, are below",
            "p99_relative_error",
            output.p99_relative_error,
        ),
        (
            "99 %, in standard deviations",
            "error_in_deviations",
            output.error_in_deviations,
        ),
        (
            "the float model\u{2019}s values span",
            "float_span",
            output.float_span,
        ),
        (
            "their standard deviation",
            "float_deviation",
            output.float_deviation,
        ),
    ];
    html! {
        h3 { "Output " q { (clean(&output.name)) } }
        figure {
            (plots::histogram(output))
            figcaption {
                "Compiled less float, " (count(&key("elements"), output.elements as u64))
                " values; 99 % lie between the dashed lines."
            }
        }
        div.wide {
            table {
                tr { th { "Difference from float" } th.number {} }
                @for (name, field, value) in rows {
                    tr { td { (name) } td.number { (real(&key(field), value)) } }
                }
                tr {
                    td { "values at an end of the integer range" }
                    td.number { (count(&key("saturated_elements"), output.saturated_elements as u64)) }
                }
                @if output.infinite_elements > 0 {
                    tr {
                        td { "infinite in float, left out" }
                        td.number { (count(&key("infinite_elements"), output.infinite_elements as u64)) }
                    }
                }
            }
        }
    }
}

fn out_of_range(accuracy: &Accuracy) -> Markup {
    if accuracy.clipped_samples == 0 {
        return html! {};
    }
    html! {
        p.warn {
            (count("/accuracy/clipped_samples", accuracy.clipped_samples as u64))
            " samples have input values beyond the calibrated range; the calls of "
            (count("/accuracy/reverting_samples", accuracy.reverting_samples as u64))
            " of them revert."
        }
    }
}

/// What was done for a wanted error.
fn mixed(report: &Report) -> Markup {
    let Some(mixed) = &report.mixed else {
        return html! {};
    };
    html! {
        h3 { "Precision of layers" }
        p {
            "An error below " (real("/mixed/max_error", mixed.max_error))
            " standard deviations was wanted; " (real("/mixed/reached", mixed.reached))
            " is reached on " (count("/mixed/samples", mixed.samples as u64)) " held-back calibration samples, with "
            @if mixed.int16_layers.is_empty() { "no layer at 16 bits." } @else {
                "16 bits in " (mixed.int16_layers.len()) " of " (report.layers.len()) " layers: "
                (clean(&mixed.int16_layers.join(", "))) "."
            }
        }
        @if let Some(gas) = mixed.work_gas {
            p {
                "The work of a call costs " (figure("/mixed/work_gas/1", gas[1], &format!("{:.0}", gas[1])))
                " gas: at int8 it would be " (figure("/mixed/work_gas/0", gas[0], &format!("{:.0}", gas[0])))
                ", at int16 " (figure("/mixed/work_gas/2", gas[2], &format!("{:.0}", gas[2]))) "."
            }
        }
    }
}
