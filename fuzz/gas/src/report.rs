//! Tables.

use crate::{class::Class, random::Seeded, search::Found, subject::Measured};
use fixpoint_runtime::kernels::Isa;
use serde_json::{Value, json};

/// What the measurement of one set of kernels gave.
pub(crate) struct SetReport {
    pub(crate) isa: Isa,
    /// By class, the slowest of each family, the slowest of all first.
    pub(crate) classes: Vec<(Class, Vec<Found>)>,
    /// The slowest of the random models.
    pub(crate) models: Vec<Seeded>,
    /// Models measured.
    pub(crate) measured: u64,
}

/// Million gas a second that a set of kernels must reach on any model.
pub(crate) fn bar_mgas(isa: Isa) -> f64 {
    match isa.name() {
        "portable" | "sse2" => 40.0,
        _ => 100.0,
    }
}

impl SetReport {
    fn verdict(&self, rate: f64) -> &'static str {
        if rate < bar_mgas(self.isa) {
            "BELOW"
        } else {
            "PASS"
        }
    }

    /// Whether everything reaches the bar.
    pub(crate) fn passes(&self) -> bool {
        let worst = self.classes.iter().filter_map(|(_, found)| found.first());
        let worst = worst.map(|found| &found.measured);
        let models = self.models.iter().map(|model| &model.measured);
        let mut all = worst.chain(models);
        all.all(|measured| measured.mgas_per_second() >= bar_mgas(self.isa))
    }

    /// The tables in Markdown.
    pub(crate) fn markdown(&self) -> String {
        let bar = bar_mgas(self.isa);
        let mut text = format!("### `{}`, bar {bar} Mgas/s\n\n", self.isa.name());
        text += "| Class | Mgas/s | | gas | ns | slowest found |\n|---|---|---|---|---|---|\n";
        for (class, found) in &self.classes {
            text += &match found.first() {
                Some(found) => row(class.name(), self, &found.measured),
                None => format!("| {} | | none found | | | |\n", class.name()),
            };
        }
        let below = self.classes.iter().flat_map(|(class, found)| {
            let others = found.iter().skip(1);
            others
                .filter(|found| found.measured.mgas_per_second() < bar)
                .map(|found| row(class.name(), self, &found.measured))
        });
        let below: String = below.collect();
        if !below.is_empty() {
            text += &format!(
                "\nOther operators below the bar:\n\n\
                 | Class | Mgas/s | | gas | ns | slowest found |\n|---|---|---|---|---|---|\n{below}"
            );
        }
        text + &self.models_markdown()
    }

    fn models_markdown(&self) -> String {
        let Some(worst) = self.models.first() else {
            return String::new();
        };
        let bar = bar_mgas(self.isa);
        let rates: Vec<_> = self
            .models
            .iter()
            .map(|model| model.measured.mgas_per_second())
            .collect();
        let below = rates.iter().filter(|rate| **rate < bar).count();
        let mut text = format!(
            "\nThe slowest {} random models: {:.0} to {:.0} Mgas/s, {below} below the bar: {}.\n\n\
             | Seed | Mgas/s | | gas | ns | model |\n|---|---|---|---|---|---|\n",
            rates.len(),
            rates[0],
            rates[rates.len() - 1],
            self.verdict(worst.measured.mgas_per_second()),
        );
        for model in self.models.iter().take(5) {
            text += &row(&model.seed.to_string(), self, &model.measured);
        }
        text
    }

    /// Everything, for other programs.
    pub(crate) fn json(&self) -> Value {
        let classes = self.classes.iter().map(|(class, found)| {
            let families = found.iter().map(|found| {
                let mut value = self.measured_json(&found.measured);
                value["family"] = json!(found.family);
                value["decisions"] = json!(hex::encode(&found.decisions));
                value
            });
            json!({ "class": class.name(), "slowest": families.collect::<Vec<_>>() })
        });
        let models = self.models.iter().map(|model| {
            let mut value = self.measured_json(&model.measured);
            value["seed"] = json!(model.seed);
            value
        });
        json!({
            "isa": self.isa.name(),
            "bar_mgas_per_second": bar_mgas(self.isa),
            "passes": self.passes(),
            "models_measured": self.measured,
            "classes": classes.collect::<Vec<_>>(),
            "random_models": models.collect::<Vec<_>>(),
        })
    }

    fn measured_json(&self, measured: &Measured) -> Value {
        let rate = measured.mgas_per_second();
        json!({
            "mgas_per_second": rate,
            "verdict": self.verdict(rate),
            "gas": measured.gas,
            "ns": measured.ns,
            "what": measured.what,
        })
    }
}

fn row(name: &str, report: &SetReport, measured: &Measured) -> String {
    let rate = measured.mgas_per_second();
    format!(
        "| {name} | {rate:.1} | {} | {:.0} | {:.0} | {} |\n",
        report.verdict(rate),
        measured.gas,
        measured.ns,
        measured.what
    )
}
