//! What a person sees when a devnet starts. Nothing is decided here.

use std::fmt::Write as _;

use crate::{
    accounts::{DEV_KEYS, DEV_MNEMONIC},
    devnet::{DevnetConfig, Node},
    genesis::{DEV_BALANCE_ETHER, PRECOMPILE_ADDRESS, predeploys},
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
        "\nAccounts ({DEV_BALANCE_ETHER} ETH each on a new chain; the keys are public)"
    )?;
    for (index, (signer, key)) in node.signers().iter().zip(DEV_KEYS).enumerate() {
        writeln!(text, "  ({index}) {}  {key}", signer.address())?;
    }
    writeln!(text, "  mnemonic: {DEV_MNEMONIC}")?;
    writeln!(text, "\nContracts")?;
    writeln!(text, "  {PRECOMPILE_ADDRESS}  inference precompile")?;
    let mut contracts: Vec<_> = predeploys().unwrap_or_default().into_iter().collect();
    contracts.sort_by_key(|(_, predeploy)| predeploy.address);
    for (name, predeploy) in contracts {
        writeln!(text, "  {}  {name}", predeploy.address)?;
    }
    writeln!(text, "\nChain")?;
    writeln!(
        text,
        "  id {}, genesis {}",
        spec.chain_id(),
        spec.genesis_hash()
    )?;
    writeln!(text, "  head {}, gas limit {}", head.number, head.gas_limit)?;
    match config.block_time {
        Some(seconds) => writeln!(text, "  a block every {seconds} s")?,
        None => writeln!(text, "  a block for each transaction")?,
    }
    match &config.data_dir {
        Some(directory) => writeln!(text, "  kept in {}", directory.display())?,
        None => writeln!(text, "  kept in memory; --data-dir keeps it on disk")?,
    }
    writeln!(text, "  tensor kernels: {}", kernels::description())?;
    let url = node.url();
    writeln!(text, "\nNext")?;
    writeln!(text, "  cast block --rpc-url {url}")?;
    if let Some(key) = DEV_KEYS.first() {
        writeln!(
            text,
            "  fixpoint deploy model.fxp --rpc {url} --private-key {key}"
        )?;
    }
    writeln!(text, "\nListening on {url} (HTTP and WebSocket)")
}
