// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInference} from "fixpoint/interfaces/IInference.sol";
import {Inference} from "fixpoint/libraries/Inference.sol";

/// @title Calls the model VolatilityInt8
/// @notice Written by `fixpoint inspect --solidity`. Numbers have 18 decimals unless a
/// comment says integers.
library VolatilityInt8 {
    /// @notice keccak256 of the model's bytes.
    bytes32 internal constant CONTENT_HASH =
        0x48933fb158479a58e84e3b4469ed4b572209e9041e8e9b797d9a2426de60235b;
    /// @notice Words that go in.
    uint256 internal constant INPUT_LENGTH = 16;
    /// @notice Words that come out.
    uint256 internal constant OUTPUT_LENGTH = 1;
    /// @notice First word of `returns`, shape [1, 16].
    uint256 internal constant INPUT_RETURNS = 0;
    /// @notice First word of `volatility`, shape [1, 1].
    uint256 internal constant OUTPUT_VOLATILITY = 0;
    /// @notice Last word in the range of `returns`; a word beyond reverts with InputRange.
    int256 internal constant INPUT_RETURNS_MIN = -13964896035791558179;
    /// @notice Last word in the range of `returns`; a word beyond reverts with InputRange.
    int256 internal constant INPUT_RETURNS_MAX = 12814230444827459752;

    /// @notice The model at this address has other bytes than this library was written for.
    error WrongModel(address model, bytes32 got);
    /// @notice The input has another length.
    error WrongInputLength(uint256 got);

    /// @notice Makes sure that a root contract holds this model. Check once, when the
    /// address is stored: code does not change.
    function check(address model) internal view {
        IInference.ModelInfo memory info = Inference.info(model);
        if (info.contentHash != CONTENT_HASH) revert WrongModel(model, info.contentHash);
    }

    /// @notice Runs the model.
    /// @param model Its root contract.
    /// @param input `INPUT_LENGTH` words.
    /// @return output `OUTPUT_LENGTH` words.
    function run(address model, int256[] memory input)
        internal
        view
        returns (int256[] memory output)
    {
        if (input.length != INPUT_LENGTH) revert WrongInputLength(input.length);
        return Inference.run(model, input);
    }
}
