// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IInference} from "fixpoint/interfaces/IInference.sol";
import {Inference} from "fixpoint/libraries/Inference.sol";

/// @title Calls the model Digits
/// @notice Written by `fixpoint inspect --solidity`. Numbers have 18 decimals unless a
/// comment says integers.
library Digits {
    /// @notice keccak256 of the model's bytes.
    bytes32 internal constant CONTENT_HASH =
        0xa55e31badf1efae2359ba6f4fb979f35f08625b46fc619d7fee987a7c895dea4;
    /// @notice Words that go in.
    uint256 internal constant INPUT_LENGTH = 64;
    /// @notice Words that come out.
    uint256 internal constant OUTPUT_LENGTH = 10;
    /// @notice First word of `image`, shape [1, 1, 8, 8].
    uint256 internal constant INPUT_IMAGE = 0;
    /// @notice First word of `logits`, shape [1, 10].
    uint256 internal constant OUTPUT_LOGITS = 0;
    /// @notice Last word in the range of `image`; a word beyond reverts with InputRange.
    int256 internal constant INPUT_IMAGE_MIN = -31372549019607843;
    /// @notice Last word in the range of `image`; a word beyond reverts with InputRange.
    int256 internal constant INPUT_IMAGE_MAX = 16031372549019607843;

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
