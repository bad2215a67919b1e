//! How a node on alloy-evm takes the inference precompile in: all that is not Ethereum's is
//! [`executor_factory`]. The tests take a chain through the fork.
//!
//! Nothing else may live here: what a node needs besides belongs in `fixpoint-evm`.

use alloy_evm::eth::{EthBlockExecutorFactory, receipt_builder::AlloyReceiptBuilder};
use fixpoint_evm::FixpointEvmFactory;

/// Ethereum's block executor, with the precompile in blocks from `fork_timestamp_s` (seconds) on.
pub fn executor_factory<Spec>(
    spec: Spec,
    fork_timestamp_s: u64,
) -> EthBlockExecutorFactory<AlloyReceiptBuilder, Spec, FixpointEvmFactory> {
    let evm_factory = FixpointEvmFactory::new(fork_timestamp_s);
    EthBlockExecutorFactory::new(AlloyReceiptBuilder::default(), spec, evm_factory)
}
