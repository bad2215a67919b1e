//! The steps that every call on an activated model begins with: root, record, load.

use crate::{
    abi::IInference,
    context::Context,
    error::Failure,
    load::{self, LoadedModel},
    record::{CURRENT_RECORD_VERSION, Record},
    root::Root,
};
use alloc::{format, sync::Arc};
use alloy_primitives::{Address, B256, Bytes};

/// A root as it stands in the chain.
pub(crate) struct Located {
    /// Its address.
    pub(crate) address: Address,
    /// Its code hash.
    pub(crate) model_hash: B256,
    /// Its code.
    pub(crate) code: Bytes,
    /// What the code says.
    pub(crate) root: Root,
    /// Created in this transaction.
    pub(crate) is_created_in_transaction: bool,
}

/// Reads the root at `address`.
pub(crate) fn locate(context: &mut Context<'_>, address: Address) -> Result<Located, Failure> {
    let account = context.meter.read_code(context.state, address)?;
    if account.code.is_empty() {
        return Err(IInference::NotAModel { model: address }.into());
    }
    let root = Root::decode(&account.code).ok_or(IInference::MalformedRoot { model: address })?;
    Ok(Located {
        address,
        model_hash: account.code_hash,
        code: account.code,
        root,
        is_created_in_transaction: account.is_created_in_transaction,
    })
}

/// Reads the record of a located root.
pub(crate) fn record(context: &mut Context<'_>, located: &Located) -> Result<Record, Failure> {
    let record = Record::read(context.meter, context.state, located.model_hash)?;
    let model = located.address;
    if !record.exists() {
        return Err(IInference::NotActivated { model }.into());
    }
    if !record.is_served() {
        let error = IInference::NeedsReactivation {
            model,
            recordVersion: record.version,
        };
        return Err(error.into());
    }
    Ok(record)
}

/// Charges `gas`, and the load unless this transaction has paid for it; then loads.
///
/// The price depends on the record and the mark alone, and is paid before anything happens.
pub(crate) fn charge_and_load(
    context: &mut Context<'_>,
    located: &Located,
    record: &Record,
    gas: u64,
) -> Result<Arc<LoadedModel>, Failure> {
    let is_paid = context.state.is_marked(located.model_hash);
    let load_gas = if is_paid {
        0
    } else {
        context.environment.gas.load(record)
    };
    context.meter.charge(gas.saturating_add(load_gas))?;
    if !is_paid {
        context.state.mark(located.model_hash);
    }
    let environment = context.environment;
    let source = (located.model_hash, located.code.as_ref(), &located.root);
    let model = load::load(context.state, environment.cache, environment.isa, source)?;
    // A chain's records are its models' measures. A simulation with invented storage may differ, and
    // must not run at a size or a price that nobody has measured.
    if record.version == CURRENT_RECORD_VERSION && *record != model.record {
        let hash = located.model_hash;
        return Err(Failure::Database(format!(
            "the record of model {hash} does not hold its measures"
        )));
    }
    Ok(model)
}
