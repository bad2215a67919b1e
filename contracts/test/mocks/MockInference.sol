// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IInference} from "../../src/interfaces/IInference.sol";

/// @title A stand-in for the precompile
/// @notice Every model takes two numbers, `x`, and returns their sum and difference, `y`. Gates, activation
/// and errors are as in the precompile.
contract MockInference is IInference {
    mapping(bytes32 modelHash => bool) private _activated;

    /// @inheritdoc IInference
    function inference(address model, int256[] calldata input)
        external
        view
        returns (int256[] memory output)
    {
        return _run(model, 1, input);
    }

    /// @inheritdoc IInference
    function inferenceBatch(address model, uint256 n, int256[] calldata input)
        external
        view
        returns (int256[] memory output)
    {
        return _run(model, n, input);
    }

    /// @inheritdoc IInference
    function inferenceRaw(address model, bytes calldata input)
        external
        view
        returns (bytes memory output)
    {
        _checkCaller(model);
        if (input.length != 2) revert InputLength(input.length, 2);
        int8 first = int8(uint8(input[0]));
        int8 second = int8(uint8(input[1]));
        return abi.encodePacked(first + second, first - second);
    }

    /// @inheritdoc IInference
    function activate(address model) external returns (bytes32 modelHash, uint64 inferenceGas) {
        modelHash = _hashOf(model);
        _activated[modelHash] = true;
        return (modelHash, 1);
    }

    /// @inheritdoc IInference
    function modelInfo(address model) external view returns (ModelInfo memory info) {
        info.modelHash = _hashOf(model);
        if (!_activated[info.modelHash]) revert NotActivated(model);
        info.gate = _gateOf(model);
        (info.inputs, info.outputs) = (new TensorInfo[](1), new TensorInfo[](1));
        (info.inputs[0].name, info.outputs[0].name) = ("x", "y");
        (info.inputs[0].shape, info.outputs[0].shape) = (new uint32[](1), new uint32[](1));
        (info.inputs[0].shape[0], info.outputs[0].shape[0]) = (2, 2);
        (info.inputs[0].quantisation, info.outputs[0].quantisation) = (1, 1);
    }

    function _run(address model, uint256 n, int256[] calldata input)
        private
        view
        returns (int256[] memory output)
    {
        _checkCaller(model);
        if (input.length != 2 * n) revert InputLength(input.length, 2 * n);
        output = new int256[](2 * n);
        for (uint256 i; i < 2 * n; i += 2) {
            (output[i], output[i + 1]) = (input[i] + input[i + 1], input[i] - input[i + 1]);
        }
    }

    function _checkCaller(address model) private view {
        if (!_activated[_hashOf(model)]) revert NotActivated(model);
        address gate = _gateOf(model);
        if (gate != address(0) && gate != msg.sender) revert Gated(model, gate);
    }

    function _hashOf(address model) private view returns (bytes32) {
        if (model.code.length < 63) revert NotAModel(model);
        return model.codehash;
    }

    /// @dev Bytes 5 to 24 of the root's code.
    function _gateOf(address model) private view returns (address gate) {
        return address(bytes20(_slice(model.code, 5)));
    }

    function _slice(bytes memory code, uint256 offset) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(code, 0x20), offset))
        }
    }
}
