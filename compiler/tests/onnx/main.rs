//! Compiling ONNX graphs that are written here: operators, and what a caller may choose.

mod families;
mod graphs;
mod operators;
mod options;
mod preprocess;
