//! One call of the precompile, from calldata to return data.

use crate::{
    abi::{self, Request},
    activate,
    context::{Context, Environment},
    error::Failure,
    inference,
    meter::Meter,
    model_info,
    state::State,
};
use alloc::{string::String, vec::Vec};
use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolInterface as _;

/// A call as the EVM makes it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Calldata.
    pub input: &'a [u8],
    /// Gas the call may use.
    pub gas: u64,
    /// The immediate caller.
    pub caller: Address,
    /// Whether the call carries currency.
    pub has_value: bool,
    /// Whether state must not change.
    pub is_static: bool,
    /// Whether the precompile runs as itself: false under DELEGATECALL and CALLCODE.
    pub is_direct: bool,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// With return data.
    Success,
    /// Reverted, with revert data unless the call was refused.
    Revert,
    /// Halted; all of the call's gas is gone.
    OutOfGas,
}

/// A call's result. The EVM undoes all state changes unless the status is [`Status::Success`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// Gas used: what was charged up to where it ended.
    pub gas_used: u64,
    /// Return or revert data, owned by the outcome alone.
    pub output: Bytes,
}

/// The node's database failed: the transaction must be neither included nor judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("inference precompile: {0}")]
pub struct DatabaseError(pub String);

/// Runs one call.
///
/// # Errors
/// [`DatabaseError`], which nothing in a transaction can cause.
pub fn run(
    call: &Call<'_>,
    state: &mut dyn State,
    environment: &Environment<'_>,
) -> Result<Outcome, DatabaseError> {
    let mut meter = Meter::new(call.gas);
    let (status, output) = match dispatch(call, state, environment, &mut meter) {
        Ok(output) => (Status::Success, output),
        Err(Failure::Named(error)) => (Status::Revert, error.abi_encode()),
        Err(Failure::Refused) => (Status::Revert, Vec::new()),
        Err(Failure::OutOfGas) => (Status::OutOfGas, Vec::new()),
        Err(Failure::Database(cause)) => return Err(DatabaseError(cause)),
    };
    let gas_used = if status == Status::OutOfGas {
        call.gas
    } else {
        meter.used()
    };
    Ok(Outcome {
        status,
        gas_used,
        output: output.into(),
    })
}

fn dispatch(
    call: &Call<'_>,
    state: &mut dyn State,
    environment: &Environment<'_>,
    meter: &mut Meter,
) -> Result<Vec<u8>, Failure> {
    meter.charge(environment.gas.base)?;
    if !call.is_direct || call.has_value {
        return Err(Failure::Refused);
    }
    let request = abi::decode(call.input)?;
    let mut context = Context {
        state,
        environment,
        meter,
        caller: call.caller,
    };
    match request {
        Request::Inference { model, words } => inference::words(&mut context, model, words),
        Request::InferenceBatch { model, n, words } => {
            inference::batch(&mut context, model, n, words)
        }
        Request::InferenceRaw { model, input } => inference::raw(&mut context, model, input),
        Request::Activate { model } => activate::activate(&mut context, model, call.is_static),
        Request::ModelInfo { model } => model_info::model_info(&mut context, model),
    }
}
