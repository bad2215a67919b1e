//! A compiled model: its bytes, what is known of it, and running it.

use crate::{
    arrays::{Given, Question, Returned, arrays},
    raised::{Raised, not_run},
    work::guarded,
};
use alloy_primitives::keccak256;
use fixpoint_client::{
    answers::Answers,
    compilation::Compilation,
    cost::{self, Cost},
    local_model::LocalModel,
    model_file::{self, ModelFile},
    port_range::{Side, list_json},
    ports::Ports,
};
use fixpoint_compiler::{Record, report::Report};
use fixpoint_precompile::ports::Port;
use fixpoint_runtime::{graph::Plan, kernels::Isa};
use pyo3::{prelude::*, types::PyBytes};
use serde_json::json;
use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

/// How long samples are run before signals are looked for again.
const SLICE: Duration = Duration::from_millis(50);

/// A compiled model.
#[pyclass(frozen, module = "fixpoint._native")]
pub(crate) struct Model {
    file: ModelFile,
    ports: Ports,
    report: Report,
    record: Option<Record>,
    plan: OnceLock<Arc<Plan>>,
    /// With memory for a run, one for each thread that has run it at a time.
    runners: Mutex<Vec<LocalModel>>,
    cost: OnceLock<Cost>,
}

impl Model {
    pub(crate) fn of(file: ModelFile, report: Report, record: Option<Record>) -> Self {
        Self {
            ports: Ports::of_model(&file.model),
            file,
            report,
            record,
            plan: OnceLock::new(),
            runners: Mutex::default(),
            cost: OnceLock::new(),
        }
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.file.payload
    }

    /// What it costs on a chain; measured once.
    pub(crate) fn cost(&self) -> Result<Cost, Raised> {
        if let Some(cost) = self.cost.get() {
            return Ok(cost.clone());
        }
        let (cost, _) = cost::measure(&self.file)?;
        Ok(self.cost.get_or_init(|| cost).clone())
    }

    fn runner(&self) -> LocalModel {
        let mut runners = self.runners.lock().unwrap_or_else(PoisonError::into_inner);
        runners.pop().unwrap_or_else(|| {
            let plan = self.plan.get_or_init(|| {
                let plan = Plan::new(&self.file.model, Isa::detect());
                Arc::new(plan)
            });
            LocalModel::of_plan(&self.file, Arc::clone(plan))
        })
    }

    fn give_back(&self, runner: LocalModel) {
        let mut runners = self.runners.lock().unwrap_or_else(PoisonError::into_inner);
        runners.push(runner);
    }
}

#[pymethods]
impl Model {
    /// Reads a model's bytes, which errors call by a name, and the record that was written with them.
    #[staticmethod]
    fn parse(py: Python<'_>, payload: &[u8], name: &str, record: Option<&str>) -> PyResult<Self> {
        let parsed = py.detach(|| {
            guarded(|| {
                let file = model_file::of(payload.to_vec(), name)?;
                let record = record.map(Record::from_json).transpose()?;
                let report = Report::new(&file.model, file.payload.len());
                Ok(Self::of(file, report, record))
            })
        });
        parsed.map_err(|error| error.into_error(py))
    }

    /// The bytes, as they go on chain.
    #[getter(payload)]
    fn payload_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.file.payload)
    }

    /// Ranges and choices as JSON, if there was a choice.
    #[getter]
    fn record(&self) -> Option<String> {
        self.record.as_ref().map(Record::to_json)
    }

    /// keccak256 of the bytes.
    #[getter]
    fn content_hash(&self) -> String {
        keccak256(&self.file.payload).to_string()
    }

    /// Inputs and outputs as JSON.
    fn ports(&self) -> String {
        let model = &self.file.model;
        json!({
            "inputs": list_json(&Port::inputs_of(model), Side::Input),
            "outputs": list_json(&Port::outputs_of(model), Side::Output),
            "exact_decimals": self.report.exact_decimals,
        })
        .to_string()
    }

    /// Costs in gas, as JSON.
    fn gas(&self, py: Python<'_>) -> PyResult<String> {
        let gas = py.detach(|| {
            guarded(|| {
                let costs = self.cost()?.at_gas_price(&self.file, 0);
                serde_json::to_string(&costs).map_err(|error| Raised::defect(error.to_string()))
            })
        });
        gas.map_err(|error| error.into_error(py))
    }

    /// The report as text, as JSON, and as a page, with costs at a gas price.
    fn report(
        &self,
        py: Python<'_>,
        name: &str,
        gas_price_wei: u128,
    ) -> PyResult<(String, String, String)> {
        let told = py.detach(|| {
            guarded(|| {
                let compilation = Compilation {
                    report: &self.report,
                    costs: self.cost()?.at_gas_price(&self.file, gas_price_wei),
                    file: &self.file,
                };
                let json = compilation.json();
                let json = json.map_err(|error| Raised::defect(error.to_string()))?;
                let text = compilation.to_string();
                Ok((text, json.to_string(), compilation.page(name)))
            })
        });
        told.map_err(|error| error.into_error(py))
    }

    /// Runs every sample, on words as `inference` does, or on the tensors' own integers.
    fn run<'py>(
        &self,
        py: Python<'py>,
        given: Vec<Given>,
        is_raw: bool,
    ) -> PyResult<Vec<Returned<'py>>> {
        let raised = |error: Raised| error.into_error(py);
        let question = arrays(&given).and_then(|arrays| Question::of(arrays, &self.ports));
        let question = question.map_err(raised)?;
        let samples = &question.samples;
        let mut runner = py
            .detach(|| guarded(|| Ok(self.runner())))
            .map_err(raised)?;
        let mut answers = Answers::new(&self.ports.outputs, is_raw);
        let mut next = 0;
        while next < samples.count {
            let slice = py.detach(|| {
                guarded(|| {
                    let begun = Instant::now();
                    while next < samples.count && begun.elapsed() < SLICE {
                        let answered = runner.answer(samples, next, &mut answers);
                        answered.map_err(|error| not_run(error, &self.ports))?;
                        next += 1;
                    }
                    Ok(())
                })
            });
            slice.map_err(raised)?;
            py.check_signals()?;
        }
        self.give_back(runner);
        Ok(question.answered(py, &answers))
    }
}
