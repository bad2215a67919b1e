//! i8 matrix products by `tract-linalg`, whose NEON kernel of 8 rows and 8 columns multiplies by `smlal`.
//!
//! It adds in i32 and wraps, never saturates, so it agrees with every other set bit for bit.

#![allow(unsafe_code)]

use alloc::{boxed::Box, vec::Vec};
use tract_data::internal::{DatumType, Tensor};
use tract_linalg::MmmDispatch;
use tract_linalg::mmm::{AsInputValue, FusedSpec, MMMInputFormat, MMMInputValue, MatMatMul};

use super::portable::gemm::bias_of;

/// The kernel that is used; the one for dot products is another set's.
const KERNEL: &str = "arm64simd_mmm_i32_8x8";

/// [`KERNEL`], if this machine can run it.
fn kernel() -> Option<Box<dyn MatMatMul>> {
    let runnable = MmmDispatch::native().runnable();
    let kernel = runnable.iter().find(|kernel| kernel.name() == KERNEL);
    kernel.cloned()
}

fn takes_i8(format: &dyn MMMInputFormat) -> bool {
    format.precursor().as_dt() == Some(DatumType::I8)
}

/// i8 weights, packed.
#[derive(Debug)]
pub(crate) struct Weights {
    kernel: Box<dyn MatMatMul>,
    packing: usize,
    packed: Box<dyn MMMInputValue>,
    outputs: usize,
    depth: usize,
    /// Sum of each output's weights: what a zero point of the rows is multiplied with.
    sums: Vec<i32>,
}

impl Weights {
    /// Of `[outputs, depth]`; `None` where the kernel cannot run.
    pub(crate) fn new(weights: &[i8], depth: usize) -> Option<Self> {
        let kernel = kernel()?;
        let outputs = weights.len() / depth;
        let mut packings = kernel.packings().iter();
        let packing = packings.position(|(a, b)| takes_i8(&**a) && takes_i8(&**b))?;
        let tensor = Tensor::from_shape(&[outputs, depth], weights).ok()?;
        let packed = kernel.packings()[packing]
            .0
            .prepare_one(&tensor, 1, 0)
            .ok()?;
        let sum = |row: &[i8]| row.iter().map(|&weight| i32::from(weight)).sum();
        let sums = weights.chunks_exact(depth).map(sum).collect();
        Some(Self {
            kernel,
            packing,
            packed,
            outputs,
            depth,
            sums,
        })
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        self.outputs * self.depth + size_of_val(&self.sums[..])
    }

    /// i32 results of `x` `[m, depth]` without its zero point; `None` if the library refuses.
    pub(crate) fn product(
        &self,
        x: &[i8],
        zero_point: i8,
        bias: &[i32],
        out: &mut [i32],
    ) -> Option<()> {
        let rows = x.len() / self.depth;
        let x = Tensor::from_shape(&[rows, self.depth], x).ok()?;
        let x = self.kernel.packings()[self.packing]
            .1
            .prepare_one(&x, 1, 0)
            .ok()?;
        let mut result = Tensor::zero_dt(DatumType::I32, &[rows, self.outputs]).ok()?;
        // SAFETY: the store is a view of `result`, which has `outputs` elements along axis 1 and
        // `rows` along axis 0, is uniquely borrowed, and outlives the call; the packed operands are
        // in the formats of the same packing of the same kernel, with `outputs`, `rows` and the
        // shared `depth` as they were packed; the kernel was listed as runnable on this machine.
        unsafe {
            let store = self
                .kernel
                .c_view(Some(1), Some(0))
                .wrap(&result.view_mut());
            let product = FusedSpec::AddMatMul {
                a: AsInputValue::Borrowed(&*self.packed),
                b: AsInputValue::Borrowed(&*x),
                packing: self.packing,
            };
            self.kernel
                .run(self.outputs, rows, &[product, FusedSpec::Store(store)])
                .ok()?;
        }
        // SAFETY: `result` was made with elements of i32.
        let result = unsafe { result.as_slice_unchecked::<i32>() };
        let zero_point = i32::from(zero_point);
        for (out, result) in out
            .chunks_exact_mut(self.outputs)
            .zip(result.chunks_exact(self.outputs))
        {
            for (at, ((out, result), sum)) in out.iter_mut().zip(result).zip(&self.sums).enumerate()
            {
                let offset =
                    bias_of::<1, _>(bias, at)[0].wrapping_sub(zero_point.wrapping_mul(*sum));
                *out = result.wrapping_add(offset);
            }
        }
        Some(())
    }
}
