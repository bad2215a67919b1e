//! The facade: one handle on one chain. Here is what it holds and who locks what; `read.rs` answers
//! questions, `write.rs` adds blocks, `submit.rs` is the way to the pool, `dev.rs` is what only a
//! development chain may do.
//!
//! `writer` serialises everything that adds blocks and is held while a block executes and is written.
//! `tree` is held for moments only, so readers never wait for a disk or an execution. `pool` may be held
//! while `tree` is taken, never the other way round.

mod dev;
mod read;
mod submit;
mod write;

use std::{fmt, path::PathBuf, sync::Arc};

use parking_lot::{Mutex, RwLock};

use crate::{
    block::{ExecutedBlock, RecoveredTransaction},
    listeners::Listeners,
    pool::Pool,
    prune::History,
    snapshot::Snapshot,
    spec::ChainSpec,
    store::{OpenError, Store},
    tree::Tree,
};

pub use dev::Mark;
pub use read::{ReplayPoint, TransactionLookup};
pub use write::Mined;

/// Where the chain keeps its blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A directory (made if absent) that one process at a time may open.
    Directory(PathBuf),
    /// Nowhere: gone when the last handle is dropped.
    Memory,
}

/// One chain. Clones are handles on the same chain; every method may be called from any thread.
///
/// EVMs are not `Send`: create them in the thread that runs them, from [`Chain::spec`]'s
/// `evm_factory()` over a [`StateView`].
#[derive(Clone)]
pub struct Chain {
    inner: Arc<Inner>,
}

struct Inner {
    spec: ChainSpec,
    store: Store,
    tree: RwLock<Tree>,
    pool: Mutex<Pool>,
    writer: Mutex<()>,
    head_listeners: Listeners<Arc<ExecutedBlock>>,
    transaction_listeners: Listeners<RecoveredTransaction>,
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain")
            .field("head", &self.head().number)
            .finish_non_exhaustive()
    }
}

impl Chain {
    /// Opens the chain, writing genesis if the location is empty.
    pub fn open(location: Location, spec: ChainSpec) -> Result<Self, OpenError> {
        Self::open_keeping(location, spec, History::All)
    }

    /// [`Self::open`] of a chain that forgets old states. What was forgotten before stays so.
    pub fn open_keeping(
        location: Location,
        spec: ChainSpec,
        history: History,
    ) -> Result<Self, OpenError> {
        let store = match &location {
            Location::Directory(directory) => Store::open(directory, &spec, history)?,
            Location::Memory => Store::in_memory(&spec, history)?,
        };
        let tree = Tree::new(Snapshot::load(&store)?);
        tracing::debug!(?location, head = tree.head().number, "chain opened");
        Ok(Self {
            inner: Arc::new(Inner {
                spec,
                store,
                tree: RwLock::new(tree),
                pool: Mutex::default(),
                writer: Mutex::default(),
                head_listeners: Listeners::default(),
                transaction_listeners: Listeners::default(),
            }),
        })
    }

    /// The network.
    pub fn spec(&self) -> &ChainSpec {
        &self.inner.spec
    }
}
