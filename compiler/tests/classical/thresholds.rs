//! 10,000 rows whose every feature lies within two ulps of one of its thresholds, given with as many
//! decimals as the report promises. What is right is worked out here: the decimal rounded to float32,
//! compared with the file's float32 threshold, leaves added up.

use crate::support::{Runner, compile, path};
use fixpoint_compiler::classical::{
    self, Pipeline,
    ensemble::{Ensemble, Node},
    pipeline::Op,
};
use std::collections::BTreeMap;

const ROWS: usize = 10_000;
const ULPS: i32 = 2;
const MARGIN_LIMIT: f64 = 1e-4;
/// Margins closer to a decision than this may round to either side in the framework's own float32.
const UNDECIDED: f64 = 1e-5;

/// A small generator (Knuth's MMIX constants); its high bits are the good ones.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

fn moved(value: f32, ulps: i32) -> f32 {
    (0..ulps.abs()).fold(
        value,
        |x, _| if ulps < 0 { x.next_down() } else { x.next_up() },
    )
}

fn trees(pipeline: &Pipeline) -> &Ensemble {
    let ensemble = pipeline.nodes.iter().find_map(|node| match &node.op {
        Op::Trees(ensemble) => Some(ensemble),
        _ => None,
    });
    ensemble.expect("trees")
}

/// The margin by the float32 rule; counts the comparisons that the exact decimal would decide
/// otherwise.
fn margin(ensemble: &Ensemble, single: &[f32], exact: &[f64], otherwise: &mut usize) -> f64 {
    let mut margin = ensemble.base[0];
    for tree in &ensemble.trees {
        let mut at = 0;
        margin += loop {
            match &tree.nodes[at] {
                Node::Leaf(weights) => break weights.iter().map(|weight| weight.1).sum::<f64>(),
                &Node::Branch {
                    feature,
                    threshold,
                    or_equal,
                    yes,
                    no,
                } => {
                    let says = |x: f64| x < threshold || or_equal && x == threshold;
                    let right = says(f64::from(single[feature]));
                    *otherwise += usize::from(right != says(exact[feature]));
                    at = if right { yes } else { no };
                }
            }
        };
    }
    margin
}

#[track_caller]
fn check(name: &str, label: &str, decision: f64) {
    let compiled = compile(name, &[label, "margin"], false);
    let decimals = &compiled.report.exact_decimals["features"];
    let onnx = std::fs::read(path(&format!("breast-cancer/{name}.onnx"))).expect("a model");
    let pipeline = classical::import(&onnx, &BTreeMap::new(), &[]).expect("reads");
    let ensemble = trees(&pipeline);
    let mut cuts: Vec<Vec<f32>> = vec![Vec::new(); decimals.len()];
    for node in ensemble.trees.iter().flat_map(|tree| &tree.nodes) {
        if let &Node::Branch {
            feature, threshold, ..
        } = node
        {
            cuts[feature].push(threshold as f32);
        }
    }
    let mut runner = Runner::new(&compiled);
    let mut random = Random(20_261_126);
    let (mut worst, mut otherwise, mut undecided) = (0.0_f64, 0, 0);
    for row in 0..ROWS {
        let (mut single, mut exact) = (Vec::new(), Vec::new());
        for (cuts, &decimals) in cuts.iter().zip(decimals) {
            let ulps = random.below(2 * ULPS as usize + 1) as i32 - ULPS;
            let near = match cuts.len() {
                0 => 0.0,
                count => f64::from(moved(cuts[random.below(count)], ulps)),
            };
            let scaled = near * 10f64.powi(decimals);
            let integer = [scaled.floor(), scaled.ceil(), scaled.round()][random.below(3)];
            let decimal = format!("{integer}e{}", -decimals);
            single.push(decimal.parse::<f32>().expect("a number"));
            exact.push(decimal.parse::<f64>().expect("a number"));
        }
        let want = margin(ensemble, &single, &exact, &mut otherwise);
        let got = runner.run(&exact);
        worst = worst.max((got[1][0] - want).abs());
        // Votes are exact in 32 bits, and those within 2^-22 of a tie are one: class 0.
        let (needs, unsure) = if decision == 0.5 {
            (decision + 0.5f64.powi(22), 0.0)
        } else {
            (decision, UNDECIDED)
        };
        if (want - needs).abs() > unsure {
            let class = f64::from(u8::from(want > needs));
            assert_eq!(got[0], [class], "row {row}, margin {want}");
        } else {
            undecided += 1;
        }
    }
    println!(
        "{name}: margins within {worst:e}; {otherwise} comparisons of decimals are not those of float32; {undecided} rows undecided"
    );
    assert!(worst <= MARGIN_LIMIT, "margins within {worst:e}");
    assert!(otherwise > 1_000, "the rows must be hard: {otherwise}");
    assert!(undecided < ROWS / 100, "{undecided} rows say nothing");
}

#[test]
fn xgboost_takes_float32s_way_at_its_thresholds() {
    check("xgboost", "label", 0.0);
}

#[test]
fn lightgbm_takes_float32s_way_at_its_thresholds() {
    check("lightgbm", "label", 0.0);
}

#[test]
fn a_forest_takes_float32s_way_at_its_thresholds() {
    check("forest", "output_label", 0.5);
}
