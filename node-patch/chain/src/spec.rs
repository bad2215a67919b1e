//! What a network agrees on before block 0: chain id, forks, fee parameters, genesis.

use std::path::Path;

use alloy_consensus::Header;
use alloy_eips::{eip1559::BaseFeeParams, eip7840::BlobParams};
use alloy_genesis::Genesis;
use alloy_primitives::B256;
use fixpoint_evm::FixpointEvmFactory;

use crate::block::SealedHeader;

/// One network. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ChainSpec {}

/// A genesis that this chain cannot start from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {}

impl ChainSpec {
    /// Makes a spec of a genesis. The EIP-2935, 4788, 7002 and 7251 system contracts and the
    /// precompile's marker account (code 0xfe, nonce 1) are added where the genesis lacks them.
    ///
    /// All forks up to Osaka are active from block 0, whatever `genesis.config` says; its
    /// `fixpointTime` (seconds) is when the precompile activates, 0 if absent.
    pub fn from_genesis(genesis: Genesis) -> Result<Self, SpecError> {
        let _ = genesis;
        todo!()
    }

    /// [`Self::from_genesis`] of a genesis in geth's JSON form.
    pub fn from_json(json: &str) -> Result<Self, SpecError> {
        let _ = json;
        todo!()
    }

    /// [`Self::from_json`] of a file.
    pub fn from_file(path: &Path) -> Result<Self, SpecError> {
        let _ = path;
        todo!()
    }

    /// The genesis, with system contracts, as it would be written to a file.
    pub fn genesis(&self) -> &Genesis {
        todo!()
    }

    /// EIP-155 chain id.
    pub fn chain_id(&self) -> u64 {
        todo!()
    }

    /// Header of block 0 with its hash.
    pub fn genesis_header(&self) -> &SealedHeader {
        todo!()
    }

    /// Hash of block 0.
    pub fn genesis_hash(&self) -> B256 {
        todo!()
    }

    /// Timestamp in seconds from which the inference precompile is there.
    pub fn inference_activation_s(&self) -> u64 {
        todo!()
    }

    /// EIP-1559 parameters.
    pub fn base_fee_params(&self) -> BaseFeeParams {
        BaseFeeParams::ethereum()
    }

    /// EIP-4844 parameters (Osaka's; blob transactions are not accepted).
    pub fn blob_params(&self) -> BlobParams {
        BlobParams::osaka()
    }

    /// Base fee in wei of the block after `parent`.
    pub fn next_base_fee_wei(&self, parent: &Header) -> u64 {
        let _ = parent;
        todo!()
    }

    /// The EVM factory of this network.
    pub fn evm_factory(&self) -> FixpointEvmFactory {
        todo!()
    }
}
