//! What a compiled model is compared with: tract's own reading and run of the ONNX file, which
//! shares no code with [`crate::import`]; where tract cannot run the model, our own float graph.

use crate::{
    error::CompileError,
    float,
    ir::{Element, Graph},
};
use std::sync::Arc;
use tract_onnx::{
    pb::ModelProto,
    prelude::{
        DatumType, Framework as _, InferenceFact, InferenceModelExt as _, IntoRunnable as _,
        IntoTensor as _, RunnableModel, Tensor, TractResult, TypedFact, TypedOp, tvec,
    },
    tract_hir::infer::Factoid as _,
};

/// A float model that runs samples.
pub struct Reference {
    graph: Graph,
    tract: Option<Tract>,
    refusal: Option<String>,
}

struct Tract {
    runnable: Arc<RunnableModel<TypedFact, Box<dyn TypedOp>>>,
    inputs: Vec<(Vec<usize>, DatumType)>,
}

impl std::fmt::Debug for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reference")
            .field("graph", &self.graph)
            .field("refusal", &self.refusal)
            .finish_non_exhaustive()
    }
}

/// Reads the protobuf.
pub(crate) fn read_proto(bytes: &[u8]) -> Result<ModelProto, CompileError> {
    let proto = tract_onnx::onnx()
        .proto_model_for_read(&mut &*bytes)
        .map_err(|error| CompileError::OnnxFile {
            reason: first_lines(&error),
        })?;
    if proto.graph.is_none() {
        return Err(CompileError::OnnxFile {
            reason: "no graph in it".to_owned(),
        });
    }
    Ok(proto)
}

/// An error chain without its backtrace, on one line.
fn first_lines(error: &impl std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    let end = text.find("Stack backtrace").unwrap_or(text.len());
    text[..end].split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Reference {
    /// The file whose outputs are those of the graph that was imported from it.
    pub(crate) fn new(proto: ModelProto, graph: &Graph) -> Self {
        // tract may panic on graphs that it does not know.
        let loaded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            Tract::new(&proto, graph).map_err(|error| first_lines(&error))
        }));
        let loaded = loaded.unwrap_or_else(|_| Err("it panicked".to_owned()));
        let (tract, refusal) = match loaded {
            Ok(tract) => (Some(tract), None),
            Err(refusal) => (None, Some(refusal)),
        };
        Self {
            graph: graph.clone(),
            tract,
            refusal,
        }
    }

    /// Why tract does not run the model; nothing if it does.
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// Runs one sample: one flat tensor per input, in declared order; returns the outputs, flat.
    ///
    /// # Errors
    /// [`CompileError::FloatRun`].
    pub fn run(&self, inputs: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, CompileError> {
        if let Some(tract) = &self.tract {
            return tract.run(inputs).map_err(|error| CompileError::FloatRun {
                reason: first_lines(&error),
            });
        }
        let run = float::run(&self.graph, inputs);
        let outputs = self.graph.outputs.iter().map(|&(_, value)| {
            let constant = self.graph.values[value].constant.as_deref();
            run.get(value)
                .or(constant)
                .map_or_else(Vec::new, crate::ir::Tensor::to_f32)
        });
        Ok(outputs.collect())
    }
}

impl Tract {
    /// Gives every input its shape and makes the model ready.
    fn new(proto: &ModelProto, graph: &Graph) -> TractResult<Self> {
        // Declared intermediate shapes may speak of a symbolic batch, which is fixed here.
        let onnx = tract_onnx::onnx()
            .with_ignore_value_info(true)
            .with_ignore_output_shapes(true);
        let mut model = onnx.parse(proto, None)?.model;
        let mut inputs = Vec::new();
        for (index, (outlet, &value)) in model
            .input_outlets()?
            .to_vec()
            .into_iter()
            .zip(&graph.inputs)
            .enumerate()
        {
            let value = &graph.values[value];
            let declared = model.outlet_fact(outlet)?.datum_type.concretize();
            let dtype = declared.unwrap_or(match value.element {
                Element::Real => DatumType::F32,
                Element::Integer => DatumType::I64,
                Element::Boolean => DatumType::Bool,
            });
            model.set_input_fact(index, InferenceFact::dt_shape(dtype, &value.shape))?;
            inputs.push((value.shape.clone(), dtype));
        }
        let runnable = model.into_optimized()?.into_runnable()?;
        Ok(Self { runnable, inputs })
    }

    fn run(&self, inputs: &[Vec<f32>]) -> TractResult<Vec<Vec<f32>>> {
        let mut tensors = tvec!();
        for (input, (shape, dtype)) in inputs.iter().zip(&self.inputs) {
            let tensor = Tensor::from_shape(shape, input)?.into_tensor();
            tensors.push(tensor.cast_to_dt(*dtype)?.into_owned().into());
        }
        self.runnable
            .run(tensors)?
            .iter()
            .map(|tensor| floats(tensor))
            .collect()
    }
}

/// A tensor's elements as floats.
fn floats(tensor: &Tensor) -> TractResult<Vec<f32>> {
    let tensor = tensor.cast_to::<f32>()?;
    Ok(tensor
        .to_plain_array_view::<f32>()?
        .iter()
        .copied()
        .collect())
}
