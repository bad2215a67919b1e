//! All methods, family by family.

use std::sync::Arc;

use jsonrpsee::core::RegisterMethodError;

use crate::{
    context::Context, debug, dev, dev_state, eth_blocks, eth_call, eth_fees, eth_logs, eth_state,
    eth_subscribe, eth_transactions, fixpoint, impersonation, methods::Module, net_web3,
    simulate_v1, trace, txpool,
};

/// Every method of this node over `context`. A method that is not here is answered with -32601.
pub(crate) fn module(context: Arc<Context>) -> Result<Module, RegisterMethodError> {
    let is_development = context.controls.is_some();
    let mut module = Module::from_arc(context);
    for register in [
        eth_blocks::register,
        eth_state::register,
        eth_call::register,
        simulate_v1::register,
        eth_fees::register,
        eth_transactions::register,
        eth_logs::register,
        eth_subscribe::register,
        net_web3::register,
        txpool::register,
        debug::register,
        trace::register,
        dev::register,
        fixpoint::register,
    ] {
        register(&mut module)?;
    }
    if is_development {
        dev_state::register(&mut module)?;
        impersonation::register(&mut module)?;
    }
    Ok(module)
}
