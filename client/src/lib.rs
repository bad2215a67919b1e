//! What a user does with models: reads files, runs them on this machine, brings them on chain, asks
//! them there. The command line and the Python package are two faces of it.
//!
//! A model on this machine:
//! - [`model_file`]: a `.fxp` file, parsed and validated;
//! - [`ports`], [`port_range`], [`text`]: its inputs and outputs, and which numbers they take;
//! - [`samples`]: arrays as its inputs, [`answers`]: its outputs as arrays, [`wad_value`] between them;
//! - [`local_model`]: runs it, bit for bit as on chain;
//! - [`cost`]: what it costs, asked of the precompile in a chain in memory;
//! - [`compilation`]: what there is to say of a compiled model.
//!
//! A model on chain:
//! - [`chain`]: a node, [`error`]: what goes wrong with it, [`contracts`]: the predeployed contracts'
//!   interfaces;
//! - [`deploy`]: chunks ([`upload`]), root, activation, registration, step by step ([`steps`]), at the price
//!   that [`bill`] says;
//! - [`call`]: asks it; [`verify`]: is it what a source file makes?
//!
//! Nothing here prints, asks a person, or handles signals.

pub mod answers;
pub mod bill;
pub mod call;
pub mod chain;
pub mod compilation;
pub mod contracts;
pub mod cost;
pub mod deploy;
pub mod error;
pub mod local_model;
pub mod model_file;
pub mod port_range;
pub mod ports;
pub mod samples;
pub mod steps;
pub mod text;
pub mod upload;
pub mod verify;
pub mod wad_value;
