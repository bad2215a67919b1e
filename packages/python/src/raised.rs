//! Errors as exceptions of `fixpoint._errors`: a class by cause, a message, attributes.

use fixpoint_client::{
    call::CallError,
    chain::parse_root,
    contracts::Reverted,
    cost::CostError,
    error::{AddressError, ChainError},
    local_model::{LocalError, RunFailure},
    model_file::ModelFileError,
    ports::Ports,
    samples::SampleError,
    steps::DeployError,
};
use fixpoint_compiler::CompileError;
use pyo3::{exceptions::PyRuntimeError, prelude::*};
use std::{error::Error, fmt::Debug};

/// An exception that is yet to be made: errors arise where there is no interpreter.
#[derive(Debug)]
pub(crate) struct Raised {
    class: &'static str,
    message: String,
    attributes: Vec<(&'static str, Attribute)>,
}

/// An exception's attribute.
#[derive(Clone, Debug)]
pub(crate) enum Attribute {
    Text(String),
    Integer(u64),
    Number(f64),
}

impl From<&str> for Attribute {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Attribute {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<usize> for Attribute {
    fn from(count: usize) -> Self {
        Self::Integer(count as u64)
    }
}

impl From<u64> for Attribute {
    fn from(count: u64) -> Self {
        Self::Integer(count)
    }
}

impl From<f64> for Attribute {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl Raised {
    /// An exception of this class, whose cause has this name.
    pub(crate) fn new(class: &'static str, kind: impl Into<String>, message: String) -> Self {
        Self {
            class,
            message,
            attributes: vec![("kind", Attribute::Text(kind.into()))],
        }
    }

    fn of<E: Error + Debug>(class: &'static str, error: &E) -> Self {
        Self::new(class, variant(error), chain(error))
    }

    fn with(mut self, name: &'static str, value: impl Into<Attribute>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// A defect of this package.
    pub(crate) fn defect(message: String) -> Self {
        Self::new("InternalError", "Defect", message)
    }

    /// Where a deployment stopped.
    pub(crate) fn place(&self) -> Option<&str> {
        (self.class == "DeployError").then_some(&self.message)
    }

    /// Makes it.
    pub(crate) fn into_error(self, py: Python<'_>) -> PyErr {
        let made = || -> PyResult<PyErr> {
            let class = py.import("fixpoint._errors")?.getattr(self.class)?;
            let exception = class.call1((&self.message,))?;
            for (name, value) in &self.attributes {
                match value {
                    Attribute::Text(text) => exception.setattr(*name, text)?,
                    Attribute::Integer(integer) => exception.setattr(*name, integer)?,
                    Attribute::Number(number) => exception.setattr(*name, number)?,
                }
            }
            Ok(PyErr::from_value(exception))
        };
        // Without the package around it, which only a broken installation lacks.
        made().unwrap_or_else(|_| PyRuntimeError::new_err(self.message.clone()))
    }
}

/// The variant's name: what a derived `Debug` begins with.
fn variant(error: &impl Debug) -> String {
    let debugged = format!("{error:?}");
    let end = debugged.find(|c: char| !c.is_ascii_alphanumeric());
    debugged[..end.unwrap_or(debugged.len())].to_owned()
}

/// The error and its causes in one line, innermost last.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let said = source.to_string();
        // A transparent layer says the same again.
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        cause = source.source();
    }
    text
}

impl From<CompileError> for Raised {
    fn from(error: CompileError) -> Self {
        let mut raised = Self::of("CompileError", &error);
        raised.message = in_python(&error, raised.message);
        match error {
            CompileError::Unsupported { node, operator, .. }
            | CompileError::NoScale { node, operator } => {
                raised.with("node", node).with("operator", operator)
            }
            CompileError::TosaNode { operator, .. }
            | CompileError::TosaOperator { operator, .. } => raised.with("operator", operator),
            CompileError::TfliteOperator { operator } => raised.with("operator", operator),
            CompileError::DynamicShape { input, .. } | CompileError::Samples { input, .. } => {
                raised.with("input", input)
            }
            CompileError::NoSuchInput { name, .. } | CompileError::NoSuchOutput { name } => {
                raised.with("name", name)
            }
            CompileError::MaxError { wanted, reached } => {
                raised.with("wanted", wanted).with("reached", reached)
            }
            CompileError::NotFinite { tensor, value } => {
                raised.with("tensor", tensor).with("value", value)
            }
            CompileError::Run { sample, .. } => raised.with("sample", sample),
            CompileError::Tool { tool, log, .. } => raised.with("tool", tool).with("log", log),
            _ => raised,
        }
    }
}

/// A message that names the command line's options, in the names that they have here.
fn in_python(error: &CompileError, message: String) -> String {
    match error {
        CompileError::NoCalibration => {
            return "quantisation needs sample inputs: give calibration=, an array (axis 0 is \
                    samples) or a dict of arrays by input name"
                .to_owned();
        }
        CompileError::DynamicShape { input, shape } => {
            return format!(
                "input '{input}' has no fixed shape ({shape}): give shapes={{'{input}': \
                 DIMENSIONS}}, for example shapes={{'{input}': (1, 3, 32, 32)}}"
            );
        }
        _ => {}
    }
    let options = [
        ("--calibration X.npz", "calibration="),
        ("--precision int32", "precision='int32'"),
        ("--precision int16", "precision='int16'"),
        ("--tosa-tools", "tosa_tools="),
        (" (--verbose shows all it said)", " (.log has all it said)"),
        ("--preprocess", "preprocess="),
        ("--max-error", "max_error="),
        ("--calibration", "calibration="),
        ("--outputs", "outputs="),
        ("--labels", "labels="),
        ("--shape", "shapes="),
        ("--test", "test="),
        ("--io", "io="),
    ];
    let renamed = |text: String, (option, argument): (&str, &str)| text.replace(option, argument);
    options.into_iter().fold(message, renamed)
}

impl From<ModelFileError> for Raised {
    fn from(error: ModelFileError) -> Self {
        Self::of("ModelError", &error)
    }
}

impl From<CostError> for Raised {
    fn from(error: CostError) -> Self {
        Self::of("ModelError", &error)
    }
}

impl From<SampleError> for Raised {
    fn from(error: SampleError) -> Self {
        let raised = Self::of("RunError", &error);
        match error {
            SampleError::NoArray { input }
            | SampleError::Shape { input, .. }
            | SampleError::TooShort { input } => raised.with("input", input),
            SampleError::Value {
                sample,
                input,
                element,
            }
            | SampleError::RawValue {
                sample,
                input,
                element,
                ..
            } => raised
                .with("sample", sample)
                .with("input", input)
                .with("element", element),
            SampleError::Counts => raised,
        }
    }
}

/// A value outside its input's range.
fn out_of_range(sample: usize, index: u64, ports: &Ports) -> Raised {
    let raised = |message| {
        Raised::new("RunError", "InputRange", message)
            .with("sample", sample)
            .with("index", index)
    };
    let Some((port, element)) = ports.input_of(index) else {
        return raised(format!(
            "sample {sample}: a value is out of its input's range"
        ));
    };
    let name = &port.name;
    let what = if port.is_plain {
        let (low, high) = port.dtype.range();
        format!("is not an integer of {low} to {high}")
    } else {
        format!(
            "is outside the range that the model was calibrated for (.inputs has it): compile with \
             saturate=['{name}'], or calibrate on wider data"
        )
    };
    raised(format!(
        "sample {sample}: element {element} of '{name}' {what}"
    ))
    .with("input", name.clone())
    .with("element", element)
}

/// A run on this machine that gave no answer.
pub(crate) fn not_run(error: LocalError, ports: &Ports) -> Raised {
    match error {
        LocalError::Samples(error) => error.into(),
        LocalError::Run {
            sample,
            source: RunFailure::InputRange { index, .. },
        } => out_of_range(sample, index, ports),
        LocalError::Run {
            sample,
            source: RunFailure::Run(error),
        } => Raised::new(
            "RunError",
            variant(&error),
            format!("sample {sample}: {error}"),
        )
        .with("sample", sample),
        error @ LocalError::Answer { .. } => Raised::defect(chain(&error)),
    }
}

impl From<ChainError> for Raised {
    fn from(error: ChainError) -> Self {
        let raised = Self::of("RpcError", &error);
        match &error {
            ChainError::Url { url }
            | ChainError::NoNode { url, .. }
            | ChainError::NoPrecompile { url } => raised.with("url", url.clone()),
            ChainError::Reverted(reverted) => raised.with_revert(reverted),
            ChainError::NoReceipt { hash, .. }
            | ChainError::RevertedInBlock { hash }
            | ChainError::NotInBlock { hash } => raised.with("transaction", hash.to_string()),
            _ => raised,
        }
    }
}

impl Raised {
    fn with_revert(self, reverted: &Reverted) -> Self {
        let raised = self.with("data", reverted.data.to_string());
        match reverted.name() {
            Some(name) => raised.with("revert", name),
            None => raised,
        }
    }

    /// The attributes of what happened on the way to a node.
    fn with_cause(mut self, source: ChainError) -> Self {
        let cause = Self::from(source);
        let others = cause.attributes.into_iter();
        self.attributes
            .extend(others.filter(|(name, _)| *name != "kind"));
        self
    }
}

/// A call that gave no answer.
pub(crate) fn not_called(error: CallError, ports: Option<&Ports>) -> Raised {
    let kind = variant(&error);
    let message = chain(&error);
    let raised = || Raised::new("RpcError", kind.clone(), message.clone());
    match error {
        CallError::Chain(error) => error.into(),
        CallError::Samples(error) => error.into(),
        CallError::NoModel { model, source } => raised()
            .with("address", model.to_string())
            .with_cause(source),
        CallError::InputRange { sample, index, .. } => match ports {
            Some(ports) => out_of_range(sample, index, ports),
            None => raised().with("sample", sample),
        },
        CallError::Sample { sample, source } => raised().with("sample", sample).with_cause(source),
        CallError::Answer { sample, .. } => raised().with("sample", sample),
        _ => raised(),
    }
}

impl From<DeployError> for Raised {
    fn from(error: DeployError) -> Self {
        let raised = Self::of("DeployError", &error);
        match error {
            // Nothing was deployed yet: these are about the node and the model.
            DeployError::Chain(error) => error.into(),
            DeployError::Cost(error) => error.into(),
            DeployError::NotFunded {
                account,
                balance_wei,
                needed_wei,
            } => raised
                .with("account", account.to_string())
                .with("balance_wei", balance_wei.to_string())
                .with("needed_wei", needed_wei.to_string()),
            DeployError::NoContract { name, address } => raised
                .with("contract", name)
                .with("address", address.to_string()),
            DeployError::Owned { owner } => raised.with("owner", owner.to_string()),
            DeployError::Step { step, source } => {
                raised.with("step", step.name()).with_cause(source)
            }
            DeployError::Unread { source, .. } => raised.with_cause(source),
            _ => raised,
        }
    }
}

impl From<AddressError> for Raised {
    fn from(error: AddressError) -> Self {
        let message = match error {
            AddressError::ModelId => {
                "this is a model id (token): give the address of the model's root contract, which \
                 deploy() returns"
                    .to_owned()
            }
            AddressError::NoAddress => error.to_string(),
        };
        Self::new("AddressError", variant(&error), message)
    }
}

/// Reads an address.
///
/// # Errors
/// It is none.
pub(crate) fn address(text: &str) -> Result<alloy_primitives::Address, Raised> {
    Ok(parse_root(text)?)
}
