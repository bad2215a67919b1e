// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {vm} from "../test/Vm.sol";
import {Batch} from "../src/Batch.sol";
import {Purse} from "../src/Purse.sol";

/// Three contracts and two calls, one contract by CREATE2.
contract Deploy {
    function run() external returns (Purse purse, Purse salted, Batch batch) {
        vm.startBroadcast();
        purse = new Purse{value: 1 ether}("scripted");
        salted = new Purse{salt: "purse"}("salted");
        batch = new Batch();
        purse.deposit{value: 2 ether}("from a script");
        purse.lock(1);
        vm.stopBroadcast();
    }
}
