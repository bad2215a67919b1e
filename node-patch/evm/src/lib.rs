//! The inference precompile in an `alloy-evm` node: [`FixpointEvmFactory`].

pub mod factory;

pub use factory::FixpointEvmFactory;
pub use fixpoint_precompile as precompile;
