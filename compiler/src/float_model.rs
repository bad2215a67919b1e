//! An ONNX file in floating point, whichever way it compiles: what compiled models are compared with.

use crate::{
    classical::{self, Pipeline},
    error::CompileError,
    import, onnx,
    options::Precision,
    reference::Reference,
};
use std::collections::BTreeMap;

/// A float model that runs samples.
#[derive(Debug)]
pub struct FloatModel {
    inputs: Vec<(String, Vec<usize>)>,
    runs: Runs,
}

#[derive(Debug)]
enum Runs {
    Classical(Pipeline),
    Network(Box<Reference>),
}

impl FloatModel {
    /// Reads an ONNX file.
    ///
    /// # Errors
    /// [`CompileError`]: an unreadable file, an unknown shape, an operator that is not known.
    pub fn read(bytes: &[u8]) -> Result<Self, CompileError> {
        let (shapes, outputs) = (BTreeMap::new(), []);
        if onnx::is_classical(bytes)? {
            match classical::import(bytes, &shapes, &outputs) {
                Err(CompileError::Unsupported { .. }) if !onnx::has_trees(bytes)? => {}
                pipeline => {
                    let pipeline = pipeline?;
                    return Ok(Self {
                        inputs: pipeline.input_shapes(),
                        runs: Runs::Classical(pipeline),
                    });
                }
            }
        }
        let standard = onnx::in_standard_operators(bytes, Precision::Int32)?;
        let (graph, reference) = import::import(&standard.file, &shapes, &outputs)?;
        Ok(Self {
            inputs: graph.input_shapes(),
            runs: Runs::Network(Box::new(reference)),
        })
    }

    /// Names and shapes of the inputs, a batch of one.
    pub fn input_shapes(&self) -> &[(String, Vec<usize>)] {
        &self.inputs
    }

    /// Runs one sample: one flat tensor per input, in declared order; returns the outputs, flat.
    ///
    /// # Errors
    /// [`CompileError::FloatRun`].
    pub fn run(&self, inputs: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, CompileError> {
        match &self.runs {
            Runs::Classical(pipeline) => Ok(pipeline.run_singles(inputs)),
            Runs::Network(reference) => reference.run(inputs),
        }
    }
}
