//! Layers: what each does to accuracy, how they hang together, their ranges.

use super::{
    figures::{clean, count, real, share, shown},
    picture, plots,
};
use crate::report::{LayerReport, Report};
use maud::{Markup, html};

/// Layers in the list of those that hurt most.
const WORST: usize = 12;

/// Where accuracy is lost.
pub(super) fn hurting_layers(report: &Report) -> Markup {
    let mut measured: Vec<(usize, &LayerReport, f64)> = report
        .layers
        .iter()
        .enumerate()
        .filter_map(|(index, layer)| Some((index, layer, layer.error?)))
        .collect();
    measured.sort_by(|a, b| b.2.total_cmp(&a.2));
    let Some(&(_, _, most)) = measured.first() else {
        return html! {};
    };
    let class = |layer: &LayerReport| {
        layer.precision.map_or("chip", |precision| match precision {
            "int8" => "chip int8",
            "int16" => "chip int16",
            _ => "chip int32",
        })
    };
    html! {
        section {
            h2 { "Layers that hurt most" }
            p.soft {
                "What each layer alone adds to the outputs\u{2019} error: the layer in its integers, all others in floating point, on "
                (count("/layer_samples", report.layer_samples as u64))
                " samples. Root mean square, in standard deviations of the float model\u{2019}s answers."
            }
            div.wide {
                table {
                    @for (index, layer, error) in measured.iter().take(WORST) {
                        tr {
                            td.name { (shown(&layer.name)) span { (clean(&layer.operators)) } }
                            td { @if let Some(precision) = layer.precision { span class=(class(layer)) { (precision) } } }
                            td.bar { (plots::bar(*error, most, "heat")) }
                            td.number { (real(&format!("/layers/{index}/error"), *error)) }
                            td.number.soft {
                                @if let Some(before) = layer.error_int8 {
                                    (real(&format!("/layers/{index}/error_int8"), before)) " at int8"
                                }
                            }
                        }
                    }
                }
            }
            @if measured.len() > WORST {
                p.soft { "The other " (measured.len() - WORST) " add less each." }
            }
        }
    }
}

/// The picture of the graph.
pub(super) fn graph(report: &Report) -> Markup {
    let Some(picture) = picture::picture(report) else {
        return html! {};
    };
    html! {
        section {
            h2 { "The graph" }
            figure {
                div.frame { (picture) }
                figcaption {
                    "Each box is a layer: its operators, the shape of its result, and its share of the gas of the work. "
                    @if report.layer_samples > 0 { "The stronger the red edge, the more error it adds." }
                }
            }
        }
    }
}

/// What values occur, and what their integers can stand for.
pub(super) fn ranges(report: &Report) -> Markup {
    let ranged =
        |(index, layer): (usize, &LayerReport)| Some((index, layer.range?, layer.representable?));
    let rows: Vec<_> = report
        .layers
        .iter()
        .enumerate()
        .filter_map(ranged)
        .collect();
    if rows.is_empty() {
        return html! {};
    }
    html! {
        section {
            h2 { "Ranges" }
            p.soft {
                "The values of each layer\u{2019}s result over the calibration samples, inside of what its integers can stand for; "
                "and the share beyond that, over the samples that layers were measured on."
            }
            div.wide {
                table {
                    tr {
                        th { "layer" } th { "range" } th.number { "smallest" } th.number { "largest" }
                        th.number { "from" } th.number { "to" } th.number { "beyond" }
                    }
                    @for (index, range, limits) in rows {
                        @let layer = &report.layers[index];
                        @let key = |field: &str| format!("/layers/{index}/{field}");
                        tr {
                            td.name { (shown(&layer.name)) }
                            td.bar { (plots::range(range, limits)) }
                            td.number { (real(&key("range/0"), range[0])) }
                            td.number { (real(&key("range/1"), range[1])) }
                            td.number.soft { (real(&key("representable/0"), limits[0])) }
                            td.number.soft { (real(&key("representable/1"), limits[1])) }
                            td.number {
                                @if let Some(saturated) = layer.saturated { (share(&key("saturated"), saturated)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
