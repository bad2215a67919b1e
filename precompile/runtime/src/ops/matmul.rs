//! [MATMUL](https://www.mlplatform.org/tosa/tosa_spec.html#_matmul)
//!
//! Proved: no accumulator leaves i32 (i8) or i48 (i16). A constant `B` is packed once, unless it is
//! a batch of small matrices.

use super::{
    accumulator::{Reach, constant_reaches, require_accumulator, shifted},
    operation::{Extent, Inferred, Operand, Operation, Step},
    shape::{
        exactly, require_dimension, require_dtype, require_input_zero_point, require_rank,
        require_same_dtype, with_shape,
    },
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError, KernelResult, PackedWeights,
        portable::{
            matmul::{MatMulShape, NarrowedMatMul, matmul_i8, matmul_i16},
            narrowing::Narrowing,
        },
    },
    model::format::{Signed32, ValueId},
    tensor::DType,
    work::{Work, panel_bytes_i16, panel_macs, panel_macs_i16, pieces},
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Elements of the smallest matrix of a batch that is worth packing.
const MIN_PACKED_ELEMENTS: usize = 256;
/// What a packed matrix weighs beside its elements: its struct and its allocations.
const BYTES_PER_PACKED_MATRIX: usize = 512;

/// Attributes of MATMUL.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct MatMul {
    /// `A`, `[N, H, C]`, i8 or i16.
    pub a: ValueId,
    /// `B`, `[N, C, W]`, of the type of `A`.
    pub b: ValueId,
    /// Zero point of `A`; 0 unless i8.
    pub a_zero_point: Signed32,
    /// Zero point of `B`; 0 unless i8.
    pub b_zero_point: Signed32,
}

/// Type of the accumulators and the output.
fn accumulator_of(a: &Operand<'_>) -> DType {
    match a.dtype() {
        DType::I8 => DType::I32,
        _ => DType::I48,
    }
}

fn sizes(operands: &[Operand<'_>]) -> Result<MatMulShape, OperatorError> {
    let [a, b] = exactly(operands)?;
    require_dtype(0, a, &[DType::I8, DType::I16])?;
    require_same_dtype(a, b)?;
    let [batch, rows, depth] = require_rank::<3>(0, a)?;
    let [b_batch, b_depth, columns] = require_rank::<3>(1, b)?;
    require_dimension(1, 0, b_batch, batch)?;
    require_dimension(1, 1, b_depth, depth)?;
    Ok(MatMulShape {
        batch: batch as usize,
        rows: rows as usize,
        depth: depth as usize,
        columns: columns as usize,
    })
}

/// Whether `B` is packed when the model is loaded. Very many very small matrices are not: each
/// would cost an allocation and a struct that nobody has paid for.
fn is_packed_once(shape: &MatMulShape, b: &Operand<'_>) -> bool {
    let elements = shape.depth.saturating_mul(shape.columns);
    b.constant.is_some() && (shape.batch == 1 || elements >= MIN_PACKED_ELEMENTS)
}

/// Bytes of a right side that is not packed once that go to one place.
const PACKED_PIECE_BYTES: u64 = 16;
/// What a matrix of it takes beside that: a product begins.
const MATRIX_RUNS: u64 = 24;

impl Operation for MatMul {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.a, self.b]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [a, b] = exactly(operands)?;
        let shape = sizes(operands)?;
        require_input_zero_point(0, a.dtype(), self.a_zero_point.0)?;
        require_input_zero_point(1, b.dtype(), self.b_zero_point.0)?;
        let sides = [shape.batch, shape.rows, shape.columns];
        let output = with_shape(accumulator_of(a), &sides.map(|size| size as u32))?;
        let rows = (shape.batch as u64).saturating_mul(shape.rows as u64);
        let mut sums = (shape.batch * shape.columns) as u64;
        let (columns, depth) = (shape.columns as u64, shape.depth as u64);
        // A right side is read, and packed anew in every run if it is not packed once.
        let is_packed_once = is_packed_once(&shape, b);
        let matrices = shape.batch as u64;
        let mut work = Work {
            move_bytes: match b.dtype() {
                DType::I16 if is_packed_once => panel_bytes_i16(matrices, columns, depth),
                _ => b.tensor.size_bytes(),
            },
            ..Work::default()
        };
        if !is_packed_once {
            work.operators = 1;
            sums = 0;
            let packed = pieces(b.tensor.size_bytes(), PACKED_PIECE_BYTES);
            work.runs = packed.saturating_add(MATRIX_RUNS * matrices);
        }
        match a.dtype() {
            DType::I8 => work.macs_i8 = panel_macs(rows, columns, depth),
            _ => work.macs_i16 = panel_macs_i16(rows, columns, depth),
        }
        Ok(Inferred::new(output, work).checking(sums))
    }

    fn prove(&self, operands: &[Operand<'_>]) -> Result<(), OperatorError> {
        let [a, b] = exactly(operands)?;
        let shape = sizes(operands)?;
        let (Signed32(a_zero_point), Signed32(b_zero_point)) =
            (self.a_zero_point, self.b_zero_point);
        let a_range = shifted(a.dtype().range(), a_zero_point);
        let b_range = shifted(b.dtype().range(), b_zero_point);
        let rows = shape.batch * shape.rows;
        let reaches = match (a.constant, b.constant) {
            // Many small matrices: the widest element bounds them all.
            (_, Some(_)) if !is_packed_once(&shape, b) => {
                let range = shifted(b.range(), b_zero_point);
                vec![Reach::unknown(shape.depth as u64, range, a_range)]
            }
            (_, Some(b)) => {
                let per_matrix = shape.depth * shape.columns;
                constant_reaches_by_matrix(b, b_zero_point, per_matrix, shape.columns, a_range)
            }
            (Some(a), None) => constant_reaches(a, a_zero_point, rows, false, b_range),
            (None, None) => vec![Reach::unknown(shape.depth as u64, b_range, a_range)],
        };
        require_accumulator(accumulator_of(a), &reaches, None)
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        let [_, b] = exactly(operands).map_err(|_| KernelError::Shape)?;
        let shape = sizes(operands).map_err(|_| KernelError::Shape)?;
        let zero_points = (self.a_zero_point.0, self.b_zero_point.0);
        let Some(constant) = b.constant.filter(|_| is_packed_once(&shape, b)) else {
            return Ok(match b.dtype() {
                DType::I8 => step_i8(isa, shape, zero_points),
                _ => step_i16(isa, shape),
            });
        };
        let matrices = pack(isa, &shape, constant, zero_points.1)?;
        let words = matrices
            .iter()
            .map(|matrix| matrix.scratch_words(shape.rows));
        let scratch_words = words.max().unwrap_or(0);
        let packed = matrices.iter().map(PackedWeights::packed_bytes);
        let packed_bytes = packed.sum::<usize>() + matrices.len() * BYTES_PER_PACKED_MATRIX;
        let is_one = matrices.len() == 1;
        let step = Step::with_scratch(isa, 1, scratch_words, move |reads, out, scratch| {
            packed_product(&shape, &matrices, zero_points.0, reads, out, scratch)
        });
        let step = step.packing(packed_bytes);
        Ok(if is_one {
            step.by_rows(&[Extent::Rows])
        } else {
            step
        })
    }

    fn prepare_narrowed(
        &self,
        operands: &[Operand<'_>],
        isa: Isa,
        narrowing: &Narrowing,
    ) -> Option<Step> {
        let [_, b] = exactly(operands).ok()?;
        let shape = sizes(operands).ok()?;
        if b.dtype() != DType::I8 || b.constant.is_some() {
            return None;
        }
        let zero_points = (self.a_zero_point.0, self.b_zero_point.0);
        let product = NarrowedMatMul::new(isa, shape, zero_points, narrowing)?;
        let bytes = product.bytes();
        let scratch_words = shape.scratch_words_i8(isa);
        let step = Step::from_row(
            isa,
            2,
            scratch_words,
            move |first, reads, out, scratch| match (reads, out) {
                ([View::I8(a), View::I8(b)], ViewMut::I8(out)) => {
                    product.run(first, a, b, out, scratch)
                }
                _ => Err(KernelError::Shape),
            },
        );
        let step = step.by_rows(&[Extent::Rows, Extent::All]);
        Some(step.keeping_scratch().packing(bytes))
    }
}

/// The product of two inputs of i8.
fn step_i8(isa: Isa, shape: MatMulShape, (a_zero_point, b_zero_point): (i32, i32)) -> Step {
    let scratch_words = shape.scratch_words_i8(isa);
    let step = Step::from_row(
        isa,
        2,
        scratch_words,
        move |first, reads, out, scratch| match (reads, out) {
            ([View::I8(a), View::I8(b)], ViewMut::I32(out)) => {
                let (a, b) = ((*a, a_zero_point), (*b, b_zero_point));
                matmul_i8(isa, &shape, first, a, b, out, scratch)
            }
            _ => Err(KernelError::Shape),
        },
    );
    step.by_rows(&[Extent::Rows, Extent::All]).keeping_scratch()
}

/// The product of two inputs of i16.
fn step_i16(isa: Isa, shape: MatMulShape) -> Step {
    let scratch_words = shape.scratch_words_i16(isa);
    Step::with_scratch(isa, 2, scratch_words, move |reads, out, scratch| {
        match (reads, out) {
            ([View::I16(a), View::I16(b)], ViewMut::I48(out)) => {
                matmul_i16(isa, &shape, a, b, out, scratch)
            }
            _ => Err(KernelError::Shape),
        }
    })
}

/// The reach of every column of every matrix.
fn constant_reaches_by_matrix(
    b: View<'_>,
    zero_point: i32,
    per_matrix: usize,
    columns: usize,
    x: (i64, i64),
) -> Vec<Reach> {
    let of = |matrix| constant_reaches(matrix, zero_point, columns, true, x);
    match b {
        View::I8(b) => b
            .chunks_exact(per_matrix)
            .map(View::I8)
            .flat_map(of)
            .collect(),
        View::I16(b) => b
            .chunks_exact(per_matrix)
            .map(View::I16)
            .flat_map(of)
            .collect(),
        _ => Vec::new(),
    }
}

/// `B`, one packed matrix per product, a column's elements side by side.
fn pack(
    isa: Isa,
    shape: &MatMulShape,
    b: View<'_>,
    zero_point: i32,
) -> Result<Vec<PackedWeights>, KernelError> {
    fn transposed<T: Copy>(matrix: &[T], columns: usize) -> Vec<T> {
        let mut rows = Vec::new();
        for column in 0..columns {
            rows.extend(matrix[column..].iter().step_by(columns));
        }
        rows
    }
    let MatMulShape { depth, columns, .. } = *shape;
    let matrices: Option<Vec<_>> = match b {
        View::I8(b) => {
            let matrices = b.chunks_exact(depth * columns);
            let matrices = matrices.map(|matrix| transposed(matrix, columns));
            matrices
                .map(|matrix| PackedWeights::i8(isa, &matrix, columns, depth, zero_point))
                .collect()
        }
        View::I16(b) => {
            let matrices = b.chunks_exact(depth * columns);
            let matrices = matrices.map(|matrix| transposed(matrix, columns));
            matrices
                .map(|matrix| PackedWeights::i16(isa, &matrix, columns, depth))
                .collect()
        }
        _ => None,
    };
    matrices.ok_or(KernelError::Shape)
}

/// Rows of the only matrix, or all rows of all matrices.
fn packed_product(
    shape: &MatMulShape,
    matrices: &[PackedWeights],
    a_zero_point: i32,
    reads: &[View<'_>],
    out: ViewMut<'_>,
    scratch: &mut [u64],
) -> KernelResult {
    let rows = out.len() / shape.columns / matrices.len();
    let (rows, results) = (rows * shape.depth, rows * shape.columns);
    match (reads, out) {
        ([View::I8(a)], ViewMut::I32(out)) => {
            let products = a.chunks_exact(rows).zip(out.chunks_exact_mut(results));
            for ((a, out), matrix) in products.zip(matrices) {
                matrix.product_i8(a, a_zero_point, &[], out, scratch)?;
            }
            Ok(())
        }
        ([View::I16(a)], ViewMut::I48(out)) => {
            let products = a.chunks_exact(rows).zip(out.chunks_exact_mut(results));
            for ((a, out), matrix) in products.zip(matrices) {
                matrix.product_i16(a, &[], out)?;
            }
            Ok(())
        }
        _ => Err(KernelError::Shape),
    }
}
