//! The report as one page: HTML with its style and drawings inside, no script, nothing from elsewhere.
//!
//! - this file: the page and what stands at its top;
//! - `accuracy`, `layers`, `costs`, `notes`: its sections;
//! - `plots`, `picture`: drawings;
//! - `figures`: numbers and names as they are shown.
//!
//! Names come from a model, so from anybody: [`maud`] escapes every text, and what would still be
//! invisible is replaced.

mod accuracy;
mod costs;
mod figures;
mod layers;
mod notes;
mod picture;
mod plots;

pub use figures::grouped;

use super::{Report, Top1};
use figures::{clean, count, figure, figure_of_integer, percent, short};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Serialize;

const STYLE: &str = include_str!("style.css");
/// Written out so that the page is well-formed XML too: no reader has to guess where an element ends.
const META: &str = r#"<meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/><meta name="color-scheme" content="light dark"/><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>"#;

/// What a model costs on a chain, asked of it by whoever shows the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Costs {
    /// Gas of a call, the first in a transaction.
    pub first_call: u64,
    /// The part of it that loads the model; later calls in the transaction do not pay it.
    pub load: u64,
    /// Gas to activate the model, once.
    pub activate: u64,
    /// Gas to write chunks and root, without calldata and transactions.
    pub store: u64,
    /// Gas to bring it on chain at most: transactions, calldata, code, activation, registration.
    pub deploy_at_most: u64,
    /// A gas price, in wei; a text in JSON, whose readers lose digits.
    #[serde(serialize_with = "text")]
    pub gas_price_wei: u128,
}

fn text<S: serde::Serializer>(number: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

impl Costs {
    /// What gas costs, in wei.
    pub const fn wei(&self, gas: u64) -> u128 {
        self.gas_price_wei.saturating_mul(gas as u128)
    }
}

/// What a page is about.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The model's name.
    pub name: &'a str,
    /// Hash of its bytes.
    pub content_hash: &'a str,
    /// The report.
    pub report: &'a Report,
    /// Its costs; the figures' keys say that they stand under `gas` in the report's JSON.
    pub costs: &'a Costs,
}

impl Page<'_> {
    /// The page, as the text of a file.
    pub fn render(&self) -> String {
        let title = clean(self.name);
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    (PreEscaped(META))
                    title { (title) " \u{b7} Fixpoint report" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header.top {
                        h1 { (title) }
                        p.soft {
                            "A model in integers that runs inside the EVM"
                            @if let Some(precision) = self.report.precision { ", at " (precision) }
                            "."
                        }
                        (self.verdict())
                        (self.tiles())
                    }
                    main {
                        (accuracy::accuracy(self.report))
                        (layers::hurting_layers(self.report))
                        (layers::graph(self.report))
                        (costs::costs(self.report, self.costs))
                        (layers::ranges(self.report))
                        (notes::notes(self.report))
                    }
                    footer {
                        p { "Content hash of the model: " code { (clean(self.content_hash)) } }
                        p { "Written by " code { "fixpoint compile" } ". Every number here is one of its " code { "--json" } " report." }
                    }
                }
            }
        };
        page.into_string()
    }

    /// The result in a sentence.
    fn verdict(&self) -> Markup {
        let Some(accuracy) = &self.report.accuracy else {
            return html! {
                p.lead { "Its accuracy was not measured: there were no test samples." }
            };
        };
        let samples = count("/accuracy/samples", accuracy.samples as u64);
        if let Some(Top1 {
            agreement: Some(agreement),
            ..
        }) = accuracy.top1
        {
            return html! {
                p.lead {
                    "It chooses the float model\u{2019}s class in "
                    (figure("/accuracy/top1/agreement", agreement, &percent(agreement)))
                    " of " (samples) " samples."
                }
            };
        }
        let worst = accuracy.outputs.iter().enumerate();
        let worst =
            worst.max_by(|(_, a), (_, b)| a.error_in_deviations.total_cmp(&b.error_in_deviations));
        html! {
            p.lead {
                "It was run on " (samples) " samples."
                @if let Some((index, output)) = worst {
                    " In 99 % of all values it is within "
                    (figure(&format!("/accuracy/outputs/{index}/error_in_deviations"), output.error_in_deviations,
                        &short(output.error_in_deviations)))
                    " standard deviations of the float model."
                }
            }
        }
    }

    fn tiles(&self) -> Markup {
        let (report, costs) = (self.report, self.costs);
        let tile = |number: Markup, label: &str| {
            html! { div.tile { b { (number) } span { (label) } } }
        };
        let deploy = costs.wei(costs.deploy_at_most);
        html! {
            div.tiles {
                (self.headline())
                (tile(count("/gas/first_call", costs.first_call), "gas of a call"))
                (tile(count("/gas/deploy_at_most", costs.deploy_at_most), "gas to deploy, at most"))
                (tile(html! { data value=(deploy) data-key="/gas/wei/deploy_at_most" { (ether_text(deploy)) } },
                    &format!("to deploy, at {} gwei", short(costs.gas_price_wei as f64 / 1e9))))
                (tile(count("/payload_bytes", report.payload_bytes as u64),
                    &format!("bytes in {} chunk{}", report.chunks, if report.chunks == 1 { "" } else { "s" })))
                @if report.parameters > 0 {
                    (tile(count("/parameters", report.parameters as u64), "parameters"))
                }
                (tile(count("/macs", report.macs), "multiply-adds of a call"))
                (tile(count("/arena_bytes", report.arena_bytes), "bytes of memory"))
            }
        }
    }

    /// The figure that most people ask for first.
    fn headline(&self) -> Markup {
        let Some(accuracy) = &self.report.accuracy else {
            return html! {};
        };
        let top1 = accuracy
            .top1
            .as_ref()
            .and_then(|top1| Some((top1.compiled_accuracy?, top1.float_accuracy)));
        let (key, value, float, shown): (_, _, _, fn(f64) -> String) =
            match (top1, &accuracy.regression) {
                (Some((compiled, float)), _) => {
                    ("top1/compiled_accuracy", compiled, float, percent)
                }
                (None, Some(regression)) => (
                    "regression/compiled_r2",
                    regression.compiled_r2,
                    regression.float_r2,
                    short,
                ),
                _ => return html! {},
            };
        let name = if top1.is_some() { "right" } else { "R\u{b2}" };
        html! {
            div.tile {
                b { (figure(&format!("/accuracy/{key}"), value, &shown(value))) }
                span {
                    (name)
                    @if let Some(float) = float { ", float model " (shown(float)) }
                }
            }
        }
    }
}

/// A price as people read it.
fn ether_text(wei: u128) -> String {
    format!("{} ETH", short(wei as f64 / 1e18))
}

/// A price to the last wei.
fn wei(key: &str, amount: u128) -> Markup {
    figure_of_integer(key, &amount.to_string())
}
