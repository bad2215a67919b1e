//! Puts a [`Model`] together: numbers its values, shares equal constants, drops what reaches no
//! output.
//!
//! Knows the model format and nothing of where a graph comes from; both importers end here.

mod movement;
mod operands;

use crate::error::CompileError;
use fixpoint_runtime::{
    model::{
        Model,
        format::{Constant, FORMAT_VERSION, Input, Output, Quantisation, Signed32, ValueId},
        limits::{MAX_CONSTANTS, MAX_OPERATORS},
    },
    ops::{Operator, identity::Identity},
    tensor::{DType, Shape, TensorType},
};
use operands::map_operands;
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
    /// What each operator was written for, as its writer numbers it.
    origins: Vec<Option<usize>>,
    origin: Option<usize>,
    outputs: Vec<Output>,
}

impl ModelBuilder {
    /// Says what the operators from here on are written for, as the caller numbers it.
    pub const fn originate(&mut self, origin: Option<usize>) {
        self.origin = origin;
    }

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
        self.origins.push(self.origin);
        Ok(number)
    }

    /// Declares an output. A value that no operator computes, or that is an output already, goes
    /// through an IDENTITY: an output is an operator's, and one of its own.
    ///
    /// # Errors
    /// [`CompileError::Limit`], [`CompileError::Name`].
    pub fn output(
        &mut self,
        name: &str,
        value: ValueId,
        quantisation: Quantisation,
    ) -> Result<(), CompileError> {
        let is_taken = self.outputs.iter().any(|output| output.value == value);
        let value = if value < FIRST_OPERATOR || is_taken {
            self.operator(Operator::Identity(Identity { input: value }))?
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
    pub fn finish(self) -> Result<Model, CompileError> {
        Ok(self.finish_numbered()?.0)
    }

    /// [`Self::finish`], and which number each value got.
    ///
    /// # Errors
    /// [`CompileError::Limit`].
    pub fn finish_numbered(mut self) -> Result<(Model, Numbers), CompileError> {
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
        let (constants, first_operator) = renumber(&used_constants, first_constant);
        let (computed, _) = renumber(&used_operators, first_operator);
        let numbers = Numbers {
            constants,
            computed,
            origins: keep(self.origins, &used_operators),
        };
        // What is kept reads only what is kept.
        let number = |value: ValueId| numbers.of(value).unwrap_or(value);
        let mut operators = keep(self.operators, &used_operators);
        for operator in &mut operators {
            map_operands(operator, number);
        }
        for output in &mut self.outputs {
            output.value = number(output.value);
        }
        let model = Model {
            version: FORMAT_VERSION,
            inputs: list(self.inputs, "inputs")?,
            constants: list(keep(self.constants, &used_constants), "constants")?,
            operators: list(operators, "operators")?,
            outputs: list(self.outputs, "outputs")?,
        };
        Ok((model, numbers))
    }
}

/// The numbers that a builder's values have in the finished model.
#[derive(Clone, Debug)]
pub struct Numbers {
    constants: Vec<Option<ValueId>>,
    computed: Vec<Option<ValueId>>,
    origins: Vec<Option<usize>>,
}

impl Numbers {
    /// What each operator of the model was written for, by [`ModelBuilder::originate`].
    pub fn into_origins(self) -> Vec<Option<usize>> {
        self.origins
    }

    /// The number of a value in the model; nothing if the model does not have it.
    pub fn of(&self, value: ValueId) -> Option<ValueId> {
        let at = |numbers: &[Option<ValueId>], index: u16| {
            numbers.get(usize::from(index)).copied().flatten()
        };
        match value {
            FIRST_OPERATOR.. => at(&self.computed, value - FIRST_OPERATOR),
            FIRST_CONSTANT.. => at(&self.constants, value - FIRST_CONSTANT),
            input => Some(input),
        }
    }
}

/// New numbers for what is used, and the next free one.
fn renumber(used: &[bool], first: u16) -> (Vec<Option<ValueId>>, u16) {
    let mut next = first;
    let numbers = used
        .iter()
        .map(|&used| {
            let number = next;
            next += u16::from(used);
            used.then_some(number)
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

#[cfg(test)]
mod tests {
    use super::*;
    use fixpoint_runtime::ops::{add::Add, clamp::Clamp, reshape::Reshape};

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
        builder.output("y", sum, Quantisation::None).expect("valid");
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
        builder
            .output("y", third, Quantisation::None)
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
        builder
            .output("y", second, Quantisation::None)
            .expect("valid");
        builder
            .output("z", clamped, Quantisation::None)
            .expect("valid");
        builder.skip_reshapes();
        let model = builder.finish().expect("fits");
        assert_eq!(names(&model), ["RESHAPE", "CLAMP", "RESHAPE"]);
    }

    #[test]
    fn an_output_is_an_operators_and_of_its_own() {
        let mut builder = ModelBuilder::default();
        let x = input(&mut builder, "x");
        let constant = builder.integers(DType::I8, &[1], [7]).expect("few");
        let clamped = clamp(&mut builder, x);
        for (name, value) in [("a", clamped), ("b", clamped), ("c", x), ("d", constant)] {
            let added = builder.output(name, value, Quantisation::None);
            added.expect("valid");
        }
        let dropped = clamp(&mut builder, x);
        let (model, numbers) = builder.finish_numbered().expect("fits");
        assert_eq!(names(&model), ["CLAMP", "IDENTITY", "IDENTITY", "IDENTITY"]);
        let values: Vec<_> = model.outputs.iter().map(|output| output.value).collect();
        assert_eq!(values, [2, 3, 4, 5]);
        let reads: Vec<_> = model.operators.iter().map(Operator::operands).collect();
        assert_eq!(reads, [[0], [2], [0], [1]]);
        let found = [x, constant, clamped, dropped].map(|value| numbers.of(value));
        assert_eq!(found, [Some(0), Some(1), Some(2), None]);
    }

    #[test]
    fn operators_keep_what_they_were_written_for() {
        let mut builder = ModelBuilder::default();
        let x = input(&mut builder, "x");
        builder.originate(Some(7));
        clamp(&mut builder, x);
        let first = clamp(&mut builder, x);
        builder.originate(Some(3));
        let second = clamp(&mut builder, first);
        builder.originate(None);
        for (name, value) in [("y", second), ("z", second)] {
            let added = builder.output(name, value, Quantisation::None);
            added.expect("valid");
        }
        let (model, numbers) = builder.finish_numbered().expect("fits");
        assert_eq!(names(&model), ["CLAMP", "CLAMP", "IDENTITY"]);
        assert_eq!(numbers.into_origins(), [Some(7), Some(3), None]);
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
