//! Inputs and outputs of a model, from its file or from the chain alike.

use crate::model_file;
use fixpoint_precompile::abi::IInference::{ModelInfo, TensorInfo};
use fixpoint_runtime::{
    model::{ValidModel, format::Quantisation},
    tensor::DType,
};

/// An input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The declared name.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Dimensions, outermost first.
    pub shape: Vec<u32>,
    /// Elements are plain integers, not quantised real numbers.
    pub is_plain: bool,
}

impl Port {
    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.shape
            .iter()
            .map(|&dimension| dimension as usize)
            .product()
    }
}

/// A chain told of an element type that this version does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("element type {code} is unknown")]
pub struct UnknownType {
    /// Its code.
    pub code: u8,
}

/// What goes in and what comes out, in calldata order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Inputs.
    pub inputs: Vec<Port>,
    /// Outputs.
    pub outputs: Vec<Port>,
}

impl Ports {
    /// Of a model file.
    pub fn of_model(model: &ValidModel) -> Self {
        let port = |name: &[u8],
                    tensor: &fixpoint_runtime::tensor::TensorType,
                    quantisation: &Quantisation| Port {
            name: model_file::name(name),
            dtype: tensor.dtype,
            shape: tensor.shape.to_vec(),
            is_plain: *quantisation == Quantisation::None,
        };
        let parsed = model.model();
        Self {
            inputs: parsed
                .inputs
                .iter()
                .map(|input| port(&input.name, &input.tensor, &input.quantisation))
                .collect(),
            outputs: parsed
                .outputs
                .iter()
                .zip(model.output_types())
                .map(|(output, tensor)| port(&output.name, tensor, &output.quantisation))
                .collect(),
        }
    }

    /// Of a model on chain.
    ///
    /// # Errors
    /// The chain told of an element type that this version does not know.
    pub fn of_info(info: &ModelInfo) -> Result<Self, UnknownType> {
        let port = |tensor: &TensorInfo| {
            Ok(Port {
                name: tensor.name.clone(),
                dtype: DType::from_code(tensor.dtype).ok_or(UnknownType { code: tensor.dtype })?,
                shape: tensor.shape.clone(),
                is_plain: tensor.quantisation == 0,
            })
        };
        Ok(Self {
            inputs: info.inputs.iter().map(port).collect::<Result<_, _>>()?,
            outputs: info.outputs.iter().map(port).collect::<Result<_, _>>()?,
        })
    }

    /// The input that a word or an element belongs to, and which of its elements it is.
    pub fn input_of(&self, index: u64) -> Option<(&Port, usize)> {
        let mut element = usize::try_from(index).ok()?;
        for port in &self.inputs {
            if element < port.elements() {
                return Some((port, element));
            }
            element -= port.elements();
        }
        None
    }

    /// Which input a word outside its range belongs to, and what to do about it.
    pub fn input_range_advice(&self, index: u64) -> String {
        let Some((port, element)) = self.input_of(index) else {
            return "the value is outside the range of its input".to_owned();
        };
        let name = &port.name;
        if port.is_plain {
            let (low, high) = port.dtype.range();
            return format!("element {element} of `{name}` is not an integer of {low} to {high}");
        }
        format!(
            "element {element} of `{name}` is outside the range that the model was calibrated for (`fixpoint inspect` shows it); recompile with --saturate {name}, or calibrate on wider data"
        )
    }
}
