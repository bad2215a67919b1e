// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {VolatilityFee} from "../../examples/VolatilityFee.sol";
import {IInference} from "../../src/interfaces/IInference.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {Harness} from "../Harness.sol";
import {StubModel} from "../mocks/StubModel.sol";

contract VolatilityFeeTest is Harness {
    address private constant MODEL = address(0x30DE1);
    StubModel private constant STUB = StubModel(Predeploys.INFERENCE);

    VolatilityFee private fee;

    function setUp() public {
        vm.etch(Predeploys.INFERENCE, type(StubModel).runtimeCode);
        fee = new VolatilityFee(MODEL, rising());
    }

    function test_theModelSeesReturnsInPercentOldestFirst() public {
        answer(returnsOf(rising()), 1e18);
        (bool ok, int256 percent) = fee.forecast();
        vm.assertTrue(ok, "forecast");
        vm.assertEq(percent, 1e18);
        vm.assertEq(fee.feeBps(), 20);
    }

    function test_fuzz_reportedPricesMoveTheWindow(uint64[20] calldata later) public {
        uint256[] memory prices = rising();
        for (uint256 i; i < later.length; ++i) {
            uint256 price = uint256(later[i]) + 1;
            fee.report(price);
            for (uint256 j = 1; j < prices.length; ++j) {
                prices[j - 1] = prices[j];
            }
            prices[prices.length - 1] = price;
        }
        vm.assertEq(fee.lastPrice(), prices[16]);
        answer(returnsOf(prices), 2.5e18);
        (bool ok, int256 percent) = fee.forecast();
        vm.assertTrue(ok, "window");
        vm.assertEq(percent, 2.5e18);
    }

    function test_theFeeFollowsTheForecastWithinBounds() public {
        int256[2][8] memory cases = [
            [type(int256).min, 5],
            [int256(0.3e18), 6],
            [int256(0.25e18), 5],
            [int256(0.46e18), 9],
            [int256(4.26e18), 85],
            [int256(4.99e18), 99],
            [int256(5e18), 100],
            [type(int256).max, 100]
        ];
        for (uint256 i; i < cases.length; ++i) {
            answer(returnsOf(rising()), cases[i][0]);
            vm.assertEq(int256(fee.feeBps()), cases[i][1]);
        }
    }

    function test_noForecastMeansTheHighestFee() public {
        STUB.fail(abi.encodeWithSelector(IInference.InputRange.selector, 3));
        (bool ok,) = fee.forecast();
        vm.assertEq(ok, false);
        vm.assertEq(fee.feeBps(), 100);
    }

    function test_fuzz_onlyTheReporterReports(address stranger) public {
        vm.assume(stranger != address(this));
        vm.expectRevert(abi.encodeWithSelector(VolatilityFee.NotReporter.selector, stranger));
        vm.prank(stranger);
        fee.report(1);
    }

    function test_impossiblePricesAreRefused() public {
        uint256 max = uint256(type(int256).max) / 1e20;
        uint256[3] memory bad = [0, max + 1, type(uint256).max];
        for (uint256 i; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(VolatilityFee.BadPrice.selector, bad[i]));
            fee.report(bad[i]);
        }
        fee.report(max);
        fee.report(1);
        fee.report(max);
    }

    function test_fuzz_theFirstPricesFillTheWindow(uint8 count) public {
        vm.assume(count != 17);
        vm.expectRevert(
            abi.encodeWithSelector(VolatilityFee.PriceCount.selector, uint256(count), 17)
        );
        new VolatilityFee(MODEL, new uint256[](count));
    }

    function answer(int256[] memory returnsPercent, int256 percent) private {
        int256[] memory output = new int256[](1);
        output[0] = percent;
        STUB.answer(returnsPercent, output);
    }

    function rising() private pure returns (uint256[] memory prices) {
        prices = new uint256[](17);
        for (uint256 i; i < 17; ++i) {
            prices[i] = 2000e18 + i * i * 1e18;
        }
    }

    function returnsOf(uint256[] memory prices) private pure returns (int256[] memory returns_) {
        returns_ = new int256[](16);
        for (uint256 i; i < 16; ++i) {
            int256 change = int256(prices[i + 1]) - int256(prices[i]);
            returns_[i] = change * 100e18 / int256(prices[i]);
        }
    }
}
