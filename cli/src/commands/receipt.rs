//! `fixpoint receipt`: proofs of who got which answer from which model, for `ReceiptVerifier`.

use crate::{
    output::out,
    receipt_proof::{self, ReceiptProof},
};
use alloy_primitives::{Address, B256, Bytes, Log, U256};
use alloy_sol_types::{SolCall as _, SolEvent as _};
use anyhow::{Context as _, Result, ensure};
use fixpoint_client::{
    chain::{Chain, block_on},
    text::grouped,
};
use fixpoint_precompile::address::INFERENCE_GATEWAY;
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

alloy_sol_types::sol! {
    /// `contracts/src/interfaces/IReceiptVerifier.sol`, what a proof is for.
    #[derive(Debug)]
    struct Proof {
        uint256 transactionIndex;
        uint256 logIndex;
        bytes[] nodes;
    }

    function verifyInBlock(bytes32 blockHash, bytes header, Proof proof);

    /// `contracts/src/interfaces/IInferenceGateway.sol`.
    #[derive(Debug)]
    event InferenceReceipt(
        uint256 indexed modelId,
        address indexed payer,
        address indexed caller,
        uint32 version,
        bytes32 inputHash,
        bytes32 outputHash,
        bool raw,
        address token,
        uint256 price
    );
}

/// Prove which answers a transaction got through the gateway.
///
/// Makes one proof for each inference receipt of the transaction, from the block's header and receipts,
/// and checks it. `ReceiptVerifier` (on any chain) accepts it from whoever knows the block's hash.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  fixpoint receipt 0xTRANSACTION --rpc http://127.0.0.1:8545
  fixpoint receipt 0xTRANSACTION --rpc http://127.0.0.1:8545 -o proof.json
  cast call $VERIFIER --data $(jq -r '.receipts[0].verify_in_block' proof.json) --rpc-url $RPC")]
pub(crate) struct Args {
    /// Hash of the transaction
    transaction: B256,
    /// JSON-RPC endpoint of the node
    #[arg(long, value_name = "URL", env = "FIXPOINT_RPC")]
    rpc: String,
    /// Write the proofs here, as JSON
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the proofs as JSON
    #[arg(long)]
    json: bool,
}

/// One receipt that the gateway wrote.
struct Proved {
    /// The log's place among the transaction's logs.
    log_index: usize,
    event: InferenceReceipt,
}

pub(crate) fn run(args: Args) -> Result<()> {
    block_on(receipt(args))
}

async fn receipt(args: Args) -> Result<()> {
    let chain = Chain::reader(&args.rpc).await?;
    let block = chain.block_of(args.transaction).await?;
    let proof = receipt_proof::prove(
        block.hash,
        &block.header,
        &block.receipts,
        block.transaction_index,
    )?;
    let own = block
        .receipts
        .get(block.transaction_index)
        .context("the block has no such receipt")?;
    ensure!(
        own.status(),
        "transaction {} failed: it has no receipts to prove",
        args.transaction
    );
    let proved = inferences(own.logs());
    ensure!(
        !proved.is_empty(),
        "transaction {} asked no model through the gateway {INFERENCE_GATEWAY}",
        args.transaction
    );
    let written = as_json(args.transaction, block.hash, &block.header, &proof, &proved);
    let text = serde_json::to_string_pretty(&written)?;
    if let Some(path) = &args.output {
        fs::write(path, format!("{text}\n"))
            .with_context(|| format!("can't write {}", path.display()))?;
    }
    if args.json {
        out!("{text}");
        return Ok(());
    }
    out!(
        "block           {} {}",
        grouped(block.header.number),
        block.hash
    );
    out!(
        "transaction     {} at index {}",
        args.transaction,
        proof.transaction_index
    );
    for receipt in &proved {
        show(receipt);
    }
    out!(
        "\nproved against the block's receipts root: {} nodes",
        proof.nodes.len()
    );
    match &args.output {
        Some(path) => out!("written to {}", path.display()),
        None => out!("-o FILE or --json gives what ReceiptVerifier takes"),
    }
    Ok(())
}

/// The gateway's receipts among a transaction's logs.
fn inferences(logs: &[Log]) -> Vec<Proved> {
    let decoded = logs.iter().enumerate().filter_map(|(log_index, log)| {
        let event = InferenceReceipt::decode_log(log).ok()?.data;
        (log.address == INFERENCE_GATEWAY).then_some(Proved { log_index, event })
    });
    decoded.collect()
}

fn as_json(
    transaction: B256,
    block_hash: B256,
    header: &alloy::consensus::Header,
    proof: &ReceiptProof,
    proved: &[Proved],
) -> Value {
    let receipts: Vec<Value> = proved
        .iter()
        .map(|Proved { log_index, event }| {
            json!({
                "model_id": event.modelId.to_string(),
                "version": event.version,
                "payer": event.payer,
                "caller": event.caller,
                "input_hash": event.inputHash,
                "output_hash": event.outputHash,
                "raw": event.raw,
                "token": event.token,
                "price": event.price.to_string(),
                "proof": {
                    "transactionIndex": proof.transaction_index,
                    "logIndex": log_index,
                    "nodes": proof.nodes,
                },
                "verify_in_block": calldata(block_hash, proof, *log_index),
            })
        })
        .collect();
    json!({
        "transaction": transaction,
        "block_hash": block_hash,
        "block_number": header.number,
        "timestamp": header.timestamp,
        "receipts_root": header.receipts_root,
        "header": proof.header,
        "receipts": receipts,
    })
}

/// Calldata of `ReceiptVerifier.verifyInBlock` for one receipt.
fn calldata(block_hash: B256, proof: &ReceiptProof, log_index: usize) -> Bytes {
    let call = verifyInBlockCall {
        blockHash: block_hash,
        header: proof.header.clone(),
        proof: Proof {
            transactionIndex: U256::from(proof.transaction_index),
            logIndex: U256::from(log_index),
            nodes: proof.nodes.clone(),
        },
    };
    call.abi_encode().into()
}

fn show(Proved { log_index, event }: &Proved) {
    out!("\nreceipt         log {log_index} of the transaction");
    out!(
        "model id        {}, version {}",
        event.modelId,
        event.version
    );
    out!("payer, caller   {}, {}", event.payer, event.caller);
    out!(
        "input hash      {}{}",
        event.inputHash,
        if event.raw { " (raw)" } else { "" }
    );
    out!("output hash     {}", event.outputHash);
    match event.token {
        Address::ZERO => out!("price           {} wei", grouped(event.price)),
        token => out!("price           {} of token {token}", grouped(event.price)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{hex, keccak256};

    #[test]
    fn the_calldata_is_the_verifiers() {
        let signature = "verifyInBlock(bytes32,bytes,(uint256,uint256,bytes[]))";
        assert_eq!(verifyInBlockCall::SELECTOR, keccak256(signature)[..4]);
        let event =
            "InferenceReceipt(uint256,address,address,uint32,bytes32,bytes32,bool,address,uint256)";
        assert_eq!(InferenceReceipt::SIGNATURE_HASH, keccak256(event));
    }

    #[test]
    fn only_the_gateways_receipts_count_each_at_its_own_place() {
        let event = InferenceReceipt {
            modelId: U256::from(5),
            payer: Address::repeat_byte(1),
            caller: Address::repeat_byte(2),
            version: 3,
            inputHash: B256::repeat_byte(4),
            outputHash: B256::repeat_byte(5),
            raw: false,
            token: Address::ZERO,
            price: U256::from(6),
        };
        let log = |address| Log {
            address,
            data: event.encode_log_data(),
        };
        let other = Log::new_unchecked(INFERENCE_GATEWAY, vec![], hex!("01").into());
        let logs = [
            log(Address::repeat_byte(9)),
            other,
            log(INFERENCE_GATEWAY),
            log(INFERENCE_GATEWAY),
        ];
        let places: Vec<usize> = inferences(&logs).iter().map(|p| p.log_index).collect();
        assert_eq!(places, [2, 3]);
    }
}
