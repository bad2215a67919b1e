//! A picture of the graph: layers from top to bottom, each edge that skips some in a lane beside them.

use super::{
    figures::{clean, percent, shape, shortened},
    plots::coordinate,
};
use crate::report::{LayerReport, Report};
use maud::{Markup, html};

const BOX_WIDTH: f64 = 330.0;
const BOX_HEIGHT: f64 = 42.0;
const PORT_HEIGHT: f64 = 24.0;
const GAP: f64 = 16.0;
const LANE: f64 = 9.0;
const MARGIN: f64 = 8.0;
const CORNER: f64 = 5.0;
/// Characters of a name and of what stands below it that fit a box.
const NAME: usize = 32;
const BELOW: usize = 42;
/// Longer graphs have no picture: nobody would find anything in it.
const MOST_ROWS: usize = 400;
/// Lanes of skipping edges; those beyond share the last.
const MOST_LANES: usize = 8;

/// A box: an input, a layer or an output.
struct Row<'a> {
    name: &'a str,
    layer: Option<&'a LayerReport>,
    reads: Vec<usize>,
    top: f64,
}

impl Row<'_> {
    const fn height(&self) -> f64 {
        if self.layer.is_some() {
            BOX_HEIGHT
        } else {
            PORT_HEIGHT
        }
    }

    fn middle(&self) -> f64 {
        self.top + self.height() / 2.0
    }
}

/// The picture; nothing of a graph without layers, or too long for one.
pub(super) fn picture(report: &Report) -> Option<Markup> {
    let rows = rows(report);
    if report.layers.is_empty() || rows.len() > MOST_ROWS {
        return None;
    }
    let (edges, lanes) = edges(&rows);
    let left = MARGIN + lanes as f64 * LANE + 6.0;
    let width = left + BOX_WIDTH + MARGIN;
    let height = rows.last().map_or(0.0, |row| row.top + row.height()) + MARGIN;
    let gas: f64 = report.layers.iter().filter_map(|layer| layer.gas).sum();
    let worst = report
        .layers
        .iter()
        .filter_map(|layer| layer.error)
        .fold(0.0, f64::max);
    Some(html! {
        svg.picture viewBox=(format!("0 0 {} {}", coordinate(width), coordinate(height))) role="img"
            aria-label="The model's graph" {
            @for edge in &edges { (edge.draw(&rows, left)) }
            @for row in &rows { (draw(row, left, gas, worst)) }
        }
    })
}

/// Inputs, layers, outputs, each with what it reads.
fn rows(report: &Report) -> Vec<Row<'_>> {
    let mut inputs: Vec<&str> = Vec::new();
    for name in report.layers.iter().flat_map(|layer| &layer.inputs) {
        if !inputs.contains(&name.as_str()) {
            inputs.push(name);
        }
    }
    let first = inputs.len();
    let ports = inputs.iter().map(|&name| (name, None, Vec::new()));
    let layers = report.layers.iter().map(|layer| {
        let of_inputs = layer.inputs.iter();
        let of_inputs = of_inputs.filter_map(|name| inputs.iter().position(|input| input == name));
        let reads = of_inputs.chain(layer.reads.iter().map(|&before| first + before));
        (layer.name.as_str(), Some(layer), reads.collect())
    });
    let outputs = report.layers.iter().enumerate().flat_map(|(index, layer)| {
        let names = layer.outputs.iter();
        names.map(move |name| (name.as_str(), None, vec![first + index]))
    });
    let mut top = MARGIN;
    let mut rows = Vec::new();
    for (name, layer, reads) in ports.chain(layers).chain(outputs) {
        let row = Row {
            name,
            layer,
            reads,
            top,
        };
        top += row.height() + GAP;
        rows.push(row);
    }
    rows
}

/// From one row to another; in a lane, counted from the boxes, if it skips any.
struct Edge {
    from: usize,
    to: usize,
    lane: Option<usize>,
}

/// All edges, and how many lanes they take: short ones next to the boxes.
fn edges(rows: &[Row<'_>]) -> (Vec<Edge>, usize) {
    let reads = |(to, row): (usize, &Row<'_>)| {
        let to_this = move |&from: &usize| (from, to);
        row.reads.iter().map(to_this).collect::<Vec<_>>()
    };
    let mut pairs: Vec<(usize, usize)> = rows.iter().enumerate().flat_map(reads).collect();
    pairs.sort_by_key(|&(from, to)| (to - from, from));
    let mut lanes: Vec<Vec<(usize, usize)>> = Vec::new();
    let mut edges = Vec::new();
    for (from, to) in pairs {
        if to == from + 1 {
            edges.push(Edge {
                from,
                to,
                lane: None,
            });
            continue;
        }
        let free = |lane: &Vec<(usize, usize)>| {
            // Edges from one box may lie upon each other.
            lane.iter().all(|&(a, b)| b <= from || to <= a || a == from)
        };
        let lane = lanes
            .iter()
            .position(free)
            .unwrap_or(lanes.len())
            .min(MOST_LANES - 1);
        if lane == lanes.len() {
            lanes.push(Vec::new());
        }
        lanes[lane].push((from, to));
        edges.push(Edge {
            from,
            to,
            lane: Some(lane),
        });
    }
    (edges, lanes.len())
}

impl Edge {
    fn draw(&self, rows: &[Row<'_>], left: f64) -> Markup {
        let (from, to) = (&rows[self.from], &rows[self.to]);
        let (path, tip) = match self.lane {
            None => {
                let x = left + BOX_WIDTH / 2.0;
                let (start, end) = (from.top + from.height(), to.top);
                (
                    format!("M{x} {}V{}", coordinate(start), coordinate(end - 5.0)),
                    down(x, end),
                )
            }
            Some(lane) => {
                let x = left - 6.0 - (lane as f64 + 1.0) * LANE + CORNER;
                let (start, end) = (from.middle() + 8.0, to.middle() - 8.0);
                let path = format!(
                    "M{l} {s}H{a}Q{x} {s} {x} {b}V{c}Q{x} {e} {a} {e}H{t}",
                    l = coordinate(left),
                    s = coordinate(start),
                    a = coordinate(x + CORNER),
                    x = coordinate(x),
                    b = coordinate(start + CORNER),
                    c = coordinate(end - CORNER),
                    e = coordinate(end),
                    t = coordinate(left - 5.0),
                );
                (path, right(left, end))
            }
        };
        html! {
            path.edge d=(path) {}
            path.arrow d=(tip) {}
        }
    }
}

fn down(x: f64, y: f64) -> String {
    let (x, y) = (coordinate(x), coordinate(y));
    format!("M{x} {y}l-4 -6h8z")
}

fn right(x: f64, y: f64) -> String {
    let (x, y) = (coordinate(x), coordinate(y));
    format!("M{x} {y}l-6 -4v8z")
}

fn draw(row: &Row<'_>, left: f64, gas: f64, worst: f64) -> Markup {
    let (x, y) = (coordinate(left), coordinate(row.top));
    let Some(layer) = row.layer else {
        return html! {
            g {
                title { (clean(row.name)) }
                rect.port x=(x) y=(y) width=(BOX_WIDTH) height=(PORT_HEIGHT) rx="12" {}
                text.label x=(coordinate(left + BOX_WIDTH / 2.0)) y=(coordinate(row.top + 16.5))
                    text-anchor="middle" { (shortened(row.name, NAME)) }
            }
        };
    };
    let below = format!("{} \u{b7} {}", clean(&layer.operators), shape(&layer.shape));
    let heat = layer
        .error
        .filter(|_| worst > 0.0)
        .map_or(0.0, |error| error / worst);
    let end = coordinate(left + BOX_WIDTH - 10.0);
    html! {
        g {
            title { (clean(&layer.name)) ": " (below) }
            rect.box x=(x) y=(y) width=(BOX_WIDTH) height=(BOX_HEIGHT) rx="6" {}
            @if heat > 0.0 {
                rect.heat x=(coordinate(left + 1.0)) y=(coordinate(row.top + 5.0)) width="4"
                    height=(BOX_HEIGHT - 10.0) rx="2" opacity=(coordinate(heat.sqrt())) {}
            }
            text.label x=(coordinate(left + 12.0)) y=(coordinate(row.top + 17.0)) { (shortened(row.name, NAME)) }
            text.small x=(coordinate(left + 12.0)) y=(coordinate(row.top + 33.0)) { (shortened(&below, BELOW)) }
            @if let Some(precision) = layer.precision {
                text class=(format!("small {precision}")) x=(end) y=(coordinate(row.top + 17.0)) text-anchor="end" { (precision) }
            }
            @if let Some(own) = layer.gas.filter(|_| gas > 0.0) {
                text.small x=(end) y=(coordinate(row.top + 33.0)) text-anchor="end" { (percent(own / gas)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(name: &str, reads: &[usize]) -> LayerReport {
        LayerReport {
            name: name.to_owned(),
            reads: reads.to_vec(),
            ..LayerReport::default()
        }
    }

    #[test]
    fn edges_in_one_lane_never_cross() {
        let mut layers = vec![
            layer("a", &[]),
            layer("b", &[0]),
            layer("c", &[0, 1]),
            layer("d", &[1, 2]),
        ];
        layers.push(layer("e", &[0, 3]));
        layers[0].inputs = vec!["x".to_owned()];
        layers[4].outputs = vec!["y".to_owned()];
        let report = Report {
            layers,
            ..Report::default()
        };
        let rows = rows(&report);
        let names: Vec<_> = rows.iter().map(|row| row.name).collect();
        assert_eq!(names, ["x", "a", "b", "c", "d", "e", "y"]);
        let (edges, lanes) = edges(&rows);
        assert_eq!((edges.len(), lanes), (9, 2));
        for a in &edges {
            for b in edges
                .iter()
                .filter(|b| b.lane.is_some() && b.lane == a.lane)
            {
                assert!(a.from == b.from || a.to <= b.from || b.to <= a.from);
            }
        }
        assert!(
            edges
                .iter()
                .all(|edge| edge.lane.is_some() == (edge.to > edge.from + 1))
        );
    }
}
