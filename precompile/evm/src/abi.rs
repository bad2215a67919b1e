//! The Solidity interface: function selectors, errors, structs, and how calldata becomes a [`Call`].
//!
//! `contracts/src/interfaces/IInference.sol` declares the same; a test compares the selectors.

#[allow(missing_docs)]
mod interface {
    alloy_sol_types::sol! {
        #[derive(Debug, PartialEq, Eq)]
        interface IInference {
            struct TensorInfo {
                string name;
                uint8 dtype;
                uint32[] shape;
                uint8 quantisation;
                uint8 axis;
                uint64[] scaleNumerator;
                uint64[] scaleDenominator;
                int32[] zeroPoint;
                bool saturates;
            }

            struct ModelInfo {
                bytes32 modelHash;
                bytes32 contentHash;
                address gate;
                uint16 recordVersion;
                uint64 inferenceGas;
                uint64 loadGas;
                uint32 payloadBytes;
                uint64 arenaBytes;
                uint64[] work;
                TensorInfo[] inputs;
                TensorInfo[] outputs;
            }

            error UnknownSelector(bytes4 selector);
            error MalformedCalldata();
            error NotAModel(address model);
            error MalformedRoot(address model);
            error NotActivated(address model);
            error NeedsReactivation(address model, uint16 recordVersion);
            error GateMismatch(address chunk);
            error ChunkMismatch(address chunk);
            error CreatedInThisTransaction(address account);
            error ContentHashMismatch(bytes32 got, bytes32 want);
            error ModelRejected(uint16 reason, uint16 operatorIndex);
            error TooExpensive(uint64 gas, uint64 limit);
            error Gated(address model, address gate);
            error InputLength(uint256 got, uint256 want);
            error InputRange(uint256 index);
            error ExecutionFailed(uint16 operatorIndex);
            error StaticCall();

            function inference(address model, int256[] calldata input) external view returns (int256[] memory output);
            function inferenceBatch(address model, uint256 n, int256[] calldata input) external view returns (int256[] memory output);
            function inferenceRaw(address model, bytes calldata input) external view returns (bytes memory output);
            function activate(address model) external returns (bytes32 modelHash, uint64 inferenceGas);
            function modelInfo(address model) external view returns (ModelInfo memory info);
        }
    }
}

pub use interface::IInference;
