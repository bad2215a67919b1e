//! Which layers of a network have how many bits.
//!
//! - this file: a network with all that is chosen for it but that, and the integers of one choice;
//! - [`mod@layers`]: what a layer is;
//! - `first`: the first nodes of a network of 16 bits that compute at 32;
//! - `widths`: which values a choice makes wide, and conversions between layers;
//! - `sensitivity`: the error that each layer adds alone, the rest in floating point;
//! - `search`: the layers that need 16 bits for a wanted error;
//! - `choice`: what is chosen in the end, for the record and the report.

mod choice;
mod first;
pub mod layers;
mod search;
mod sensitivity;
mod widths;

pub use layers::{Layer, Layers};

pub(crate) use choice::{check_max_error, choose};
pub(crate) use sensitivity::LayerError;

use search::{Goal, reach};
use sensitivity::sensitivities;

use crate::{
    calibrate::Ranges,
    error::CompileError,
    fixed,
    ir::Graph,
    lower::{Lowered, lower},
    options::{CompileOptions, Precision},
    prescribed::is_quantised,
    quantise::{Quant, check_scales, quantise, uniform_dtype},
};
use fixpoint_runtime::model::{ValidModel, validate};
use widths::Assigned;

/// A network, and everything that is chosen for it but the widths of its layers.
#[derive(Clone, Copy)]
pub(crate) struct Network<'a> {
    /// The float graph.
    pub(crate) graph: &'a Graph,
    /// Its layers.
    pub(crate) layers: &'a Layers,
    /// Ranges of its values.
    pub(crate) ranges: &'a Ranges,
    /// Values whose range is too wide to choose a scale by.
    pub(crate) too_wide: &'a [bool],
    /// What the caller chose.
    pub(crate) options: &'a CompileOptions,
    /// How many of the first nodes compute at 32 bits, in a network of 16.
    pub(crate) first_nodes: usize,
}

/// None, some or all of the nodes of a layer.
enum Share {
    None,
    Some,
    All,
}

/// A network in integers.
pub(crate) struct Integers {
    /// The model, validated.
    pub(crate) model: ValidModel,
    /// Remarks on lossy choices.
    pub(crate) remarks: Vec<String>,
    /// Layer of each operator; nothing for one that only returns what an input gave.
    pub(crate) layers: Vec<Option<usize>>,
    /// What the elements of each value of the graph stand for; nothing at 32 bits.
    pub(crate) quants: Vec<Quant>,
}

impl Network<'_> {
    /// The network with these layers raised to 16 bits; with no layer raised, or with all, at the
    /// precision of the options or at 16 bits.
    ///
    /// # Errors
    /// [`CompileError`], one variant per cause.
    pub(crate) fn build(&self, raised: &[bool]) -> Result<Integers, CompileError> {
        let all_first = self.first_nodes == self.graph.nodes.len() && self.first_nodes > 0;
        if (self.options.precision == Precision::Int32 && !is_quantised(self.graph)) || all_first {
            let saturating = &self.options.saturating_inputs;
            let lowered = fixed::network::lower(self.graph, self.ranges, saturating)?;
            return integers(lowered, &self.layers.of_node, Vec::new());
        }
        if self.first_nodes > 0 {
            let (lowered, quants) = first::lowered(
                self.graph,
                self.ranges,
                self.first_nodes,
                self.options.input_scales,
                &self.options.saturating_inputs,
            )?;
            return integers(lowered, &self.layers.of_node, quants);
        }
        let assigned = self.assigned(raised)?;
        let (graph, ranges) = (&assigned.graph, &assigned.ranges);
        let quants = quantise(graph, ranges, &assigned.dtypes, self.options.input_scales);
        check_scales(graph, ranges, self.too_wide, &quants)?;
        let mut lowered = lower(graph, &quants, &self.options.saturating_inputs)?;
        if is_quantised(graph) {
            lowered.remarks.push(
                "the model's own integers, scales and zero points were kept, whatever the precision"
                    .to_owned(),
            );
        }
        integers(lowered, &assigned.layers, quants)
    }

    /// Names of the raised layers.
    pub(crate) fn names_of(&self, raised: &[bool]) -> Vec<String> {
        let layers = self.layers.list.iter().zip(raised);
        let raised = layers.filter(|(_, raised)| **raised);
        raised.map(|(layer, _)| layer.name.clone()).collect()
    }

    /// Whether every layer that computes is raised, and there is one.
    pub(crate) fn is_everywhere(&self, raised: &[bool]) -> bool {
        let mut computing = self
            .layers
            .list
            .iter()
            .zip(raised)
            .filter(|(layer, _)| layer.computes);
        raised.contains(&true) && computing.all(|(_, &raised)| raised)
    }

    /// The precision of a layer, in words; nothing where the model has its own integers, nor where
    /// nothing is computed.
    pub(crate) fn precision_of(&self, layer: &Layer, raised: bool) -> Option<&'static str> {
        let named = layer.computes && !is_quantised(self.graph);
        named.then_some(match self.options.precision {
            Precision::Int8 if raised => "int16",
            Precision::Int8 => "int8",
            Precision::Int16 => match self.share_of_first(layer) {
                Share::None => "int16",
                Share::Some => "int32 and int16",
                Share::All => "int32",
            },
            Precision::Int32 => "int32",
        })
    }

    /// How much of a layer is among the first nodes, which compute at 32 bits.
    fn share_of_first(&self, layer: &Layer) -> Share {
        match layer
            .nodes
            .iter()
            .filter(|&&node| node < self.first_nodes)
            .count()
        {
            0 => Share::None,
            all if all == layer.nodes.len() => Share::All,
            _ => Share::Some,
        }
    }

    fn assigned(&self, raised: &[bool]) -> Result<Assigned, CompileError> {
        let everywhere = self.is_everywhere(raised);
        if raised.contains(&true) && !everywhere {
            return Ok(Assigned::mixed(
                self.graph,
                self.ranges,
                self.layers,
                raised,
                &[],
            ));
        }
        let precision = if everywhere {
            Precision::Int16
        } else {
            self.options.precision
        };
        let dtype = uniform_dtype(self.graph, precision)?;
        Ok(Assigned::uniform(
            self.graph,
            self.ranges,
            self.layers,
            dtype,
        ))
    }
}

fn integers(
    lowered: Lowered,
    layer_of_node: &[usize],
    quants: Vec<Quant>,
) -> Result<Integers, CompileError> {
    let layer = |origin: Option<usize>| origin.map(|node| layer_of_node[node]);
    let operators = lowered.model.operators.clone();
    let model =
        validate(lowered.model).map_err(|source| CompileError::rejected(source, &operators))?;
    Ok(Integers {
        model,
        remarks: lowered.remarks,
        layers: lowered.origins.into_iter().map(layer).collect(),
        quants,
    })
}
