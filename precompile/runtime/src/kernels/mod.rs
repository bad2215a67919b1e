//! Inner loops: pure functions on slices. The only module in which `unsafe` is allowed.
//!
//! [`portable`] is complete alone and is the reference for every other set; [`dispatch`] is the one
//! place that decides which set a machine runs; [`weights`] prepares constant operands for it.
//!
//! | set | where | what is not plain Rust compiled for it |
//! |---|---|---|
//! | `portable` | everywhere | nothing |
//! | `sse2` | x86-64 | products and convolutions of i8 and i16, products of two inputs too: `pmaddwd` on i16, 4 rows x 8 outputs |
//! | `avx2` | x86-64 | the same in 256 bits, 4 rows x 16 outputs; RESCALE of i8, i16, i32 |
//! | `avxvnni` | x86-64 | as `avx2`, but products and convolutions of i8 with constant weights: `vpdpbusd` in 256 bits, 6 rows x 16 outputs |
//! | `avx512vnni` | x86-64 | the same in 512 bits, 12 x 32, of two inputs too; depthwise convolutions of i8; RESCALE of i8, i16, i32, and of sums in registers; tables of i8 |
//! | `neon` | aarch64 | products and convolutions of i8 and i16, products of two inputs too: `smlal` on i16, 4 rows x 8 outputs; products of i8 with weights from 64 outputs, a depth of 256 and 16 rows on: `tract-linalg`, `smlal` too, in tiles of 8 x 8 |
//! | `neondot` | aarch64 | as `neon`, but all products and convolutions of i8 with constant weights: `sdot`, 6 rows x 16 outputs |
//!
//! The loops of products are the same on both machines ([`tiles`]); all else on aarch64 is plain Rust, which
//! the compiler makes NEON of. What the sets of x86-64 reach, measured, stands in `docs/performance.md`. Those of
//! aarch64 are checked under emulation and were never timed on hardware: there, `tract-linalg` stays where it
//! was before the set had kernels of its own, except that it has no part in dot products.
//!
//! Three rules hold for every function here:
//! - buffers are dense, row-major, channels last (NHWC), elements in the machine's own byte order;
//! - accumulators wrap: that they never do so is proved when a model is validated;
//! - a length that does not fit the parameters gives [`KernelError::Shape`], never a panic. What is
//!   left in an output after an error is unspecified.
//!
//! No graph, no attributes as they stand in model bytes and no allocation while running live here.

#[cfg(all(tiles, target_arch = "aarch64"))]
mod aarch64;
pub mod dispatch;
pub mod portable;
#[cfg(tiles)]
mod tiles;
#[cfg(all(tiles, target_arch = "aarch64"))]
mod tract;
pub mod weights;
#[cfg(all(feature = "std", target_arch = "x86_64"))]
mod x86_64;

/// The instructions that [`tiles`] are made of.
#[cfg(all(tiles, target_arch = "aarch64"))]
use aarch64 as machine;
/// The instructions that [`tiles`] are made of.
#[cfg(all(tiles, target_arch = "x86_64"))]
use x86_64 as machine;

#[cfg(test)]
mod tests;

pub use dispatch::Isa;
pub use weights::PackedWeights;

/// Why a kernel gave no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelError {
    /// A REQUIRE of TOSA does not hold for these elements.
    Requirement,
    /// A buffer does not fit the parameters: a mistake in the plan, not in the input.
    Shape,
}

/// What kernels return.
pub type KernelResult = Result<(), KernelError>;

/// [`KernelError::Shape`] unless `fits`.
pub(crate) fn require_shape(fits: bool) -> KernelResult {
    if fits {
        Ok(())
    } else {
        Err(KernelError::Shape)
    }
}

/// [`KernelError::Requirement`] if `failed`.
pub(crate) fn require(holds: bool) -> KernelResult {
    if holds {
        Ok(())
    } else {
        Err(KernelError::Requirement)
    }
}
