// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Risk} from "../../examples/models/Risk.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {LendingBench} from "../mocks/LendingBench.sol";

/// @title What people do with a lending market, in any order
/// @notice A refused action changes nothing; each other is compared with what it may do to others.
contract LendingActions is LendingBench {
    /// @notice Actions that were not refused.
    uint256 public actionsThatWorked;
    /// @notice Debt that suppliers have borne.
    uint256 public writtenOff;
    /// @notice Tokens sent without a call.
    uint256 public donated;

    uint80 private _price = PRICE;

    constructor() {
        useStub(16e18);
        openMarket(address(0x215C));
    }

    function market_() external view returns (address) {
        return address(market);
    }

    function tokens() external view returns (address debt, address collateral) {
        return (address(debtToken), address(collateralToken));
    }

    function people(uint256 i) public pure returns (address) {
        return [ALICE, BOB, CAROL][i % 3];
    }

    function supplyAssets(uint256 who, uint96 assets) external {
        act(who, abi.encodeCall(market.supply, (bound(assets, 1, 200_000e18))), false);
    }

    function withdrawShares(uint256 who, uint256 part) external {
        uint256 shares = market.sharesOf(people(who));
        if (shares == 0) return;
        act(who, abi.encodeCall(market.withdraw, (bound(part, 1, shares), people(who))), false);
    }

    function addCollateral(uint256 who, uint96 assets) external {
        act(who, abi.encodeCall(market.addCollateral, (bound(assets, 1, 100e18))), false);
    }

    function withdrawCollateral(uint256 who, uint256 part) external {
        uint256 assets = market.collateralOf(people(who));
        if (assets == 0) return;
        act(
            who,
            abi.encodeCall(market.withdrawCollateral, (bound(part, 1, assets), people(who))),
            false
        );
    }

    function borrow(uint256 who, uint96 assets) external {
        act(
            who,
            abi.encodeCall(market.borrow, (bound(assets, MIN_DEBT, 100_000e18), people(who))),
            false
        );
    }

    /// @dev Up to the limit, where a loan is liquidated when the price falls.
    function borrowAll(uint256 who) external {
        uint256 limit;
        // Without a fresh price there is none.
        try market.limitsOf(people(who)) returns (uint256 borrowLimit, uint256) {
            limit = borrowLimit;
        } catch {
            return;
        }
        // A debt and what is added to it are rounded up.
        uint256 debt = market.debtOf(people(who)) + 2;
        uint256 assets = limit > debt ? limit - debt : 0;
        if (assets > market.cash()) assets = market.cash();
        if (assets != 0) act(who, abi.encodeCall(market.borrow, (assets, people(who))), false);
    }

    function repay(uint256 who, uint256 whose, uint96 assets) external {
        act(who, abi.encodeCall(market.repay, (people(whose), assets)), false);
    }

    function liquidate(uint256 who, uint256 whose, uint96 most, bool all) external {
        uint256 maxRepaid = all ? type(uint256).max : most;
        act(who, abi.encodeCall(market.liquidate, (people(whose), maxRepaid, 0)), true);
    }

    /// @dev An hour, in which the price moves by at most a quarter, and the model says anything.
    function passHour(uint8 change, uint8 haircut, bool fails) external {
        uint256 price = uint256(_price) * (750 + uint256(change) * 500 / 255) / 1000;
        _price = uint80(bound(price, 10e8, 100_000e8));
        passHour(_price);
        STUB.set(Risk.CONTENT_HASH, int256(uint256(haircut)) * 1e18 / 2, fails);
        act(0, abi.encodeCall(market.updateFactor, ()), false);
    }

    function passSeconds(uint16 time) external {
        vm.warp(block.timestamp + time);
    }

    function donate(uint96 assets) external {
        donated += assets;
        debtToken.mint(address(market), assets);
    }

    /// @dev Nobody's shares, collateral or debt change but the actor's own, except that anybody repays or
    /// liquidates another's debt. What suppliers own falls only by withdrawals and what is written off.
    function act(uint256 who, bytes memory data, bool liquidation) private {
        address actor = people(who);
        uint256[9] memory before = books();
        uint256 supplied = market.totalSupplied();
        uint256 worth = shareWorth();
        uint256 debts = market.totalDebt();
        uint256 held = debtToken.balanceOf(address(market));
        vm.prank(actor);
        (bool succeeded,) = address(market).call(data);
        if (!succeeded) {
            vm.assertEq(abi.encode(before), abi.encode(books()));
            vm.assertEq(held, debtToken.balanceOf(address(market)));
            return;
        }
        ++actionsThatWorked;
        uint256[9] memory afterwards = books();
        for (uint256 i; i < 3; ++i) {
            if (people(i) == actor) continue;
            vm.assertEq(before[i], afterwards[i]);
            // Debts of others only fall, collateral of others only when it is liquidated.
            vm.assertGe(before[3 + i], afterwards[3 + i]);
            if (!liquidation) vm.assertEq(before[6 + i], afterwards[6 + i]);
        }
        if (liquidation) {
            uint256 owned = market.totalSupplied();
            if (owned < supplied) {
                writtenOff += supplied - owned;
                vm.assertGe(debts, supplied - owned);
            }
        } else {
            vm.assertGe(shareWorth(), worth);
        }
    }

    /// @dev What 10^24 shares are worth: it has enough digits to see a unit lost.
    function shareWorth() private view returns (uint256) {
        return (market.totalSupplied() + 1) * 1e24 / (market.totalShares() + 1e6);
    }

    function books() private view returns (uint256[9] memory numbers) {
        for (uint256 i; i < 3; ++i) {
            numbers[i] = market.sharesOf(people(i));
            numbers[3 + i] = market.scaledDebtOf(people(i));
            numbers[6 + i] = market.collateralOf(people(i));
        }
    }
}
