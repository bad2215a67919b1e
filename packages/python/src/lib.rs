//! `fixpoint._native`: what the Python package has of Rust. The package itself, with its documentation
//! and types, is in `python/fixpoint/`; here are only the crossings.
//!
//! - `arrays`: arrays as they come from NumPy and go to it;
//! - `raised`: errors as the package's exceptions;
//! - `work`: work off the interpreter, with progress and Ctrl-C;
//! - `compile`, `model`, `network`: the functions and classes.

mod arrays;
mod compile;
mod model;
mod network;
mod raised;
mod work;

use pyo3::prelude::*;

/// The native half of `fixpoint`.
#[pymodule]
mod _native {
    #[pymodule_export]
    use super::{
        compile::compile,
        model::Model,
        network::{call, deploy, estimate, verify},
    };
}
