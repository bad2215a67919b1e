//! Costs: in gas, in wei, and by layer.

use super::{
    Costs, ether_text,
    figures::{clean, count, figure, percent, shape, short, shown},
    plots, wei,
};
use crate::report::Report;
use maud::{Markup, html};

/// Gas, by what it is paid for and by layer.
pub(super) fn costs(report: &Report, costs: &Costs) -> Markup {
    let rows = [
        (
            "A call, the first in a transaction",
            "first_call",
            costs.first_call,
        ),
        ("of it: loading the model", "load", costs.load),
        (
            "Bringing it on chain, at most",
            "deploy_at_most",
            costs.deploy_at_most,
        ),
        ("of it: code of chunks and root", "store", costs.store),
        ("of it: activation", "activate", costs.activate),
    ];
    let work: f64 = report.layers.iter().filter_map(|layer| layer.gas).sum();
    let load = costs.load as f64;
    let rest = (costs.first_call as f64 - load - work).max(0.0);
    html! {
        section {
            h2 { "What it costs" }
            p.soft {
                "At " (figure("/gas/gas_price_wei", costs.gas_price_wei as f64, &short(costs.gas_price_wei as f64 / 1e9)))
                " gwei. " (count("/chunks", report.chunks as u64)) " chunk contract"
                @if report.chunks != 1 { "s" }
                " with " (count("/payload_bytes", report.payload_bytes as u64)) " bytes."
            }
            div.wide {
                table {
                    tr { th {} th.number { "gas" } th.number { "wei" } th.number {} }
                    @for (name, field, gas) in rows {
                        tr {
                            td { (name) }
                            td.number { (count(&format!("/gas/{field}"), gas)) }
                            td.number { (wei(&format!("/gas/wei/{field}"), costs.wei(gas))) }
                            td.number.soft { (ether_text(costs.wei(gas))) }
                        }
                    }
                }
            }
            @if work > 0.0 {
                figure {
                    (plots::parts(&[(load, "fill"), (work, "second"), (rest, "ground")]))
                    figcaption {
                        "A call: loading the model " (percent(load / costs.first_call as f64))
                        ", the layers\u{2019} work " (percent(work / costs.first_call as f64))
                        ", state and words the rest."
                    }
                }
            }
            (by_layer(report, work))
        }
    }
}

fn by_layer(report: &Report, work: f64) -> Markup {
    let most = report
        .layers
        .iter()
        .filter_map(|layer| layer.gas)
        .fold(0.0, f64::max);
    if most == 0.0 {
        return html! {};
    }
    html! {
        h3 { "By layer" }
        div.wide {
            table {
                tr {
                    th { "layer" } th { "gas" } th.number {} th.number { "share" }
                    th.number { "multiply-adds" } th.number { "parameters" } th.number { "result" }
                }
                @for (index, layer) in report.layers.iter().enumerate() {
                    @let key = |field: &str| format!("/layers/{index}/{field}");
                    @let gas = layer.gas.unwrap_or(0.0);
                    tr {
                        td.name { (shown(&layer.name)) span { (clean(&layer.operators)) } }
                        td.bar { (plots::bar(gas, most, "fill")) }
                        td.number { (figure(&key("gas"), gas, &format!("{gas:.1}"))) }
                        td.number { (percent(gas / work)) }
                        td.number { (count(&key("macs"), layer.macs)) }
                        td.number { (count(&key("parameters"), layer.parameters as u64)) }
                        td.number { (shape(&layer.shape)) }
                    }
                }
            }
        }
    }
}
