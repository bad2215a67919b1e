//! Models written in code: values get their numbers in the order in which they are added.
//!
//! Inputs come first, then constants, then operators, as in model bytes; another order panics, for
//! it would renumber values that are in use. Nothing here checks that the result is valid: hostile
//! models are built with it too.

use fixpoint_runtime::{
    model::{
        Model, encode,
        format::{
            Affine, Constant, FORMAT_VERSION, Input, Output, PerElement, Quantisation, Ratio,
            Signed32, ValueId,
        },
    },
    ops::{
        Operator,
        conv2d::Conv2d,
        depthwise_conv2d::DepthwiseConv2d,
        geometry::{Pad2d, Size2d},
        rescale::Rescale,
    },
    tensor::{DType, TensorType},
};

/// A model in the making.
#[derive(Clone, Debug, Default)]
pub struct ModelBuilder {
    inputs: Vec<Input>,
    constants: Vec<Constant>,
    operators: Vec<Operator>,
    outputs: Vec<Output>,
}

impl ModelBuilder {
    /// A model without anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an input that does not saturate.
    pub fn input(&mut self, name: &str, tensor: TensorType, scale: Quantisation) -> ValueId {
        assert!(
            self.constants.is_empty() && self.operators.is_empty(),
            "inputs come first"
        );
        self.inputs.push(Input {
            name: name_of(name),
            tensor,
            quantisation: scale,
            saturates: false,
        });
        value_id(self.inputs.len() - 1)
    }

    /// Adds an input that saturates.
    pub fn saturating_input(
        &mut self,
        name: &str,
        tensor: TensorType,
        scale: Quantisation,
    ) -> ValueId {
        let value = self.input(name, tensor, scale);
        if let Some(input) = self.inputs.last_mut() {
            input.saturates = true;
        }
        value
    }

    /// Adds a constant of these elements.
    pub fn constant(&mut self, tensor: TensorType, elements: &[i64]) -> ValueId {
        let size_bytes = tensor.dtype.size_bytes();
        let bytes = elements
            .iter()
            .flat_map(|element| element.to_le_bytes()[..size_bytes].to_vec());
        self.constant_bytes(tensor, bytes.collect())
    }

    /// Adds a constant of these bytes.
    pub fn constant_bytes(&mut self, tensor: TensorType, data: Vec<u8>) -> ValueId {
        assert!(self.operators.is_empty(), "constants come before operators");
        let data = data
            .try_into()
            .expect("a constant below the payload's limit");
        self.constants.push(Constant { tensor, data });
        value_id(self.inputs.len() + self.constants.len() - 1)
    }

    /// Adds an operator and gives the number of its output.
    pub fn push(&mut self, operator: Operator) -> ValueId {
        self.operators.push(operator);
        value_id(self.inputs.len() + self.constants.len() + self.operators.len() - 1)
    }

    /// Takes the last operator back.
    pub fn pop(&mut self) -> Option<Operator> {
        self.operators.pop()
    }

    /// Declares a value an output.
    pub fn output(&mut self, name: &str, value: ValueId, scale: Quantisation) -> &mut Self {
        self.outputs.push(Output {
            name: name_of(name),
            value,
            quantisation: scale,
        });
        self
    }

    /// The model.
    #[must_use]
    pub fn build(&self) -> Model {
        Model {
            version: FORMAT_VERSION,
            inputs: self.inputs.clone().try_into().expect("at most 32 inputs"),
            constants: self.constants.clone().try_into().expect("few constants"),
            operators: self.operators.clone().try_into().expect("few operators"),
            outputs: self.outputs.clone().try_into().expect("at most 32 outputs"),
        }
    }

    /// The model's bytes.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        encode(&self.build())
    }
}

fn value_id(index: usize) -> ValueId {
    ValueId::try_from(index).expect("fewer than 65,536 values")
}

fn name_of<const N: usize>(name: &str) -> libssz_types::SszList<u8, N> {
    name.as_bytes().to_vec().try_into().expect("a short name")
}

/// A tensor type.
#[must_use]
pub fn tensor(dtype: DType, shape: &[u32]) -> TensorType {
    TensorType::new(dtype, shape).expect("at most six dimensions")
}

/// Any i8 tensor.
#[must_use]
pub fn i8_tensor(shape: &[u32]) -> TensorType {
    tensor(DType::I8, shape)
}

/// Any i16 tensor.
#[must_use]
pub fn i16_tensor(shape: &[u32]) -> TensorType {
    tensor(DType::I16, shape)
}

/// Any i32 tensor.
#[must_use]
pub fn i32_tensor(shape: &[u32]) -> TensorType {
    tensor(DType::I32, shape)
}

/// One step is `numerator / denominator`, and `zero_point` stands for 0.
#[must_use]
pub const fn scale(numerator: u64, denominator: u64, zero_point: i32) -> Quantisation {
    Quantisation::PerTensor(affine(numerator, denominator, zero_point))
}

/// An entry of [`per_element`].
#[must_use]
pub const fn affine(numerator: u64, denominator: u64, zero_point: i32) -> Affine {
    Affine {
        scale: Ratio {
            numerator,
            denominator,
        },
        zero_point: Signed32(zero_point),
    }
}

/// A scale for each element of an axis.
#[must_use]
pub fn per_element(axis: u8, entries: &[Affine]) -> Quantisation {
    let entries = entries.to_vec().try_into().expect("few entries");
    Quantisation::PerElement(PerElement { axis, entries })
}

/// No padding.
pub const NO_PAD: Pad2d = Pad2d {
    top: 0,
    bottom: 0,
    left: 0,
    right: 0,
};

/// The same along height and width.
#[must_use]
pub const fn square(size: u32) -> Size2d {
    Size2d { y: size, x: size }
}

/// The same padding on every side.
#[must_use]
pub const fn pad_all(size: u32) -> Pad2d {
    Pad2d {
        top: size,
        bottom: size,
        left: size,
        right: size,
    }
}

/// A convolution without padding, stride 1, zero points 0.
#[must_use]
pub const fn conv2d(input: ValueId, weight: ValueId, bias: ValueId) -> Conv2d {
    Conv2d {
        input,
        weight,
        bias,
        pad: NO_PAD,
        stride: square(1),
        dilation: square(1),
        input_zero_point: Signed32(0),
        weight_zero_point: Signed32(0),
    }
}

/// A depthwise convolution without padding, stride 1, zero points 0.
#[must_use]
pub const fn depthwise_conv2d(input: ValueId, weight: ValueId, bias: ValueId) -> DepthwiseConv2d {
    DepthwiseConv2d {
        input,
        weight,
        bias,
        pad: NO_PAD,
        stride: square(1),
        dilation: square(1),
        input_zero_point: Signed32(0),
        weight_zero_point: Signed32(0),
    }
}

/// A signed RESCALE with one 32-bit multiplier, single rounding, zero points 0.
#[must_use]
pub fn rescale(input: ValueId, to: DType, multiplier: i32, shift_bits: u8) -> Rescale {
    Rescale {
        input,
        to,
        input_zero_point: Signed32(0),
        output_zero_point: Signed32(0),
        multipliers: vec![Signed32(multiplier)].try_into().expect("one"),
        shifts_bits: vec![shift_bits].try_into().expect("one"),
        scale32: true,
        double_round: false,
        per_channel: false,
        input_unsigned: false,
        output_unsigned: false,
    }
}
