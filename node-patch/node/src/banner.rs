//! What a person sees when a devnet starts. Nothing is decided here.

use std::fmt::Write as _;

use fixpoint_chain::ChainSpec;

use crate::{
    devnet::{DevnetConfig, Node},
    genesis::{PRECOMPILE_ADDRESS, PREDEPLOYS_NEED, predeploys},
    kernels,
};

/// Accounts, keys, addresses and what to type next.
pub fn text(node: &Node, config: &DevnetConfig) -> String {
    let mut text = String::from("\nFixpoint devnet\n");
    // Writing to a string cannot fail.
    let _ = write_all(&mut text, node, config);
    text
}

fn write_all(text: &mut String, node: &Node, config: &DevnetConfig) -> std::fmt::Result {
    let spec = node.chain().spec();
    let head = node.chain().head();
    writeln!(
        text,
        "\nAccounts ({} ETH each on a new chain; the keys are public)",
        config.genesis_options.balance_ether
    )?;
    for (index, signer) in node.signers().iter().enumerate() {
        writeln!(
            text,
            "  ({index}) {}  {}",
            signer.address(),
            signer.to_bytes()
        )?;
    }
    writeln!(text, "  mnemonic: {}", config.wallet.mnemonic)?;
    write_contracts(text, spec)?;
    writeln!(text, "\nChain")?;
    writeln!(
        text,
        "  id {}, {}, genesis {}",
        spec.chain_id(),
        spec.hardfork_at(head.timestamp),
        spec.genesis_hash()
    )?;
    writeln!(text, "  head {}, gas limit {}", head.number, head.gas_limit)?;
    match (config.block_time, config.automines()) {
        (Some(seconds), false) => writeln!(text, "  a block every {seconds} s")?,
        (Some(seconds), true) => {
            writeln!(
                text,
                "  a block for each transaction, and one every {seconds} s"
            )?;
        }
        (None, true) => writeln!(text, "  a block for each transaction")?,
        (None, false) => writeln!(text, "  a block when evm_mine asks for one")?,
    }
    match &config.data_dir {
        Some(directory) => {
            let megabytes = node.chain().disk_bytes().unwrap_or_default() as f64 / 1e6;
            writeln!(text, "  kept in {}: {megabytes:.1} MB", directory.display())?;
        }
        None => writeln!(text, "  kept in memory; --data-dir keeps it on disk")?,
    }
    writeln!(text, "  tensor kernels: {}", kernels::description())?;
    let url = node.url();
    writeln!(text, "\nNext")?;
    writeln!(text, "  cast block --rpc-url {url}")?;
    if let Some(signer) = node.signers().first() {
        writeln!(
            text,
            "  fixpoint deploy model.fxp --rpc {url} --private-key {}",
            signer.to_bytes()
        )?;
    }
    if config.explorer {
        writeln!(
            text,
            "  open {url} in a browser: blocks, models, inferences"
        )?;
    }
    writeln!(text, "\nListening on {url} (HTTP and WebSocket)")
}

/// The contracts that this chain has had from its genesis on.
fn write_contracts(text: &mut String, spec: &ChainSpec) -> std::fmt::Result {
    writeln!(text, "\nContracts")?;
    writeln!(text, "  {PRECOMPILE_ADDRESS}  inference precompile")?;
    let alloc = &spec.genesis().alloc;
    let mut contracts: Vec<_> = predeploys().unwrap_or_default().into_iter().collect();
    contracts.retain(|(_, predeploy)| {
        let account = alloc.get(&predeploy.address);
        account.is_some_and(|account| account.code.is_some())
    });
    contracts.sort_by_key(|(_, predeploy)| predeploy.address);
    let has = spec.hardfork_at(spec.genesis_header().timestamp);
    if contracts.is_empty() && has < PREDEPLOYS_NEED {
        let needs = PREDEPLOYS_NEED;
        writeln!(
            text,
            "  no others: they need {needs}, and this chain begins with {has}"
        )?;
    }
    for (name, predeploy) in contracts {
        writeln!(text, "  {}  {name}", predeploy.address)?;
    }
    Ok(())
}
