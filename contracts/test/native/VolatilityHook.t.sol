// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {VolatilityHook} from "../../examples/VolatilityHook.sol";
import {PoolKey} from "../../examples/uniswap/IPoolHook.sol";
import {Hooks, PoolManagerStub} from "../mocks/HookBench.sol";
import {CompiledModel} from "./CompiledModel.sol";

/// @title The volatility model behind the hook whose fee follows it
contract VolatilityHookNativeTest is CompiledModel {
    string private constant FILE = "cache/volatility-hook.fxp";
    uint160 private constant ONE = 1 << 96;

    PoolManagerStub private manager;
    VolatilityHook private hook;

    function setUp() public {
        address model = compileModel("volatility", "int16", FILE);
        vm.warp(1_000_000 hours);
        manager = new PoolManagerStub();
        // Its constructor compares the model's bytes with those that the library was written for.
        hook = Hooks.deploy(address(manager), model);
    }

    function test_aWildMarketCostsMoreThanACalmOne() public {
        uint24 calm = feeAfter(1, 1000);
        uint24 wild = feeAfter(2, 50);
        vm.assertTrue(calm & 0x3fffff < 2000, "calm");
        vm.assertTrue(wild & 0x3fffff > 2000, "wild");
    }

    /// @dev The fee after 16 hours in which the root of the price goes up and down by `1 / part`.
    function feeAfter(int24 tickSpacing, uint160 part) private returns (uint24 fee) {
        PoolKey memory key = Hooks.keyOf(hook);
        key.tickSpacing = tickSpacing;
        manager.initialize(key, ONE);
        for (uint256 i; i < 16; ++i) {
            manager.setPrice(key, i % 2 == 0 ? ONE + ONE / part : ONE);
            vm.warp(block.timestamp + 1 hours);
            fee = manager.swap(key);
        }
    }
}
