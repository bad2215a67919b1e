//! A devnet: one process, one block producer, an RPC server.

use std::{
    io::{IsTerminal as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, Weak},
    time::Duration,
};

use alloy_genesis::Genesis;
use alloy_signer_local::PrivateKeySigner;
use anyhow::{Context as _, Result, bail};
use fixpoint_chain::{Chain, History};
use fixpoint_evm::precompile::answer_cache::FifoAnswerCache;
use fixpoint_rpc::{Context, DevAccounts, NodeIdentity, Pages, RpcServer};
use tokio::task::JoinHandle;

use crate::{
    accounts::DevWallet,
    banner,
    genesis::GenesisOptions,
    kernels,
    miner::{DevMiner, Mode},
    opening::open_chain,
    pre_execution::{self, ANSWER_BYTES, PreExecution},
    state,
};

/// How long open connections may delay a shutdown.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(3);
/// How often a shutdown looks whether everybody has let go of the chain.
const RELEASE_POLL: Duration = Duration::from_millis(2);

/// How a devnet runs.
#[derive(Clone, Debug)]
pub struct DevnetConfig {
    /// Address to listen on. Anyone who can reach it can spend the developer accounts' money.
    pub host: IpAddr,
    /// Port to listen on; 0 lets the system choose.
    pub port: u16,
    /// Where the chain is kept; `None` keeps it in memory, gone at the end.
    pub data_dir: Option<PathBuf>,
    /// How many states of the past are kept.
    pub history: History,
    /// Seconds between blocks; `None` makes none by the clock.
    pub block_time: Option<f64>,
    /// Whether each transaction gets a block as it arrives; `None` says: unless there is a block time.
    pub automine: Option<bool>,
    /// Threads that run transactions before the block that they wait for, so that it finds the answers
    /// of their inferences; at most [`pre_execution::MAX_THREADS`]. With none, no answers are kept.
    pub pre_execution_threads: u16,
    /// The developer accounts: they have money on a new chain and are unlocked on any.
    pub wallet: DevWallet,
    /// Anybody may send without a signature (`eth_sendTransaction`), not only these accounts.
    pub auto_impersonate: bool,
    /// What a new chain's genesis has.
    pub genesis_options: GenesisOptions,
    /// Time of a new chain's first block in seconds since 1970, where the options name none; `None` takes
    /// the same for all chains, so that their hashes are equal.
    pub genesis_time_s: Option<u64>,
    /// Genesis of a new chain, instead of the devnet's own.
    pub genesis: Option<Genesis>,
    /// File of a state to start from, on top of genesis or of what the data directory holds.
    pub load_state: Option<PathBuf>,
    /// File to write the state to at the end.
    pub dump_state: Option<PathBuf>,
    /// Whether browsers that open the address are shown the explorer.
    pub explorer: bool,
    /// Log a line for each block.
    pub log_blocks: bool,
    /// Log lines are objects of JSON, not text.
    pub log_json: bool,
    /// Print nothing at the start and at the end.
    pub quiet: bool,
}

impl Default for DevnetConfig {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8545,
            data_dir: None,
            history: History::All,
            block_time: None,
            automine: None,
            pre_execution_threads: pre_execution::default_threads(),
            wallet: DevWallet::default(),
            auto_impersonate: false,
            genesis_options: GenesisOptions::default(),
            genesis_time_s: None,
            genesis: None,
            load_state: None,
            dump_state: None,
            explorer: true,
            log_blocks: false,
            log_json: false,
            quiet: false,
        }
    }
}

impl DevnetConfig {
    /// Whether each transaction gets a block as it arrives.
    pub fn automines(&self) -> bool {
        self.automine.unwrap_or(self.block_time.is_none())
    }
}

/// A running devnet. It stops when [`Node::shutdown`] is called; just dropping it ends the process's
/// part in it less politely.
pub struct Node {
    chain: Chain,
    signers: Vec<PrivateKeySigner>,
    server: RpcServer,
    clock: JoinHandle<()>,
    miner: Weak<DevMiner>,
    pre_execution: PreExecution,
    dump_state: Option<PathBuf>,
}

impl Node {
    /// Opens the chain and serves it. Needs a tokio runtime.
    pub async fn start(config: &DevnetConfig) -> Result<Self> {
        let interval = config.block_time.map(block_interval).transpose()?;
        let mode = Mode {
            automine: config.automines(),
            interval,
        };
        let signers = config.wallet.signers().context("the accounts")?;
        let answers = (config.pre_execution_threads > 0)
            .then(|| Arc::new(FifoAnswerCache::new(ANSWER_BYTES)));
        let chain = open_chain(config, &signers, answers.clone())?;
        if let Some(file) = &config.load_state {
            state::load(&chain, file)?;
        }
        let miner = Arc::new(DevMiner::new(chain.clone(), mode));
        let context = Context::new(
            chain.clone(),
            Arc::clone(&miner) as _,
            DevAccounts::new(signers.clone()),
            identity(),
        )
        .with_controls(Arc::clone(&miner) as _)
        .with_answers(answers);
        context.impersonate_everybody(config.auto_impersonate);
        let address = SocketAddr::new(config.host, config.port);
        let pages = if config.explorer {
            Pages::Explorer
        } else {
            Pages::None
        };
        let server = RpcServer::start(address, context, pages)
            .await
            .with_context(|| format!("cannot listen on {address}; choose another --port"))?;
        let weak = Arc::downgrade(&miner);
        let clock = tokio::spawn(miner.run());
        let awaited = weak.clone();
        let pre_execution = PreExecution::start(
            chain.clone(),
            config.pre_execution_threads.min(pre_execution::MAX_THREADS),
            move || awaited.upgrade()?.awaited_block(),
        )?;
        Ok(Self {
            chain,
            signers,
            server,
            clock,
            miner: weak,
            pre_execution,
            dump_state: config.dump_state.clone(),
        })
    }

    /// The HTTP address of the RPC server.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// The WebSocket address of the RPC server (the same port).
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.server.address())
    }

    /// The chain underneath.
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The unlocked developer accounts.
    pub fn signers(&self) -> &[PrivateKeySigner] {
        &self.signers
    }

    /// Stops serving and making blocks, and lets go of the data directory. Every block that a
    /// client saw is on disk already.
    pub async fn shutdown(self) {
        let Self {
            chain,
            signers: _,
            server,
            clock,
            miner,
            pre_execution,
            dump_state,
        } = self;
        clock.abort();
        // An error says that the task was aborted, as it should be.
        let _ = clock.await;
        let released = async {
            server.stop().await;
            // A panic there is reported where it happens.
            let _ = tokio::task::spawn_blocking(|| pre_execution.stop()).await;
            // A block that was being made when the clock stopped is finished first.
            while miner.strong_count() > 0 {
                tokio::time::sleep(RELEASE_POLL).await;
            }
        };
        if tokio::time::timeout(SHUTDOWN_PATIENCE, released)
            .await
            .is_err()
        {
            tracing::warn!("calls were still running at shutdown");
        }
        if let Some(file) = dump_state
            && let Err(error) = state::dump(&chain, &file)
        {
            tracing::error!("{error:#}");
        }
        drop(chain);
    }
}

fn identity() -> NodeIdentity {
    let version = env!("CARGO_PKG_VERSION");
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    NodeIdentity {
        // Hardhat's network helpers ask for a name that begins with `hardhat` or `anvil`.
        client_version: format!("anvil-compatible fixpoint/v{version}/{os}-{arch}/rust"),
        kernels: kernels::description(),
    }
}

fn block_interval(seconds: f64) -> Result<Duration> {
    /// The interval is time between blocks, and blocks carry whole seconds; faster ones are for tests.
    const SHORTEST: Duration = Duration::from_millis(10);
    match Duration::try_from_secs_f64(seconds) {
        Ok(interval) if interval >= SHORTEST => Ok(interval),
        _ => bail!(
            "a block time of {seconds} s is too short; leave it out for a block per transaction"
        ),
    }
}

/// Runs a devnet until Ctrl-C or SIGTERM, on a tokio runtime of its own.
pub fn run_devnet(config: DevnetConfig) -> Result<()> {
    start_log(&config);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Before the banner: whoever reads it may send the signal at once.
        let stopped = stop_signal()?;
        let node = Node::start(&config).await?;
        if !config.quiet {
            say(&banner::text(&node, &config));
        }
        stopped.await;
        if !config.quiet {
            say("\nstopping\n");
        }
        node.shutdown().await;
        Ok(())
    })
}

/// Logs to standard error. `RUST_LOG` says more of what than the configuration does.
fn start_log(config: &DevnetConfig) {
    let level = match (config.log_blocks, config.quiet) {
        (true, _) => "warn,fixpoint_rpc::journal=info,fixpoint_node=info",
        (false, false) => "warn,fixpoint_rpc::journal=info",
        (false, true) => "warn",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // Fails only if the caller has set up logging already, and then that is what counts.
    let _ = if config.log_json {
        lines.json().flatten_event(true).try_init()
    } else {
        lines.with_target(false).try_init()
    };
}

/// Prints, if anyone still reads: a node whose output was a closed pipe runs on.
fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}

/// Listens for Ctrl-C and SIGTERM from now on; the future ends at the first.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Listens for Ctrl-C; the future ends when it comes.
#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
