//! `fixpoint precompile`: one call of the precompile without a chain; what `forge test` asks.

use crate::output::out;
use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolValue as _;
use anyhow::{Context as _, Result, bail, ensure};
use fixpoint_client::model_file;
use fixpoint_evm::offline::{Sandbox, SandboxCall};
use fixpoint_precompile::Status;
use std::path::{Path, PathBuf};

/// Call the precompile once, without a chain.
///
/// Prints ABI-encoded (uint8 status, uint64 gasUsed, bytes returndata) as hex. Status is 1 for
/// success, 0 for a revert, 2 for out of gas.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  fixpoint precompile --input 0x... --model 0x00000000000000000000000000000000000000AA=digits.fxp
  fixpoint precompile --input @calldata.hex --gas 100000 --static \\
    --caller 0x00000000000000000000000000000000000000BB")]
pub(crate) struct Args {
    /// Calldata in hex, or @FILE that holds it in hex
    #[arg(long, value_name = "HEX|@FILE")]
    input: String,
    /// The immediate caller
    #[arg(long, value_name = "A", default_value_t = Address::ZERO)]
    caller: Address,
    /// Gas that the call may use
    #[arg(long, value_name = "N", default_value_t = fixpoint_evm::offline::TRANSACTION_GAS_LIMIT)]
    gas: u64,
    /// Call as STATICCALL does
    #[arg(long = "static")]
    is_static: bool,
    /// An activated model at an address; ADDRESS=FILE or ADDRESS@GATE=FILE, any number of times
    #[arg(long = "model", value_name = "ADDRESS[@GATE]=M.fxp", value_parser = parse_placed)]
    models: Vec<Placed>,
}

/// A model file and where it stands.
#[derive(Clone, Debug)]
struct Placed {
    address: Address,
    gate: Address,
    path: PathBuf,
}

fn parse_placed(text: &str) -> Result<Placed> {
    let (place, path) = text.split_once('=').context("write ADDRESS=FILE")?;
    let (address, gate) = place.split_once('@').unwrap_or((place, ""));
    Ok(Placed {
        address: address
            .parse()
            .with_context(|| format!("`{address}` is not an address"))?,
        gate: match gate {
            "" => Address::ZERO,
            gate => gate
                .parse()
                .with_context(|| format!("`{gate}` is not an address"))?,
        },
        path: path.into(),
    })
}

pub(crate) fn run(args: Args) -> Result<()> {
    let input = read_hex(&args.input)?;
    let mut sandbox = Sandbox::new();
    for placed in &args.models {
        let payload = model_file::read(&placed.path)?.payload;
        ensure!(
            sandbox
                .deploy(placed.address, &payload, placed.gate)
                .is_some(),
            "{} does not fit one root contract",
            placed.path.display()
        );
        let outcome = sandbox.activate(placed.address)?;
        if outcome.status != Status::Success {
            bail!(
                "{} is refused at activation: {}",
                placed.path.display(),
                outcome.output
            );
        }
    }
    let call = SandboxCall {
        input,
        caller: args.caller,
        gas: args.gas,
        is_static: args.is_static,
    };
    let outcome = sandbox.call(&call)?;
    // The encoder has no 8-bit unsigned integer; on the wire all widths are one word.
    let status: u16 = match outcome.status {
        Status::Success => 1,
        Status::Revert => 0,
        Status::OutOfGas => 2,
    };
    let encoded = (status, outcome.gas_used, outcome.output).abi_encode_params();
    out!("0x{}", hex::encode(encoded));
    Ok(())
}

fn read_hex(text: &str) -> Result<Bytes> {
    let digits = match text.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(Path::new(path))
            .with_context(|| format!("can't read {path}"))?,
        None => text.to_owned(),
    };
    let digits = digits.trim();
    let bytes = hex::decode(digits.strip_prefix("0x").unwrap_or(digits))
        .context("--input is not hexadecimal")?;
    Ok(bytes.into())
}
