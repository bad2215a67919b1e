// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ITaskScheduler} from "./interfaces/ITaskScheduler.sol";
import {Targets} from "./scheduler/Targets.sol";
import {IModelExecutor} from "./solidml/IModelExecutor.sol";
import {ModelOutput} from "./solidml/OGInference.sol";

/// @title Runs models at intervals
/// @notice See `ITaskScheduler`. A predeploy: it has neither constructor nor immutables.
/// @dev Whatever changes a task holds the guard, so neither a target nor a recipient can come back in.
/// A target is called with the scheduler as sender, which has no rights anywhere.
/// Invariant: what the scheduler has is at least the sum of its tasks' budgets.
contract TaskScheduler is ITaskScheduler, ReentrancyGuardTransient {
    /// @inheritdoc ITaskScheduler
    uint256 public constant KEPT_RESULTS = 16;
    /// @inheritdoc ITaskScheduler
    uint256 public constant MAX_RESULT_BYTES = 4096;
    /// @inheritdoc ITaskScheduler
    uint256 public constant RESULT_GAS = 1_000_000;
    /// @inheritdoc ITaskScheduler
    uint256 public constant MAX_REASON_BYTES = 1024;
    /// @inheritdoc ITaskScheduler
    uint32 public constant MIN_GAS_LIMIT = 30_000;
    /// @inheritdoc ITaskScheduler
    uint32 public constant MAX_GAS_LIMIT = 12_000_000;
    /// @inheritdoc ITaskScheduler
    uint32 public constant DEFAULT_GAS_LIMIT = 10_000_000;
    /// @inheritdoc ITaskScheduler
    uint32 public constant MAX_FREQUENCY = 365 days;
    /// @inheritdoc ITaskScheduler
    uint64 public constant MAX_DURATION = 36_500 days;

    /// @inheritdoc ITaskScheduler
    bytes32[] public taskIds;
    mapping(bytes32 taskId => Task) private _tasks;
    /// @dev A ring, by the result's number.
    mapping(bytes32 taskId => mapping(uint256 place => bytes)) private _results;

    /// @inheritdoc ITaskScheduler
    function registerTask(address target, uint256 endTime, uint256 frequency)
        external
        payable
        nonReentrant
        returns (bytes32 taskId)
    {
        Terms memory terms = _lasting(endTime, frequency, msg.value);
        (terms.gasLimit, terms.keepsResults) = (DEFAULT_GAS_LIMIT, true);
        return _register(target, terms);
    }

    /// @inheritdoc ITaskScheduler
    function registerTaskWith(address target, Terms calldata terms)
        external
        payable
        nonReentrant
        returns (bytes32 taskId)
    {
        return _register(target, terms);
    }

    /// @inheritdoc ITaskScheduler
    function updateTask(address target, uint256 endTime, uint256 frequency) external nonReentrant {
        (bytes32 taskId, Task storage task) = _ownTask(target);
        Terms memory terms = _lasting(endTime, frequency, task.budgetWei);
        (terms.gasLimit, terms.keepsResults) = (task.terms.gasLimit, task.terms.keepsResults);
        _update(taskId, task, terms);
    }

    /// @inheritdoc ITaskScheduler
    function updateTaskWith(address target, Terms calldata terms) external nonReentrant {
        (bytes32 taskId, Task storage task) = _ownTask(target);
        _update(taskId, task, terms);
    }

    /// @inheritdoc ITaskScheduler
    function fundTask(bytes32 taskId) external payable nonReentrant {
        Task storage task = _activeTask(taskId);
        task.budgetWei = _toUint128(task.budgetWei + msg.value);
        emit TaskFunded(taskId, msg.sender, msg.value);
    }

    /// @inheritdoc ITaskScheduler
    function withdrawBudget(address target, uint256 amountWei, address payable to)
        external
        nonReentrant
    {
        (bytes32 taskId, Task storage task) = _ownTask(target);
        _takeBudget(taskId, task, amountWei);
        emit BudgetWithdrawn(taskId, to, amountWei);
        _pay(to, amountWei);
    }

    /// @inheritdoc ITaskScheduler
    function stopTask(address target) external nonReentrant returns (uint256 refundWei) {
        return _stop(target, msg.sender);
    }

    /// @inheritdoc ITaskScheduler
    function stopTaskTo(address target, address payable to)
        external
        nonReentrant
        returns (uint256 refundWei)
    {
        return _stop(target, to);
    }

    /// @inheritdoc ITaskScheduler
    function execute(bytes32 taskId, address payable to, uint256 minRewardWei)
        external
        nonReentrant
        returns (uint256 rewardWei)
    {
        // Check.
        Task storage task = _activeTask(taskId);
        Terms memory terms = task.terms;
        uint256 dueTime = task.nextTime;
        if (block.timestamp < dueTime) revert NotDue(taskId, dueTime);
        if (block.timestamp > terms.endTime) revert TaskEnded(taskId, terms.endTime);
        rewardWei = terms.rewardWei;
        if (rewardWei < minRewardWei) revert RewardBelowMin(rewardWei, minRewardWei);

        // Effect.
        _takeBudget(taskId, task, rewardWei);
        uint64 run = ++task.runs;
        uint256 missed = (block.timestamp - dueTime) / terms.frequency;
        // Less than now and a year.
        // forge-lint: disable-next-line(unsafe-typecast)
        task.nextTime = uint64(dueTime + (missed + 1) * terms.frequency);
        emit TaskExecuted(taskId, msg.sender, to, run, rewardWei);

        // Interaction.
        address target = task.target;
        _run(taskId, target, terms.gasLimit);
        if (terms.keepsResults) _keepResult(taskId, task, target);
        _pay(to, rewardWei);
    }

    /// @inheritdoc ITaskScheduler
    function isDue(bytes32 taskId) external view returns (bool) {
        Task storage task = _tasks[taskId];
        return task.active && block.timestamp >= task.nextTime
            && block.timestamp <= task.terms.endTime && task.budgetWei >= task.terms.rewardWei;
    }

    /// @inheritdoc ITaskScheduler
    function getLastInferenceResults(bytes32 taskId, uint256 n)
        external
        view
        returns (ModelOutput[] memory)
    {
        uint256 kept = _tasks[taskId].kept;
        uint256 count = kept < KEPT_RESULTS ? kept : KEPT_RESULTS;
        if (n < count) count = n;
        bytes[] memory encoded = new bytes[](count);
        for (uint256 i; i < count; ++i) {
            encoded[i] = _results[taskId][(kept - 1 - i) % KEPT_RESULTS];
        }
        Targets.returnAsStructs(encoded);
    }

    /// @inheritdoc ITaskScheduler
    function tasks(bytes32 taskId) external view returns (Task memory) {
        return _tasks[taskId];
    }

    /// @inheritdoc ITaskScheduler
    function taskCount() external view returns (uint256) {
        return taskIds.length;
    }

    /// @inheritdoc ITaskScheduler
    function getAllTasks() external view returns (Task[] memory) {
        return getTasks(0, taskIds.length);
    }

    /// @inheritdoc ITaskScheduler
    function getTasks(uint256 start, uint256 count) public view returns (Task[] memory list) {
        uint256 length = taskIds.length;
        uint256 left = start < length ? length - start : 0;
        list = new Task[](count < left ? count : left);
        for (uint256 i; i < list.length; ++i) {
            list[i] = _tasks[taskIds[start + i]];
        }
    }

    /// @inheritdoc ITaskScheduler
    function taskIdOf(address owner, address target) public pure returns (bytes32 taskId) {
        return keccak256(abi.encode(owner, target));
    }

    /// @dev The value sent is the budget.
    function _register(address target, Terms memory terms) private returns (bytes32 taskId) {
        taskId = taskIdOf(msg.sender, target);
        Task storage task = _tasks[taskId];
        if (task.active) revert TaskExists(taskId);
        _checkTarget(target);
        _checkTerms(terms);
        if (task.owner == address(0)) taskIds.push(taskId);
        _tasks[taskId] = Task({
            owner: msg.sender,
            active: true,
            runs: 0,
            target: target,
            nextTime: uint64(block.timestamp),
            kept: 0,
            budgetWei: _toUint128(msg.value),
            terms: terms
        });
        emit TaskRegistered(taskId, msg.sender, target, terms);
        emit TaskFunded(taskId, msg.sender, msg.value);
    }

    function _update(bytes32 taskId, Task storage task, Terms memory terms) private {
        _checkTerms(terms);
        task.terms = terms;
        uint64 latest = uint64(block.timestamp) + terms.frequency;
        if (task.nextTime > latest) task.nextTime = latest;
        emit TaskUpdated(taskId, terms);
    }

    function _stop(address target, address to) private returns (uint256 refundWei) {
        (bytes32 taskId, Task storage task) = _ownTask(target);
        refundWei = task.budgetWei;
        (task.budgetWei, task.active) = (0, false);
        emit BudgetWithdrawn(taskId, to, refundWei);
        emit TaskStopped(taskId);
        _pay(to, refundWei);
    }

    /// @dev Effect.
    function _takeBudget(bytes32 taskId, Task storage task, uint256 amountWei) private {
        uint128 budgetWei = task.budgetWei;
        if (budgetWei < amountWei) revert BudgetTooLow(taskId, budgetWei, amountWei);
        // Not more than the budget, which fits.
        // forge-lint: disable-next-line(unsafe-typecast)
        task.budgetWei = budgetWei - uint128(amountWei);
    }

    /// @dev Interaction.
    function _run(bytes32 taskId, address target, uint256 gasLimit) private {
        _checkTarget(target);
        _checkGas(gasLimit);
        if (!Targets.run(target, IModelExecutor.run.selector, gasLimit)) {
            revert RunFailed(taskId, Targets.returned(MAX_REASON_BYTES));
        }
    }

    /// @dev A static interaction, then an effect.
    function _keepResult(bytes32 taskId, Task storage task, address target) private {
        _checkGas(RESULT_GAS);
        bytes4 selector = IModelExecutor.getInferenceResult.selector;
        if (!Targets.read(target, selector, RESULT_GAS)) {
            revert ResultFailed(taskId, Targets.returned(MAX_REASON_BYTES));
        }
        uint256 length = Targets.returnedLength();
        if (length > MAX_RESULT_BYTES) revert ResultTooLong(length, MAX_RESULT_BYTES);
        bytes memory data = Targets.returned(MAX_RESULT_BYTES);
        if (!Targets.isStruct(data)) revert NotAResult(taskId);
        uint32 number = task.kept++;
        _results[taskId][number % KEPT_RESULTS] = data;
    }

    /// @dev Interaction.
    function _pay(address to, uint256 amountWei) private {
        if (to == address(0)) revert PaymentRefused(to);
        if (amountWei != 0 && !Targets.pay(to, amountWei)) revert PaymentRefused(to);
    }

    function _ownTask(address target) private view returns (bytes32 taskId, Task storage task) {
        taskId = taskIdOf(msg.sender, target);
        task = _activeTask(taskId);
    }

    function _activeTask(bytes32 taskId) private view returns (Task storage task) {
        task = _tasks[taskId];
        if (!task.active) revert NoTask(taskId);
    }

    /// @dev Terms under which a budget lasts to the end: runs are now and every `frequency` from now.
    function _lasting(uint256 endTime, uint256 frequency, uint256 budgetWei)
        private
        view
        returns (Terms memory terms)
    {
        if (frequency == 0 || frequency > MAX_FREQUENCY) revert BadFrequency(frequency);
        _checkEndTime(endTime);
        // Both checked above.
        // forge-lint: disable-next-line(unsafe-typecast)
        (terms.endTime, terms.frequency) = (uint64(endTime), uint32(frequency));
        terms.rewardWei = _toUint128(budgetWei / ((endTime - block.timestamp) / frequency + 1));
    }

    function _checkTerms(Terms memory terms) private view {
        _checkEndTime(terms.endTime);
        if (terms.frequency == 0 || terms.frequency > MAX_FREQUENCY) {
            revert BadFrequency(terms.frequency);
        }
        if (terms.gasLimit < MIN_GAS_LIMIT || terms.gasLimit > MAX_GAS_LIMIT) {
            revert BadGasLimit(terms.gasLimit);
        }
    }

    function _checkEndTime(uint256 endTime) private view {
        if (endTime <= block.timestamp || endTime > block.timestamp + MAX_DURATION) {
            revert BadEndTime(endTime);
        }
    }

    function _checkTarget(address target) private view {
        if (target.code.length == 0) revert NotAContract(target);
    }

    function _checkGas(uint256 gasLimit) private view {
        uint256 want = Targets.gasFor(gasLimit);
        if (gasleft() < want) revert NotEnoughGas(gasleft(), want);
    }

    function _toUint128(uint256 amountWei) private pure returns (uint128) {
        if (amountWei > type(uint128).max) revert TooMuchWei(amountWei);
        // Checked above.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint128(amountWei);
    }
}
