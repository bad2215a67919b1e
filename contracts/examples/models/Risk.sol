// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInference} from "fixpoint/interfaces/IInference.sol";
import {Inference} from "fixpoint/libraries/Inference.sol";

/// @title Calls the model Risk
/// @notice Written by `fixpoint inspect --solidity`. Numbers have 18 decimals unless a
/// comment says integers.
library Risk {
    /// @notice keccak256 of the model's bytes.
    bytes32 internal constant CONTENT_HASH =
        0x427b31ef9f4b96e107df3606e27284e43d5599146441feb8c4d89e05d403b6e4;
    /// @notice Words that go in.
    uint256 internal constant INPUT_LENGTH = 4;
    /// @notice Words that come out.
    uint256 internal constant OUTPUT_LENGTH = 1;
    /// @notice First word of `features`, shape [1, 4].
    uint256 internal constant INPUT_FEATURES = 0;
    /// @notice First word of `haircut`, shape [1, 1].
    uint256 internal constant OUTPUT_HAIRCUT = 0;
    // `features` has a range per element: see `fixpoint inspect --json`.

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
