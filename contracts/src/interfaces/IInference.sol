// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title The inference precompile
/// @notice Runs integer tensor graphs as part of EVM execution: every validator computes the same
/// bits. Contracts normally reach it through the library `Inference`, which also notices a chain
/// that does not have it.
/// @dev Gas is charged before the work: base, model load, work by class, input and output bytes.
/// The load is charged once per transaction and model. DELEGATECALL, CALLCODE and value are refused
/// with empty revert data. Every other failure is one of the errors below.
interface IInference {
    /// @notice An input or output tensor.
    /// @param name Unique among the inputs or among the outputs.
    /// @param dtype Element type, numbered as in the model format.
    /// @param shape Elements along each axis, outermost first; data is row-major.
    /// @param quantisation 0: elements are plain integers; 1: one scale and zero point for the
    /// tensor; 2: one for each index of `axis`.
    /// @param axis The axis that the scales run along; 0 unless `quantisation` is 2.
    /// @param scaleNumerator Numerators of the scales; none, one, or one for each index of `axis`.
    /// @param scaleDenominator Denominators of the scales, as many as numerators.
    /// @param zeroPoint The elements that stand for 0, as many as scales. An element `e` stands for
    /// the number `(e - zeroPoint) * scaleNumerator / scaleDenominator`.
    /// @param saturates Whether an input number out of range becomes the nearest element instead of
    /// failing the call; false for outputs.
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

    /// @notice What is recorded about an activated model.
    /// @param modelHash Code hash of the root contract: the model's identity.
    /// @param contentHash keccak256 of the model's bytes.
    /// @param gate The only account that may call the model, or zero for anyone.
    /// @param recordVersion Version of the activation rules that the record was made under.
    /// @param inferenceGas Gas of one inference that loads the model: the first in a transaction.
    /// @param loadGas The part of `inferenceGas` that later calls in the same transaction save.
    /// @param payloadBytes Size of the model's bytes.
    /// @param arenaBytes Memory that one inference takes besides the model.
    /// @param work Work of one inference by cost class, in the order of the gas table.
    /// @param inputs What a caller supplies, in calldata order.
    /// @param outputs What a caller gets, in return-data order.
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

    /// @notice Calldata names no function of this interface; a short selector is padded with zeros.
    error UnknownSelector(bytes4 selector);
    /// @notice Calldata is not the canonical ABI encoding of the function's arguments.
    error MalformedCalldata();
    /// @notice The account has no root code.
    error NotAModel(address model);
    /// @notice The account's code starts like a root but does not decode as one.
    error MalformedRoot(address model);
    /// @notice Nobody has activated the model.
    error NotActivated(address model);
    /// @notice The record was made under older rules; anyone may activate the model again.
    error NeedsReactivation(address model, uint16 recordVersion);
    /// @notice A chunk carries another gate than the root.
    error GateMismatch(address chunk);
    /// @notice A chunk's code is not the code that the root lists, or no chunk at all.
    error ChunkMismatch(address chunk);
    /// @notice The account could still destroy itself: activate in a later transaction.
    error CreatedInThisTransaction(address account);
    /// @notice The chunks' data does not hash to what the root says.
    error ContentHashMismatch(bytes32 got, bytes32 want);
    /// @notice The model breaks a rule or a limit; `reason` is listed in the model format's
    /// documentation, `operatorIndex` is 65535 when no single operator is to blame.
    error ModelRejected(uint16 reason, uint16 operatorIndex);
    /// @notice One inference would cost more than the largest transaction can pay.
    error TooExpensive(uint64 gas, uint64 limit);
    /// @notice The model serves only its gate.
    error Gated(address model, address gate);
    /// @notice The input has the wrong length: elements in `inference`, bytes in `inferenceRaw`.
    error InputLength(uint256 got, uint256 want);
    /// @notice The number at this index of the input is out of its tensor's range.
    error InputRange(uint256 index);
    /// @notice The operator has no result for this input: a division by zero, an overflow.
    error ExecutionFailed(uint16 operatorIndex);
    /// @notice Activation writes, so it cannot happen inside a static call.
    error StaticCall();

    /// @notice Runs a model on fixed-point numbers.
    /// @param model The model's root contract.
    /// @param input Signed words with 18 decimals (1e18 is one), row-major, the model's inputs one
    /// after another. Tensors without a scale take plain integers instead.
    /// @return output The outputs in the same form.
    function inference(address model, int256[] calldata input)
        external
        view
        returns (int256[] memory output);

    /// @notice Runs a model on `n` samples, as `n` calls of `inference` would.
    /// @param model The model's root contract.
    /// @param n Number of samples.
    /// @param input The samples' inputs one after another.
    /// @return output The samples' outputs one after another.
    function inferenceBatch(address model, uint256 n, int256[] calldata input)
        external
        view
        returns (int256[] memory output);

    /// @notice Runs a model on its tensors' own integers, without conversion.
    /// @param model The model's root contract.
    /// @param input Packed little-endian elements: bool and i8 one byte, i16 two, i32 four, i48
    /// eight with its sign extended.
    /// @return output The outputs in the same form.
    function inferenceRaw(address model, bytes calldata input)
        external
        view
        returns (bytes memory output);

    /// @notice Checks and measures a model and records it, so that it can be called. Anyone may;
    /// again is a cheap no-op.
    /// @param model The model's root contract.
    /// @return modelHash Code hash of the root contract.
    /// @return inferenceGas Gas of one inference that loads the model.
    function activate(address model) external returns (bytes32 modelHash, uint64 inferenceGas);

    /// @notice What is recorded about an activated model.
    /// @param model The model's root contract.
    /// @return info Hashes, gate, costs, and the tensors.
    function modelInfo(address model) external view returns (ModelInfo memory info);
}
