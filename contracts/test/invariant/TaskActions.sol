// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {TaskScheduler} from "../../src/TaskScheduler.sol";
import {ITaskScheduler} from "../../src/interfaces/ITaskScheduler.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {Harness} from "../Harness.sol";
import {BadExecutor} from "../mocks/Executors.sol";

/// @title What people do with the scheduler, in any order
/// @notice Keeps a ledger of each task beside the scheduler's own: what went in, what paid for runs, what
/// went back.
contract TaskActions is Harness {
    TaskScheduler internal constant SCHEDULER = TaskScheduler(Predeploys.TASK_SCHEDULER);
    uint256 private constant OWNERS = 3;
    uint256 private constant TARGETS = 2;
    uint256 private constant BURNING_GAS = 1_500_000;

    struct Ledger {
        uint256 fundedWei;
        uint256 rewardsWei;
        uint256 returnedWei;
        uint256 runs;
    }

    address[OWNERS] private owners = [ALICE, BOB, CAROL];
    BadExecutor[TARGETS] private targets;
    mapping(bytes32 taskId => Ledger) private ledgers;
    mapping(bytes32 taskId => uint256) private lastRun;

    /// @notice Where rewards go, and nothing else.
    address public constant KEEPER = address(0x4EE9E5);
    /// @notice Sent to the scheduler without a call.
    uint256 public forcedWei;
    /// @notice Sums over all tasks.
    uint256 public rewardsWei;
    uint256 public actionsThatWorked;

    constructor() {
        for (uint256 i; i < TARGETS; ++i) {
            targets[i] = new BadExecutor();
        }
    }

    function register(uint256 who, uint256 what, uint96 valueWei, uint256 seed) public {
        address owner = owners[who % OWNERS];
        address target = address(targets[what % TARGETS]);
        bytes memory call = abi.encodeCall(SCHEDULER.registerTaskWith, (target, termsOf(seed)));
        if (act(owner, call, valueWei)) credit(owner, target, valueWei);
    }

    function registerShort(uint256 who, uint256 what, uint96 valueWei, uint32 last, uint16 every)
        public
    {
        address owner = owners[who % OWNERS];
        address target = address(targets[what % TARGETS]);
        bytes memory call =
            abi.encodeCall(SCHEDULER.registerTask, (target, block.timestamp + last, every));
        if (act(owner, call, valueWei)) credit(owner, target, valueWei);
    }

    function update(uint256 who, uint256 what, uint256 seed) public {
        address target = address(targets[what % TARGETS]);
        ITaskScheduler.Terms memory terms = termsOf(seed);
        bytes memory call = seed % 2 == 0
            ? abi.encodeCall(SCHEDULER.updateTaskWith, (target, terms))
            : abi.encodeCall(SCHEDULER.updateTask, (target, terms.endTime, terms.frequency));
        act(owners[who % OWNERS], call, 0);
    }

    function fund(uint256 who, uint256 whose, uint256 what, uint96 valueWei) public {
        bytes32 id = idOf(whose, what);
        if (act(owners[who % OWNERS], abi.encodeCall(SCHEDULER.fundTask, (id)), valueWei)) {
            ledgers[id].fundedWei += valueWei;
        }
    }

    function withdraw(uint256 who, uint256 what, uint256 amountWei) public {
        address owner = owners[who % OWNERS];
        bytes32 id = idOf(who, what);
        amountWei = bound(amountWei, 0, SCHEDULER.tasks(id).budgetWei + 1);
        uint256 before = owner.balance;
        address target = address(targets[what % TARGETS]);
        bytes memory call =
            abi.encodeCall(SCHEDULER.withdrawBudget, (target, amountWei, payable(owner)));
        if (act(owner, call, 0)) {
            vm.assertEq(owner.balance - before, amountWei);
            ledgers[id].returnedWei += amountWei;
        }
    }

    function stop(uint256 who, uint256 what) public {
        address owner = owners[who % OWNERS];
        bytes32 id = idOf(who, what);
        (uint256 left, uint256 before) = (SCHEDULER.tasks(id).budgetWei, owner.balance);
        bytes memory call = abi.encodeCall(SCHEDULER.stopTask, (address(targets[what % TARGETS])));
        if (act(owner, call, 0)) {
            vm.assertEq(owner.balance - before, left);
            ledgers[id].returnedWei += left;
        }
    }

    function execute(uint256 whose, uint256 what, uint256 gasGiven) public {
        bytes32 id = idOf(whose, what);
        ITaskScheduler.Task memory task = SCHEDULER.tasks(id);
        uint256 before = KEEPER.balance;
        uint256 runsBefore = targets[what % TARGETS].runs();
        bytes memory call = abi.encodeCall(SCHEDULER.execute, (id, payable(KEEPER), 0));
        gasGiven = bound(gasGiven, 50_000, 3 * BURNING_GAS);
        (bool ok,) = address(SCHEDULER).call{gas: gasGiven}(call);
        uint256 paid = KEEPER.balance - before;
        vm.assertEq(paid, ok ? task.terms.rewardWei : 0);
        vm.assertEq(targets[what % TARGETS].runs(), ok ? runsBefore + 1 : runsBefore);
        if (!ok) return;
        ++actionsThatWorked;
        // Due, in time, and not twice for one time.
        vm.assertTrue(task.active && block.timestamp >= task.nextTime, "not due");
        vm.assertTrue(block.timestamp <= task.terms.endTime, "after the end");
        vm.assertTrue(SCHEDULER.tasks(id).nextTime > block.timestamp, "due again");
        (ledgers[id].rewardsWei, rewardsWei) = (ledgers[id].rewardsWei + paid, rewardsWei + paid);
    }

    function breakTarget(uint256 what, uint256 way) public {
        // Works half of the time.
        uint256 ways = uint256(type(BadExecutor.Way).max) + 1;
        way %= 2 * ways;
        targets[what % TARGETS].setWay(BadExecutor.Way(way < ways ? way : 0));
    }

    function pass(uint32 seconds_) public {
        vm.warp(block.timestamp + seconds_ % 20_000);
    }

    function force(uint32 amountWei) public {
        vm.deal(address(SCHEDULER), address(SCHEDULER).balance + amountWei);
        forcedWei += amountWei;
    }

    /// @notice What a task's budget must be.
    function owedWei(bytes32 id) external view returns (uint256) {
        Ledger memory ledger = ledgers[id];
        return ledger.fundedWei - ledger.rewardsWei - ledger.returnedWei;
    }

    /// @dev Runs an action with value of its own; one that fails changes no balance.
    function act(address sender, bytes memory call, uint256 valueWei) private returns (bool ok) {
        vm.deal(sender, sender.balance + valueWei);
        (uint256 before, uint256 held) = (sender.balance, address(SCHEDULER).balance);
        vm.prank(sender);
        (ok,) = address(SCHEDULER).call{value: valueWei}(call);
        if (ok) ++actionsThatWorked;
        else vm.assertEq(sender.balance, before);
        if (!ok) vm.assertEq(address(SCHEDULER).balance, held);
    }

    function credit(address owner, address target, uint256 valueWei) private {
        ledgers[SCHEDULER.taskIdOf(owner, target)].fundedWei += valueWei;
    }

    function idOf(uint256 who, uint256 what) private view returns (bytes32) {
        return SCHEDULER.taskIdOf(owners[who % OWNERS], address(targets[what % TARGETS]));
    }

    /// @dev Mostly good terms, some bad ones, rewards from nothing to more than budgets.
    function termsOf(uint256 seed) private view returns (ITaskScheduler.Terms memory terms) {
        terms.endTime = uint64(block.timestamp + uint24(seed >> 8) % 100_000);
        terms.frequency = uint32(seed >> 32) % 10_000;
        terms.gasLimit = 25_000 + uint32(seed >> 64) % 1_000_000;
        terms.keepsResults = (seed >> 96) % 2 == 0;
        terms.rewardWei = uint96(seed >> 128) >> uint8(seed >> 224) % 96;
    }
}
