//! Inputs and outputs of a model, from its file or from the chain alike.

use crate::model_file;
use anyhow::{Context as _, Result};
use fixpoint_precompile::abi::IInference::{ModelInfo, TensorInfo};
use fixpoint_runtime::{
    model::{ValidModel, format::Quantisation},
    tensor::DType,
};

/// An input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    /// The declared name.
    pub(crate) name: String,
    /// Element type.
    pub(crate) dtype: DType,
    /// Dimensions, outermost first.
    pub(crate) shape: Vec<u32>,
    /// Elements are plain integers, not quantised real numbers.
    pub(crate) is_plain: bool,
}

impl Port {
    /// Number of elements.
    pub(crate) fn elements(&self) -> usize {
        self.shape
            .iter()
            .map(|&dimension| dimension as usize)
            .product()
    }
}

/// What goes in and what comes out, in calldata order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    /// Inputs.
    pub(crate) inputs: Vec<Port>,
    /// Outputs.
    pub(crate) outputs: Vec<Port>,
}

impl Ports {
    /// Of a model file.
    pub(crate) fn of_model(model: &ValidModel) -> Self {
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
    pub(crate) fn of_info(info: &ModelInfo) -> Result<Self> {
        let port = |tensor: &TensorInfo| {
            Ok(Port {
                name: tensor.name.clone(),
                dtype: DType::from_code(tensor.dtype)
                    .with_context(|| format!("element type {} is unknown", tensor.dtype))?,
                shape: tensor.shape.clone(),
                is_plain: tensor.quantisation == 0,
            })
        };
        Ok(Self {
            inputs: info.inputs.iter().map(port).collect::<Result<_>>()?,
            outputs: info.outputs.iter().map(port).collect::<Result<_>>()?,
        })
    }

    /// Which input a word outside its range belongs to, and what to do about it.
    pub(crate) fn input_range_advice(&self, index: u64) -> String {
        let mut element = usize::try_from(index).unwrap_or(usize::MAX);
        for port in &self.inputs {
            if element < port.elements() {
                let name = &port.name;
                return if port.is_plain {
                    let (low, high) = port.dtype.range();
                    format!("element {element} of `{name}` is not an integer of {low} to {high}")
                } else {
                    format!(
                        "element {element} of `{name}` is outside the range that the model was calibrated for (`fixpoint inspect` shows it); recompile with --saturate {name}, or calibrate on wider data"
                    )
                };
            }
            element -= port.elements();
        }
        "the value is outside the range of its input".to_owned()
    }
}
