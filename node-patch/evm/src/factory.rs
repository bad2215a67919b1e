//! The EVM factory that a node plugs in: Ethereum's, plus the precompile from its fork on.

use crate::install::{Resources, install};
use alloy_evm::{
    Database, EvmEnv, EvmFactory,
    eth::{EthEvm, EthEvmBuilder, EthEvmContext},
    precompiles::PrecompilesMap,
};
use alloy_primitives::U256;
use fixpoint_precompile::{
    answers::{AnswerCache, ReadOnlyAnswers},
    cache::{CacheStats, LruCache},
    tally::Totals,
};
use fixpoint_runtime::kernels::Isa;
use revm::{
    Inspector,
    context::{BlockEnv, DBErrorMarker, TxEnv, result::EVMError, result::HaltReason},
    inspector::NoOpInspector,
    precompile::{PrecompileSpecId, Precompiles},
    primitives::hardfork::SpecId,
};
use std::sync::Arc;

/// Ethereum's EVM with the inference precompile from a block timestamp on.
///
/// Cheap to clone; clones share the node-local caches.
#[derive(Clone, Debug)]
pub struct FixpointEvmFactory {
    /// First block timestamp (seconds) at which the precompile exists.
    activation_timestamp: u64,
    resources: Resources,
}

/// What a node's loaded models may weigh together unless it says otherwise.
const DEFAULT_CACHE_BYTES: usize = 512 << 20;

impl FixpointEvmFactory {
    /// A factory whose precompile exists in blocks at or after `activation_timestamp` (seconds).
    #[must_use]
    pub fn new(activation_timestamp: u64) -> Self {
        Self {
            activation_timestamp,
            resources: Resources {
                models: Arc::new(LruCache::new(DEFAULT_CACHE_BYTES)),
                answers: None,
                tally: Arc::default(),
                isa: Isa::detect(),
            },
        }
    }

    /// The same factory with a cache of its own for models that weigh `limit_bytes` together.
    #[must_use]
    pub fn with_cache_bytes(mut self, limit_bytes: usize) -> Self {
        self.resources.models = Arc::new(LruCache::new(limit_bytes));
        self
    }

    /// The same factory, which looks answers of inferences up in a cache and adds to it. Without one
    /// it runs models each time. Results do not change.
    #[must_use]
    pub fn with_answers(mut self, answers: Arc<dyn AnswerCache>) -> Self {
        self.resources.answers = Some(answers);
        self
    }

    /// The same factory, which adds nothing to its cache of answers.
    #[must_use]
    pub fn only_reading_answers(mut self) -> Self {
        let answers = self.resources.answers.take();
        self.resources.answers = answers.map(|answers| Arc::new(ReadOnlyAnswers::of(answers)) as _);
        self
    }

    /// The same factory with other kernels. Results do not change.
    #[must_use]
    pub const fn with_isa(mut self, isa: Isa) -> Self {
        self.resources.isa = isa;
        self
    }

    /// What the cache of loaded models holds.
    #[must_use]
    pub fn cache_stats(&self) -> CacheStats {
        self.resources.models.stats()
    }

    /// The inferences that succeeded so far, in blocks or outside, also of transactions that failed
    /// afterwards.
    #[must_use]
    pub fn inference_totals(&self) -> Totals {
        self.resources.tally.totals()
    }

    fn precompiles(&self, env: &EvmEnv) -> PrecompilesMap {
        let spec = PrecompileSpecId::from_spec_id(env.cfg_env.spec);
        let mut map = PrecompilesMap::from_static(Precompiles::new(spec));
        if env.block_env.timestamp >= U256::from(self.activation_timestamp) {
            install(&mut map, &self.resources);
        }
        map
    }
}

impl Default for FixpointEvmFactory {
    /// The precompile exists from the first block on.
    fn default() -> Self {
        Self::new(0)
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
        EthEvmBuilder::new(db, env)
            .precompiles(precompiles)
            .activate_inspector(inspector)
            .build()
    }
}
