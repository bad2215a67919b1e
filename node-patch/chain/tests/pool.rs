//! Risk: the pool lets in what no block can take, or tells clients something they do not understand.

mod common;

use alloy_consensus::{TxEip1559, TxEip7702};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bytes, TxKind, U256};
use common::*;
use fixpoint_chain::{Chain, transfer::import_rlp_blocks};
use proptest::prelude::*;

fn refuse(chain: &Chain, index: u8, transaction: TxEip1559) -> String {
    chain
        .submit(sign(index, transaction).into_inner())
        .expect_err("refused")
        .to_string()
}

/// Each transaction of account 0 is refused with a text that contains the one beside it.
fn check<const N: usize>(chain: &Chain, cases: [(&str, TxEip1559); N]) {
    for (text, transaction) in cases {
        let refusal = refuse(chain, 0, transaction);
        assert!(refusal.contains(text), "wanted {text:?}, got {refusal:?}");
    }
    assert_eq!(chain.pool_status().pending, 0);
}

#[test]
fn refusals_use_the_words_that_clients_know() {
    let chain = memory_chain();
    mine(&chain, [transfer(0, 0, address(1), 1)]);
    let ok = || TxEip1559 {
        nonce: 1,
        ..request(1)
    };
    let cases: [(&str, TxEip1559); 5] = [
        ("nonce too low: next nonce 1, tx nonce 0", request(0)),
        (
            "insufficient funds for gas * price + value",
            TxEip1559 {
                value: U256::from(10).pow(U256::from(23)),
                ..ok()
            },
        ),
        (
            "intrinsic gas too low: gas 20999, minimum needed 21000",
            TxEip1559 {
                gas_limit: 20_999,
                ..ok()
            },
        ),
        (
            "insufficient gas for floor data gas cost",
            TxEip1559 {
                gas_limit: 40_000,
                input: Bytes::from(vec![1; 1_000]),
                ..ok()
            },
        ),
        (
            "transaction gas limit too high (cap: 16777216, tx: 16777217)",
            TxEip1559 {
                gas_limit: 16_777_217,
                ..ok()
            },
        ),
    ];
    check(&chain, cases);
}

#[test]
fn malformed_and_oversized_transactions_are_refused_in_known_words() {
    let chain = memory_chain();
    let ok = || request(0);
    let cases: [(&str, TxEip1559); 5] = [
        (
            "invalid chain id for signer: have 1 want 31337",
            TxEip1559 {
                chain_id: 1,
                ..ok()
            },
        ),
        (
            "max priority fee per gas higher than max fee per gas",
            TxEip1559 {
                max_priority_fee_per_gas: 101 * GWEI,
                ..ok()
            },
        ),
        (
            "max initcode size exceeded: code size 49153, limit 49152",
            TxEip1559 {
                to: TxKind::Create,
                input: Bytes::from(vec![0; 49_153]),
                gas_limit: 16_000_000,
                ..ok()
            },
        ),
        (
            "oversized data",
            TxEip1559 {
                input: Bytes::from(vec![0; 131_072]),
                gas_limit: 16_000_000,
                ..ok()
            },
        ),
        ("nonce has max value", request(u64::MAX)),
    ];
    check(&chain, cases);
    let error = chain
        .submit_raw(&[0x02, 0xc0])
        .expect_err("not a transaction");
    assert!(error.to_string().contains("rlp"), "{error}");
    assert!(chain.submit_raw(&[]).is_err());
}

#[test]
fn a_gas_limit_above_the_blocks_is_refused() {
    let mut genesis = genesis();
    genesis.gas_limit = 1_000_000;
    let spec = fixpoint_chain::ChainSpec::from_genesis(genesis).expect("a valid genesis");
    let chain = Chain::open(fixpoint_chain::Location::Memory, spec).expect("a fresh chain");
    let refusal = refuse(
        &chain,
        0,
        TxEip1559 {
            gas_limit: 1_000_001,
            ..request(0)
        },
    );
    assert_eq!(refusal, "exceeds block gas limit");
}

#[test]
fn known_and_underpriced_replacements_are_refused() {
    let chain = memory_chain();
    let first = sign(0, request(0));
    let hash = chain
        .submit_raw(&first.inner().encoded_2718())
        .expect("the pool takes it");
    assert_eq!(hash, *first.inner().tx_hash());
    let again = chain.submit(first.inner().clone()).expect_err("known");
    assert_eq!(again.to_string(), "already known");
    let refusal = refuse(
        &chain,
        0,
        TxEip1559 {
            max_fee_per_gas: 105 * GWEI,
            ..request(0)
        },
    );
    assert_eq!(refusal, "replacement transaction underpriced");
    let better = TxEip1559 {
        max_fee_per_gas: 110 * GWEI,
        max_priority_fee_per_gas: 2 * GWEI,
        ..request(0)
    };
    chain
        .submit(sign(0, better).into_inner())
        .expect("a fair replacement");
    assert!(chain.pooled_transaction(hash).is_none());
    assert_eq!(chain.pool_status().pending, 1);
}

#[test]
fn a_contract_cannot_send_but_a_delegated_account_can() {
    let mut genesis = genesis();
    let code = |bytes: &[u8]| Some(Bytes::copy_from_slice(bytes));
    genesis.alloc.get_mut(&address(0)).expect("funded").code = code(&[0x00]);
    let delegation = [&[0xef, 0x01, 0x00][..], &[0x11; 20]].concat();
    genesis.alloc.get_mut(&address(1)).expect("funded").code = code(&delegation);
    let spec = fixpoint_chain::ChainSpec::from_genesis(genesis).expect("a valid genesis");
    let chain = Chain::open(fixpoint_chain::Location::Memory, spec).expect("a fresh chain");
    assert!(refuse(&chain, 0, request(0)).starts_with("sender not an eoa"));
    mine(&chain, [sign(1, request(0))]);
}

#[test]
fn an_empty_authorisation_list_is_refused() {
    use alloy::signers::SignerSync;
    use alloy_consensus::SignableTransaction;
    let chain = memory_chain();
    let transaction = TxEip7702 {
        chain_id: CHAIN_ID,
        gas_limit: 100_000,
        max_fee_per_gas: 100 * GWEI,
        to: Address::ZERO,
        ..TxEip7702::default()
    };
    let signature = signer(0)
        .sign_hash_sync(&transaction.signature_hash())
        .expect("signs");
    let error = chain
        .submit(transaction.into_signed(signature).into())
        .expect_err("refused");
    assert_eq!(
        error.to_string(),
        "EIP-7702 transaction with empty auth list"
    );
}

#[test]
fn gaps_wait_and_the_pending_nonce_counts_what_is_ready() {
    let chain = memory_chain();
    chain
        .submit(transfer(0, 2, address(1), 1).into_inner())
        .expect("the pool takes it");
    chain
        .submit(transfer(0, 0, address(1), 1).into_inner())
        .expect("the pool takes it");
    let status = chain.pool_status();
    assert_eq!((status.pending, status.queued), (1, 1));
    assert_eq!(chain.pending_nonce(address(0)).expect("readable"), 1);
    assert_eq!(mine(&chain, []).transactions.len(), 1);
    assert_eq!(
        mine(&chain, [transfer(0, 1, address(1), 1)])
            .transactions
            .len(),
        2
    );
    assert_eq!(chain.pending_nonce(address(0)).expect("readable"), 3);
    assert_eq!(chain.pool_status().pending + chain.pool_status().queued, 0);
}

#[test]
fn a_transaction_below_the_base_fee_waits_for_it_to_fall() {
    let chain = memory_chain();
    let cheap = TxEip1559 {
        max_fee_per_gas: 800_000_000,
        max_priority_fee_per_gas: 0,
        gas_limit: 21_000,
        ..request(0)
    };
    let base_fee_wei = |chain: &Chain| chain.spec().next_base_fee_wei(&chain.head());
    chain
        .submit(sign(0, cheap).into_inner())
        .expect("the pool takes it");
    assert!(base_fee_wei(&chain) > 800_000_000);
    let mut empty_blocks = 0;
    while mine(&chain, []).transactions.is_empty() {
        empty_blocks += 1;
        assert!(empty_blocks < 10, "never mined at {}", base_fee_wei(&chain));
    }
    assert!(empty_blocks > 0);
}

#[test]
fn listeners_hear_of_transactions_and_heads() {
    let chain = memory_chain();
    let (sender, heard) = std::sync::mpsc::channel();
    let transactions = sender.clone();
    chain.on_transaction(move |transaction| {
        transactions.send(*transaction.inner().tx_hash()).is_ok()
    });
    chain.on_head(move |block| sender.send(block.hash()).is_ok());
    let transaction = transfer(0, 0, address(1), 1);
    let hash = *transaction.inner().tx_hash();
    let block = mine(&chain, [transaction]);
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), [hash, block.hash()]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn damaged_bytes_are_refused_and_never_panic(
        noise in prop::collection::vec(any::<u8>(), 0..300),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let chain = memory_chain();
        prop_assert!(chain.submit_raw(&noise).is_err());
        prop_assert!(
            noise.is_empty() || import_rlp_blocks(&chain, noise.as_slice(), NOW_S).is_err()
        );
        let whole = sign(0, request(0)).inner().encoded_2718();
        let mut damaged = whole.clone();
        damaged[place.index(whole.len())] = byte;
        // Most damage changes the sender, who then has no money; whatever passes must be minable.
        if chain.submit_raw(&damaged).is_ok() {
            prop_assert_eq!(mine(&chain, []).transactions.len(), 1);
        }
    }
}
