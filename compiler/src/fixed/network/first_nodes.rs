//! The first nodes of a network here, the rest elsewhere, in one model.

use super::{Lowerer, bits_for};
use crate::{
    builder::ModelBuilder,
    calibrate::Ranges,
    error::CompileError,
    ir::{Graph, Node, ValueIndex},
};
use fixpoint_runtime::model::format::ValueId;

/// Nodes at the beginning of a network that have been lowered at 32 bits; the rest follows in the same
/// builder.
pub(crate) struct FirstNodes<'a> {
    lowerer: Lowerer<'a>,
}

/// The first `count` nodes of a graph at 32 bits. Inputs that they do not read are not declared: the
/// caller does so, in order, by [`FirstNodes::builder`].
///
/// # Errors
/// As [`lower`].
pub(crate) fn first_nodes<'a>(
    graph: &'a Graph,
    ranges: &'a Ranges,
    count: usize,
    saturating: &[String],
    mut other_input: impl FnMut(&mut ModelBuilder, ValueIndex) -> Result<(), CompileError>,
) -> Result<FirstNodes<'a>, CompileError> {
    let mut lowerer = Lowerer::new(graph, ranges);
    for (index, &input) in graph.inputs.iter().enumerate() {
        let is_read = |node: &Node| node.inputs.contains(&input);
        if graph.nodes[..count].iter().any(is_read) {
            lowerer.input(index, input, saturating)?;
        } else {
            other_input(&mut lowerer.lane.builder, input)?;
        }
    }
    lowerer.nodes(count)?;
    Ok(FirstNodes { lowerer })
}

/// Whether the first `count` nodes of a graph have a lowering at 32 bits.
pub(crate) fn can_lower(graph: &Graph, ranges: &Ranges, count: usize) -> bool {
    first_nodes(graph, ranges, count, &[], |_, _| Ok(())).is_ok()
}

impl FirstNodes<'_> {
    /// The builder, to be given back by [`Self::take_builder`]'s caller to whatever follows.
    pub(crate) fn take_builder(&mut self) -> ModelBuilder {
        std::mem::take(&mut self.lowerer.lane.builder)
    }

    /// A value at 32 bits in a builder that goes on from this one's: its integers, and what a unit
    /// of them stands for; nothing if it is not one of those.
    pub(crate) fn value(
        &mut self,
        builder: &mut ModelBuilder,
        value: ValueIndex,
    ) -> Result<Option<(ValueId, f64)>, CompileError> {
        let Some(wide) = self.lowerer.values[value].clone() else {
            return Ok(None);
        };
        if self.lowerer.graph.values[value].constant.is_some() {
            return Ok(None);
        }
        if let Some(slope) = wide.slope() {
            return Ok(Some((wide.value, slope)));
        }
        let shape = self.lowerer.shape(value).to_vec();
        let bits = bits_for(wide.bound(), 2.0);
        self.lowerer.lane.builder = std::mem::take(builder);
        let even = self.lowerer.with_bits(wide, &shape, 1.0, bits);
        *builder = self.take_builder();
        Ok(Some((even?.value, 2f64.powi(-bits))))
    }
}
