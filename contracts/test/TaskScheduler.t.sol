// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {TaskScheduler} from "../src/TaskScheduler.sol";
import {ITaskScheduler} from "../src/interfaces/ITaskScheduler.sol";
import {Predeploys} from "../src/libraries/Predeploys.sol";
import {TensorLib} from "../src/solidml/TensorLib.sol";
import {SolidMLHarness} from "./SolidMLHarness.sol";
import {
    BadExecutor,
    BadRecipient,
    CountingExecutor,
    ForgivingExecutor,
    ReentrantExecutor
} from "./mocks/Executors.sol";

contract TaskSchedulerTest is SolidMLHarness {
    TaskScheduler private constant SCHEDULER = TaskScheduler(Predeploys.TASK_SCHEDULER);
    uint256 private constant START = 1_800_000_000;
    uint32 private constant HOUR = 3600;
    uint128 private constant REWARD = 10;

    CountingExecutor private target;
    bytes32 private task;

    function setUp() public {
        placePredeploys();
        vm.warp(START);
        vm.deal(ALICE, 1 ether);
        target = new CountingExecutor();
        task = SCHEDULER.taskIdOf(ALICE, address(target));
    }

    function test_aTaskRunsWhenItIsDueAndPaysWhoRanIt() public {
        register(100);
        vm.assertTrue(SCHEDULER.isDue(task), "at once");
        execute(BOB);
        vm.assertEq(target.runs(), 1);
        vm.assertEq(target.runner(), Predeploys.TASK_SCHEDULER);
        vm.assertEq(BOB.balance, REWARD);
        checkTask(90, 1, START + HOUR);

        expectNotDue(START + HOUR);
        execute(BOB);
        vm.warp(START + HOUR - 1);
        expectNotDue(START + HOUR);
        execute(BOB);
        vm.warp(START + HOUR);
        execute(CAROL);
        checkTask(80, 2, START + 2 * HOUR);
        vm.assertEq(CAROL.balance, REWARD);
    }

    function test_missedTimesAreNotMadeUpFor() public {
        register(100);
        vm.warp(START + 5 * HOUR + 7);
        execute(BOB);
        checkTask(90, 1, START + 6 * HOUR);
        vm.warp(START + 6 * HOUR);
        execute(BOB);
        checkTask(80, 2, START + 7 * HOUR);
    }

    function test_theEndIsTheEnd() public {
        register(100);
        vm.warp(START + 10 * HOUR);
        execute(BOB);
        vm.warp(START + 11 * HOUR);
        vm.assertTrue(!SCHEDULER.isDue(task), "after the end");
        vm.expectRevert(
            abi.encodeWithSelector(ITaskScheduler.TaskEnded.selector, task, START + 10 * HOUR)
        );
        execute(BOB);
        // What is left is the owner's.
        vm.prank(ALICE);
        vm.assertEq(SCHEDULER.stopTask(address(target)), 90);
        vm.assertEq(ALICE.balance, 1 ether - 10);
    }

    function test_anEmptyBudgetPaysNothing() public {
        register(25);
        execute(BOB);
        vm.warp(START + HOUR);
        execute(BOB);
        vm.warp(START + 2 * HOUR);
        vm.assertTrue(!SCHEDULER.isDue(task), "no money");
        vm.expectRevert(abi.encodeWithSelector(ITaskScheduler.BudgetTooLow.selector, task, 5, 10));
        execute(BOB);
        vm.deal(CAROL, 5);
        vm.prank(CAROL);
        SCHEDULER.fundTask{value: 5}(task);
        execute(BOB);
        checkTask(0, 3, START + 3 * HOUR);
        vm.assertEq(BOB.balance, 30);
    }

    function test_theShortFormLastsToItsEnd() public {
        vm.prank(ALICE);
        SCHEDULER.registerTask{value: 1005}(address(target), START + 9 * HOUR + 5, HOUR);
        target.setAnswer(abi.encode(uint256(32)));
        ITaskScheduler.Task memory got = SCHEDULER.tasks(task);
        vm.assertEq(got.terms.rewardWei, 100);
        vm.assertEq(got.terms.gasLimit, SCHEDULER.DEFAULT_GAS_LIMIT());
        vm.assertTrue(got.terms.keepsResults, "keeps");
        for (uint256 i; i < 10; ++i) {
            vm.warp(START + i * HOUR);
            target.setAnswer(abi.encode(uint256(32), i));
            execute(BOB);
        }
        vm.assertEq(BOB.balance, 1000);
        checkTask(5, 10, START + 10 * HOUR);
        vm.warp(START + 8 * HOUR);
        vm.prank(ALICE);
        SCHEDULER.updateTask(address(target), START + 10 * HOUR, HOUR);
        vm.assertEq(SCHEDULER.tasks(task).terms.rewardWei, 1);
        // Due no later than one frequency from now.
        checkTask(5, 10, START + 9 * HOUR);
    }

    function test_onlyItsOwnerChangesATask() public {
        register(100);
        vm.startPrank(BOB);
        expectNoTask(SCHEDULER.taskIdOf(BOB, address(target)));
        SCHEDULER.stopTask(address(target));
        expectNoTask(SCHEDULER.taskIdOf(BOB, address(target)));
        SCHEDULER.withdrawBudget(address(target), 1, payable(BOB));
        expectNoTask(SCHEDULER.taskIdOf(BOB, address(target)));
        SCHEDULER.updateTask(address(target), START + 1, 1);
        expectNoTask(SCHEDULER.taskIdOf(BOB, address(target)));
        SCHEDULER.updateTaskWith(address(target), terms());
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(ITaskScheduler.TaskExists.selector, task));
        register(100);
        // His own task for the same target is another.
        vm.deal(BOB, 5);
        vm.prank(BOB);
        SCHEDULER.registerTaskWith{value: 5}(address(target), terms());
        checkTask(100, 0, START);
    }

    function test_newTerms() public {
        register(100);
        execute(BOB);
        ITaskScheduler.Terms memory changed = terms();
        (changed.rewardWei, changed.frequency) = (20, 60);
        vm.prank(ALICE);
        SCHEDULER.updateTaskWith(address(target), changed);
        checkTask(90, 1, START + 60);
        vm.warp(START + 60);
        execute(BOB);
        checkTask(70, 2, START + 120);
        vm.assertEq(BOB.balance, 30);
        // Not earlier either: a new frequency is no run more.
        changed.frequency = 365 days;
        vm.prank(ALICE);
        SCHEDULER.updateTaskWith(address(target), changed);
        checkTask(70, 2, START + 120);
    }

    function test_aRewardMayBeLoweredButNotUnderWhoWaits() public {
        register(100);
        ITaskScheduler.Terms memory changed = terms();
        changed.rewardWei = 9;
        vm.prank(ALICE);
        SCHEDULER.updateTaskWith(address(target), changed);
        vm.expectRevert(abi.encodeWithSelector(ITaskScheduler.RewardBelowMin.selector, 9, 10));
        execute(BOB);
    }

    function test_moneyGoesBackExactly() public {
        register(100);
        vm.startPrank(ALICE);
        SCHEDULER.withdrawBudget(address(target), 30, payable(CAROL));
        vm.assertEq(CAROL.balance, 30);
        vm.expectRevert(abi.encodeWithSelector(ITaskScheduler.BudgetTooLow.selector, task, 70, 71));
        SCHEDULER.withdrawBudget(address(target), 71, payable(CAROL));
        vm.assertEq(SCHEDULER.stopTaskTo(address(target), payable(CAROL)), 70);
        vm.assertEq(CAROL.balance, 100);
        vm.assertEq(address(SCHEDULER).balance, 0);
        expectNoTask(task);
        SCHEDULER.stopTask(address(target));
        expectNoTask(task);
        SCHEDULER.fundTask{value: 1}(task);
        vm.stopPrank();
        expectNoTask(task);
        execute(BOB);
        // Again, under the same id, from the beginning.
        register(40);
        checkTask(40, 0, START);
        vm.assertEq(SCHEDULER.taskCount(), 1);
    }

    function test_termsHaveBounds() public {
        ITaskScheduler.Terms memory bad = terms();
        bad.endTime = uint64(START);
        refuse(bad, abi.encodeWithSelector(ITaskScheduler.BadEndTime.selector, START));
        bad.endTime = uint64(START + 36_500 days + 1);
        refuse(bad, abi.encodeWithSelector(ITaskScheduler.BadEndTime.selector, bad.endTime));
        bad = terms();
        bad.frequency = 0;
        refuse(bad, abi.encodeWithSelector(ITaskScheduler.BadFrequency.selector, 0));
        bad.frequency = 365 days + 1;
        refuse(bad, abi.encodeWithSelector(ITaskScheduler.BadFrequency.selector, 365 days + 1));
        bad = terms();
        bad.gasLimit = 29_999;
        refuse(bad, abi.encodeWithSelector(ITaskScheduler.BadGasLimit.selector, 29_999));
        bad.gasLimit = 12_000_001;
        refuse(bad, abi.encodeWithSelector(ITaskScheduler.BadGasLimit.selector, 12_000_001));
        vm.expectRevert(abi.encodeWithSelector(ITaskScheduler.NotAContract.selector, BOB));
        SCHEDULER.registerTaskWith(BOB, terms());
        vm.expectRevert(abi.encodeWithSelector(ITaskScheduler.BadFrequency.selector, 0));
        SCHEDULER.registerTask(address(target), START + 1, 0);
        vm.expectRevert(abi.encodeWithSelector(ITaskScheduler.BadFrequency.selector, 2 ** 32));
        SCHEDULER.registerTask(address(target), START + 1, 2 ** 32);
        vm.expectRevert(
            abi.encodeWithSelector(ITaskScheduler.BadEndTime.selector, type(uint256).max)
        );
        SCHEDULER.registerTask(address(target), type(uint256).max, 1);
        vm.deal(ALICE, 2 ** 128);
        vm.expectRevert(abi.encodeWithSelector(ITaskScheduler.TooMuchWei.selector, 2 ** 128));
        vm.prank(ALICE);
        SCHEDULER.registerTaskWith{value: 2 ** 128}(address(target), terms());
    }

    function test_aTargetWithoutCodeLeft() public {
        register(100);
        vm.etch(address(target), "");
        vm.expectRevert(
            abi.encodeWithSelector(ITaskScheduler.NotAContract.selector, address(target))
        );
        execute(BOB);
        checkTask(100, 0, START);
    }

    function test_resultsAreKept() public {
        ITaskScheduler.Terms memory keeping = terms();
        keeping.keepsResults = true;
        vm.prank(ALICE);
        SCHEDULER.registerTaskWith{value: 1000}(address(target), keeping);
        for (uint256 i; i < 20; ++i) {
            target.setAnswer(outputOf(int128(int256(i))));
            vm.warp(START + i * HOUR / 4);
            if (i % 4 == 0) execute(BOB);
        }
        // Five runs: 0, 4, 8, 12, 16.
        bytes memory call =
            abi.encodeWithSelector(SCHEDULER.getLastInferenceResults.selector, task, 3);
        int128[] memory values = valuesIn(succeed(address(SCHEDULER), call));
        vm.assertEq(values.length, 3);
        vm.assertEq(values[0], 16);
        vm.assertEq(values[1], 12);
        vm.assertEq(values[2], 8);
        call = abi.encodeWithSelector(SCHEDULER.getLastInferenceResults.selector, task, 100);
        vm.assertEq(valuesIn(succeed(address(SCHEDULER), call)).length, 5);
    }

    function test_oldResultsMakeRoom() public {
        ITaskScheduler.Terms memory keeping = terms();
        (keeping.keepsResults, keeping.frequency) = (true, 1);
        vm.prank(ALICE);
        SCHEDULER.registerTaskWith{value: 1000}(address(target), keeping);
        for (uint256 i; i < 21; ++i) {
            target.setAnswer(outputOf(int128(int256(i))));
            vm.warp(START + i);
            execute(BOB);
        }
        bytes memory call =
            abi.encodeWithSelector(SCHEDULER.getLastInferenceResults.selector, task, 17);
        int128[] memory values = valuesIn(succeed(address(SCHEDULER), call));
        vm.assertEq(values.length, 16);
        for (uint256 i; i < 16; ++i) {
            vm.assertEq(values[i], int256(20 - i));
        }
        // Another registration has a history of its own.
        vm.startPrank(ALICE);
        SCHEDULER.stopTask(address(target));
        SCHEDULER.registerTaskWith(address(target), keeping);
        vm.stopPrank();
        vm.assertEq(valuesIn(succeed(address(SCHEDULER), call)).length, 0);
    }

    function test_failuresCostAndEarnNothing() public {
        BadExecutor bad = new BadExecutor();
        bytes32 id = registerBad(bad);
        expectFailure(
            bad,
            BadExecutor.Way.Revert,
            abi.encodeWithSelector(
                ITaskScheduler.RunFailed.selector,
                id,
                abi.encodeWithSelector(BadExecutor.Broken.selector, 7)
            )
        );
        expectFailure(
            bad,
            BadExecutor.Way.LongReason,
            abi.encodeWithSelector(ITaskScheduler.RunFailed.selector, id, new bytes(1024))
        );
        expectFailure(
            bad,
            BadExecutor.Way.BurnGas,
            abi.encodeWithSelector(ITaskScheduler.RunFailed.selector, id, "")
        );
        expectFailure(
            bad,
            BadExecutor.Way.ResultReverts,
            abi.encodeWithSelector(
                ITaskScheduler.ResultFailed.selector,
                id,
                abi.encodeWithSelector(BadExecutor.Broken.selector, 8)
            )
        );
        expectFailure(
            bad,
            BadExecutor.Way.ResultBurnsGas,
            abi.encodeWithSelector(ITaskScheduler.ResultFailed.selector, id, "")
        );
        expectFailure(
            bad,
            BadExecutor.Way.ResultTooLong,
            abi.encodeWithSelector(ITaskScheduler.ResultTooLong.selector, 4128, 4096)
        );
        vm.assertEq(bad.runs(), 0);
        vm.assertEq(SCHEDULER.tasks(id).budgetWei, 100);
        bad.setWay(BadExecutor.Way.Well);
        SCHEDULER.execute(id, payable(BOB), REWARD);
        vm.assertEq(BOB.balance, REWARD);
    }

    function test_whatIsNoStructIsNotKept() public {
        ITaskScheduler.Terms memory keeping = terms();
        keeping.keepsResults = true;
        vm.prank(ALICE);
        SCHEDULER.registerTaskWith{value: 100}(address(target), keeping);
        bytes[3] memory answers = [bytes(""), abi.encode(32), abi.encode(64, 0, 0)];
        for (uint256 i; i < 3; ++i) {
            target.setAnswer(answers[i]);
            vm.expectRevert(abi.encodeWithSelector(ITaskScheduler.NotAResult.selector, task));
            execute(BOB);
        }
    }

    /// @notice 63/64: whatever gas an executor brings, the model runs, or nothing happens.
    function testFuzz_tooLittleGasIsNoWayToAnAnswerlessRun(uint256 gasGiven) public {
        ForgivingExecutor forgiving = new ForgivingExecutor();
        ITaskScheduler.Terms memory wanted = terms();
        wanted.gasLimit = 400_000;
        vm.prank(ALICE);
        bytes32 id = SCHEDULER.registerTaskWith{value: 100}(address(forgiving), wanted);
        gasGiven = bound(gasGiven, 60_000, 700_000);
        (bool ok,) = address(SCHEDULER).call{gas: gasGiven}(
            abi.encodeCall(SCHEDULER.execute, (id, payable(BOB), REWARD))
        );
        vm.assertEq(forgiving.fallbacks(), 0);
        vm.assertEq(forgiving.runs(), ok ? 1 : 0);
        vm.assertEq(BOB.balance, ok ? REWARD : 0);
        if (ok) vm.assertTrue(forgiving.gasSeen() > 399_000, "short of gas");
        if (gasGiven > 650_000) vm.assertTrue(ok, "enough gas");
    }

    function test_tooLittleGasIsNamed() public {
        register(100);
        (bool ok, bytes memory data) = address(SCHEDULER).call{gas: 200_000}(
            abi.encodeCall(SCHEDULER.execute, (task, payable(BOB), REWARD))
        );
        vm.assertTrue(!ok && data.length == 68, "named");
        vm.assertEq(bytes32(bytes4(data)), bytes32(ITaskScheduler.NotEnoughGas.selector));
    }

    function test_nobodyComesBackIn() public {
        ReentrantExecutor reentrant = new ReentrantExecutor();
        vm.deal(address(this), 200);
        bytes32 id = reentrant.own{value: 100}(START + 9 * HOUR, HOUR);
        vm.prank(ALICE);
        SCHEDULER.registerTaskWith{value: 100}(address(target), terms());
        ITaskScheduler.Terms memory none = terms();
        bytes[] memory calls = new bytes[](9);
        calls[0] = abi.encodeCall(SCHEDULER.execute, (id, payable(BOB), 0));
        calls[1] = abi.encodeCall(SCHEDULER.execute, (task, payable(BOB), 0));
        calls[2] = abi.encodeCall(SCHEDULER.stopTask, (address(reentrant)));
        calls[3] = abi.encodeCall(SCHEDULER.stopTaskTo, (address(reentrant), payable(BOB)));
        calls[4] = abi.encodeCall(SCHEDULER.withdrawBudget, (address(reentrant), 1, payable(BOB)));
        calls[5] = abi.encodeCall(SCHEDULER.updateTask, (address(reentrant), START + 1, 1));
        calls[6] = abi.encodeCall(SCHEDULER.updateTaskWith, (address(reentrant), none));
        calls[7] = abi.encodeCall(SCHEDULER.fundTask, (id));
        calls[8] = abi.encodeCall(SCHEDULER.registerTaskWith, (address(target), none));
        reentrant.setCalls(calls);
        reentrant.setAnswer(outputOf(1));

        // From within a run, and from within the payment: the recipient is the target.
        SCHEDULER.execute(id, payable(address(reentrant)), 0);
        checkAllRefused(reentrant, calls.length);
        vm.assertEq(reentrant.runs(), 1);
        vm.assertEq(SCHEDULER.tasks(id).budgetWei, 90);
        checkTask(100, 0, START);
        reentrant.stop();
        checkAllRefused(reentrant, calls.length);
        vm.assertEq(address(reentrant).balance, 100);
        vm.assertEq(address(SCHEDULER).balance, 100);
    }

    function test_recipientsThatRefuse() public {
        register(100);
        for (uint256 i; i < 2; ++i) {
            address payable bad = payable(address(new BadRecipient(i == 1)));
            vm.expectRevert(abi.encodeWithSelector(ITaskScheduler.PaymentRefused.selector, bad));
            SCHEDULER.execute{gas: 5_000_000}(task, bad, REWARD);
            vm.expectRevert(abi.encodeWithSelector(ITaskScheduler.PaymentRefused.selector, bad));
            vm.prank(ALICE);
            SCHEDULER.stopTaskTo{gas: 5_000_000}(address(target), bad);
        }
        // Nor does the scheduler take money that is nobody's.
        vm.expectRevert(
            abi.encodeWithSelector(ITaskScheduler.PaymentRefused.selector, address(SCHEDULER))
        );
        SCHEDULER.execute(task, payable(address(SCHEDULER)), REWARD);
        checkTask(100, 0, START);
    }

    function test_aFreeTaskRunsForNothing() public {
        ITaskScheduler.Terms memory free = terms();
        free.rewardWei = 0;
        vm.prank(ALICE);
        SCHEDULER.registerTaskWith(address(target), free);
        // Nothing is sent, so that it does not matter who refuses.
        SCHEDULER.execute(task, payable(address(new BadRecipient(false))), 0);
        vm.assertEq(target.runs(), 1);
    }

    function test_listsOfTasks() public {
        register(100);
        vm.prank(BOB);
        SCHEDULER.registerTaskWith(address(target), terms());
        vm.assertEq(SCHEDULER.taskCount(), 2);
        vm.assertEq(SCHEDULER.taskIds(0), task);
        vm.assertEq(SCHEDULER.getAllTasks().length, 2);
        vm.assertEq(SCHEDULER.getAllTasks()[1].owner, BOB);
        vm.assertEq(SCHEDULER.getTasks(1, 5).length, 1);
        vm.assertEq(SCHEDULER.getTasks(0, 1)[0].owner, ALICE);
        vm.assertEq(SCHEDULER.getTasks(2, 1).length, 0);
        vm.assertEq(SCHEDULER.getTasks(type(uint256).max, 1).length, 0);
        vm.assertEq(SCHEDULER.tasks("none").owner, address(0));
        vm.assertTrue(!SCHEDULER.isDue("none"), "none");
    }

    function testFuzz_runsKeepToTheGrid(uint32 frequency, uint32[8] memory waits) public {
        ITaskScheduler.Terms memory wanted = terms();
        wanted.frequency = uint32(bound(frequency, 1, 365 days));
        wanted.endTime = uint64(START + 36_500 days);
        vm.prank(ALICE);
        SCHEDULER.registerTaskWith{value: 100}(address(target), wanted);
        uint256 time = START;
        for (uint256 i; i < waits.length; ++i) {
            time += waits[i];
            vm.warp(time);
            if (!SCHEDULER.isDue(task)) continue;
            execute(BOB);
            uint256 next = SCHEDULER.tasks(task).nextTime;
            vm.assertTrue(next > time && next <= time + wanted.frequency, "next");
            vm.assertEq((next - START) % wanted.frequency, 0);
        }
        vm.assertEq(BOB.balance, target.runs() * REWARD);
        vm.assertEq(SCHEDULER.tasks(task).budgetWei, 100 - BOB.balance);
    }

    function register(uint256 budgetWei) private {
        vm.prank(ALICE);
        SCHEDULER.registerTaskWith{value: budgetWei}(address(target), terms());
    }

    function registerBad(BadExecutor bad) private returns (bytes32) {
        ITaskScheduler.Terms memory keeping = terms();
        keeping.keepsResults = true;
        vm.prank(ALICE);
        return SCHEDULER.registerTaskWith{value: 100}(address(bad), keeping);
    }

    function refuse(ITaskScheduler.Terms memory bad, bytes memory failure) private {
        vm.expectRevert(failure);
        SCHEDULER.registerTaskWith(address(target), bad);
    }

    function expectFailure(BadExecutor bad, BadExecutor.Way way, bytes memory failure) private {
        bad.setWay(way);
        bytes32 id = SCHEDULER.taskIdOf(ALICE, address(bad));
        vm.expectRevert(failure);
        SCHEDULER.execute(id, payable(BOB), REWARD);
    }

    function execute(address executor) private {
        vm.prank(executor);
        SCHEDULER.execute(task, payable(executor), REWARD);
    }

    function expectNotDue(uint256 time) private {
        vm.expectRevert(abi.encodeWithSelector(ITaskScheduler.NotDue.selector, task, time));
    }

    function expectNoTask(bytes32 id) private {
        vm.expectRevert(abi.encodeWithSelector(ITaskScheduler.NoTask.selector, id));
    }

    function checkTask(uint256 budgetWei, uint256 runs, uint256 nextTime) private view {
        ITaskScheduler.Task memory got = SCHEDULER.tasks(task);
        vm.assertEq(got.budgetWei, budgetWei);
        vm.assertEq(got.runs, runs);
        vm.assertEq(got.nextTime, nextTime);
    }

    function checkAllRefused(ReentrantExecutor reentrant, uint256 count) private view {
        vm.assertEq(reentrant.failureCount(), count);
        for (uint256 i; i < count; ++i) {
            vm.assertEq(
                reentrant.failures(i),
                abi.encodeWithSelector(
                    ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector
                )
            );
        }
    }

    function terms() private pure returns (ITaskScheduler.Terms memory) {
        return ITaskScheduler.Terms(uint64(START + 10 * HOUR), HOUR, 1_000_000, false, REWARD);
    }

    /// @dev An encoded `ModelOutput` with one tensor of one number.
    function outputOf(int128 value) private pure returns (bytes memory) {
        TensorLib.MultiDimensionalNumberTensor[] memory tensors =
            new TensorLib.MultiDimensionalNumberTensor[](1);
        tensors[0].name = "y";
        tensors[0].values = new TensorLib.Number[](1);
        tensors[0].values[0].value = value;
        bytes[] memory none = new bytes[](0);
        return bytes.concat(abi.encode(uint256(32)), abi.encode(tensors, none, none, false));
    }

    /// @dev The first number of each of an encoded `ModelOutput[]`.
    function valuesIn(bytes memory list) private pure returns (int128[] memory values) {
        // Elements are encoded as `bytes` without length are: take each from its offset to the end.
        uint256 count = wordAt(list, 32);
        values = new int128[](count);
        for (uint256 i; i < count; ++i) {
            uint256 start = 64 + wordAt(list, 64 + 32 * i);
            bytes memory output = new bytes(list.length - start + 32);
            for (uint256 j; j < list.length - start; ++j) {
                output[32 + j] = list[start + j];
            }
            values[i] = tensorsIn(output)[0].values[0].value;
        }
    }
}
