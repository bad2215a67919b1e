//! One command per file: its arguments, its help, its run.

pub(crate) mod bench;
pub(crate) mod call;
pub(crate) mod compile;
pub(crate) mod conformance;
pub(crate) mod deploy;
pub(crate) mod devnet;
pub(crate) mod eval;
pub(crate) mod genesis;
pub(crate) mod inspect;
pub(crate) mod precompile;
pub(crate) mod receipt;
pub(crate) mod run;
pub(crate) mod verify;
