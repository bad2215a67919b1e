// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {RiskLendingMarket} from "../../examples/RiskLendingMarket.sol";
import {Harness} from "../Harness.sol";
import {LendingActions} from "./LendingActions.sol";

contract LendingInvariants is Harness {
    LendingActions private actions;
    RiskLendingMarket private market;

    function setUp() public {
        actions = new LendingActions();
        market = RiskLendingMarket(actions.market_());
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(actions);
    }

    /// @dev 15 and 16 of the README; 17 and 18 are checked by the actions.
    function invariant_lending() public view {
        uint256 shares;
        uint256 collateral;
        uint256 scaled;
        uint256 squares;
        uint256 owed;
        uint256 worth;
        for (uint256 i; i < 3; ++i) {
            address person = actions.people(i);
            uint256 debt = market.scaledDebtOf(person);
            shares += market.sharesOf(person);
            collateral += market.collateralOf(person);
            (scaled, squares) = (scaled + debt, squares + debt * debt);
            owed += market.debtOf(person);
            worth += market.suppliedBy(person);
            // A loan without collateral is written off.
            if (market.collateralOf(person) == 0) vm.assertEq(debt, 0);
        }
        vm.assertEq(shares, market.totalShares());
        vm.assertEq(collateral, market.totalCollateral());
        vm.assertEq(scaled, market.totalScaledDebt());
        vm.assertEq(squares, market.squaredScaledDebt());

        (address debtToken, address collateralToken) = actions.tokens();
        vm.assertEq(IERC20(debtToken).balanceOf(address(market)), market.cash() + actions.donated());
        vm.assertEq(IERC20(collateralToken).balanceOf(address(market)), collateral);
        // All suppliers can be paid once all debts are.
        vm.assertGe(market.cash() + owed, worth);
        vm.assertGe(market.totalSupplied(), worth);
        vm.assertTrue(market.factor() >= 0.3e18 && market.factor() <= 0.85e18, "bounds");
    }

    /// @dev Invariants of actions that all fail would prove nothing.
    function test_theActionsAct() public {
        actions.supplyAssets(0, 100_000e18);
        checkWorked(1);
        actions.addCollateral(1, 50e18);
        checkWorked(2);
        actions.borrow(1, 10_000e18);
        checkWorked(2);
        actions.passHour(128, 32, false);
        checkWorked(3);
        actions.borrow(1, 10_000e18);
        checkWorked(4);
        actions.borrowAll(1);
        checkWorked(5);
        actions.passHour(128, 32, true);
        checkWorked(5);
        actions.withdrawShares(0, 10e24);
        checkWorked(6);
        actions.repay(2, 1, 1000e18);
        checkWorked(7);
        actions.passSeconds(1000);
        actions.donate(5);
        actions.passHour(0, 32, false);
        checkWorked(8);
        actions.liquidate(2, 1, 5000e18, false);
        checkWorked(9);
        for (uint256 i; i < 6; ++i) {
            actions.passHour(0, 32, false);
        }
        checkWorked(15);
        actions.liquidate(2, 1, 0, true);
        checkWorked(16);
        vm.assertTrue(actions.writtenOff() > 0, "written off");
        actions.addCollateral(1, 5e18);
        actions.withdrawCollateral(1, 5e18);
        checkWorked(18);
        invariant_lending();
    }

    function checkWorked(uint256 want) private view {
        vm.assertEq(actions.actionsThatWorked(), want);
    }
}
