//! The EVM factory that a node plugs in: Ethereum's, plus the precompile from its fork on.

use alloy_evm::{
    Database, EvmEnv, EvmFactory,
    eth::{EthEvm, EthEvmBuilder, EthEvmContext},
    precompiles::PrecompilesMap,
};
use alloy_primitives::U256;
use revm::{
    Inspector,
    context::{BlockEnv, DBErrorMarker, TxEnv, result::EVMError, result::HaltReason},
    inspector::NoOpInspector,
    precompile::{PrecompileSpecId, Precompiles},
    primitives::hardfork::SpecId,
};

/// Ethereum's EVM with the inference precompile from a block timestamp on.
///
/// Cheap to clone; clones share the node-local model cache.
#[derive(Clone, Debug, Default)]
pub struct FixpointEvmFactory {
    /// First block timestamp (seconds) at which the precompile exists.
    activation_timestamp: u64,
}

impl FixpointEvmFactory {
    /// A factory whose precompile exists in blocks at or after `activation_timestamp` (seconds).
    #[must_use]
    pub fn new(activation_timestamp: u64) -> Self {
        Self { activation_timestamp }
    }

    fn precompiles(&self, env: &EvmEnv) -> PrecompilesMap {
        let spec = PrecompileSpecId::from_spec_id(env.cfg_env.spec);
        let map = PrecompilesMap::from_static(Precompiles::new(spec));
        if env.block_env.timestamp >= U256::from(self.activation_timestamp) {}
        map
    }
}

impl EvmFactory for FixpointEvmFactory {
    type Evm<DB: Database, I: Inspector<EthEvmContext<DB>>> = EthEvm<DB, I, PrecompilesMap>;
    type Context<DB: Database> = EthEvmContext<DB>;
    type Tx = TxEnv;
    type Error<E: DBErrorMarker> = EVMError<E>;
    type HaltReason = HaltReason;
    type Spec = SpecId;
    type BlockEnv = BlockEnv;
    type Precompiles = PrecompilesMap;

    fn create_evm<DB: Database>(&self, db: DB, env: EvmEnv) -> Self::Evm<DB, NoOpInspector> {
        let precompiles = self.precompiles(&env);
        EthEvmBuilder::new(db, env).precompiles(precompiles).build()
    }

    fn create_evm_with_inspector<DB: Database, I: Inspector<Self::Context<DB>>>(
        &self,
        db: DB,
        env: EvmEnv,
        inspector: I,
    ) -> Self::Evm<DB, I> {
        let precompiles = self.precompiles(&env);
        EthEvmBuilder::new(db, env).precompiles(precompiles).activate_inspector(inspector).build()
    }
}
