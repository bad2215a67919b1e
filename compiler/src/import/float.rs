//! The float model: tract's reading of an ONNX file, its shapes, constants and reference results.

use crate::error::CompileError;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use tract_onnx::{
    pb::ModelProto,
    prelude::{
        DatumType, Framework as _, InferenceFact, InferenceModel, InferenceModelExt as _,
        IntoTensor as _, OutletId, RunnableModel, Tensor, TypedFact, TypedOp, tvec,
    },
    tract_hir::infer::Factoid as _,
};

/// An ONNX model with every shape inferred.
#[derive(Debug)]
pub struct FloatModel {
    model: InferenceModel,
    outlets: HashMap<String, OutletId>,
    inputs: Vec<(String, Vec<usize>)>,
    /// Why some shapes are not known.
    analysis_error: Option<String>,
}

/// A float model ready to run and to return the values that were asked for.
pub struct FloatRun {
    runnable: Arc<RunnableModel<TypedFact, Box<dyn TypedOp>>>,
    input_shapes: Vec<Vec<usize>>,
}

/// Reads the protobuf.
pub(super) fn read_proto(bytes: &[u8]) -> Result<ModelProto, CompileError> {
    let proto = tract_onnx::onnx()
        .proto_model_for_read(&mut &*bytes)
        .map_err(unreadable)?;
    if proto.graph.is_none() {
        return Err(CompileError::OnnxFile {
            reason: "no graph in it".to_owned(),
        });
    }
    Ok(proto)
}

fn unreadable(error: impl std::fmt::Debug) -> CompileError {
    CompileError::OnnxFile {
        reason: first_lines(&error),
    }
}

/// An error chain without its backtrace, on one line.
fn first_lines(error: &impl std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    let end = text.find("Stack backtrace").unwrap_or(text.len());
    text[..end].split_whitespace().collect::<Vec<_>>().join(" ")
}

impl FloatModel {
    /// Gives every input its shape (batch 1 unless told otherwise) and infers the rest.
    pub(super) fn new(
        proto: &ModelProto,
        shapes: &BTreeMap<String, Vec<usize>>,
    ) -> Result<Self, CompileError> {
        // Declared intermediate shapes may speak of a symbolic batch, which is fixed here.
        let onnx = tract_onnx::onnx()
            .with_ignore_value_info(true)
            .with_ignore_output_shapes(true);
        let parsed = onnx.parse(proto, None).map_err(unreadable)?;
        let mut model = parsed.model;
        let mut inputs = Vec::new();
        for (index, outlet) in model
            .input_outlets()
            .map_err(unreadable)?
            .to_vec()
            .into_iter()
            .enumerate()
        {
            let name = model.node(outlet.node).name.clone();
            let fact = model.outlet_fact(outlet).map_err(unreadable)?.clone();
            let shape = match shapes.get(&name) {
                Some(shape) => shape.clone(),
                None => declared_shape(&name, &fact)?,
            };
            if shape.contains(&0) {
                let shape = format!("{shape:?}");
                return Err(CompileError::DynamicShape { input: name, shape });
            }
            if fact.datum_type.concretize() != Some(DatumType::F32) {
                return Err(CompileError::Unsupported {
                    node: name,
                    operator: "input".to_owned(),
                    reason: format!(
                        "inputs must be float32, this one is {}",
                        fact.format_dt_shape()
                    ),
                });
            }
            let fact = InferenceFact::dt_shape(DatumType::F32, &shape);
            model.set_input_fact(index, fact).map_err(unreadable)?;
            inputs.push((name, shape));
        }
        if let Some(name) = shapes
            .keys()
            .find(|name| !inputs.iter().any(|(input, _)| input == *name))
        {
            return Err(CompileError::NoSuchInput {
                name: name.clone(),
                inputs: inputs
                    .iter()
                    .map(|(name, _)| name.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
            });
        }
        // An operator that tract does not know leaves shapes unknown; the importer names it.
        let analysis_error = model.analyse(true).err().map(|error| first_lines(&error));
        Ok(Self {
            model,
            outlets: parsed.outlets_by_name,
            inputs,
            analysis_error,
        })
    }

    /// Names and shapes of the inputs, in declared order.
    pub fn inputs(&self) -> &[(String, Vec<usize>)] {
        &self.inputs
    }

    /// What to say of a shape that is not known.
    pub(super) fn unknown_shape(&self) -> String {
        match &self.analysis_error {
            Some(error) => format!("the shape of its output could not be inferred: {error}"),
            None => {
                "the shape of its output depends on the input: export with fixed shapes".to_owned()
            }
        }
    }

    /// Whether a value's elements are floating-point numbers.
    pub(super) fn is_float(&self, name: &str) -> bool {
        let dtype = self
            .fact(name)
            .and_then(|fact| fact.datum_type.concretize());
        dtype.is_some_and(|dtype| dtype.is_float())
    }

    fn fact(&self, name: &str) -> Option<&InferenceFact> {
        self.model.outlet_fact(*self.outlets.get(name)?).ok()
    }

    /// Shape of a value, if it is known.
    pub(super) fn shape(&self, name: &str) -> Option<Vec<usize>> {
        let fact = self.fact(name)?;
        if let Some(tensor) = fact.value.concretize() {
            return Some(tensor.shape().to_vec());
        }
        Some(fact.shape.as_concrete_finite().ok()??.to_vec())
    }

    /// A value that does not depend on any input.
    pub(super) fn constant(&self, name: &str) -> Option<Arc<Tensor>> {
        self.fact(name)?.value.concretize()
    }

    /// Makes the model ready to return the named values.
    ///
    /// # Errors
    /// [`CompileError::FloatRun`].
    pub fn returning<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<FloatRun, CompileError> {
        let failed = |error| CompileError::FloatRun {
            reason: first_lines(&error),
        };
        let mut outlets = Vec::new();
        for name in names {
            let outlet = self.outlets.get(name);
            outlets.push(*outlet.ok_or_else(|| CompileError::NoSuchOutput {
                name: name.to_owned(),
            })?);
        }
        let mut model = self.model.clone();
        model.select_output_outlets(&outlets).map_err(failed)?;
        let runnable = model
            .into_optimized()
            .and_then(tract_onnx::prelude::IntoRunnable::into_runnable)
            .map_err(failed)?;
        Ok(FloatRun {
            runnable,
            input_shapes: self.inputs.iter().map(|(_, shape)| shape.clone()).collect(),
        })
    }
}

impl FloatRun {
    /// Runs one sample: one flat tensor per input, in declared order; returns the values asked
    /// for, flat.
    ///
    /// # Errors
    /// [`CompileError::FloatRun`].
    pub fn run(&self, inputs: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, CompileError> {
        let failed = |error| CompileError::FloatRun {
            reason: first_lines(&error),
        };
        let mut tensors = tvec!();
        for (input, shape) in inputs.iter().zip(&self.input_shapes) {
            tensors.push(
                Tensor::from_shape(shape, input)
                    .map_err(failed)?
                    .into_tensor()
                    .into(),
            );
        }
        let outputs = self.runnable.run(tensors).map_err(failed)?;
        outputs
            .iter()
            .map(|tensor| floats(tensor).map_err(failed))
            .collect()
    }
}

/// A tensor's elements as floats.
pub(super) fn floats(tensor: &Tensor) -> tract_onnx::prelude::TractResult<Vec<f32>> {
    let tensor = tensor.cast_to::<f32>()?;
    Ok(tensor
        .to_plain_array_view::<f32>()?
        .iter()
        .copied()
        .collect())
}

/// A tensor's elements as integers.
pub(super) fn integers(tensor: &Tensor) -> tract_onnx::prelude::TractResult<Vec<i64>> {
    let tensor = tensor.cast_to::<i64>()?;
    Ok(tensor
        .to_plain_array_view::<i64>()?
        .iter()
        .copied()
        .collect())
}

/// The shape as declared, with an unknown first dimension (the batch) as 1.
fn declared_shape(name: &str, fact: &InferenceFact) -> Result<Vec<usize>, CompileError> {
    let dynamic = || CompileError::DynamicShape {
        input: name.to_owned(),
        shape: fact.format_dt_shape(),
    };
    if fact.shape.is_open() {
        return Err(dynamic());
    }
    let dims = fact.shape.dims().enumerate();
    dims.map(
        |(axis, dim)| match dim.concretize().and_then(|dim| dim.as_i64()) {
            Some(size) => usize::try_from(size).map_err(|_| dynamic()),
            None if axis == 0 => Ok(1),
            None => Err(dynamic()),
        },
    )
    .collect()
}
