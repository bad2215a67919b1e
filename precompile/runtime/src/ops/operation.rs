//! What an operator is to the rest of the runtime: the trait that every file here implements, and
//! what passes through it.

use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError, KernelResult, dispatch::Kernel, portable::narrowing::Narrowing,
        require_shape,
    },
    model::format::ValueId,
    tensor::{DType, TensorType},
    work::Work,
};
use alloc::{boxed::Box, vec::Vec};

/// An operator: operands, type rule with attribute checks, proof, and run.
pub(crate) trait Operation {
    /// The values it reads, in the order of its fields.
    fn operands(&self) -> Vec<ValueId>;

    /// Checks types, shapes and attributes; gives the output's type and the work.
    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError>;

    /// Proves what must be proved before it may run. It looks at each element of its constant
    /// operands at most once; nothing else may depend on their size. Called after
    /// [`Self::infer`] succeeded.
    fn prove(&self, _operands: &[Operand<'_>]) -> Result<(), OperatorError> {
        Ok(())
    }

    /// Makes it ready to run on one set of kernels. Called after [`Self::prove`] succeeded; an
    /// error is a defect of this runtime.
    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError>;

    /// The same together with a RESCALE and a CLAMP of its results, if it cannot fail and the set has a
    /// kernel that does all that at once.
    fn prepare_narrowed(
        &self,
        _operands: &[Operand<'_>],
        _isa: Isa,
        _narrowing: &Narrowing,
    ) -> Option<Step> {
        None
    }
}

/// What is known of a value that an operator reads, before any input exists.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operand<'a> {
    /// Its type.
    pub(crate) tensor: &'a TensorType,
    /// Its elements, if they do not depend on the model's inputs.
    pub(crate) constant: Option<View<'a>>,
}

impl Operand<'_> {
    /// Dimensions, outermost first.
    pub(crate) fn shape(&self) -> &[u32] {
        &self.tensor.shape
    }

    /// Element type.
    pub(crate) const fn dtype(&self) -> DType {
        self.tensor.dtype
    }

    /// Smallest and largest element: the actual ones of a constant, else those of its type.
    pub(crate) fn range(&self) -> (i64, i64) {
        let actual = self.constant.and_then(View::range);
        actual.unwrap_or_else(|| self.dtype().range())
    }
}

/// What [`Operation::infer`] gives.
#[derive(Clone, Debug)]
pub(crate) struct Inferred {
    /// Type of the output. Its size is checked by the caller.
    pub(crate) output: TensorType,
    /// Work of one run, without the count of operators.
    pub(crate) work: Work,
    /// What is looked at one by one before a run: sums of constants that are proved to fit, scales.
    pub(crate) checks: u64,
    /// The output is the first operand's elements, unchanged and in the same order.
    pub(crate) is_alias: bool,
}

impl Inferred {
    /// An output that is computed.
    pub(crate) const fn new(output: TensorType, work: Work) -> Self {
        Self {
            output,
            work,
            checks: 0,
            is_alias: false,
        }
    }

    /// The same, with so much that is looked at one by one.
    pub(crate) const fn checking(mut self, checks: u64) -> Self {
        self.checks = checks;
        self
    }

    /// An output that is the first operand's elements, where they are.
    pub(crate) fn alias(output: TensorType) -> Self {
        Self {
            output,
            work: Work::default(),
            checks: 0,
            is_alias: true,
        }
    }
}

/// Computes rows of an output: the first of them, what was read, their place, scratch.
pub(crate) type Run =
    Box<dyn Fn(usize, &[View<'_>], ViewMut<'_>, &mut [u64]) -> KernelResult + Send + Sync>;

/// A computation without scratch that must be compiled for the set of kernels that it runs on.
pub(crate) trait Compute: Send + Sync + 'static {
    /// Computes an output, or rows of it. Implementations are `#[inline(always)]`, as in [`Kernel`].
    fn compute(&self, reads: &[View<'_>], out: ViewMut<'_>) -> KernelResult;
}

struct Call<'a, C> {
    compute: &'a C,
    reads: &'a [View<'a>],
    out: ViewMut<'a>,
}

impl<C: Compute> Kernel for Call<'_, C> {
    type Output = KernelResult;

    #[inline(always)]
    fn run(self) -> KernelResult {
        self.compute.compute(self.reads, self.out)
    }
}

/// What some rows of an output take of an operand. A row is what lies along the last axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The same rows.
    Rows,
    /// All of it.
    All,
}

/// An operator made ready to run.
pub(crate) struct Step {
    /// Indices of the operands that it reads while running, in the order in which they are passed.
    /// What the others hold is inside.
    pub(crate) reads: Vec<usize>,
    /// Length of the scratch it needs.
    pub(crate) scratch_words: usize,
    /// Whether it must find its scratch as it left it with the rows before, if there are any.
    pub(crate) keeps_scratch: bool,
    /// Bytes on the heap: packed weights.
    pub(crate) packed_bytes: usize,
    /// How many operators it runs: its own, whose operands it reads, and those behind it that stand next to
    /// each other and read nothing but the one before. It writes what the last of them does.
    pub(crate) operators: usize,
    /// If any rows can be computed without the others: what they take of each operand that is read.
    pub(crate) rows: Option<Vec<Extent>>,
    /// The computation. No allocation, except where an operator's documentation says so. Unless there
    /// are [`Self::rows`], it is for all rows from the first on.
    pub(crate) run: Run,
}

impl Step {
    /// A step that reads its first `reads` operands and needs no scratch. The computation is compiled
    /// for the set of kernels.
    pub(crate) fn new(
        isa: Isa,
        reads: usize,
        run: impl Fn(&[View<'_>], ViewMut<'_>) -> KernelResult + Send + Sync + 'static,
    ) -> Self {
        Self::with_scratch(isa, reads, 0, move |reads, out, _| run(reads, out))
    }

    /// A step that reads its first `reads` operands, surely compiled for the set of kernels.
    pub(crate) fn compiled(isa: Isa, reads: usize, compute: impl Compute) -> Self {
        let run = move |_, reads: &[View<'_>], out: ViewMut<'_>, _: &mut [u64]| {
            isa.run(Call {
                compute: &compute,
                reads,
                out,
            })
        };
        Self::of(reads, 0, Box::new(run))
    }

    /// A step that computes each element from the one of its operand.
    pub(crate) fn elementwise(isa: Isa, compute: impl Compute) -> Self {
        Self::compiled(isa, 1, compute).by_rows(&[Extent::Rows])
    }

    /// Like [`Self::new`], with scratch.
    pub(crate) fn with_scratch(
        isa: Isa,
        reads: usize,
        scratch_words: usize,
        run: impl Fn(&[View<'_>], ViewMut<'_>, &mut [u64]) -> KernelResult + Send + Sync + 'static,
    ) -> Self {
        Self::from_row(isa, reads, scratch_words, move |_, reads, out, scratch| {
            run(reads, out, scratch)
        })
    }

    /// Like [`Self::with_scratch`], with the first row to compute.
    pub(crate) fn from_row(
        isa: Isa,
        reads: usize,
        scratch_words: usize,
        run: impl Fn(usize, &[View<'_>], ViewMut<'_>, &mut [u64]) -> KernelResult
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let run = move |first, reads: &[View<'_>], out: ViewMut<'_>, scratch: &mut [u64]| {
            isa.vectorise(|| run(first, reads, out, scratch))
        };
        Self::of(reads, scratch_words, Box::new(run))
    }

    /// A step of one operator that reads its first `reads` operands.
    fn of(reads: usize, scratch_words: usize, run: Run) -> Self {
        Self {
            reads: (0..reads).collect(),
            scratch_words,
            keeps_scratch: false,
            packed_bytes: 0,
            operators: 1,
            rows: None,
            run,
        }
    }

    /// The step, of which any rows can be computed alone.
    pub(crate) fn by_rows(mut self, extents: &[Extent]) -> Self {
        self.rows = Some(extents.to_vec());
        self
    }

    /// The step of an alias, for constants: the elements of the first operand, copied.
    pub(crate) fn copy(isa: Isa) -> Self {
        Self::new(isa, 1, |reads, out| {
            let [x] = reads else {
                return Err(KernelError::Shape);
            };
            let (x, out) = (x.bytes(), out.into_bytes());
            require_shape(x.len() == out.len())?;
            out.copy_from_slice(x);
            Ok(())
        })
    }

    /// A step that fails whenever it runs: what a defect of [`Operation::prepare`] becomes.
    pub(crate) fn defect() -> Self {
        Self::new(Isa::portable(), 0, |_, _| Err(KernelError::Shape))
    }

    /// The step, reading these operands instead of the first ones.
    pub(crate) fn reading(mut self, operands: &[usize]) -> Self {
        self.reads = operands.to_vec();
        self
    }

    /// The step, which keeps things in its scratch from rows to rows.
    pub(crate) const fn keeping_scratch(mut self) -> Self {
        self.keeps_scratch = true;
        self
    }

    /// The step, which also runs operators behind its own: so many in all.
    pub(crate) const fn running(mut self, operators: usize) -> Self {
        self.operators = operators;
        self
    }

    /// The step, with the bytes that its packed weights take.
    pub(crate) const fn packing(mut self, packed_bytes: usize) -> Self {
        self.packed_bytes = packed_bytes;
        self
    }
}

impl core::fmt::Debug for Step {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("Step")
            .field("reads", &self.reads)
            .field("scratch_words", &self.scratch_words)
            .field("packed_bytes", &self.packed_bytes)
            .finish_non_exhaustive()
    }
}
