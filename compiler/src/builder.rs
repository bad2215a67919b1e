//! Puts a [`Model`] together: numbers its values, shares equal constants, drops what reaches no
//! output.
//!
//! Knows the model format and nothing of where a graph comes from; both importers end here.

use crate::error::CompileError;
use fixpoint_runtime::{
    model::{
        Model,
        format::{Constant, FORMAT_VERSION, Input, Output, Quantisation, Signed32, ValueId},
        limits::{MAX_CONSTANTS, MAX_OPERATORS},
    },
    ops::{Operator, concat::Concat, reshape::Reshape},
    tensor::{DType, Shape, TensorType},
};
use std::collections::BTreeMap;

/// Provisional numbers: inputs from 0, constants and operator outputs from these.
const FIRST_CONSTANT: u16 = 0x4000;
const FIRST_OPERATOR: u16 = 0x8000;

/// A model under construction. Values have provisional numbers until [`Self::finish`].
#[derive(Debug, Default)]
pub struct ModelBuilder {
    inputs: Vec<Input>,
    constants: Vec<Constant>,
    constant_numbers: BTreeMap<(DType, Vec<u32>, Vec<u8>), ValueId>,
    operators: Vec<Operator>,
    outputs: Vec<Output>,
}

impl ModelBuilder {
    /// Declares an input; inputs keep the order of these calls.
    ///
    /// # Errors
    /// [`CompileError::Limit`], [`CompileError::Name`].
    pub fn input(
        &mut self,
        name: &str,
        tensor: TensorType,
        quantisation: Quantisation,
        saturates: bool,
    ) -> Result<ValueId, CompileError> {
        let number = self.inputs.len() as u16;
        self.inputs.push(Input {
            name: port_name(name)?,
            tensor,
            quantisation,
            saturates,
        });
        Ok(number)
    }

    /// Adds a constant, or finds an equal one.
    ///
    /// # Errors
    /// [`CompileError::Limit`].
    pub fn constant(&mut self, tensor: TensorType, data: Vec<u8>) -> Result<ValueId, CompileError> {
        let key = (tensor.dtype, tensor.shape.to_vec(), data);
        if let Some(&number) = self.constant_numbers.get(&key) {
            return Ok(number);
        }
        let number = numbered(
            FIRST_CONSTANT,
            self.constants.len(),
            MAX_CONSTANTS,
            "constants",
        )?;
        self.constants.push(Constant {
            tensor,
            data: list(key.2.clone(), "bytes in one constant")?,
        });
        self.constant_numbers.insert(key, number);
        Ok(number)
    }

    /// Adds a constant of integers, stored as `dtype`.
    ///
    /// # Errors
    /// [`CompileError::Limit`].
    ///
    /// # Panics
    /// If a value is out of the range of `dtype`: the caller has clamped it.
    pub fn integers(
        &mut self,
        dtype: DType,
        shape: &[usize],
        values: impl IntoIterator<Item = i64>,
    ) -> Result<ValueId, CompileError> {
        let (min, max) = dtype.range();
        let mut data = Vec::new();
        for value in values {
            assert!((min..=max).contains(&value), "{value} is no {dtype:?}");
            data.extend_from_slice(&value.to_le_bytes()[..dtype.size_bytes()]);
        }
        self.constant(tensor_type(dtype, shape)?, data)
    }

    /// Appends an operator and returns its output.
    ///
    /// # Errors
    /// [`CompileError::Limit`].
    pub fn operator(&mut self, operator: Operator) -> Result<ValueId, CompileError> {
        let number = numbered(
            FIRST_OPERATOR,
            self.operators.len(),
            MAX_OPERATORS,
            "operators",
        )?;
        self.operators.push(operator);
        Ok(number)
    }

    /// Declares an output. A value that no operator computes goes through a RESHAPE to `shape`,
    /// its own shape: an output is always an operator's.
    ///
    /// # Errors
    /// [`CompileError::Limit`], [`CompileError::Name`].
    pub fn output(
        &mut self,
        name: &str,
        value: ValueId,
        shape: &Shape,
        quantisation: Quantisation,
    ) -> Result<(), CompileError> {
        let value = if value < FIRST_OPERATOR {
            self.operator(Operator::Reshape(Reshape {
                input: value,
                shape: shape.clone(),
            }))?
        } else {
            value
        };
        self.outputs.push(Output {
            name: port_name(name)?,
            value,
            quantisation,
        });
        Ok(())
    }

    /// A RESHAPE of a RESHAPE needs only the later one, also with an operator on single elements
    /// between them that nothing else reads.
    pub fn skip_reshapes(&mut self) {
        let mut readers = vec![0_usize; self.operators.len()];
        let offset = |value: ValueId| value.checked_sub(FIRST_OPERATOR).map(usize::from);
        for operator in &mut self.operators {
            map_operands(operator, |value| {
                if let Some(index) = offset(value) {
                    readers[index] += 1;
                }
                value
            });
        }
        for output in &self.outputs {
            if let Some(index) = offset(output.value) {
                readers[index] += 1;
            }
        }
        for index in 0..self.operators.len() {
            while let Operator::Reshape(reshape) = &self.operators[index]
                && let Some(before) = offset(reshape.input)
            {
                if let Operator::Reshape(first) = &self.operators[before] {
                    let input = first.input;
                    map_operands(&mut self.operators[index], |_| input);
                    continue;
                }
                let Some(element_wise) = element_wise_input(&self.operators[before]) else {
                    break;
                };
                let Some(Operator::Reshape(first)) =
                    offset(element_wise).and_then(|first| self.operators.get(first))
                else {
                    break;
                };
                if readers[before] != 1 {
                    break;
                }
                let input = first.input;
                map_operands(&mut self.operators[before], |value| {
                    if value == element_wise { input } else { value }
                });
            }
        }
    }

    /// Drops operators and constants that reach no output and gives every value its number.
    ///
    /// # Errors
    /// [`CompileError::Limit`].
    pub fn finish(mut self) -> Result<Model, CompileError> {
        let mut used_operators = vec![false; self.operators.len()];
        let mut used_constants = vec![false; self.constants.len()];
        for output in &self.outputs {
            used_operators[usize::from(output.value - FIRST_OPERATOR)] = true;
        }
        for index in (0..self.operators.len()).rev() {
            if used_operators[index] {
                map_operands(&mut self.operators[index], |value| {
                    match value {
                        FIRST_OPERATOR.. => {
                            used_operators[usize::from(value - FIRST_OPERATOR)] = true;
                        }
                        FIRST_CONSTANT.. => {
                            used_constants[usize::from(value - FIRST_CONSTANT)] = true;
                        }
                        _ => {}
                    }
                    value
                });
            }
        }
        let first_constant = self.inputs.len() as u16;
        let (constant_numbers, first_operator) = renumber(&used_constants, first_constant);
        let (operator_numbers, _) = renumber(&used_operators, first_operator);
        let number = |value: ValueId| match value {
            FIRST_OPERATOR.. => operator_numbers[usize::from(value - FIRST_OPERATOR)],
            FIRST_CONSTANT.. => constant_numbers[usize::from(value - FIRST_CONSTANT)],
            input => input,
        };
        let mut operators = keep(self.operators, &used_operators);
        for operator in &mut operators {
            map_operands(operator, number);
        }
        for output in &mut self.outputs {
            output.value = number(output.value);
        }
        Ok(Model {
            version: FORMAT_VERSION,
            inputs: list(self.inputs, "inputs")?,
            constants: list(keep(self.constants, &used_constants), "constants")?,
            operators: list(operators, "operators")?,
            outputs: list(self.outputs, "outputs")?,
        })
    }
}

/// New numbers for what is used (others keep a number nobody asks for), and the next free one.
fn renumber(used: &[bool], first: u16) -> (Vec<u16>, u16) {
    let mut next = first;
    let numbers = used
        .iter()
        .map(|&used| {
            let number = next;
            next += u16::from(used);
            number
        })
        .collect();
    (numbers, next)
}

fn keep<T>(items: Vec<T>, used: &[bool]) -> Vec<T> {
    items
        .into_iter()
        .zip(used)
        .filter(|(_, used)| **used)
        .map(|(item, _)| item)
        .collect()
}

fn numbered(
    first: u16,
    index: usize,
    limit: usize,
    what: &'static str,
) -> Result<ValueId, CompileError> {
    match u16::try_from(index) {
        Ok(offset) if index < limit => Ok(first + offset),
        _ => Err(CompileError::Limit { what, limit }),
    }
}

/// A list of the model format.
///
/// # Errors
/// [`CompileError::Limit`] if there are more than `N` items.
pub fn list<T, const N: usize>(
    items: Vec<T>,
    what: &'static str,
) -> Result<libssz_types::SszList<T, N>, CompileError> {
    items
        .try_into()
        .map_err(|_| CompileError::Limit { what, limit: N })
}

/// A tensor type of the model format.
///
/// # Errors
/// [`CompileError::Limit`] for a rank above 6 or a dimension beyond 32 bits.
pub fn tensor_type(dtype: DType, shape: &[usize]) -> Result<TensorType, CompileError> {
    Ok(TensorType {
        dtype,
        shape: shape_of(shape)?,
    })
}

/// A shape of the model format.
///
/// # Errors
/// [`CompileError::Limit`] for a rank above 6 or a dimension beyond 32 bits.
pub fn shape_of(shape: &[usize]) -> Result<Shape, CompileError> {
    let dims: Result<Vec<u32>, _> = shape.iter().map(|&dim| u32::try_from(dim)).collect();
    let dims = dims.map_err(|_| CompileError::Limit {
        what: "elements along one axis",
        limit: u32::MAX as usize,
    })?;
    list(dims, "axes of a tensor")
}

/// A signed attribute of the model format.
pub const fn signed(value: i32) -> Signed32 {
    Signed32(value)
}

/// A port's name: what the format allows is printable ASCII.
fn port_name<const N: usize>(name: &str) -> Result<libssz_types::SszList<u8, N>, CompileError> {
    let printable = name.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if name.is_empty() || name.len() > N || !printable {
        return Err(CompileError::Name {
            name: name.to_owned(),
            limit: N,
        });
    }
    list(name.as_bytes().to_vec(), "bytes in a name")
}

/// What an operator reads whose output has its input's shape, whatever that is.
fn element_wise_input(operator: &Operator) -> Option<ValueId> {
    match operator {
        Operator::Clamp(op) => Some(op.input),
        Operator::Table(op) => Some(op.input),
        Operator::Cast(op) => Some(op.input),
        Operator::Rescale(op) if !op.per_channel => Some(op.input),
        _ => None,
    }
}

/// Replaces every value an operator reads.
fn map_operands(operator: &mut Operator, mut number: impl FnMut(ValueId) -> ValueId) {
    let mut map = |values: &mut [&mut ValueId]| {
        for value in values {
            **value = number(**value);
        }
    };
    match operator {
        Operator::ArgMax(op) => map(&mut [&mut op.input]),
        Operator::AvgPool2d(op) => map(&mut [&mut op.input]),
        Operator::Conv2d(op) => map(&mut [&mut op.input, &mut op.weight, &mut op.bias]),
        Operator::DepthwiseConv2d(op) => map(&mut [&mut op.input, &mut op.weight, &mut op.bias]),
        Operator::MatMul(op) => map(&mut [&mut op.a, &mut op.b]),
        Operator::MaxPool2d(op) => map(&mut [&mut op.input]),
        Operator::Clamp(op) => map(&mut [&mut op.input]),
        Operator::Add(op) => map(&mut [&mut op.a, &mut op.b]),
        Operator::ArithmeticRightShift(op) => map(&mut [&mut op.a, &mut op.b]),
        Operator::LogicalLeftShift(op) => map(&mut [&mut op.a, &mut op.b]),
        Operator::Mul(op) => map(&mut [&mut op.a, &mut op.b]),
        Operator::Sub(op) => map(&mut [&mut op.a, &mut op.b]),
        Operator::Table(op) => map(&mut [&mut op.input, &mut op.table]),
        Operator::Clz(op) => map(&mut [&mut op.input]),
        Operator::ReduceMax(op) => map(&mut [&mut op.input]),
        Operator::ReduceSum(op) => map(&mut [&mut op.input]),
        Operator::Concat(Concat { inputs, .. }) => {
            let mut values = inputs.to_vec();
            map(&mut values.iter_mut().collect::<Vec<_>>());
            *inputs = values.try_into().unwrap_or_default();
        }
        Operator::Pad(op) => map(&mut [&mut op.input]),
        Operator::Reshape(op) => map(&mut [&mut op.input]),
        Operator::Slice(op) => map(&mut [&mut op.input]),
        Operator::Transpose(op) => map(&mut [&mut op.input]),
        Operator::Gather(op) => map(&mut [&mut op.values, &mut op.indices]),
        Operator::Cast(op) => map(&mut [&mut op.input]),
        Operator::Rescale(op) => map(&mut [&mut op.input]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fixpoint_runtime::ops::{add::Add, clamp::Clamp};

    fn reshape(builder: &mut ModelBuilder, input: ValueId, shape: &[usize]) -> ValueId {
        let shape = shape_of(shape).expect("small");
        builder
            .operator(Operator::Reshape(Reshape { input, shape }))
            .expect("few")
    }

    fn clamp(builder: &mut ModelBuilder, input: ValueId) -> ValueId {
        let (min, max) = (signed(0), signed(1));
        builder
            .operator(Operator::Clamp(Clamp { input, min, max }))
            .expect("few")
    }

    fn input(builder: &mut ModelBuilder, name: &str) -> ValueId {
        let tensor = tensor_type(DType::I8, &[4]).expect("small");
        builder
            .input(name, tensor, Quantisation::None, false)
            .expect("valid")
    }

    fn names(model: &Model) -> Vec<&'static str> {
        model.operators.iter().map(Operator::name).collect()
    }

    #[test]
    fn equal_constants_are_shared_and_unread_ones_dropped() {
        let mut builder = ModelBuilder::default();
        let x = input(&mut builder, "x");
        let unread = builder.integers(DType::I8, &[4], [9; 4]).expect("few");
        clamp(&mut builder, unread);
        let a = builder
            .integers(DType::I8, &[4], [1, 2, 3, 4])
            .expect("few");
        let b = builder
            .integers(DType::I8, &[4], [1, 2, 3, 4])
            .expect("few");
        assert_eq!(a, b);
        let sum = builder
            .operator(Operator::Add(Add { a: x, b: a }))
            .expect("few");
        let shape = shape_of(&[4]).expect("small");
        builder
            .output("y", sum, &shape, Quantisation::None)
            .expect("valid");
        let model = builder.finish().expect("fits");
        assert_eq!((model.constants.len(), names(&model)), (1, vec!["ADD"]));
        assert_eq!(model.operators[0], Operator::Add(Add { a: 0, b: 1 }));
        assert_eq!(model.outputs[0].value, 2);
    }

    #[test]
    fn reshapes_around_an_element_wise_operator_become_one() {
        let mut builder = ModelBuilder::default();
        let x = input(&mut builder, "x");
        let first = reshape(&mut builder, x, &[2, 2]);
        let clamped = clamp(&mut builder, first);
        let second = reshape(&mut builder, clamped, &[1, 4]);
        let third = reshape(&mut builder, second, &[4, 1]);
        let shape = shape_of(&[4, 1]).expect("small");
        builder
            .output("y", third, &shape, Quantisation::None)
            .expect("valid");
        builder.skip_reshapes();
        let model = builder.finish().expect("fits");
        assert_eq!(names(&model), ["CLAMP", "RESHAPE"]);
    }

    #[test]
    fn a_reshape_that_is_read_twice_stays() {
        let mut builder = ModelBuilder::default();
        let x = input(&mut builder, "x");
        let first = reshape(&mut builder, x, &[2, 2]);
        let clamped = clamp(&mut builder, first);
        let second = reshape(&mut builder, clamped, &[1, 4]);
        let [square, row] = [&[2, 2][..], &[1, 4]].map(|shape| shape_of(shape).expect("small"));
        builder
            .output("y", second, &row, Quantisation::None)
            .expect("valid");
        builder
            .output("z", clamped, &square, Quantisation::None)
            .expect("valid");
        builder.skip_reshapes();
        let model = builder.finish().expect("fits");
        assert_eq!(names(&model), ["RESHAPE", "CLAMP", "RESHAPE"]);
    }

    #[test]
    fn names_that_the_format_cannot_hold_are_refused() {
        let mut builder = ModelBuilder::default();
        for name in ["", "ü", "a\nb", &"x".repeat(65)] {
            let tensor = tensor_type(DType::I8, &[1]).expect("small");
            let refused = builder.input(name, tensor, Quantisation::None, false);
            assert!(matches!(refused, Err(CompileError::Name { .. })), "{name}");
        }
    }
}
