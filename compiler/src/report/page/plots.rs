//! Plots, drawn as SVG: a histogram, bars in tables.

use super::figures::{grouped, short};
use crate::report::{Histogram, OutputAccuracy};
use maud::{Markup, html};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 200.0;
/// Room below the bars for the axis.
const AXIS: f64 = 26.0;
/// Room above them for the largest count.
const TOP: f64 = 20.0;
/// Height of a bar of few elements: no bar that is there is invisible.
const LEAST: f64 = 1.5;

/// How often which differences from float occur.
pub(super) fn histogram(output: &OutputAccuracy) -> Markup {
    let Histogram {
        start,
        bin_width,
        counts,
    } = &output.histogram;
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let bottom = HEIGHT - AXIS;
    let step = WIDTH / counts.len().max(1) as f64;
    let x = |error: f64| (error - start) / (bin_width * counts.len() as f64) * WIDTH;
    let ends = [-output.p99_error, output.p99_error];
    html! {
        svg.plot viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label="Histogram of the differences" {
            line.axis x1="0" y1=(bottom) x2=(WIDTH) y2=(bottom) {}
            @for (bin, &count) in counts.iter().enumerate() {
                @let height = if count == 0 { 0.0 } else {
                    (count as f64 / most as f64 * (bottom - TOP)).max(LEAST)
                };
                @let from = start + bin as f64 * bin_width;
                rect.fill x=(coordinate(bin as f64 * step + 0.5)) y=(coordinate(bottom - height))
                    width=(coordinate(step - 1.0)) height=(coordinate(height)) data-count=(count) {
                    title { (short(from)) " to " (short(from + bin_width)) ": " (grouped(count)) }
                }
            }
            @if output.p99_error > 0.0 {
                @for end in ends {
                    line.mark x1=(coordinate(x(end))) y1=(TOP) x2=(coordinate(x(end))) y2=(bottom) {}
                }
            }
            text.small x="0" y=(HEIGHT - 8.0) { (short(*start)) }
            text.small x=(WIDTH / 2.0) y=(HEIGHT - 8.0) text-anchor="middle" { "0" }
            text.small x=(WIDTH) y=(HEIGHT - 8.0) text-anchor="end" { (short(-start)) }
            text.small x=(WIDTH / 2.0) y="12" text-anchor="middle" { (grouped(most)) }
        }
    }
}

/// A bar of a table: a part of the largest.
pub(super) fn bar(value: f64, most: f64, class: &str) -> Markup {
    let share = if most > 0.0 {
        (value / most).clamp(0.0, 1.0)
    } else {
        0.0
    };
    span_of(&[(0.0, share, class)])
}

/// A range inside of what can be represented; both ends of the inner one from 0 to 1.
pub(super) fn range(inner: [f64; 2], outer: [f64; 2]) -> Markup {
    let place = |x: f64| ((x - outer[0]) / (outer[1] - outer[0])).clamp(0.0, 1.0);
    let (from, to) = (place(inner[0]), place(inner[1]));
    span_of(&[(from, to.max(from + 0.01), "fill")])
}

/// Parts of a whole, one after another.
pub(super) fn parts(of: &[(f64, &'static str)]) -> Markup {
    let total: f64 = of.iter().map(|(value, _)| value).sum();
    let mut start = 0.0;
    let mut spans = Vec::new();
    for &(value, class) in of {
        let end = start + if total > 0.0 { value / total } else { 0.0 };
        spans.push((start, end, class));
        start = end;
    }
    span_of(&spans)
}

fn span_of(spans: &[(f64, f64, &str)]) -> Markup {
    html! {
        svg.track viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" {
            rect.ground x="0" y="0" width="100" height="8" {}
            @for &(from, to, class) in spans {
                rect class=(class) x=(coordinate(100.0 * from)) y="0" width=(coordinate(100.0 * (to - from))) height="8" {}
            }
        }
    }
}

/// A place in a drawing: hundredths are enough.
pub(super) fn coordinate(x: f64) -> String {
    let text = format!("{x:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
