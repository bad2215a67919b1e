//! Errors: one variant per cause, each saying what to do.

use crate::{npy::NpyError, onnx::OnnxError, tflite::tools, tosa::NodeError};
use fixpoint_runtime::{
    error::{ModelError, RunError},
    ops::Operator,
};
use thiserror::Error;

/// Why there is no compiled model.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompileError {
    /// More of something than a model may have.
    #[error("the model needs more than {limit} {what}: make it smaller")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// An input or output name that the format cannot hold.
    #[error(
        "'{name}' is no valid name: 1 to {limit} printable ASCII characters; rename the tensor"
    )]
    Name {
        /// The name.
        name: String,
        /// Longest name in bytes.
        limit: usize,
    },
    /// The file is not a TOSA flatbuffer, or a broken one.
    #[error("not a valid .tosa file: {reason}")]
    TosaFile {
        /// What is wrong.
        reason: String,
    },
    /// An operator of a `.tosa` file that the file itself declares wrongly.
    #[error("{operator} (output '{output}'): {cause}")]
    TosaNode {
        /// The operator's name.
        operator: &'static str,
        /// Name of its first output.
        output: String,
        /// What is wrong with it.
        cause: NodeError,
    },
    /// A TOSA operator outside the integer profile.
    #[error(
        "TOSA operator {operator} (output '{output}') is not in the integer profile: {belongs}"
    )]
    TosaOperator {
        /// The operator's name.
        operator: &'static str,
        /// Name of its first output.
        output: String,
        /// The profile, extension or version that it belongs to.
        belongs: &'static str,
    },
    /// A TOSA element type outside the integer profile.
    #[error(
        "tensor '{tensor}' has element type {dtype} ({belongs}): only bool, int8, int16, int32 and int48 run"
    )]
    TosaType {
        /// The tensor.
        tensor: String,
        /// The type's name.
        dtype: &'static str,
        /// The profile, extension or version that it belongs to.
        belongs: &'static str,
    },
    /// A tensor of a `.tosa` file with more axes than TOSA allows.
    #[error("tensor '{tensor}' has rank {rank}, at most {limit} is allowed")]
    TosaRank {
        /// The tensor.
        tensor: String,
        /// Its rank.
        rank: usize,
        /// Largest rank.
        limit: usize,
    },
    /// A model that a `.tosa` file cannot hold.
    #[error("cannot be written as a .tosa file: {reason}")]
    TosaExport {
        /// What is in the way.
        reason: String,
    },
    /// The description of inputs and outputs does not fit the model.
    #[error("io description: {reason}")]
    Io {
        /// What is wrong.
        reason: String,
    },
    /// The file is not a TFLite flatbuffer, or a broken one.
    #[error("not a valid .tflite file: {reason}; export or download it again")]
    TfliteFile {
        /// What is wrong.
        reason: String,
    },
    /// A TFLite file with more than one way in.
    #[error("the .tflite file has several signatures ({keys}): export one of them alone")]
    TfliteSignatures {
        /// The signatures' keys.
        keys: String,
    },
    /// An input or output of a TFLite file that a model cannot have.
    #[error("{port}: {reason}")]
    TflitePort {
        /// Input or output, and its name.
        port: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A TFLite operator that the converter left as it was.
    #[error("TFLite operator '{operator}' has no TOSA form: build the model without it")]
    TfliteOperator {
        /// The operator, as the converter names it.
        operator: String,
    },
    /// A shape inside a TFLite graph that depends on data.
    #[error(
        "the shape of a tensor ({tensor}, at {operator}) is known only when the model runs: build the model with fixed shapes"
    )]
    TfliteShape {
        /// The operator, as the converter names it.
        operator: String,
        /// The tensor's type.
        tensor: String,
    },
    /// A program that a conversion needs is not installed.
    #[error(
        "{tool} is {place}: run `python3 -m venv .venv-tosa && .venv-tosa/bin/pip install tosa-tools=={} tosa-converter-for-tflite=={}` here, or name the folder that has it with --tosa-tools",
        tools::TOSA_TOOLS_VERSION,
        tools::CONVERTER_VERSION
    )]
    ToolMissing {
        /// The program.
        tool: String,
        /// Where it was looked for.
        place: String,
    },
    /// A program that a conversion needs failed.
    #[error("{tool} failed: {said} (--verbose shows all it said)")]
    Tool {
        /// The program.
        tool: String,
        /// What it said, in one line.
        said: String,
        /// The command and all that it printed.
        log: String,
    },
    /// A temporary file could not be written or read.
    #[error("can't use a temporary folder: {reason}; TMPDIR names another place")]
    Scratch {
        /// The system's message.
        reason: String,
    },
    /// The ONNX file could not be read.
    #[error("cannot read the ONNX model: {reason}")]
    OnnxFile {
        /// The reader's message.
        reason: String,
    },
    /// The ONNX file, or a node of it, contradicts itself or the versions that are read.
    #[error("cannot read the ONNX model: {0}")]
    Onnx(#[from] OnnxError),
    /// A dimension of an input is not known.
    #[error(
        "input '{input}' has no fixed shape ({shape}): give --shape {input}=DIMENSIONS, for example --shape {input}=1,3,32,32"
    )]
    DynamicShape {
        /// The input.
        input: String,
        /// Its shape as declared.
        shape: String,
    },
    /// An option names an input that the model does not have.
    #[error("the model has no input '{name}': its inputs are {inputs}")]
    NoSuchInput {
        /// The name given.
        name: String,
        /// The names there are.
        inputs: String,
    },
    /// An option names an output that the model does not have.
    #[error("the model has no tensor '{name}' to return")]
    NoSuchOutput {
        /// The name given.
        name: String,
    },
    /// An ONNX operator, or a use of it, that is not lowered yet.
    #[error("node '{node}' ({operator}): {reason}")]
    Unsupported {
        /// Name of the node, or of its first output.
        node: String,
        /// The ONNX operator.
        operator: String,
        /// What is not supported and what to do.
        reason: String,
    },
    /// A precision that a part of the compiler does not have.
    #[error("precision {precision} is not available here: use int8 or int16")]
    Precision {
        /// The precision asked for.
        precision: &'static str,
    },
    /// A file of an earlier compilation's choices that does not fit.
    #[error(
        "the file of ranges and choices: {reason}; it must be the one written with this ONNX file"
    )]
    Record {
        /// What is wrong.
        reason: String,
    },
    /// An error that is wanted and cannot be had.
    #[error(
        "even with 16 bits in every layer the error is {reached:.3e} standard deviations, not below {wanted:.3e}: allow a larger error, or try --precision int32"
    )]
    MaxError {
        /// The wanted error.
        wanted: f64,
        /// What 16 bits everywhere reach.
        reached: f64,
    },
    /// A wanted error that does not go with the model or the other options.
    #[error("a largest error: {reason}")]
    Mixing {
        /// What is in the way, and what to do.
        reason: &'static str,
    },
    /// Calibration data is missing.
    #[error(
        "quantisation needs sample inputs: give --calibration X.npz (keys are input names, axis 0 is samples)"
    )]
    NoCalibration,
    /// A quantised model that leaves the scale of a tensor open.
    #[error(
        "node '{node}' ({operator}): the model gives its result no scale: give --calibration X.npz, or quantise its result too"
    )]
    NoScale {
        /// The node's name.
        node: String,
        /// Its operator.
        operator: String,
    },
    /// A quantised model with tensors of 8 and of 16 bits.
    #[error(
        "tensors '{}' and '{}' are quantised to different widths: quantise all activations to 8 or all to 16 bits", .tensors[0], .tensors[1]
    )]
    MixedWidths {
        /// One tensor of each.
        tensors: [String; 2],
    },
    /// Samples that do not fit the model.
    #[error("samples for input '{input}': {reason}")]
    Samples {
        /// The input.
        input: String,
        /// What is wrong.
        reason: String,
    },
    /// Labels that do not fit the test set or the model.
    #[error("labels: {reason}")]
    Labels {
        /// What is wrong.
        reason: String,
    },
    /// A range that cannot be quantised.
    #[error(
        "tensor '{tensor}' took the value {value} on the calibration data: check the model and the samples"
    )]
    NotFinite {
        /// The tensor.
        tensor: String,
        /// NaN or an infinity.
        value: f64,
    },
    /// Two neighbouring tensors whose scales are too far apart.
    #[error(
        "a scale factor of {factor:e} does not fit a RESCALE: the ranges of two neighbouring tensors differ too much; check the samples"
    )]
    ScaleFactor {
        /// The factor.
        factor: f64,
    },
    /// The float model failed on a sample.
    #[error("the float model failed: {reason}")]
    FloatRun {
        /// The interpreter's message.
        reason: String,
    },
    /// The produced model does not validate.
    #[error("the compiled model is not accepted by the runtime: {source}{}", at(.operator.as_deref()))]
    Rejected {
        /// The runtime's reason.
        source: ModelError,
        /// The operator it is about, if it is about one.
        operator: Option<Box<Operator>>,
    },
    /// The produced model failed on a test sample.
    #[error("the compiled model failed on test sample {sample}: {source}")]
    Run {
        /// Index of the sample.
        sample: usize,
        /// The runtime's reason.
        source: RunError,
    },
    /// Whoever waits for the model ended its compilation.
    #[error("stopped")]
    Stopped,
    /// An array file.
    #[error(transparent)]
    Npy(#[from] NpyError),
}

impl CompileError {
    /// The runtime's refusal of a model, with the operator that it is about.
    pub(crate) fn rejected(source: ModelError, operators: &[Operator]) -> Self {
        let index = source.operator().map(usize::from);
        let operator = index.and_then(|index| operators.get(index));
        Self::Rejected {
            source,
            operator: operator.cloned().map(Box::new),
        }
    }
}

fn at(operator: Option<&Operator>) -> String {
    operator.map_or_else(String::new, |operator| format!(" ({})", operator.name()))
}
