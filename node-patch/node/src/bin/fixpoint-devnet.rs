//! A devnet with the fewest switches: `fixpoint-devnet PORT [DATA_DIR]`.
//!
//! People use the command line's `fixpoint devnet`. This one is what the crash test kills, and what
//! runs in the portable build, which the command line has no part in.

use std::path::PathBuf;

use fixpoint_node::{DevnetConfig, run_devnet};

fn main() -> anyhow::Result<()> {
    fixpoint_node::kernels::check()?;
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().map_or(Ok(8545), |port| port.parse())?;
    let data_dir = arguments.next().map(PathBuf::from);
    run_devnet(DevnetConfig {
        port,
        data_dir,
        ..DevnetConfig::default()
    })
}
