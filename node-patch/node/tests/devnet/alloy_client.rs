//! alloy's own provider as a client.

use alloy::{
    network::{EthereumWallet, TransactionBuilder},
    providers::{
        Provider, ProviderBuilder,
        ext::{AnvilApi, TraceApi},
    },
    rpc::types::{
        Filter, TransactionRequest,
        simulate::{SimBlock, SimulatePayload},
        state::{AccountOverride, StateOverride},
    },
};
use alloy_primitives::{Address, B256, Bytes, U256};

use crate::client::{COUNTED, Devnet, counter, init_code};

fn provider(devnet: &Devnet) -> impl Provider + use<> {
    let wallet = EthereumWallet::from(devnet.signer(0).clone());
    let url = devnet.node.url().parse().unwrap();
    ProviderBuilder::new().wallet(wallet).connect_http(url)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_is_deployed_called_and_watched() {
    let devnet = Devnet::start().await;
    let provider = provider(&devnet);
    assert_eq!(provider.get_chain_id().await.unwrap(), 31_337);
    let deployment = TransactionRequest::default().with_deploy_code(init_code(&counter()));
    let pending = provider.send_transaction(deployment).await.unwrap();
    let contract = pending
        .get_receipt()
        .await
        .unwrap()
        .contract_address
        .unwrap();
    let call = TransactionRequest::default().with_to(contract);
    let pending = provider.send_transaction(call.clone()).await.unwrap();
    let receipt = pending.get_receipt().await.unwrap();
    assert!(receipt.status());

    let read = call.clone().with_input(vec![1]);
    let one = B256::with_last_byte(1);
    assert_eq!(provider.call(read.clone()).await.unwrap(), Bytes::from(one));
    let slot = B256::with_last_byte(41);
    let changed = AccountOverride::default().with_state_diff([(B256::ZERO, slot)]);
    let overrides = StateOverride::from_iter([(contract, changed)]);
    let output = provider.call(read).overrides(overrides).await.unwrap();
    assert_eq!(output, Bytes::from(slot));

    let logs = provider
        .get_logs(&Filter::new().address(contract).event_signature(COUNTED))
        .await
        .unwrap();
    assert_eq!(logs.len(), 1);
    assert_eq!(logs[0].transaction_hash, Some(receipt.transaction_hash));
    let proof = provider
        .get_proof(contract, vec![B256::ZERO])
        .await
        .unwrap();
    assert_eq!(proof.storage_proof[0].value, U256::ONE);
    let traces = provider
        .trace_transaction(receipt.transaction_hash)
        .await
        .unwrap();
    assert_eq!(traces.len(), 1);
    let block = SimBlock::default().call(call);
    let payload = SimulatePayload::default().extend(block);
    let simulated = provider.simulate(&payload).await.unwrap();
    assert!(simulated[0].calls[0].status);
    assert_eq!(
        simulated[0].inner.header.number,
        provider.get_block_number().await.unwrap() + 1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn anvils_controls_are_as_alloy_knows_them() {
    let devnet = Devnet::start().await;
    let provider = provider(&devnet);
    let someone = Address::repeat_byte(0x5a);
    let snapshot = provider.anvil_snapshot().await.unwrap();
    let wei = U256::from(10).pow(U256::from(18));
    provider.anvil_set_balance(someone, wei).await.unwrap();
    provider.anvil_impersonate_account(someone).await.unwrap();
    provider
        .anvil_set_block_gas_limit(50_000_000)
        .await
        .unwrap();
    provider
        .anvil_set_block_timestamp_interval(5)
        .await
        .unwrap();
    provider.anvil_mine(Some(2), None).await.unwrap();
    assert!(
        provider
            .anvil_remove_block_timestamp_interval()
            .await
            .unwrap()
    );
    provider.anvil_rollback(Some(1)).await.unwrap();
    assert_eq!(provider.get_block_number().await.unwrap(), 1);
    let state = provider.anvil_dump_state().await.unwrap();
    provider
        .anvil_set_balance(someone, U256::ZERO)
        .await
        .unwrap();
    assert!(provider.anvil_load_state(state).await.unwrap());
    assert_eq!(provider.get_balance(someone).await.unwrap(), wei);
    let info = provider.anvil_node_info().await.unwrap();
    assert_eq!(
        (info.hard_fork.as_str(), info.environment.gas_limit),
        ("osaka", 50_000_000)
    );
    assert!(provider.anvil_revert(snapshot).await.unwrap());
    assert_eq!(provider.get_block_number().await.unwrap(), 0);
}
