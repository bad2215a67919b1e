//! Methods that run the EVM and keep nothing.

use alloy_eips::{BlockId, eip2930::AccessListResult};
use alloy_primitives::{Bytes, U64};
use alloy_rpc_types_eth::{BlockOverrides, TransactionRequest, state::StateOverride};
use jsonrpsee::core::RegisterMethodError;

use crate::{
    access_list,
    console::ConsoleInspector,
    context::{Context, LATEST, PENDING},
    error::RpcError,
    estimate::estimate_gas,
    journal,
    methods::{Arguments, Module, register as method},
    simulate::{Simulation, success},
};

pub(crate) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "eth_call", call)?;
    method(module, "eth_estimateGas", estimate)?;
    method(module, "eth_createAccessList", create_access_list)
}

/// Request, block, state overrides, block overrides: what each of these methods takes.
fn simulation(
    context: &Context,
    arguments: &mut Arguments<'_>,
    default_block: BlockId,
) -> Result<(Simulation, TransactionRequest), RpcError> {
    let request = arguments.required("transaction")?;
    let id = arguments
        .optional::<BlockId>("block")?
        .unwrap_or(default_block);
    let state = arguments.optional::<StateOverride>("state overrides")?;
    let block = arguments.optional::<BlockOverrides>("block overrides")?;
    Ok((Simulation::at(context, id, state, block)?, request))
}

fn call(context: &Context, arguments: &mut Arguments<'_>) -> Result<Bytes, RpcError> {
    let (mut simulation, request) = simulation(context, arguments, LATEST)?;
    let transaction = simulation.prepare(request)?;
    if context.controls.is_none() || !journal::is_read() {
        return success(simulation.run(transaction)?.result);
    }
    let mut console = ConsoleInspector::default();
    let outcome = simulation.run_under(&mut console, transaction)?;
    journal::say(console.into_lines());
    success(outcome.result)
}

fn estimate(context: &Context, arguments: &mut Arguments<'_>) -> Result<U64, RpcError> {
    let (mut simulation, request) = simulation(context, arguments, PENDING)?;
    let transaction = simulation.prepare(request)?;
    estimate_gas(&mut simulation, transaction).map(U64::from)
}

fn create_access_list(
    context: &Context,
    arguments: &mut Arguments<'_>,
) -> Result<AccessListResult, RpcError> {
    let (mut simulation, request) = simulation(context, arguments, LATEST)?;
    let transaction = simulation.prepare(request)?;
    access_list::create(&mut simulation, transaction)
}
