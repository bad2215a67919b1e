// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IInference} from "../interfaces/IInference.sol";
import {Predeploys} from "./Predeploys.sol";

/// @title Inference for Solidity
/// @notice The one import of a contract that calls a model. Failures of the precompile reach the
/// caller unchanged, as the errors of `IInference`.
/// @dev `model` is always the model's root contract. Priced models are called through
/// `IInferenceGateway` instead.
library Inference {
    /// @notice One in the fixed-point numbers that models take and return.
    int256 internal constant WAD = 1e18;

    /// @notice This chain has no inference precompile.
    error InferenceUnavailable();
    /// @notice There is nothing to choose from.
    error EmptyOutput();

    /// @notice Whether this chain has the precompile.
    function isAvailable() internal view returns (bool) {
        return Predeploys.INFERENCE.code.length != 0;
    }

    /// @notice Runs a model on fixed-point numbers.
    /// @param model The model's root contract.
    /// @param input Words with 18 decimals, the model's inputs one after another.
    /// @return output The outputs one after another, in the same form.
    function run(address model, int256[] memory input)
        internal
        view
        returns (int256[] memory output)
    {
        return precompile().inference(model, input);
    }

    /// @notice Runs a model on `n` samples.
    /// @param model The model's root contract.
    /// @param n Number of samples.
    /// @param input The samples' inputs one after another.
    /// @return output The samples' outputs one after another.
    function runBatch(address model, uint256 n, int256[] memory input)
        internal
        view
        returns (int256[] memory output)
    {
        return precompile().inferenceBatch(model, n, input);
    }

    /// @notice Runs a model on its tensors' own integers, packed little-endian.
    /// @param model The model's root contract.
    /// @param input The inputs' elements, as `IInference.inferenceRaw` takes them.
    /// @return output The outputs' elements.
    function runRaw(address model, bytes memory input) internal view returns (bytes memory output) {
        return precompile().inferenceRaw(model, input);
    }

    /// @notice `run` for callers that go on without an answer.
    /// @param model The model's root contract.
    /// @param input Words with 18 decimals, the model's inputs one after another.
    /// @return ok Whether the model ran.
    /// @return output The outputs; empty if it did not run.
    /// @return reason The precompile's error; empty if it ran, or ran out of the gas passed on.
    function tryRun(address model, int256[] memory input)
        internal
        view
        returns (bool ok, int256[] memory output, bytes memory reason)
    {
        try precompile().inference(model, input) returns (int256[] memory result) {
            return (true, result, "");
        } catch (bytes memory failure) {
            return (false, output, failure);
        }
    }

    /// @notice `runRaw` for callers that go on without an answer.
    /// @param model The model's root contract.
    /// @param input The inputs' elements, as `IInference.inferenceRaw` takes them.
    /// @return ok Whether the model ran.
    /// @return output The outputs' elements; empty if it did not run.
    /// @return reason The precompile's error; empty if it ran, or ran out of the gas passed on.
    function tryRunRaw(address model, bytes memory input)
        internal
        view
        returns (bool ok, bytes memory output, bytes memory reason)
    {
        try precompile().inferenceRaw(model, input) returns (bytes memory result) {
            return (true, result, "");
        } catch (bytes memory failure) {
            return (false, output, failure);
        }
    }

    /// @notice What is recorded about an activated model: hashes, gate, costs, tensors.
    /// @param model The model's root contract.
    function info(address model) internal view returns (IInference.ModelInfo memory) {
        return precompile().modelInfo(model);
    }

    /// @notice Makes a model callable. Fails for a model written in this transaction.
    /// @param model The model's root contract.
    /// @return modelHash Code hash of the root contract.
    /// @return inferenceGas Gas of one inference that loads the model.
    function activate(address model) internal returns (bytes32 modelHash, uint64 inferenceGas) {
        return precompile().activate(model);
    }

    /// @notice Index of the largest number, the first of equals: a classifier's choice.
    /// @param output At least one number.
    function argmax(int256[] memory output) internal pure returns (uint256 index) {
        if (output.length == 0) revert EmptyOutput();
        for (uint256 i = 1; i < output.length; ++i) {
            if (output[i] > output[index]) index = i;
        }
    }

    /// @notice The precompile's interface, after checking that it is there: a call to an address
    /// without code would succeed and return nothing.
    function precompile() internal view returns (IInference) {
        if (!isAvailable()) revert InferenceUnavailable();
        return IInference(Predeploys.INFERENCE);
    }
}
