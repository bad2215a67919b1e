//! [`Model`] to [`ValidModel`]: everything that must hold before a model may run.

use super::{
    constants, fold,
    format::{Model, ValueId},
    limits::{
        MAX_ARENA_BYTES, MAX_TENSOR_ELEMENTS, VALIDATION_STEPS_BASE, VALIDATION_STEPS_PER_BYTE,
        VALIDATION_STEPS_PER_CHECK,
    },
    ports, reachability,
};
use crate::{
    buffer::Buffer,
    error::{ModelError, OperatorError},
    graph::arena::Layout,
    ops::{Operator, operation::Operand},
    tensor::TensorType,
    work::Work,
};
use alloc::{sync::Arc, vec::Vec};
use libssz::SszEncode as _;

/// A model that has been proved safe to plan and run.
#[derive(Clone, Debug)]
pub struct ValidModel {
    model: Model,
    values: Values,
    work: Work,
    operator_work: Vec<Work>,
    validation_steps: u64,
    layout: Layout,
}

impl ValidModel {
    /// The model as parsed.
    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// Work of one inference. Operators on constants alone are counted too: whoever loads the
    /// model evaluates them.
    pub const fn work(&self) -> &Work {
        &self.work
    }

    /// Work of each operator, in serialised order: what [`Self::work`] sums up.
    pub fn operator_work(&self) -> &[Work] {
        &self.operator_work
    }

    /// Steps that validation took ([`super::limits::VALIDATION_STEPS_BASE`] says what a step is).
    /// Loading the model takes them again.
    pub const fn validation_steps(&self) -> u64 {
        self.validation_steps
    }

    /// Type of every value, by its number.
    pub fn value_types(&self) -> &[TensorType] {
        &self.values.types
    }

    /// Types of the outputs, in declared order.
    pub fn output_types(&self) -> impl ExactSizeIterator<Item = &TensorType> {
        let outputs = self.model.outputs.iter();
        outputs.map(|output| &self.values.types[usize::from(output.value)])
    }

    /// Bytes of all inputs together, packed.
    pub fn input_bytes(&self) -> u64 {
        let inputs = self.model.inputs.iter();
        inputs.map(|input| input.tensor.size_bytes()).sum()
    }

    /// Bytes of all outputs together, packed.
    pub fn output_bytes(&self) -> u64 {
        self.output_types().map(TensorType::size_bytes).sum()
    }

    /// Elements of all inputs together; at least 1.
    pub fn input_elements(&self) -> u64 {
        let inputs = self.model.inputs.iter();
        inputs.map(|input| input.tensor.elements()).sum()
    }

    /// Elements of all outputs together; at least 1.
    pub fn output_elements(&self) -> u64 {
        self.output_types().map(TensorType::elements).sum()
    }

    /// Bytes of the arena: all inputs and intermediate tensors of one inference. Consensus data:
    /// it depends on the model alone, never on kernels.
    pub const fn arena_bytes(&self) -> u64 {
        self.layout.bytes()
    }

    /// Values, for the planner.
    pub(crate) const fn values(&self) -> &Values {
        &self.values
    }

    /// Places in the arena, for the planner.
    pub(crate) const fn layout(&self) -> &Layout {
        &self.layout
    }
}

/// What is known of every value, by its number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    types: Vec<TensorType>,
    constants: Vec<Option<Arc<Buffer>>>,
    aliases: Vec<Option<ValueId>>,
}

impl Values {
    /// Its type.
    pub(crate) fn tensor(&self, value: ValueId) -> &TensorType {
        &self.types[usize::from(value)]
    }

    /// Its elements, if they do not depend on the model's inputs.
    pub(crate) fn constant(&self, value: ValueId) -> Option<&Arc<Buffer>> {
        self.constants[usize::from(value)].as_ref()
    }

    /// The value whose elements it is, unchanged (RESHAPE). That one is no alias itself.
    pub(crate) fn alias(&self, value: ValueId) -> Option<ValueId> {
        self.aliases[usize::from(value)]
    }

    /// How an operator sees a value.
    pub(crate) fn operand(&self, value: ValueId) -> Operand<'_> {
        Operand {
            tensor: self.tensor(value),
            constant: self.constant(value).map(|buffer| buffer.view()),
        }
    }

    /// Number of values.
    pub(crate) const fn len(&self) -> usize {
        self.types.len()
    }

    fn push(
        &mut self,
        tensor: TensorType,
        constant: Option<Buffer>,
        alias: Option<ValueId>,
    ) -> Result<(), ModelError> {
        let elements = tensor.elements();
        if !(1..=MAX_TENSOR_ELEMENTS).contains(&elements) {
            return Err(self.oversize(elements));
        }
        self.types.push(tensor);
        self.constants.push(constant.map(Arc::new));
        self.aliases.push(alias);
        Ok(())
    }

    /// The error for the next value, if it has as many elements.
    const fn oversize(&self, elements: u64) -> ModelError {
        ModelError::TensorSize {
            value: self.len() as u16,
            elements,
            limit: MAX_TENSOR_ELEMENTS,
        }
    }
}

/// Checks a model: names, shapes, types, limits, accumulator bounds, reachability; evaluates
/// operators on constants.
///
/// Takes time and memory in proportion to the length of the encoded model.
///
/// # Errors
/// [`ModelError`], one variant per cause, naming the operator where there is one. Which of several
/// causes is reported is part of the format: inputs, constants, operators in order, outputs, unused
/// operators, unused constants, the arena.
pub fn validate(model: Model) -> Result<ValidModel, ModelError> {
    let mut steps = u64::MAX;
    validate_within(model, &mut steps)
}

/// The most steps that [`validate`] takes for a model.
pub fn validation_steps_limit(model: &Model) -> u64 {
    VALIDATION_STEPS_BASE + VALIDATION_STEPS_PER_BYTE * model.encoded_len() as u64
}

/// [`validate`], for a caller who pays by the step. Takes the steps off `steps`, whatever comes of
/// it, and ends with [`ModelError::ValidationSteps`] before it takes one that is not there. A
/// larger number lifts no limit of the format.
///
/// # Errors
/// As [`validate`].
pub fn validate_within(model: Model, steps: &mut u64) -> Result<ValidModel, ModelError> {
    let limit = validation_steps_limit(&model).min(*steps);
    let mut budget = Budget { limit, left: limit };
    let result = validate_on(&mut budget, model);
    *steps -= limit - budget.left;
    result
}

fn validate_on(budget: &mut Budget, model: Model) -> Result<ValidModel, ModelError> {
    let mut values = Values::default();
    for input in model.inputs.iter() {
        values.push(input.tensor.clone(), None, None)?;
    }
    ports::check_inputs(&model)?;
    for (index, constant) in (0..).zip(model.constants.iter()) {
        let elements = constant.tensor.elements();
        if !(1..=MAX_TENSOR_ELEMENTS).contains(&elements) {
            return Err(values.oversize(elements));
        }
        let buffer = constants::load(index, constant)?;
        values.push(constant.tensor.clone(), Some(buffer), None)?;
    }
    let first_output = values.len();
    let mut work = Work::default();
    let mut operator_work = Vec::new();
    for (index, operator) in (0..).zip(model.operators.iter()) {
        let added = add_operator(index, operator, &mut values, budget)?;
        work.add(&added);
        operator_work.push(added);
    }
    ports::check_outputs(&model, &values.types, first_output)?;
    reachability::check(&model)?;
    let layout = Layout::new(&model, &values);
    if layout.bytes() > MAX_ARENA_BYTES {
        return Err(ModelError::ArenaSize {
            bytes: layout.bytes(),
            limit: MAX_ARENA_BYTES,
        });
    }
    Ok(ValidModel {
        model,
        values,
        work,
        operator_work,
        validation_steps: budget.limit - budget.left,
        layout,
    })
}

/// Checks one operator and adds its output to the values; returns its work.
fn add_operator(
    index: u16,
    operator: &Operator,
    values: &mut Values,
    budget: &mut Budget,
) -> Result<Work, ModelError> {
    let at = |cause| ModelError::Operator {
        operator: index,
        cause,
    };
    let operation = operator.operation();
    let numbers = operation.operands();
    for (operand, &value) in (0..).zip(&numbers) {
        if usize::from(value) >= values.len() {
            return Err(at(OperatorError::OperandOrder { operand, value }));
        }
    }
    let operands: Vec<_> = numbers.iter().map(|&value| values.operand(value)).collect();
    let inferred = operation.infer(&operands).map_err(at)?;
    let elements = inferred.output.elements();
    if !(1..=MAX_TENSOR_ELEMENTS).contains(&elements) {
        return Err(values.oversize(elements));
    }
    let is_constant = operands.iter().all(|operand| operand.constant.is_some());
    let constants = operands.iter().filter(|operand| operand.constant.is_some());
    let elements = constants.map(|operand| operand.tensor.elements());
    let checks = inferred.checks.saturating_mul(VALIDATION_STEPS_PER_CHECK);
    budget.spend(index, elements.chain([checks]))?;
    if is_constant {
        let work = inferred.work.to_array();
        let output_bytes = inferred.output.size_bytes();
        budget.spend(index, work.into_iter().chain([output_bytes]))?;
    }
    operation.prove(&operands).map_err(at)?;
    let constant = fold::evaluate(operation, &operands, &inferred.output).map_err(at)?;
    let mut work = inferred.work;
    work.operators += 1;
    let alias = match numbers.first() {
        Some(&source) if inferred.is_alias && constant.is_none() => {
            Some(values.alias(source).unwrap_or(source))
        }
        _ => None,
    };
    values.push(inferred.output, constant, alias)?;
    Ok(work)
}

/// Steps that validation may still take, so that it ends soon after the payload does.
struct Budget {
    limit: u64,
    left: u64,
}

impl Budget {
    fn spend(
        &mut self,
        operator: u16,
        steps: impl IntoIterator<Item = u64>,
    ) -> Result<(), ModelError> {
        let steps = steps.into_iter().fold(0, u64::saturating_add);
        let limit = self.limit;
        self.left = self
            .left
            .checked_sub(steps)
            .ok_or(ModelError::ValidationSteps { operator, limit })?;
        Ok(())
    }
}
