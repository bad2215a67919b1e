//! Random valid models: those of the `graphs` fuzz target, the slowest of many.

use crate::{
    bench::Bench,
    clock::Effort,
    subject::{Measured, Mode, Subject},
};
use fixpoint_fuzz_bodies::graphs::answered_graph;
use fixpoint_runtime::model::ValidModel;

/// How many of the slowest are measured with care.
const SLOWEST: usize = 1_000;

/// Models with inputs on which they give answers, by seed.
pub(crate) struct Models(Vec<(u64, ValidModel, Vec<u8>)>);

/// A model with what it took.
pub(crate) struct Seeded {
    pub(crate) seed: u64,
    pub(crate) measured: Measured,
}

impl Models {
    /// So many, from the first seed on.
    pub(crate) fn new(first_seed: u64, count: usize) -> Self {
        let graphs = (first_seed..).filter_map(|seed| {
            let (model, input) = answered_graph(seed)?;
            Some((seed, model, input))
        });
        Self(graphs.take(count).collect())
    }

    /// The slowest on one set of kernels, the very slowest first.
    pub(crate) fn slowest(&self, bench: &mut Bench) -> Vec<Seeded> {
        let mut all: Vec<_> = self.measure(bench, Effort::SEARCH).collect();
        sort(&mut all);
        // Measured again, a few may turn out to read and write more than they run.
        all.truncate(SLOWEST + SLOWEST / 20);
        let seeds: Vec<_> = all.iter().map(|model| model.seed).collect();
        let again = Self(
            self.0
                .iter()
                .filter(|(seed, ..)| seeds.contains(seed))
                .cloned()
                .collect(),
        );
        let mut slowest: Vec<_> = again.measure(bench, Effort::MODELS).collect();
        sort(&mut slowest);
        slowest.truncate(SLOWEST);
        slowest
    }

    /// Each as one run of many and as the only one of a call, whichever pays less for its time.
    fn measure(&self, bench: &mut Bench, effort: Effort) -> impl Iterator<Item = Seeded> {
        self.0.iter().filter_map(move |(seed, model, input)| {
            let measured = [Mode::Batch, Mode::Call].into_iter().filter_map(|mode| {
                let subject = Subject {
                    model: model.model().clone(),
                    input: input.clone(),
                    mode,
                    note: operators(model),
                };
                bench.measure_again(&subject, f64::MAX, effort)
            });
            let rate = Measured::mgas_per_second;
            let measured = measured.min_by(|a, b| rate(a).total_cmp(&rate(b)))?;
            Some(Seeded {
                seed: *seed,
                measured,
            })
        })
    }
}

fn sort(models: &mut [Seeded]) {
    let rate = |model: &Seeded| model.measured.mgas_per_second();
    models.sort_by(|a, b| rate(a).total_cmp(&rate(b)));
}

/// Its operators, each name once.
fn operators(model: &ValidModel) -> String {
    let mut names: Vec<_> = model.model().operators.iter().map(|of| of.name()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(" ")
}
