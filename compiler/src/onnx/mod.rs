//! An own reader of ONNX files, for what tract refuses: the operators of `ai.onnx.ml`.
//!
//! - [`messages`]: the protobuf, by `prost`;
//! - [`File::read`]: versions and sizes checked;
//! - [`mod@preprocess`]: what callers would do with pixels, in front of any network;
//! - [`Attributes`], [`numbers`]: what nodes and constants hold.
//!
//! A file with operators of `ai.onnx.ml` is *classical* and compiled by [`crate::classical`]. What that does
//! not know goes the way of networks, in standard operators ([`in_standard_operators`]), unless it has
//! trees; every other file is left to tract.

mod attributes;
mod error;
pub mod messages;
pub mod preprocess;
mod standard;

pub use attributes::{Attributes, Numbers, node_name, numbers};
pub use error::OnnxError;
pub use preprocess::Preprocess;
pub use standard::{Standard, in_standard_operators};

use messages::{GraphProto, ModelProto, NodeProto};
use prost::Message as _;

/// The operator set of classical models.
pub const ML_DOMAIN: &str = "ai.onnx.ml";
/// Newest IR version that is read: that of ONNX 1.19 and later.
const MAX_IR_VERSION: i64 = 13;
/// Versions of the standard operators that a classical file may use.
const STANDARD_OPSETS: [i64; 2] = [1, 26];
/// Versions of `ai.onnx.ml` that are read.
const ML_OPSETS: [i64; 2] = [1, 5];
/// Nodes of a classical file: far above what any exporter writes.
const MAX_NODES: usize = 4_096;
/// Bytes of a classical file: a model of 16 MB of chain bytes has less.
const MAX_FILE_BYTES: usize = 256 << 20;

/// A classical ONNX file.
#[derive(Clone, Debug)]
pub struct File {
    /// Its graph.
    pub graph: GraphProto,
}

/// Whether a file has operators of `ai.onnx.ml` besides Scaler.
///
/// # Errors
/// [`OnnxError::Decode`].
pub fn is_classical(bytes: &[u8]) -> Result<bool, OnnxError> {
    let graph = ModelProto::decode(bytes)?.graph.unwrap_or_default();
    let classical = |node: &NodeProto| node.domain == ML_DOMAIN && node.op_type != "Scaler";
    Ok(graph.node.iter().any(classical))
}

/// Whether a file has trees, which only [`crate::classical`] compiles.
///
/// # Errors
/// [`OnnxError::Decode`].
pub fn has_trees(bytes: &[u8]) -> Result<bool, OnnxError> {
    let graph = ModelProto::decode(bytes)?.graph.unwrap_or_default();
    let is_tree =
        |node: &NodeProto| node.domain == ML_DOMAIN && node.op_type.starts_with("TreeEnsemble");
    Ok(graph.node.iter().any(is_tree))
}

impl File {
    /// Reads a classical file.
    ///
    /// # Errors
    /// [`OnnxError`].
    pub fn read(bytes: &[u8]) -> Result<Self, OnnxError> {
        within("bytes", bytes.len(), MAX_FILE_BYTES)?;
        let model = ModelProto::decode(bytes)?;
        if model.ir_version > MAX_IR_VERSION {
            return Err(OnnxError::IrVersion {
                got: model.ir_version,
                max: MAX_IR_VERSION,
            });
        }
        for set in &model.opset_import {
            let [min, max] = match set.domain.as_str() {
                "" | "ai.onnx" => STANDARD_OPSETS,
                ML_DOMAIN => ML_OPSETS,
                // A set that no node uses does no harm; a node that uses it is refused by name.
                _ => continue,
            };
            if !(min..=max).contains(&set.version) {
                return Err(OnnxError::Opset {
                    domain: set.domain.clone(),
                    got: set.version,
                    min,
                    max,
                });
            }
        }
        let graph = model.graph.ok_or(OnnxError::NoGraph)?;
        within("nodes", graph.node.len(), MAX_NODES)?;
        Ok(Self { graph })
    }
}

fn within(what: &'static str, got: usize, limit: usize) -> Result<(), OnnxError> {
    if got > limit {
        return Err(OnnxError::Limit { what, got, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{messages::*, *};

    fn file(edit: impl FnOnce(&mut ModelProto)) -> Result<File, OnnxError> {
        let mut model = ModelProto {
            ir_version: 8,
            graph: Some(GraphProto::default()),
            opset_import: vec![OperatorSetIdProto {
                domain: ML_DOMAIN.to_owned(),
                version: 3,
            }],
        };
        edit(&mut model);
        File::read(&model.encode_to_vec())
    }

    #[test]
    fn versions_and_sizes_are_checked() {
        assert!(file(|_| {}).is_ok());
        let refused = file(|model| model.ir_version = 99);
        assert!(matches!(refused, Err(OnnxError::IrVersion { got: 99, .. })));
        let refused = file(|model| model.opset_import[0].version = 6);
        assert!(matches!(refused, Err(OnnxError::Opset { got: 6, .. })));
        let refused = file(|model| model.graph = None);
        assert!(matches!(refused, Err(OnnxError::NoGraph)));
        let many = vec![NodeProto::default(); MAX_NODES + 1];
        let refused = file(|model| model.graph.get_or_insert_default().node = many);
        assert!(matches!(
            refused,
            Err(OnnxError::Limit { what: "nodes", .. })
        ));
        let refused = File::read(&[0xff; 9]);
        assert!(matches!(refused, Err(OnnxError::Decode(_))));
    }

    #[test]
    fn one_operator_of_the_set_makes_a_file_classical() {
        let node = |domain: &str| NodeProto {
            domain: domain.to_owned(),
            ..NodeProto::default()
        };
        for (domains, want) in [(["", ""], false), (["", ML_DOMAIN], true)] {
            let model = ModelProto {
                graph: Some(GraphProto {
                    node: domains.map(node).to_vec(),
                    ..GraphProto::default()
                }),
                ..ModelProto::default()
            };
            let found = is_classical(&model.encode_to_vec()).expect("a file");
            assert_eq!(found, want, "{domains:?}");
        }
    }
}
