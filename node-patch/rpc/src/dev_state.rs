//! `evm_`, `anvil_`, `hardhat_`: what a development chain can do that no other can follow.
//!
//! State that changes outside of transactions, blocks that are undone. Only a node that gives
//! [`crate::Controls`] has these methods; elsewhere they are answered with -32601.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, U64, U256, keccak256};
use alloy_rpc_types_anvil::Forking;
use fixpoint_chain::{Account, AccountDiff, StateDiff, StateView, header::MINIMUM_GAS_LIMIT};
use jsonrpsee::core::RegisterMethodError;
use revm::bytecode::Bytecode;

use crate::{
    context::Context,
    controls::Controls,
    dev::Number,
    error::RpcError,
    methods::{Arguments, Module, register as method},
    mining::MiningChange,
    state_file::StateFile,
};

pub(crate) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    for name in ["evm_snapshot", "anvil_snapshot"] {
        method(module, name, |context, _| {
            Ok(U64::from(controls(context)?.snapshot()))
        })?;
    }
    for name in ["evm_revert", "anvil_revert"] {
        method(module, name, |context, arguments| {
            let Number(snapshot) = arguments.required("snapshot")?;
            let gone_back = controls(context)?.revert(snapshot)?;
            if gone_back {
                context.filters.rewind(context.chain.head().number);
            }
            Ok(gone_back)
        })?;
    }
    for name in ["anvil_reset", "hardhat_reset"] {
        method(module, name, reset)?;
    }
    method(module, "anvil_rollback", |context, arguments| {
        let depth = arguments.optional("depth")?;
        controls(context)?.rollback(depth.map_or(1, |Number(depth)| depth))?;
        context.filters.rewind(context.chain.head().number);
        Ok(())
    })?;
    for name in ["anvil_dumpState", "hardhat_dumpState"] {
        method(module, name, dump_state)?;
    }
    for name in ["anvil_loadState", "hardhat_loadState"] {
        method(module, name, load_state)?;
    }
    register_accounts(module)?;
    register_next_block(module)
}

fn register_accounts(module: &mut Module) -> Result<(), RegisterMethodError> {
    for name in ["anvil_setBalance", "hardhat_setBalance"] {
        method(module, name, |context, arguments| {
            let address = arguments.required("address")?;
            let balance: U256 = arguments.required("balance")?;
            change(context, address, |account| account.balance = balance)
        })?;
    }
    for name in ["anvil_addBalance", "hardhat_addBalance"] {
        method(module, name, |context, arguments| {
            let address = arguments.required("address")?;
            let added: U256 = arguments.required("amount")?;
            change(context, address, |account| {
                account.balance = account.balance.saturating_add(added);
            })
        })?;
    }
    for name in ["anvil_setNonce", "hardhat_setNonce", "evm_setAccountNonce"] {
        method(module, name, |context, arguments| {
            let address = arguments.required("address")?;
            let Number(nonce) = arguments.required("nonce")?;
            change(context, address, |account| account.nonce = nonce)
        })?;
    }
    for name in ["anvil_setCode", "hardhat_setCode"] {
        method(module, name, set_code)?;
    }
    for name in ["anvil_setStorageAt", "hardhat_setStorageAt"] {
        method(module, name, set_storage)?;
    }
    Ok(())
}

fn register_next_block(module: &mut Module) -> Result<(), RegisterMethodError> {
    for name in ["anvil_setCoinbase", "hardhat_setCoinbase"] {
        method(module, name, |context, arguments| {
            configure(
                context,
                MiningChange::Coinbase(arguments.required("address")?),
            )
        })?;
    }
    for name in [
        "anvil_setNextBlockBaseFeePerGas",
        "hardhat_setNextBlockBaseFeePerGas",
    ] {
        method(module, name, |context, arguments| {
            let Number(wei) = arguments.required("base fee")?;
            configure(context, MiningChange::NextBaseFee(wei))
        })?;
    }
    for name in ["evm_setBlockGasLimit", "anvil_setBlockGasLimit"] {
        method(module, name, |context, arguments| {
            let Number(gas) = arguments.required("gas limit")?;
            if gas < MINIMUM_GAS_LIMIT {
                return Err(RpcError::InvalidParams(format!(
                    "gas limit: {gas} is below {MINIMUM_GAS_LIMIT}"
                )));
            }
            configure(context, MiningChange::NextGasLimit(gas))?;
            Ok(true)
        })?;
    }
    for name in ["anvil_setPrevRandao", "hardhat_setPrevRandao"] {
        method(module, name, |context, arguments| {
            let random: U256 = arguments.required("prevrandao")?;
            configure(context, MiningChange::NextPrevRandao(random.into()))
        })?;
    }
    Ok(())
}

fn controls(context: &Context) -> Result<&Arc<dyn Controls>, RpcError> {
    let controls = context.controls.as_ref();
    controls.ok_or_else(|| RpcError::internal("this chain is not a development chain"))
}

fn configure(context: &Context, change: MiningChange) -> Result<(), RpcError> {
    context.miner.configure(&[change]).map(|_| ())
}

/// Back to genesis. A fork of another chain cannot be made: it has no precompile.
fn reset(context: &Context, arguments: &mut Arguments<'_>) -> Result<(), RpcError> {
    let forking = arguments
        .optional::<Forking>("options")?
        .unwrap_or_default();
    if forking.json_rpc_url.is_some() {
        return Err(RpcError::InvalidParams(
            "forking: this node cannot fork another chain".to_owned(),
        ));
    }
    controls(context)?.reset()?;
    context.filters.rewind(0);
    Ok(())
}

/// The state after the head, compressed.
fn dump_state(context: &Context, _: &mut Arguments<'_>) -> Result<Bytes, RpcError> {
    let state = context.chain.whole_state().map_err(RpcError::internal)?;
    let file = StateFile::of_state(&state).to_gzip();
    file.map(Bytes::from).map_err(RpcError::internal)
}

/// Makes the accounts of a dumped state what they were; others stay.
fn load_state(context: &Context, arguments: &mut Arguments<'_>) -> Result<bool, RpcError> {
    let bytes: Bytes = arguments.required("state")?;
    let file = StateFile::read(&bytes)
        .map_err(|error| RpcError::InvalidParams(format!("state: {error}")))?;
    controls(context)?.change_state(&|_| Ok(file.to_change()))?;
    Ok(true)
}

/// Changes an account, which is made if there is none.
fn change(
    context: &Context,
    address: Address,
    change: impl Fn(&mut Account),
) -> Result<(), RpcError> {
    controls(context)?.change_state(&|view| {
        let mut diff = account_of(view, address)?;
        change(diff.account.get_or_insert_default());
        Ok(of_one(address, diff))
    })
}

/// An account as it is: a change that changes nothing.
fn account_of(view: &StateView, address: Address) -> Result<AccountDiff, RpcError> {
    let account = view.account(address).map_err(RpcError::internal)?;
    Ok(AccountDiff {
        account: account.map(|info| Account {
            nonce: info.nonce,
            balance: info.balance,
            code_hash: info.code_hash,
        }),
        ..AccountDiff::default()
    })
}

fn of_one(address: Address, diff: AccountDiff) -> StateDiff {
    StateDiff {
        accounts: [(address, diff)].into(),
        ..StateDiff::default()
    }
}

fn set_code(context: &Context, arguments: &mut Arguments<'_>) -> Result<(), RpcError> {
    let address: Address = arguments.required("address")?;
    let code: Bytes = arguments.required("code")?;
    Bytecode::new_raw_checked(code.clone())
        .map_err(|error| RpcError::InvalidParams(format!("code: {error}")))?;
    // The hash of nothing, too, is that of an account without code.
    let hash = keccak256(&code);
    controls(context)?.change_state(&|view| {
        let mut diff = account_of(view, address)?;
        diff.account.get_or_insert_default().code_hash = hash;
        Ok(StateDiff {
            code: [(hash, code.clone())].into(),
            ..of_one(address, diff)
        })
    })
}

fn set_storage(context: &Context, arguments: &mut Arguments<'_>) -> Result<bool, RpcError> {
    let address: Address = arguments.required("address")?;
    let slot: U256 = arguments.required("slot")?;
    let value: B256 = arguments.required("value")?;
    controls(context)?.change_state(&|view| {
        let mut diff = account_of(view, address)?;
        diff.account.get_or_insert_default();
        diff.storage.insert(slot, value.into());
        Ok(of_one(address, diff))
    })?;
    Ok(true)
}
