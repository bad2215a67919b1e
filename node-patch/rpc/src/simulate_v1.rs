//! `eth_simulateV1`: blocks of calls on top of one of the chain's, made and shown and not kept.
//!
//! Which blocks there are and what their headers say before execution is here, as the execution APIs'
//! specification has it; `simulated_block` runs one.

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header};
use alloy_eips::BlockId;
use alloy_primitives::U256;
use alloy_rpc_types_eth::{
    BlockOverrides,
    simulate::{MAX_SIMULATE_BLOCKS, SimBlock, SimulatePayload, SimulatedBlock},
};
use fixpoint_chain::{ChainSpec, SealedHeader};
use jsonrpsee::core::RegisterMethodError;
use revm::database::State;

use crate::{
    context::{Context, LATEST},
    error::RpcError,
    methods::{Arguments, Module, register as method},
    simulate::CALL_GAS_CAP,
    simulated_block::{self, Rules, Simulator},
};

/// Seconds between blocks that name no time.
const BLOCK_SPACING_S: u64 = 12;
/// Most gas that the calls of one simulation use together.
const SIMULATION_GAS_CAP: u64 = 4 * CALL_GAS_CAP;

/// A simulation cannot go on. Codes are those of the specification.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// More blocks than one simulation may have, those that fill gaps included.
    #[error("too many blocks: {got} > {MAX_SIMULATE_BLOCKS}")]
    TooManyBlocks {
        /// How many blocks there would be.
        got: u64,
    },
    /// A block's number does not exceed the one before.
    #[error("block numbers must be in order: {got} <= {before}")]
    BlockNumber {
        /// The number.
        got: u64,
        /// The one before.
        before: u64,
    },
    /// A block's time does not exceed the one before.
    #[error("block timestamps must be in order: {got} <= {before}")]
    BlockTime {
        /// Seconds since 1970.
        got: u64,
        /// The one before.
        before: u64,
    },
    /// A call may use more gas than its block has left.
    #[error("block gas limit reached: call needs {wanted}, {left} left")]
    BlockGasLimit {
        /// The call's gas limit.
        wanted: u64,
        /// What the block has.
        left: u64,
    },
    /// All calls together use too much.
    #[error("the simulation used {got} gas, at most {SIMULATION_GAS_CAP} are allowed")]
    Gas {
        /// Used so far.
        got: u64,
    },
    /// A transaction that the EVM does not start, with the specification's code for the reason.
    #[error("{reason}")]
    Transaction {
        /// The code.
        code: i32,
        /// Why, in geth's words.
        reason: String,
    },
}

impl SimulationError {
    /// The specification's code of this cause.
    pub const fn code(&self) -> i32 {
        match self {
            Self::TooManyBlocks { .. } | Self::Gas { .. } => -38026,
            Self::BlockNumber { .. } => -38020,
            Self::BlockTime { .. } => -38021,
            Self::BlockGasLimit { .. } => -38015,
            Self::Transaction { code, .. } => *code,
        }
    }
}

pub(crate) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "eth_simulateV1", simulate)
}

fn simulate(
    context: &Context,
    arguments: &mut Arguments<'_>,
) -> Result<Vec<SimulatedBlock>, RpcError> {
    let payload: SimulatePayload = arguments.required("simulation")?;
    let id = arguments.optional::<BlockId>("block")?.unwrap_or(LATEST);
    if payload.block_state_calls.is_empty() {
        return Err(RpcError::InvalidParams("simulation: no blocks".to_owned()));
    }
    let view = context.chain.state_at(id).map_err(RpcError::from)?;
    let rules = Rules {
        validation: payload.validation,
        trace_transfers: payload.trace_transfers,
        full_transactions: payload.return_full_transactions,
    };
    let spec = context.chain.spec();
    let mut parent = view.header().clone();
    let mut simulator = Simulator {
        spec,
        rules,
        state: State::builder()
            .with_database(view.clone())
            .with_bundle_update()
            .build(),
        base: view,
    };
    let mut simulated = Vec::new();
    let mut gas_used: u64 = 0;
    for block in without_gaps(&parent, payload.block_state_calls)? {
        let overrides = block.block_overrides.clone().unwrap_or_default();
        let template = template(spec, &parent, &overrides, payload.validation)?;
        let (block, header) = simulated_block::run(&mut simulator, template, overrides, block)?;
        gas_used = gas_used.saturating_add(header.gas_used);
        if gas_used > SIMULATION_GAS_CAP {
            return Err(SimulationError::Gas { got: gas_used }.into());
        }
        parent = header;
        simulated.push(block);
    }
    Ok(simulated)
}

/// The blocks in order, each with its number and time, and empty ones where numbers were left out.
fn without_gaps(parent: &SealedHeader, blocks: Vec<SimBlock>) -> Result<Vec<SimBlock>, RpcError> {
    let mut all = Vec::new();
    let (mut number, mut time_s) = (parent.number, parent.timestamp);
    for mut block in blocks {
        let mut overrides = block.block_overrides.take().unwrap_or_default();
        let wanted = overrides.number.unwrap_or(U256::from(number) + U256::ONE);
        let wanted: u64 = wanted
            .try_into()
            .map_err(|_| RpcError::InvalidParams(format!("simulation: block number {wanted}")))?;
        if wanted <= number {
            let (got, before) = (wanted, number);
            return Err(SimulationError::BlockNumber { got, before }.into());
        }
        let got = wanted - parent.number;
        if got > MAX_SIMULATE_BLOCKS {
            return Err(SimulationError::TooManyBlocks { got }.into());
        }
        for number in number + 1..wanted {
            time_s = time_s.saturating_add(BLOCK_SPACING_S);
            all.push(at(
                number,
                time_s,
                SimBlock::default(),
                BlockOverrides::default(),
            ));
        }
        number = wanted;
        let time = overrides
            .time
            .take()
            .unwrap_or(time_s.saturating_add(BLOCK_SPACING_S));
        if time <= time_s {
            let (got, before) = (time, time_s);
            return Err(SimulationError::BlockTime { got, before }.into());
        }
        time_s = time;
        all.push(at(number, time_s, block, overrides));
    }
    Ok(all)
}

fn at(number: u64, time_s: u64, block: SimBlock, overrides: BlockOverrides) -> SimBlock {
    SimBlock {
        block_overrides: Some(BlockOverrides {
            number: Some(U256::from(number)),
            time: Some(time_s),
            ..overrides
        }),
        ..block
    }
}

/// A header with everything that is known before execution.
fn template(
    spec: &ChainSpec,
    parent: &SealedHeader,
    overrides: &BlockOverrides,
    validation: bool,
) -> Result<Header, RpcError> {
    let too_large = |what: &str| RpcError::InvalidParams(format!("simulation: {what}"));
    let base_fee = match overrides.base_fee {
        Some(fee) => fee.try_into().map_err(|_| too_large("base fee"))?,
        None if validation => spec.next_base_fee_wei(parent),
        None => 0,
    };
    let header = Header {
        parent_hash: parent.hash(),
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: overrides.coinbase.unwrap_or(parent.beneficiary),
        difficulty: overrides.difficulty.unwrap_or_default(),
        number: overrides.number.unwrap_or_default().saturating_to(),
        gas_limit: overrides.gas_limit.unwrap_or(parent.gas_limit),
        timestamp: overrides.time.unwrap_or_default(),
        mix_hash: overrides.random.unwrap_or_default(),
        base_fee_per_gas: Some(base_fee),
        ..Header::default()
    };
    let beacon_root = overrides.beacon_root.unwrap_or_default();
    Ok(spec.with_fork_fields(header, parent, beacon_root))
}
