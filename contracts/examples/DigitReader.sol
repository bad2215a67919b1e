// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IInferenceGateway} from "fixpoint/interfaces/IInferenceGateway.sol";
import {Inference} from "fixpoint/libraries/Inference.sol";
import {Predeploys} from "fixpoint/libraries/Predeploys.sol";

/// @title Reads handwritten digits
/// @notice Whoever sends a scan and the model's price gets the digit decided in that transaction.
contract DigitReader {
    IInferenceGateway private constant GATEWAY = IInferenceGateway(Predeploys.INFERENCE_GATEWAY);

    /// @notice Pixels of a scan: eight rows of eight.
    uint256 public constant SCAN_LENGTH = 64;

    /// @notice The classifier: one input of `SCAN_LENGTH` ink levels, one output with ten scores.
    uint256 public immutable modelId;

    /// @notice The digits read so far.
    uint8[] public digits;

    /// @notice A scan has been read.
    event DigitRead(uint256 indexed id, uint8 indexed digit, address indexed reader);

    /// @notice A scan has `SCAN_LENGTH` pixels.
    error ScanLength(uint256 got, uint256 want);

    /// @param modelId_ The classifier's id in the registry.
    constructor(uint256 modelId_) {
        modelId = modelId_;
    }

    /// @notice Decides which digit a scan shows. Send `price()`.
    /// @param scan A byte for each pixel, row by row: ink from 0 to 16.
    /// @return id Number of this reading, for `digits`.
    /// @return digit 0 to 9.
    function read(bytes calldata scan) external payable returns (uint256 id, uint8 digit) {
        if (scan.length != SCAN_LENGTH) revert ScanLength(scan.length, SCAN_LENGTH);
        int256[] memory ink = new int256[](SCAN_LENGTH);
        for (uint256 i; i < SCAN_LENGTH; ++i) {
            ink[i] = int256(uint256(uint8(scan[i]))) * Inference.WAD;
        }
        int256[] memory scores = GATEWAY.inference{value: msg.value}(modelId, ink);

        // Ten scores: the index fits.
        // forge-lint: disable-next-line(unsafe-typecast)
        digit = uint8(Inference.argmax(scores));
        id = digits.length;
        digits.push(digit);
        emit DigitRead(id, digit, msg.sender);
    }

    /// @notice How many scans have been read.
    function count() external view returns (uint256) {
        return digits.length;
    }

    /// @notice What reading a scan costs now, in wei.
    function price() external view returns (uint256 priceWei) {
        return GATEWAY.priceOf(modelId);
    }
}
