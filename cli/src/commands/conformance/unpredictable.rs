//! Sums that leave their accumulator: the standard calls the answer unpredictable, Fixpoint refuses,
//! the reference model wraps (i32) or saturates (i48) and answers.
//!
//! Official tests draw biases from the whole of i32, so a few of them hold such a sum. They are no
//! failure of the runtime if everything else about them is right, which is what this looks at.

use fixpoint_client::samples;
use fixpoint_compiler::npy::Array;
use fixpoint_runtime::{
    graph::{Arena, Plan},
    kernels::Isa,
    model::{self, Model, ValidModel, format::ValueId},
    ops::Operator,
    tensor::DType,
};

/// Why such a test counts as skipped.
pub(super) const SKIPPED: &str = "a sum leaves its accumulator with the bias: unpredictable by the standard, refused by Fixpoint";

/// Whether the expected output is what the reference model makes of sums of which one, with its bias,
/// leaves the accumulator, every other element being equal to the runtime's.
pub(super) fn is_expected(model: &ValidModel, input: &[u8], expected: &Array) -> bool {
    let sums =
        without_bias(model.model()).and_then(|(bias, model)| Some((bias, sums(model, input)?)));
    let Some((bias, sums)) = sums else {
        return false;
    };
    let Some(dtype) = model.output_types().next().map(|output| output.dtype) else {
        return false;
    };
    let (low, high) = dtype.range();
    let mut is_over = false;
    let is_equal = sums.len() == expected.len()
        && sums.iter().enumerate().all(|(element, sum)| {
            let total = sum + bias[element % bias.len()];
            is_over |= !(low..=high).contains(&total);
            let answer = if dtype == DType::I32 {
                i64::from(total as i32)
            } else {
                total.clamp(low, high)
            };
            samples::integer(&expected.data, element) == Some(answer)
        });
    is_equal && is_over
}

/// The elements of a lone convolution's constant bias, and the model with 0 in their place.
fn without_bias(model: &Model) -> Option<(Vec<i64>, Model)> {
    let [operator] = &model.operators[..] else {
        return None;
    };
    let constant = usize::from(bias_of(operator)?).checked_sub(model.inputs.len())?;
    let mut constants = model.constants.to_vec();
    let bias = constants.get_mut(constant)?;
    let elements = bias.data.chunks_exact(bias.tensor.dtype.size_bytes());
    let elements = elements.map(little_endian).collect();
    let zeros = vec![0; bias.data.len()];
    bias.data = zeros.try_into().ok()?;
    let mut model = model.clone();
    model.constants = constants.try_into().ok()?;
    Some((elements, model))
}

const fn bias_of(operator: &Operator) -> Option<ValueId> {
    match operator {
        Operator::Conv2d(op) => Some(op.bias),
        Operator::Conv3d(op) => Some(op.bias),
        Operator::DepthwiseConv2d(op) => Some(op.bias),
        Operator::TransposeConv2d(op) => Some(op.bias),
        _ => None,
    }
}

fn sums(model: Model, input: &[u8]) -> Option<Vec<i64>> {
    let valid = model::validate(model).ok()?;
    let plan = Plan::new(&valid, Isa::detect());
    let mut output = vec![0; usize::try_from(valid.output_bytes()).ok()?];
    plan.run(&mut Arena::new(&plan), input, &mut output).ok()?;
    let size = valid.output_types().next()?.dtype.size_bytes();
    Some(output.chunks_exact(size).map(little_endian).collect())
}

/// A signed integer of up to eight bytes.
fn little_endian(bytes: &[u8]) -> i64 {
    let mut word = [0; 8];
    let fill = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) {
        0xff
    } else {
        0
    };
    word[bytes.len().min(8)..].fill(fill);
    for (to, from) in word.iter_mut().zip(bytes) {
        *to = *from;
    }
    i64::from_le_bytes(word)
}
