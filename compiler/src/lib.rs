//! ONNX and TOSA models to Fixpoint models.

pub mod builder;
pub mod error;
pub mod npy;
pub mod ratio;
pub mod tosa;

pub use error::CompileError;
