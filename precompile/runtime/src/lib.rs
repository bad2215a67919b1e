//! The Fixpoint tensor runtime: a published integer arithmetic (TOSA 1.0, profile PRO-INT), bit
//! for bit the same on every machine.
//!
//! One call goes through these stages, each a module:
//!
//! 1. [`model::parse`]: bytes to [`model::Model`], one canonical encoding per model;
//! 2. [`model::validate`]: a [`model::ValidModel`], the only thing that can be planned: shapes,
//!    limits, accumulator bounds, constants folded, [`work::Work`] counted;
//! 3. [`graph::plan`]: a [`graph::Plan`]: arena by liveness, packed weights;
//! 4. [`graph::execute`]: raw input bytes to raw output bytes.
//!
//! [`ops`] holds one operator per file, [`kernels`] the inner loops and the only `unsafe` code.
//!
//! What may not live here: floats, clocks, randomness, globals, host-endian bytes, anything of a
//! chain or an EVM, and anything that can panic on any input.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod buffer;
pub mod error;
pub mod graph;
pub mod kernels;
pub mod model;
pub mod ops;
pub mod tensor;
pub mod work;
