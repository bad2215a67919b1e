//! Classical models (`ai.onnx.ml`) against the frameworks that trained them.

mod exports;
mod rows;
mod scores;
mod support;
mod thresholds;
