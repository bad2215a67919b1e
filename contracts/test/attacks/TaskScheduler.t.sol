// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {TaskScheduler} from "../../src/TaskScheduler.sol";
import {ITaskScheduler} from "../../src/interfaces/ITaskScheduler.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {CountingExecutor} from "../mocks/Executors.sol";
import {SolidMLHarness} from "../SolidMLHarness.sol";

/// @title Attempts to take tasks' budgets
contract TaskSchedulerAttacksTest is SolidMLHarness {
    TaskScheduler private constant SCHEDULER = TaskScheduler(Predeploys.TASK_SCHEDULER);
    uint64 private constant START = 1_800_000_000;
    uint32 private constant HOUR = 3600;

    function setUp() public {
        placePredeploys();
        vm.warp(START);
        vm.deal(ALICE, 100);
        vm.deal(BOB, 100);
    }

    /// @dev A reward for running what does nothing: the fixed addresses have no `run()`.
    function test_theFixedAddressesAreNoTargets() public {
        address[4] memory targets =
            [address(SCHEDULER), address(GATEWAY), address(REGISTRY), address(PRECOMPILE)];
        for (uint256 i; i < targets.length; ++i) {
            bytes32 id = register(ALICE, targets[i]);
            vm.expectPartialRevert(ITaskScheduler.RunFailed.selector);
            SCHEDULER.execute(id, payable(CAROL), 0);
        }
        vm.assertEq(CAROL.balance, 0);
    }

    /// @dev One run of a target that two accounts pay for earns one reward.
    function test_aRunEarnsFromOneTask() public {
        address target = address(new CountingExecutor());
        bytes32 first = register(ALICE, target);
        bytes32 second = register(BOB, target);
        SCHEDULER.execute(first, payable(CAROL), 0);
        vm.assertEq(CAROL.balance, 10);
        vm.assertEq(SCHEDULER.tasks(second).budgetWei, 20);
        vm.expectRevert(abi.encodeWithSelector(ITaskScheduler.NotDue.selector, first, START + HOUR));
        SCHEDULER.execute(first, payable(CAROL), 0);
    }

    /// @dev A task that is stopped and registered again begins with nothing of the former's.
    function test_aFormerTasksBudgetIsGone() public {
        address target = address(new CountingExecutor());
        bytes32 id = register(ALICE, target);
        vm.startPrank(ALICE);
        SCHEDULER.stopTask(target);
        vm.expectRevert(abi.encodeWithSelector(ITaskScheduler.NoTask.selector, id));
        SCHEDULER.stopTask(target);
        SCHEDULER.registerTaskWith(target, terms());
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(ITaskScheduler.BudgetTooLow.selector, id, 0, 10));
        SCHEDULER.execute(id, payable(CAROL), 0);
        vm.assertEq(ALICE.balance, 100);
    }

    /// @dev The zero address takes any amount, and nobody has it back.
    function test_nothingIsPaidToNobody() public {
        address target = address(new CountingExecutor());
        bytes32 id = register(ALICE, target);
        bytes memory refusal =
            abi.encodeWithSelector(ITaskScheduler.PaymentRefused.selector, address(0));
        vm.expectRevert(refusal);
        SCHEDULER.execute(id, payable(address(0)), 0);
        vm.startPrank(ALICE);
        vm.expectRevert(refusal);
        SCHEDULER.withdrawBudget(target, 1, payable(address(0)));
        vm.expectRevert(refusal);
        SCHEDULER.stopTaskTo(target, payable(address(0)));
        vm.stopPrank();
        vm.assertEq(SCHEDULER.tasks(id).budgetWei, 20);
        vm.assertEq(address(0).balance, 0);
        vm.assertEq(CountingExecutor(target).runs(), 0);
    }

    function register(address owner, address target) private returns (bytes32) {
        vm.prank(owner);
        return SCHEDULER.registerTaskWith{value: 20}(target, terms());
    }

    function terms() private pure returns (ITaskScheduler.Terms memory) {
        return ITaskScheduler.Terms(START + 10 * HOUR, HOUR, 1_000_000, false, 10);
    }
}
