// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {RiskLendingMarket} from "../../examples/RiskLendingMarket.sol";
import {Risk} from "../../examples/models/Risk.sol";
import {CandleRecorder} from "../../src/CandleRecorder.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {Harness} from "../Harness.sol";
import {NamedModel} from "./HookBench.sol";
import {CallingToken} from "./Tokens.sol";

/// @title A lending market with a feed of prices, of which the test is the feeder
abstract contract LendingBench is Harness {
    CandleRecorder internal constant RECORDER = CandleRecorder(Predeploys.CANDLE_RECORDER);
    NamedModel internal constant STUB = NamedModel(Predeploys.INFERENCE);
    uint80 internal constant PRICE = 2000e8;
    uint256 internal constant MIN_DEBT = 10e18;

    CallingToken internal debtToken;
    CallingToken internal collateralToken;
    RiskLendingMarket internal market;
    bytes32 internal feedId;

    /// @dev A market with `model`, after a day and more of an even price.
    function openMarket(address model) internal {
        vm.etch(Predeploys.CANDLE_RECORDER, type(CandleRecorder).runtimeCode);
        vm.warp(480_000 hours);
        (debtToken, collateralToken) = (new CallingToken(), new CallingToken());
        feedId = RECORDER.openFeed("ETH", "USD", 60, 8, 0);
        for (uint256 i; i < 30; ++i) {
            passHour(PRICE);
        }
        market = marketOf(debtToken, collateralToken, model);
        for (uint256 i; i < 3; ++i) {
            fund([ALICE, BOB, CAROL][i]);
        }
    }

    /// @dev The stub of a precompile, with an answer.
    function useStub(int256 haircut) internal {
        vm.etch(Predeploys.INFERENCE, type(NamedModel).runtimeCode);
        STUB.set(Risk.CONTENT_HASH, haircut, false);
    }

    function marketOf(IERC20Metadata debt, IERC20Metadata collateral, address model)
        internal
        returns (RiskLendingMarket)
    {
        return new RiskLendingMarket(debt, collateral, MIN_DEBT, model, feedId);
    }

    function fund(address account) internal {
        debtToken.mint(account, 1_000_000e18);
        collateralToken.mint(account, 1000e18);
        vm.startPrank(account);
        debtToken.approve(address(market), type(uint256).max);
        collateralToken.approve(address(market), type(uint256).max);
        vm.stopPrank();
    }

    /// @dev An hour later the price is this.
    function passHour(uint80 price) internal {
        vm.warp(block.timestamp + 1 hours);
        RECORDER.record(feedId, price, 0);
    }

    /// @dev The factor rises as long as the model lets it.
    function passHours(uint256 count) internal {
        for (uint256 i; i < count; ++i) {
            passHour(PRICE);
            market.updateFactor();
        }
    }

    function supply(address account, uint256 assets) internal returns (uint256) {
        vm.prank(account);
        return market.supply(assets);
    }

    function pledge(address account, uint256 assets) internal {
        vm.prank(account);
        market.addCollateral(assets);
    }

    function borrow(address account, uint256 assets) internal {
        vm.prank(account);
        market.borrow(assets, account);
    }
}
