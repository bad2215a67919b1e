// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Risk} from "../../examples/models/Risk.sol";
import {LendingBench} from "../mocks/LendingBench.sol";
import {CompiledModel} from "./CompiledModel.sol";

/// @title The risk model behind the market whose collateral factor follows it
contract RiskLendingMarketNativeTest is LendingBench, CompiledModel {
    string private constant VECTORS = "contracts/test/vectors/examples.json";

    address private model;

    function setUp() public {
        model = compileModel("risk", "int16", "cache/risk-market.fxp");
        // Its constructor compares the model's bytes with those that the library was written for.
        openMarket(model);
    }

    /// @dev What the trees were trained to say, to a millionth of a percent or two.
    function test_theModelAnswersAsItsFrameworkDoes() public view {
        string memory json = vm.readFile(VECTORS);
        int256[] memory rows = vm.parseJsonIntArray(json, ".risk_features");
        int256[] memory haircuts = vm.parseJsonIntArray(json, ".risk_haircuts");
        vm.assertEq(rows.length, 4 * haircuts.length);
        for (uint256 i; i < haircuts.length; ++i) {
            int256[] memory features = new int256[](4);
            for (uint256 j; j < 4; ++j) {
                features[j] = rows[4 * i + j] * 1e14;
            }
            int256 difference = Risk.run(model, features)[0] - haircuts[i] * 1e12;
            vm.assertTrue(difference > -2e12 && difference < 2e12, "haircut");
        }
    }

    /// @dev Asked beside the market for what the market should see.
    function test_theTargetIsTheModelsAnswer() public {
        supply(ALICE, 100_000e18);
        pledge(BOB, 100e18);
        pledge(CAROL, 100e18);
        passHours(1);
        borrow(BOB, 30_000e18);
        borrow(CAROL, 10_000e18);
        RECORDER.record(feedId, PRICE * 99 / 100, 0);
        passHour(PRICE);
        (uint256 volatility, uint256 drawdown) = market.priceFeatures();
        // One candle of 24 fell by 1 %, and none came back yet.
        vm.assertTrue(volatility > 0.204e18 && volatility < 0.2042e18, "volatility");
        vm.assertEq(drawdown, 1e18);
        int256[] memory features = new int256[](4);
        // Nothing has changed for an hour: the means are what is now.
        features[0] = int256(market.utilisation() * 100);
        features[1] = int256(market.concentration() * 100);
        (features[2], features[3]) = (int256(volatility), int256(drawdown));
        vm.assertTrue(features[0] >= 40e18 && features[0] < 40.1e18, "utilisation");
        // Three quarters and one quarter.
        vm.assertTrue(features[1] > 62.49e18 && features[1] < 62.51e18, "concentration");

        market.updateFactor();
        vm.assertEq(market.target(), market.targetFor(Risk.run(model, features)[0]));
    }

    function test_aWildMarketWithOneBorrowerLendsLess() public {
        supply(ALICE, 100_000e18);
        pledge(BOB, 100e18);
        passHours(1);
        vm.assertEq(market.factor(), 0.32e18);
        uint256 calm = market.target();
        vm.assertTrue(calm > 0.8e18, "calm");
        borrow(BOB, 60_000e18);
        for (uint256 i; i < 24; ++i) {
            passHour(i % 2 == 0 ? PRICE * 96 / 100 : PRICE);
        }
        market.updateFactor();
        vm.assertLt(market.target(), calm - 0.1e18);
        // The factor rises slowly, and is still below.
        vm.assertEq(market.factor(), 0.34e18);
        vm.assertEq(market.borrowFactor(), 0.34e18);
    }

    /// @dev Whoever leaves the model too little gas closes nothing for others.
    function test_aStarvedUpdateChangesNothing() public {
        supply(ALICE, 100_000e18);
        pledge(BOB, 100e18);
        passHour(PRICE);
        uint256 updatedAt = market.updatedAt();
        for (uint256 gasGiven = 50_000; gasGiven <= 600_000; gasGiven += 50_000) {
            try market.updateFactor{gas: gasGiven}() {
                vm.assertTrue(market.target() > 0.8e18, "answered");
                break;
            } catch {
                vm.assertEq(market.updatedAt(), updatedAt);
                vm.assertEq(market.target(), 0);
            }
            vm.assertLt(gasGiven, 600_000);
        }
        borrow(BOB, 1000e18);
    }
}
