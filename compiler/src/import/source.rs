//! A node of the file: its operands and attributes.

use super::{Importer, node_name, unsupported};
use crate::{
    error::CompileError,
    ir::{Element, Tensor, ValueIndex, build::Origin},
};
use std::sync::Arc;
use tract_onnx::pb::{AttributeProto, NodeProto};

/// The values of a node's outputs, in order; those that nobody reads may be left out at the end.
pub(super) type Converted = Result<Vec<ValueIndex>, CompileError>;
/// A value that was added.
pub(super) type Added = Result<ValueIndex, CompileError>;

/// A node with the importer around it.
pub(super) struct Source<'i> {
    pub(super) importer: &'i mut Importer,
    pub(super) node: &'i NodeProto,
    pub(super) origin: Origin,
}

impl Importer {
    /// Adds one ONNX node to the graph.
    pub(super) fn node(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        if self.written_out(node)? {
            return Ok(());
        }
        self.decoded_operands(node)?;
        let origin = Origin {
            name: node_name(node),
            source: node.op_type.clone(),
        };
        let before = self.graph.values.len();
        let outputs = Source {
            importer: self,
            node,
            origin,
        }
        .convert()?;
        for (position, name) in node.output.iter().enumerate() {
            if name.is_empty() {
                continue;
            }
            let &output = outputs.get(position).ok_or_else(|| {
                unsupported(
                    node,
                    format!("its output '{name}' is not supported: export the model without it"),
                )
            })?;
            if output >= before {
                self.graph.values[output].name.clone_from(name);
            }
            self.indices.insert(name.clone(), output);
        }
        self.note_codes(node);
        Ok(())
    }
}

impl<'i> Source<'i> {
    pub(super) const fn operator(&self) -> &'i str {
        self.node.op_type.as_str()
    }
}

/// Operands.
impl Source<'_> {
    pub(super) fn unsupported(&self, reason: impl Into<String>) -> CompileError {
        unsupported(self.node, reason)
    }

    pub(super) const fn opset(&self) -> i64 {
        self.importer.opset
    }

    fn name(&self, index: usize) -> Option<&str> {
        let name = self.node.input.get(index).map(String::as_str);
        name.filter(|name| !name.is_empty())
    }

    /// Whether the node has an output at this place that somebody reads.
    pub(super) fn is_wanted(&self, output: usize) -> bool {
        self.node
            .output
            .get(output)
            .is_some_and(|name| !name.is_empty())
    }

    /// An operand that must be there.
    pub(super) fn value(&self, index: usize) -> Added {
        let missing = || self.unsupported(format!("operand {index} is missing"));
        self.optional_value(index)?.ok_or_else(missing)
    }

    /// An operand, if it is there.
    pub(super) fn optional_value(&self, index: usize) -> Result<Option<ValueIndex>, CompileError> {
        let Some(name) = self.name(index) else {
            return Ok(None);
        };
        match self.importer.read(self.node, name) {
            Some(value) => Ok(Some(value)),
            None => Err(self.unsupported(format!("nothing computes its operand '{name}'"))),
        }
    }

    /// All operands.
    pub(super) fn values(&self) -> Result<Vec<ValueIndex>, CompileError> {
        (0..self.node.input.len())
            .map(|index| self.value(index))
            .collect()
    }

    /// Shape of a value.
    pub(super) fn shape(&self, value: ValueIndex) -> Vec<usize> {
        self.importer.graph.values[value].shape.clone()
    }

    /// What a value consists of.
    pub(super) fn element(&self, value: ValueIndex) -> Element {
        self.importer.graph.values[value].element
    }

    /// A value's elements, if they are constant.
    pub(super) fn known(&self, value: ValueIndex) -> Option<Arc<Tensor>> {
        self.importer.graph.values[value].constant.clone()
    }

    /// A constant operand, or nothing if it is absent; it must not be computed.
    pub(super) fn optional(
        &self,
        index: usize,
        what: &str,
    ) -> Result<Option<Arc<Tensor>>, CompileError> {
        let Some(value) = self.optional_value(index)? else {
            return Ok(None);
        };
        let constant = self.known(value).ok_or_else(|| {
            self.unsupported(format!(
                "its {what} must be constant: export the model with fixed weights and shapes"
            ))
        })?;
        Ok(Some(constant))
    }

    /// A constant operand that must be there.
    pub(super) fn required(&self, index: usize, what: &str) -> Result<Arc<Tensor>, CompileError> {
        self.optional(index, what)?
            .ok_or_else(|| self.unsupported(format!("its {what} are missing")))
    }

    /// A constant operand of integers, or nothing if it is absent; it must not be computed.
    pub(super) fn optional_integers(
        &self,
        index: usize,
        what: &str,
    ) -> Result<Option<Vec<i64>>, CompileError> {
        Ok(self.optional(index, what)?.map(|tensor| tensor.to_i64()))
    }

    /// Integers that were an attribute up to some opset and are an operand since.
    pub(super) fn moved_integers(
        &self,
        index: usize,
        attribute: &str,
    ) -> Result<Option<Vec<i64>>, CompileError> {
        if let Some(integers) = self.optional_integers(index, attribute)? {
            return Ok(Some(integers));
        }
        Ok(self
            .attribute(attribute)
            .map(|attribute| attribute.ints.clone()))
    }
}

/// Attributes.
impl Source<'_> {
    pub(super) fn attribute(&self, name: &str) -> Option<&AttributeProto> {
        let mut attributes = self.node.attribute.iter();
        attributes.find(|attribute| attribute.name == name)
    }

    pub(super) fn integer(&self, name: &str, default: i64) -> i64 {
        self.attribute(name)
            .map_or(default, |attribute| attribute.i)
    }

    pub(super) fn float(&self, name: &str, default: f64) -> f64 {
        self.attribute(name)
            .map_or(default, |attribute| f64::from(attribute.f))
    }

    pub(super) fn integers(&self, name: &str) -> Vec<i64> {
        self.attribute(name)
            .map_or_else(Vec::new, |attribute| attribute.ints.clone())
    }

    pub(super) fn text(&self, name: &str) -> String {
        let bytes = self
            .attribute(name)
            .map_or(&[][..], |attribute| &attribute.s);
        String::from_utf8_lossy(bytes).into_owned()
    }

    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let texts = self
            .attribute(name)
            .map_or(&[][..], |attribute| &attribute.strings);
        texts
            .iter()
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .collect()
    }

    /// An axis counted from the front.
    pub(super) fn axis(&self, axis: i64, rank: usize) -> Result<usize, CompileError> {
        let counted = if axis < 0 { axis + rank as i64 } else { axis };
        usize::try_from(counted)
            .ok()
            .filter(|&axis| axis < rank)
            .ok_or_else(|| self.unsupported(format!("axis {axis} of a tensor of rank {rank}")))
    }

    /// Axes counted from the front, ascending.
    pub(super) fn axes(&self, axes: &[i64], rank: usize) -> Result<Vec<usize>, CompileError> {
        let axes: Result<Vec<_>, _> = axes.iter().map(|&axis| self.axis(axis, rank)).collect();
        let mut axes = axes?;
        axes.sort_unstable();
        axes.dedup();
        Ok(axes)
    }
}
