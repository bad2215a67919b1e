// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {TaskScheduler} from "../../src/TaskScheduler.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {Harness} from "../Harness.sol";
import {TaskActions} from "./TaskActions.sol";

contract TaskInvariants is Harness {
    TaskScheduler private constant SCHEDULER = TaskScheduler(Predeploys.TASK_SCHEDULER);

    TaskActions private actions;

    function setUp() public {
        placePredeploys();
        vm.warp(1_800_000_000);
        actions = new TaskActions();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(actions);
    }

    /// @dev 10, 11, 12 of the README; 13 and 14 are checked by the actions.
    function invariant_tasks() public view {
        uint256 budgets;
        uint256 count = SCHEDULER.taskCount();
        for (uint256 i; i < count; ++i) {
            bytes32 id = SCHEDULER.taskIds(i);
            uint256 budgetWei = SCHEDULER.tasks(id).budgetWei;
            vm.assertEq(budgetWei, actions.owedWei(id));
            if (!SCHEDULER.tasks(id).active) vm.assertEq(budgetWei, 0);
            budgets += budgetWei;
        }
        vm.assertEq(address(SCHEDULER).balance, budgets + actions.forcedWei());
        vm.assertEq(actions.KEEPER().balance, actions.rewardsWei());
    }

    /// @dev Invariants of actions that all fail would prove nothing.
    function test_theActionsAct() public {
        uint256 hourly = 10_000 << 8 | 3600 << 32 | 500_000 << 64 | uint256(70) << 128;
        actions.register(0, 0, 1000, hourly);
        checkWorked(1);
        actions.execute(0, 0, 4_000_000);
        checkWorked(2);
        vm.assertEq(actions.rewardsWei(), 70);
        actions.execute(0, 0, 4_000_000);
        checkWorked(2);
        actions.registerShort(1, 0, 100, 9000, 1000);
        checkWorked(3);
        actions.execute(1, 0, 4_000_000);
        checkWorked(3);
        actions.fund(2, 1, 0, 50);
        checkWorked(4);
        actions.update(1, 0, hourly);
        checkWorked(5);
        actions.execute(1, 0, 4_000_000);
        checkWorked(6);
        actions.withdraw(1, 0, 3);
        checkWorked(7);
        actions.update(0, 0, hourly | 1);
        checkWorked(8);
        actions.pass(3600);
        actions.breakTarget(0, 1);
        actions.execute(0, 0, 4_000_000);
        checkWorked(8);
        actions.breakTarget(0, 0);
        actions.execute(0, 0, 60_000);
        checkWorked(8);
        actions.execute(0, 0, 4_000_000);
        checkWorked(9);
        actions.force(5);
        actions.stop(1, 0);
        checkWorked(10);
        invariant_tasks();
    }

    function checkWorked(uint256 want) private view {
        vm.assertEq(actions.actionsThatWorked(), want);
    }
}
