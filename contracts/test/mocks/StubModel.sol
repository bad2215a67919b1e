// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IInference} from "../../src/interfaces/IInference.sol";

/// @title A precompile with one answer
/// @notice Reports the input it was asked for, fails if it is told to.
contract StubModel {
    bytes private _answer;
    bytes private _failure;
    bytes32 private _wanted;

    /// @notice From now on answers this to the input with this hash, and fails on any other.
    function answer(int256[] calldata input, int256[] calldata output) external {
        _wanted = keccak256(abi.encodePacked(input));
        _answer = abi.encode(output);
        _failure = "";
    }

    /// @notice From now on reverts with this.
    function fail(bytes calldata failure) external {
        _failure = failure;
    }

    /// @notice As `IInference.inference`.
    function inference(address, int256[] calldata input) external view {
        bytes memory data = _failure;
        if (data.length == 0) {
            if (keccak256(abi.encodePacked(input)) != _wanted) {
                revert IInference.InputRange(type(uint256).max);
            }
            data = _answer;
            assembly ("memory-safe") {
                return(add(data, 0x20), mload(data))
            }
        }
        assembly ("memory-safe") {
            revert(add(data, 0x20), mload(data))
        }
    }
}
