//! Why an ONNX file is not read.

use thiserror::Error;

/// Why an ONNX file, or a node of it, is not read: one variant per cause.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// Not a protobuf of this kind.
    #[error("not an ONNX file: {0}; export it again")]
    Decode(#[from] prost::DecodeError),
    /// A wish for preprocessing that cannot be read, or does not fit the model.
    #[error("--preprocess: {reason}")]
    Preprocess {
        /// What is wrong.
        reason: String,
    },
    /// A file without a graph.
    #[error("no graph in it; export it again")]
    NoGraph,
    /// A version of the format that is not known here.
    #[error("its IR version is {got}, at most {max} is read: export with an older IR version")]
    IrVersion {
        /// The version.
        got: i64,
        /// The newest one known.
        max: i64,
    },
    /// A version of an operator set that is not known here.
    #[error(
        "it uses version {got} of operator set '{domain}', versions {min} to {max} are read: export with target_opset in that range"
    )]
    Opset {
        /// The operator set.
        domain: String,
        /// Its version.
        got: i64,
        /// Oldest version read.
        min: i64,
        /// Newest version read.
        max: i64,
    },
    /// More of something than is read.
    #[error("it has {got} {what}, at most {limit} are read")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much.
        got: usize,
        /// The limit.
        limit: usize,
    },
    /// A constant that contradicts itself or lies elsewhere.
    #[error("constant '{name}': {reason}")]
    Tensor {
        /// The constant.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// An attribute that is missing or has the wrong form.
    #[error("node '{node}' ({operator}): attribute '{attribute}' {reason}; export it again")]
    Attribute {
        /// Name of the node, or of its first output.
        node: String,
        /// The operator.
        operator: String,
        /// The attribute.
        attribute: String,
        /// What is wrong.
        reason: String,
    },
}
