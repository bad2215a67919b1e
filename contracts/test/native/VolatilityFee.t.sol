// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {VolatilityFee} from "../../examples/VolatilityFee.sol";
import {CompiledModel} from "./CompiledModel.sol";

/// @title The volatility model behind the contract that follows it
contract VolatilityFeeNativeTest is CompiledModel {
    string private constant FILE = "cache/volatility.fxp";
    uint256 private constant HOURS = 17;
    uint256 private constant PRICE = 2000e18;

    address private model;

    function setUp() public {
        model = compileModel("volatility", "int16", FILE);
    }

    function test_aWildMarketCostsMoreThanACalmOne() public {
        VolatilityFee calm = new VolatilityFee(model, swinging(1));
        VolatilityFee wild = new VolatilityFee(model, swinging(30));
        (bool ok, int256 percent) = calm.forecast();
        vm.assertTrue(ok, "calm");
        vm.assertTrue(percent > 0.1e18 && percent < 1e18, "calm forecast");
        (ok, percent) = wild.forecast();
        vm.assertTrue(ok, "wild");
        vm.assertTrue(percent > 1e18 && percent < 20e18, "wild forecast");
        vm.assertLt(calm.feeBps(), wild.feeBps());

        // Trouble arrives in the calm market, and the fee follows.
        uint256 before = calm.feeBps();
        calm.report(PRICE * 95 / 100);
        vm.assertLt(before, calm.feeBps());
    }

    /// @dev Prices that go up and down by `perMille` thousandths.
    function swinging(uint256 perMille) private pure returns (uint256[] memory prices) {
        prices = new uint256[](HOURS);
        for (uint256 i; i < HOURS; ++i) {
            prices[i] = i % 2 == 0 ? PRICE : PRICE * (1000 + perMille) / 1000;
        }
    }
}
