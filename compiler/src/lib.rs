//! ONNX, TFLite and TOSA models to Fixpoint models, in stages, each a module:
//!
//! 1. [`mod@import`]: ONNX to the float graph [`ir`]; [`fold`] simplifies it, [`float`] runs it;
//!    `prescribed` gives already quantised models their own integers;
//! 2. [`mod@calibrate`]: the range of every tensor over sample inputs;
//! 3. [`mod@quantise`]: element types, scales, zero points; [`mod@precision`] measures layers alone and
//!    gives those 16 bits that need them;
//! 4. [`mod@lower`]: TOSA operators, put together by [`builder`];
//! 5. [`report`]: accuracy against the float model, which [`reference`] runs, work, size.
//!
//! [`classical`] takes the place of the first four for models of `ai.onnx.ml` (trees, linear models), read
//! by [`onnx`]. [`mod@tosa`] reads `.tosa` flatbuffers, which need none of these stages, and [`mod@tflite`] turns
//! `.tflite` files into them. [`compile_onnx`] and [`compile_tosa`] are the ways in; [`npy`],
//! [`samples`] and [`ports`] are what a command line needs besides.
//!
//! Floats are fine here: nothing in this crate runs on chain, and what it writes is checked by the
//! runtime before it leaves.

pub mod builder;
pub mod calibrate;
pub mod classical;
mod compile;
pub mod error;
mod fixed;
mod flatbuffer;
pub mod float;
mod float_model;
pub mod fold;
pub mod import;
pub mod ir;
pub mod lower;
mod masks;
mod moments;
pub mod multiplier;
pub mod npy;
pub mod onnx;
pub mod options;
pub mod ports;
pub mod precision;
mod prescribed;
pub mod progress;
pub mod quantise;
pub mod ratio;
mod real;
mod record;
pub mod reference;
pub mod report;
pub mod samples;
mod split;
pub mod tensor;
pub mod tflite;
pub mod tosa;

pub use compile::{Compiled, compile_onnx, compile_tosa};
pub use error::CompileError;
pub use float_model::FloatModel;
pub use onnx::Preprocess;
pub use options::{CompileOptions, InputScales, IntegerOptions, Precision, Sensitivity};
pub use progress::{Progress, Stage, Watch};
pub use record::Record;
pub use samples::Samples;
