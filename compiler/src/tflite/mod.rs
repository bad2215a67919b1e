//! `.tflite` files: names and scales from the file, operators by TOSA's own converter.
//!
//! 1. `schema`: what stands at the graph's boundary;
//! 2. `ports`: names, types and exact scales of inputs and outputs;
//! 3. `prepare`: fixes open dimensions and takes the boundary's conversions off, in the file's bytes;
//! 4. [`tools`]: the converter and `tosa-opt`, where they are and how they run;
//! 5. [`convert`]: the steps in order, and what may not be left afterwards.
//!
//! What comes out is a `.tosa` file and its [`IoDescription`](crate::tosa::IoDescription).

mod convert;
mod ports;
mod prepare;
mod schema;
pub mod tools;

pub use convert::{Converted, convert};
pub use tools::Tools;

#[cfg(test)]
#[path = "../../tests/tflite_builder/mod.rs"]
mod builder;
#[cfg(test)]
mod tests;
