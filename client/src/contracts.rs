//! The predeployed contracts' interfaces, as far as deploying needs them, and what they revert with.

use alloy_primitives::Bytes;
use alloy_sol_types::SolInterface as _;
use fixpoint_precompile::abi::IInference::IInferenceErrors;

#[allow(missing_docs)]
mod interfaces {
    alloy_sol_types::sol! {
        /// `contracts/src/interfaces/IChunkStore.sol`, what deploying needs of it.
        #[derive(Debug)]
        interface IChunkStore {
            error ChunkLength(uint256 got, uint256 max);
            error ChunkCount(uint256 got, uint256 max);
            error NotYourChunk(address chunk, address writer);
            error ChunkGate(address chunk, address got, address want);
            error ChunkNotFull(address chunk, uint256 got, uint256 want);
            error PayloadLength(uint256 got, uint256 want);

            function writeChunk(address gate, bytes calldata data) external returns (address chunk);
            function writeRoot(address gate, uint32 payloadLength, bytes32 contentHash, address[] calldata chunks)
                external returns (address root);
            function chunkAddress(address writer, address gate, bytes calldata data)
                external view returns (address chunk);
            function writerOf(address chunkOrRoot) external view returns (address writer);
            function rootAddress(address gate, uint32 payloadLength, bytes32 contentHash, address[] calldata chunks)
                external view returns (address root);
        }

        /// `contracts/src/interfaces/IModelRegistry.sol`, what deploying needs of it.
        #[derive(Debug)]
        interface IModelRegistry {
            error NotWriter(address root, address caller, address writer);
            error AlreadyRegistered(uint256 modelId);
            error NotModelOwner(uint256 modelId, address caller, address owner);
            error PriceNeedsGateway(uint256 modelId, address gate);
            error PriceTooHigh(uint256 priceWei, uint256 maxPriceWei);
            error NameLength(uint256 got, uint256 max);
            error NameCharacter(uint256 index);
            error ERC721NonexistentToken(uint256 tokenId);

            function register(address root, string calldata name, uint256 priceWei)
                external returns (uint256 modelId);
            function setPrice(uint256 modelId, uint256 priceWei) external;
            function setName(uint256 modelId, string calldata name) external;
            function modelOf(uint256 modelId) external view returns (Model memory);
            function idOf(address root) external view returns (uint256 modelId);

            struct Model { address root; address owner; uint256 priceWei; string name; }
        }
    }
}
pub use interfaces::{IChunkStore, IModelRegistry};

/// A revert with its data, so that a caller can tell one error from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reverted {
    /// Revert data; empty if the node gave none.
    pub data: Bytes,
}

impl std::error::Error for Reverted {}

impl std::fmt::Display for Reverted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.decoded() {
            Some(error) => write!(f, "reverted with {error}"),
            None => write!(f, "reverted with {}", self.data),
        }
    }
}

impl Reverted {
    /// Name and arguments of the error, if it is one of the precompile's or of these contracts':
    /// `NotActivated(NotActivated { model: 0x… })`.
    pub fn decoded(&self) -> Option<String> {
        let data = &self.data;
        IInferenceErrors::abi_decode(data)
            .map(|error| format!("{error:?}"))
            .or_else(|_| {
                IChunkStore::IChunkStoreErrors::abi_decode(data).map(|error| format!("{error:?}"))
            })
            .or_else(|_| {
                IModelRegistry::IModelRegistryErrors::abi_decode(data)
                    .map(|error| format!("{error:?}"))
            })
            .ok()
    }

    /// The error's name alone: `NotActivated`.
    pub fn name(&self) -> Option<String> {
        let decoded = self.decoded()?;
        let end = decoded.find(|c: char| !c.is_ascii_alphanumeric());
        Some(decoded[..end.unwrap_or(decoded.len())].to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Address, U256};
    use alloy_sol_types::SolError as _;
    use fixpoint_precompile::abi::IInference;

    #[test]
    fn errors_of_the_precompile_and_of_the_contracts_have_names() {
        let model = Address::with_last_byte(7);
        let cases = [
            (
                IInference::NotActivated { model }.abi_encode(),
                "NotActivated",
            ),
            (
                IModelRegistry::NameLength {
                    got: U256::ONE,
                    max: U256::ONE,
                }
                .abi_encode(),
                "NameLength",
            ),
            (
                IChunkStore::PayloadLength {
                    got: U256::ONE,
                    want: U256::ONE,
                }
                .abi_encode(),
                "PayloadLength",
            ),
        ];
        for (data, name) in cases {
            let reverted = Reverted { data: data.into() };
            assert_eq!(reverted.name().as_deref(), Some(name));
            assert!(reverted.to_string().starts_with("reverted with "));
        }
        let unknown = Reverted {
            data: vec![0xab; 4].into(),
        };
        assert_eq!(unknown.name(), None);
        assert_eq!(unknown.to_string(), "reverted with 0xabababab");
    }
}
