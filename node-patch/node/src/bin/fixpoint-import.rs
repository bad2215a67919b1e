//! Imports a file of RLP blocks into a fresh chain, verifying each, and says where it ended.

use std::path::PathBuf;

use alloy_primitives::B256;
use anyhow::Result;
use clap::Parser;

/// Verify a file of RLP blocks, one after another, starting from a genesis.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Genesis in geth's JSON form (a devnet serves its own as `fixpoint_genesis`).
    #[arg(long)]
    genesis: PathBuf,
    /// RLP blocks, concatenated, from number 1 on.
    #[arg(long)]
    blocks: PathBuf,
    /// Fail unless the last block has this hash.
    #[arg(long)]
    expect_head: Option<B256>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    fixpoint_node::kernels::check()?;
    let summary = fixpoint_node::import::import(
        &arguments.genesis,
        &arguments.blocks,
        arguments.expect_head,
    )?;
    println!("kernels {}", fixpoint_node::kernels::description());
    println!("number {}", summary.head_number);
    println!("hash {}", summary.head_hash);
    Ok(())
}
