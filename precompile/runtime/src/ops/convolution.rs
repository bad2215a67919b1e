//! What the convolutions share: types, the proof of their sums, and the frame of a step.
//!
//! A sum of products is proved never to leave its accumulator, whatever the input. Where there is room
//! for a constant bias beside the largest product sums that the types allow, nothing is left to check;
//! else the bias is added last, and that addition is checked while running.

use super::{
    accumulator::{Reach, constant_reaches, require_accumulator, shifted},
    operation::{Extent, Operand, Step},
    shape::{exactly, require_dimension, require_dtype, require_input_zero_point, require_rank},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError, KernelResult,
        portable::{
            bias::{add_bias_i32, add_bias_i48},
            narrowing::Narrowing,
        },
    },
    tensor::{DType, TensorType},
    work::{Work, pieces},
};
use alloc::vec;

/// Type of the accumulators, the bias and the output.
pub(crate) fn accumulator_of(input: &Operand<'_>) -> DType {
    match input.dtype() {
        DType::I8 => DType::I32,
        _ => DType::I48,
    }
}

/// Zero points of input and weight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ZeroPoints {
    pub(crate) input: i32,
    pub(crate) weight: i32,
}

/// What is multiplied and added up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sums {
    /// Output channels.
    pub(crate) outputs: usize,
    /// Products in one sum.
    pub(crate) depth: u64,
    /// Weights of different outputs stand next to each other (`[depth, outputs]`).
    pub(crate) is_interleaved: bool,
}

/// Whether adding the bias must be checked while running: it is computed, or there is no room for it.
fn is_bias_checked(
    operands: &[Operand<'_>],
    zero_points: ZeroPoints,
    sums: Sums,
) -> Result<bool, OperatorError> {
    let [input, weight, bias] = exactly(operands)?;
    let x = shifted(input.dtype().range(), zero_points.input);
    let weight = shifted(weight.dtype().range(), zero_points.weight);
    let reach = Reach::unknown(sums.depth, weight, x);
    // A bias that is not constant has the whole range of its type, for which there is no room.
    Ok(require_accumulator(accumulator_of(input), &[reach], Some(bias)).is_err())
}

/// Checks element types and zero points of input, weight and bias.
pub(crate) fn require_types(
    operands: &[Operand<'_>],
    zero_points: ZeroPoints,
) -> Result<(), OperatorError> {
    let [input, weight, bias] = exactly(operands)?;
    require_dtype(0, input, &[DType::I8, DType::I16])?;
    require_dtype(1, weight, &[DType::I8])?;
    require_dtype(2, bias, &[accumulator_of(input)])?;
    require_input_zero_point(0, input.dtype(), zero_points.input)?;
    require_input_zero_point(1, weight.dtype(), zero_points.weight)
}

/// Refuses a bias that has neither one element nor one per output.
pub(crate) fn require_bias(bias: &Operand<'_>, outputs: u32) -> Result<(), OperatorError> {
    let [biases] = require_rank::<1>(2, bias)?;
    if biases == 1 {
        return Ok(());
    }
    require_dimension(2, 0, biases, outputs)
}

/// Proves that no sum of products leaves the accumulator.
pub(crate) fn prove_sums(
    operands: &[Operand<'_>],
    zero_points: ZeroPoints,
    sums: Sums,
) -> Result<(), OperatorError> {
    let [input, weight, _] = exactly(operands)?;
    let x = shifted(input.dtype().range(), zero_points.input);
    let reaches = match weight.constant {
        Some(weights) => constant_reaches(
            weights,
            zero_points.weight,
            sums.outputs,
            sums.is_interleaved,
            x,
        ),
        None => {
            let weight = shifted(weight.dtype().range(), zero_points.weight);
            vec![Reach::unknown(sums.depth, weight, x)]
        }
    };
    require_accumulator(accumulator_of(input), &reaches, None)
}

/// Bytes of computed weights that go to one place.
const PACKED_PIECE_BYTES: u64 = 2;

/// What a layer takes in each run beside the products: weights are read, and packed anew if they are
/// computed; a bias may have to be added with a check.
pub(crate) fn added_work(
    operands: &[Operand<'_>],
    zero_points: ZeroPoints,
    sums: Sums,
    output: &TensorType,
) -> Result<Work, OperatorError> {
    let [_, weight, _] = exactly(operands)?;
    let mut work = Work {
        move_bytes: weight.tensor.size_bytes(),
        ..Work::default()
    };
    if weight.constant.is_none() {
        // Packing them is as an operator of its own.
        work.operators = 1;
        work.runs = pieces(weight.tensor.size_bytes(), PACKED_PIECE_BYTES);
    }
    if is_bias_checked(operands, zero_points, sums)? {
        work.elementwise = output.elements();
    }
    Ok(work)
}

/// Weights made ready for one layer.
pub(crate) struct PackedLayer<W> {
    pub(crate) weights: W,
    /// Bytes on the heap.
    pub(crate) packed_bytes: usize,
    /// Length of the scratch of a run.
    pub(crate) scratch_words: usize,
}

/// A convolution without its weights and bias.
pub(crate) trait Layer: Send + Sync + 'static {
    /// Whether any positions of the output can be computed without the others.
    const IS_BY_ROWS: bool;

    /// The weights as its kernels read them.
    type Weights: Send + Sync;

    /// Lays out `weight` as it stands in the model.
    fn pack(&self, weight: &[i8]) -> Result<PackedLayer<Self::Weights>, KernelError>;

    /// The same weights, for results that a RESCALE and a CLAMP make of the sums, if the set has a kernel
    /// for it.
    fn narrow(_packed: Self::Weights, _narrowing: &Narrowing) -> Option<Self::Weights> {
        None
    }

    /// Computes positions of the output, from the first on. A bias without elements is 0.
    fn run(
        &self,
        weights: &Self::Weights,
        first_position: usize,
        x: View<'_>,
        bias: View<'_>,
        out: ViewMut<'_>,
        scratch: &mut [u64],
    ) -> KernelResult;
}

/// The step of a layer. Weights that are not constant are laid out anew in each run, in memory of
/// that size.
pub(crate) fn step<L: Layer>(
    layer: L,
    operands: &[Operand<'_>],
    (zero_points, sums): (ZeroPoints, Sums),
    isa: Isa,
) -> Result<Step, KernelError> {
    let is_bias_checked = is_bias_checked(operands, zero_points, sums);
    let is_bias_checked = is_bias_checked.map_err(|_| KernelError::Shape)?;
    let [_, weight, _] = exactly(operands).map_err(|_| KernelError::Shape)?;
    let Some(weight) = weight.constant else {
        return Ok(Step::new(isa, 3, move |reads, out| {
            let [x, weight, bias] = *reads else {
                return Err(KernelError::Shape);
            };
            let packed = pack(&layer, weight)?;
            let mut scratch = vec![0; packed.scratch_words];
            let call = (0, x, bias, is_bias_checked);
            run(&layer, &packed.weights, call, out, &mut scratch)
        }));
    };
    let packed = pack(&layer, weight)?;
    Ok(packed_step(layer, packed, is_bias_checked, isa))
}

/// [`step`] of a layer together with a RESCALE and a CLAMP of its sums.
pub(crate) fn narrowed_step<L: Layer>(
    layer: L,
    operands: &[Operand<'_>],
    (zero_points, sums): (ZeroPoints, Sums),
    isa: Isa,
    narrowing: &Narrowing,
) -> Option<Step> {
    let [_, weight, _] = exactly(operands).ok()?;
    if is_bias_checked(operands, zero_points, sums).ok()? {
        return None;
    }
    let packed = pack(&layer, weight.constant?).ok()?;
    let narrowed = PackedLayer {
        weights: L::narrow(packed.weights, narrowing)?,
        ..packed
    };
    Some(packed_step(layer, narrowed, false, isa))
}

/// The step of a layer whose weights are packed.
fn packed_step<L: Layer>(
    layer: L,
    packed: PackedLayer<L::Weights>,
    is_bias_checked: bool,
    isa: Isa,
) -> Step {
    let weights = packed.weights;
    let step = Step::from_row(
        isa,
        2,
        packed.scratch_words,
        move |first, reads, out, scratch| match *reads {
            [x, bias] => run(
                &layer,
                &weights,
                (first, x, bias, is_bias_checked),
                out,
                scratch,
            ),
            _ => Err(KernelError::Shape),
        },
    );
    let step = step.reading(&[0, 2]).packing(packed.packed_bytes);
    if L::IS_BY_ROWS {
        return step.by_rows(&[Extent::All, Extent::All]);
    }
    step
}

fn pack<L: Layer>(layer: &L, weight: View<'_>) -> Result<PackedLayer<L::Weights>, KernelError> {
    match weight {
        View::I8(weight) => layer.pack(weight),
        _ => Err(KernelError::Shape),
    }
}

fn run<L: Layer>(
    layer: &L,
    weights: &L::Weights,
    (first, x, bias, is_bias_checked): (usize, View<'_>, View<'_>, bool),
    mut out: ViewMut<'_>,
    scratch: &mut [u64],
) -> KernelResult {
    if !is_bias_checked {
        return layer.run(weights, first, x, bias, out, scratch);
    }
    match (bias, &mut out) {
        (View::I32(bias), ViewMut::I32(sums)) => {
            layer.run(
                weights,
                first,
                x,
                View::I32(&[]),
                ViewMut::I32(sums),
                scratch,
            )?;
            add_bias_i32(bias, sums)
        }
        (View::I48(bias), ViewMut::I48(sums)) => {
            layer.run(
                weights,
                first,
                x,
                View::I48(&[]),
                ViewMut::I48(sums),
                scratch,
            )?;
            add_bias_i48(bias, sums)
        }
        _ => Err(KernelError::Shape),
    }
}
