//! Small ONNX graphs, written with the protobuf types, and the comparison with float.

use fixpoint_compiler::{
    CompileError, CompileOptions, Compiled, Precision, Samples, compile_onnx,
    npy::{Array, Data},
};
use prost::Message as _;
use std::collections::BTreeMap;
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto,
    attribute_proto::AttributeType,
    tensor_proto,
    tensor_shape_proto::{Dimension, dimension},
    type_proto,
};

/// Samples that ranges are taken from, and others that are compared.
const CALIBRATION_SAMPLES: usize = 200;
const TEST_SAMPLES: usize = 50;

/// A graph under construction.
#[derive(Default)]
pub(crate) struct Graph {
    graph: GraphProto,
    inputs: Vec<(String, Vec<usize>)>,
    seed: u64,
    /// Magnitudes of the samples' features, along the last axis; all 1 if empty.
    pub(crate) features: Vec<f32>,
    /// Whether the batch is a symbol, as exporters like it.
    pub(crate) symbolic_batch: bool,
}

/// An attribute's value.
pub(crate) enum Value {
    Int(i64),
    Float(f32),
    Ints(&'static [i64]),
    Text(&'static str),
}

impl Graph {
    /// A graph with one input `x`.
    pub(crate) fn new(shape: &[usize]) -> Self {
        let mut graph = Self::default();
        graph.input("x", shape);
        graph
    }

    pub(crate) fn input(&mut self, name: &str, shape: &[usize]) {
        self.graph.input.push(value_info(name, Some(shape)));
        self.inputs.push((name.to_owned(), shape.to_vec()));
    }

    /// Random numbers in -1 .. 1, the same in every run.
    pub(crate) fn random(&mut self, count: usize) -> Vec<f32> {
        (0..count)
            .map(|_| {
                self.seed = self
                    .seed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (self.seed >> 40) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect()
    }

    pub(crate) fn constant(&mut self, name: &str, shape: &[usize], elements: Vec<f32>) {
        assert_eq!(shape.iter().product::<usize>(), elements.len());
        self.graph.initializer.push(TensorProto {
            name: name.to_owned(),
            dims: shape.iter().map(|&dim| dim as i64).collect(),
            data_type: tensor_proto::DataType::Float as i32,
            float_data: elements,
            ..TensorProto::default()
        });
    }

    pub(crate) fn weights(&mut self, name: &str, shape: &[usize]) {
        let elements = self.random(shape.iter().product());
        self.constant(name, shape, elements);
    }

    pub(crate) fn integers(&mut self, name: &str, elements: &[i64]) {
        self.graph.initializer.push(TensorProto {
            name: name.to_owned(),
            dims: vec![elements.len() as i64],
            data_type: tensor_proto::DataType::Int64 as i32,
            int64_data: elements.to_vec(),
            ..TensorProto::default()
        });
    }

    pub(crate) fn node(
        &mut self,
        op: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, Value)],
    ) -> &mut Self {
        let attribute = attributes.iter().map(|(name, value)| {
            let mut attribute = AttributeProto {
                name: (*name).to_owned(),
                ..AttributeProto::default()
            };
            attribute.r#type = match value {
                Value::Int(value) => {
                    attribute.i = *value;
                    AttributeType::Int
                }
                Value::Float(value) => {
                    attribute.f = *value;
                    AttributeType::Float
                }
                Value::Ints(values) => {
                    attribute.ints = values.to_vec();
                    AttributeType::Ints
                }
                Value::Text(text) => {
                    attribute.s = text.as_bytes().to_vec();
                    AttributeType::String
                }
            } as i32;
            attribute
        });
        self.graph.node.push(NodeProto {
            op_type: op.to_owned(),
            name: format!("{op}_{output}"),
            input: inputs.iter().map(|&name| name.to_owned()).collect(),
            output: vec![output.to_owned()],
            attribute: attribute.collect(),
            ..NodeProto::default()
        });
        self
    }

    /// The file, returning the last node's output.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut graph = self.graph.clone();
        if self.symbolic_batch {
            let Some(type_proto::Value::TensorType(tensor)) = graph.input[0]
                .r#type
                .as_mut()
                .and_then(|info| info.value.as_mut())
            else {
                panic!("a tensor")
            };
            let batch = &mut tensor.shape.as_mut().expect("a shape").dim[0];
            batch.value = Some(dimension::Value::DimParam("batch".to_owned()));
        }
        let last = graph.node.last().expect("a node").output[0].clone();
        graph.output.push(value_info(&last, None));
        let opset = OperatorSetIdProto {
            domain: String::new(),
            version: 17,
        };
        let model = ModelProto {
            ir_version: 8,
            opset_import: vec![opset],
            graph: Some(graph),
            ..ModelProto::default()
        };
        model.encode_to_vec()
    }

    pub(crate) fn samples(&mut self, count: usize, spread: f32) -> Samples {
        let inputs = self.inputs.clone();
        let mut arrays = BTreeMap::new();
        for (name, shape) in inputs {
            let per_sample: usize = shape.iter().product();
            let elements = self.random(count * per_sample);
            let feature = |index: usize| match self.features.len() {
                0 => 1.0,
                count => self.features[index % count],
            };
            let data = elements
                .into_iter()
                .enumerate()
                .map(|(index, element)| spread * feature(index) * element)
                .collect();
            let batched = shape.first() == Some(&1);
            let shape = [&[count], &shape[usize::from(batched)..]].concat();
            arrays.insert(
                name,
                Array {
                    shape,
                    data: Data::F32(data),
                },
            );
        }
        Samples(arrays)
    }

    /// Compiles with calibration inputs in `-spread .. spread` and a test set within 90 % of it.
    pub(crate) fn compile(
        &mut self,
        precision: Precision,
        spread: f32,
    ) -> Result<Compiled, CompileError> {
        let options = CompileOptions {
            precision,
            calibration: self.samples(CALIBRATION_SAMPLES, spread),
            test: Some(self.samples(TEST_SAMPLES, 0.9 * spread)),
            ..CompileOptions::default()
        };
        compile_onnx(&self.bytes(), &options, &mut |_| {})
    }

    /// Asserts that the largest errors at int8 and int16 are below these shares of the float
    /// output's span, and not suspiciously zero.
    pub(crate) fn check(&mut self, int8: f64, int16: f64) -> [Compiled; 2] {
        self.check_spread(int8, int16, 2.0)
    }

    pub(crate) fn check_spread(&mut self, int8: f64, int16: f64, spread: f32) -> [Compiled; 2] {
        [(Precision::Int8, int8), (Precision::Int16, int16)].map(|(precision, limit)| {
            let compiled = self.compile(precision, spread).expect("compiles");
            let accuracy = compiled.report.accuracy.as_ref().expect("measured");
            let output = &accuracy.outputs[0];
            let share = output.max_error / output.float_span;
            let names: Vec<_> = compiled
                .model
                .operators
                .iter()
                .map(|op| op.name())
                .collect();
            println!("{precision:?}: error {share:.2e} of the span; {names:?}");
            assert_eq!(accuracy.samples, TEST_SAMPLES);
            assert!(output.float_span > 0.0, "the output never changes");
            assert!(
                share < limit,
                "{precision:?}: error {share:.2e}, limit {limit:.2e}"
            );
            compiled
        })
    }
}

fn value_info(name: &str, shape: Option<&[usize]>) -> ValueInfoProto {
    let shape = shape.map(|shape| TensorShapeProto {
        dim: shape
            .iter()
            .map(|&dim| Dimension {
                value: Some(dimension::Value::DimValue(dim as i64)),
                ..Dimension::default()
            })
            .collect(),
    });
    let tensor = type_proto::Tensor {
        elem_type: tensor_proto::DataType::Float as i32,
        shape,
    };
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(tensor)),
            ..TypeProto::default()
        }),
        ..ValueInfoProto::default()
    }
}
