//! Compiling ONNX graphs that are written here: operators, and what a caller may choose.

mod families;
mod graphs;
mod mixed;
mod operators;
mod options;
mod page;
mod preprocess;
