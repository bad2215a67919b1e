// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {DigitReader} from "../examples/DigitReader.sol";
import {Script} from "./Script.sol";

/// @title Deploys the digit reader
/// @notice `MODEL_ID` is the classifier's id in the registry:
///
///     MODEL_ID=0x… forge script DeployDigitReader --rpc-url http://127.0.0.1:8545 \
///         --private-key $KEY --broadcast
///
/// @dev Forge runs this in its own EVM before it broadcasts, and that EVM has no precompile: a
/// script may deploy and send, but not use what inference returns.
contract DeployDigitReader is Script {
    function run() external returns (DigitReader reader) {
        uint256 modelId = vm.envUint("MODEL_ID");
        vm.startBroadcast();
        reader = new DigitReader(modelId);
        vm.stopBroadcast();
    }
}
