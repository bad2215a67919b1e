// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {VolatilityFee} from "../examples/VolatilityFee.sol";
import {Script} from "./Script.sol";

/// @title Deploys the volatility fee
/// @notice `MODEL` is the forecasting model's root contract, `PRICES` its first 17 hourly prices,
/// oldest first:
///
///     MODEL=0x… PRICES=2000,2010,… forge script DeployVolatilityFee --broadcast \
///         --rpc-url http://127.0.0.1:8545 --private-key $KEY
contract DeployVolatilityFee is Script {
    function run() external returns (VolatilityFee fee) {
        address model = vm.envAddress("MODEL");
        uint256[] memory prices = vm.envUint("PRICES", ",");
        vm.startBroadcast();
        fee = new VolatilityFee(model, prices);
        vm.stopBroadcast();
    }
}
