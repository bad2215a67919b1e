//! Classical models (`ai.onnx.ml`) against the frameworks that trained them.

mod exports;
mod rows;
mod support;
mod thresholds;
