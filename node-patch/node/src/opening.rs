//! The chain that a devnet runs on: in memory, or in a data directory, new or kept.

use std::{fs, path::Path, sync::Arc};

use alloy_genesis::Genesis;
use alloy_signer_local::PrivateKeySigner;
use anyhow::{Context as _, Result, bail};
use fixpoint_chain::{Chain, ChainSpec, Location};
use fixpoint_evm::precompile::answer_cache::FifoAnswerCache;

use crate::{
    devnet::DevnetConfig,
    genesis::{GenesisOptions, devnet_genesis},
};

/// The genesis that a data directory was made with.
pub(crate) const GENESIS_FILE: &str = "genesis.json";

/// Opens or makes the chain that the configuration asks for.
pub(crate) fn open_chain(
    config: &DevnetConfig,
    signers: &[PrivateKeySigner],
    answers: Option<Arc<FifoAnswerCache>>,
) -> Result<Chain> {
    let fresh = || -> Result<Genesis> {
        match &config.genesis {
            Some(genesis) => Ok(genesis.clone()),
            None => {
                let funded = signers.iter().map(PrivateKeySigner::address);
                let options = GenesisOptions {
                    timestamp_s: config.genesis_options.timestamp_s.or(config.genesis_time_s),
                    ..config.genesis_options
                };
                devnet_genesis(options, funded).context("the embedded predeploys are broken")
            }
        }
    };
    let of_devnet = |spec: ChainSpec| {
        let spec = spec.letting_contracts_send();
        match answers {
            Some(answers) => spec.remembering_answers(answers),
            None => spec,
        }
    };
    let Some(directory) = &config.data_dir else {
        let spec = of_devnet(ChainSpec::from_genesis(fresh()?)?);
        return Ok(Chain::open_keeping(Location::Memory, spec, config.history)?);
    };
    let spec = of_devnet(directory_spec(directory, fresh)?);
    check_kept_genesis(&spec, config)
        .with_context(|| format!("{} holds another chain", directory.display()))?;
    Chain::open_keeping(Location::Directory(directory.clone()), spec, config.history).map_err(
        |error| {
            let advice = if error.may_be_repaired() {
                format!(" (--data-dir {} --repair)", directory.display())
            } else {
                String::new()
            };
            anyhow::Error::new(error).context(format!(
                "cannot open the chain in {}{advice}",
                directory.display()
            ))
        },
    )
}

/// Refuses options of a genesis that a kept chain does not have: they would be silently without effect.
fn check_kept_genesis(spec: &ChainSpec, config: &DevnetConfig) -> Result<()> {
    if let Some(wanted) = &config.genesis {
        let wanted = ChainSpec::from_genesis(wanted.clone())?;
        let (kept, wanted) = (spec.genesis_hash(), wanted.genesis_hash());
        if kept != wanted {
            bail!("its genesis is {kept}, not {wanted}");
        }
        return Ok(());
    }
    let kept = GenesisOptions::of(spec);
    if let Some((what, asked, kept)) = config.genesis_options.unmet_by(&kept) {
        bail!("its {what} is {kept}, not {asked}; leave the option out, or name another directory");
    }
    Ok(())
}

/// The network of a data directory: the one it was made with, or a new one, which is noted down.
fn directory_spec(directory: &Path, fresh: impl FnOnce() -> Result<Genesis>) -> Result<ChainSpec> {
    let file = directory.join(GENESIS_FILE);
    if file.exists() {
        return ChainSpec::from_file(&file)
            .with_context(|| format!("cannot read {}", file.display()));
    }
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    let spec = ChainSpec::from_genesis(fresh()?)?;
    // Renamed into place, so that a crash leaves either no file or a whole one.
    let unfinished = directory.join("genesis.json.new");
    fs::write(&unfinished, serde_json::to_vec_pretty(spec.genesis())?)
        .and_then(|()| fs::rename(&unfinished, &file))
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(spec)
}
