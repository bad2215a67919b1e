//! Models on chain: bring them there, ask them, compare them with their source.

use crate::{
    arrays::{Given, Question, Returned, arrays},
    model::Model,
    raised::{Raised, address, not_called},
    work::{self, Line},
};
use alloy_primitives::U256;
use fixpoint_client::{
    call::RemoteModel,
    chain::{Chain, block_on},
    deploy::{Deployment, Terms},
    steps::{Observer, Step},
    verify::rebuild,
};
use fixpoint_compiler::Record;
use pyo3::{prelude::*, pybacked::PyBackedBytes};

/// Which chain, who pays, on which terms; every key is there.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Order {
    rpc: String,
    key: String,
    name: Option<String>,
    /// In wei, decimal.
    price: Option<String>,
    gate: Option<String>,
}

impl Order {
    fn terms(&self) -> Result<Terms, Raised> {
        let price = self.price.as_deref().map(|price| {
            price.parse::<U256>().map_err(|_| {
                Raised::new(
                    "DeployError",
                    "Price",
                    "a price is below 2^256 wei".to_owned(),
                )
            })
        });
        Ok(Terms {
            name: self.name.clone(),
            price_wei: price.transpose()?,
            gate: self.gate.as_deref().map(address).transpose()?,
        })
    }

    async fn plan<'a>(&self, model: &'a Model) -> Result<Deployment<'a>, Raised> {
        let terms = self.terms()?;
        // A model that no chain would activate is refused before anything is paid.
        let activation_gas = model.cost()?.activate;
        let chain = Chain::signer(&self.rpc, &self.key).await?;
        Ok(Deployment::plan(chain, model.payload(), activation_gas, terms).await?)
    }
}

/// Brings a model on chain; what came of it as JSON. Ctrl-C stops it before its next transaction.
#[pyfunction]
pub(crate) fn deploy(
    py: Python<'_>,
    model: Py<Model>,
    order: Order,
    progress: Option<Py<PyAny>>,
) -> PyResult<String> {
    work::run(py, progress, move |line| {
        block_on(async {
            let deployment = line.unless_stopped(order.plan(model.get())).await?;
            let deployed = deployment.run(&mut Watcher(line)).await?;
            Ok(deployed.to_json().to_string())
        })
    })
}

/// What that would cost at most, as JSON; nothing is paid.
#[pyfunction]
pub(crate) fn estimate(py: Python<'_>, model: Py<Model>, order: Order) -> PyResult<String> {
    work::run(py, None, move |line| {
        block_on(async {
            let deployment = line.unless_stopped(order.plan(model.get())).await?;
            Ok(deployment.bill().to_json().to_string())
        })
    })
}

/// Asks a model on chain, without a transaction.
#[pyfunction]
pub(crate) fn call<'py>(
    py: Python<'py>,
    rpc: String,
    model: &str,
    given: Vec<Given>,
    is_raw: bool,
    sender: Option<&str>,
) -> PyResult<Vec<Returned<'py>>> {
    let read = || -> Result<_, Raised> {
        let sender = sender.map(address).transpose()?;
        Ok((arrays(&given)?, address(model)?, sender))
    };
    let (inputs, model, sender) = read().map_err(|error| error.into_error(py))?;
    let (question, answers) = work::run(py, None, move |line| {
        block_on(line.unless_stopped(async {
            let chain = Chain::reader(&rpc).await?;
            let remote = RemoteModel::find(chain, model).await;
            let remote = remote.map_err(|error| not_called(error, None))?;
            let question = Question::of(inputs, remote.ports())?;
            let answers = remote.ask(&question.samples, is_raw, sender).await;
            let answers = answers.map_err(|error| not_called(error, Some(remote.ports())))?;
            Ok((question, answers))
        }))
    })?;
    Ok(question.answered(py, &answers))
}

/// Builds a model again from its ONNX file and what was recorded; the hash on chain, the hash of what
/// was built, and how many bytes that has.
#[pyfunction]
pub(crate) fn verify(
    py: Python<'_>,
    rpc: String,
    model: &str,
    source: PyBackedBytes,
    record: String,
) -> PyResult<(String, String, usize)> {
    let model = address(model).map_err(|error| error.into_error(py))?;
    work::run(py, None, move |line| {
        let rebuilt = rebuild(&source, Record::from_json(&record)?)?;
        let published = block_on(line.unless_stopped(async {
            let chain = Chain::reader(&rpc).await?;
            let remote = RemoteModel::find(chain, model).await;
            let remote = remote.map_err(|error| not_called(error, None))?;
            Ok(remote.info().contentHash)
        }))?;
        let rebuilt_hash = rebuilt.content_hash.to_string();
        Ok((published.to_string(), rebuilt_hash, rebuilt.bytes))
    })
}

struct Watcher<'a>(&'a Line);

impl Observer for Watcher<'_> {
    fn stop_asked(&self) -> bool {
        self.0.stop_asked()
    }

    fn progress(&mut self, step: Step, done: usize, total: usize) {
        self.0.tell(step.name(), done, total);
    }
}
