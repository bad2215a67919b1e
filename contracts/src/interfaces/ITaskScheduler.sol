// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ModelOutput} from "../solidml/OGInference.sol";

/// @title Runs models at intervals
/// @notice A task is a contract (`IModelExecutor`) that its registrant wants run every so often, and pays
/// for in advance. Anybody may run a task that is due, and earns its reward. There is no keeper to
/// trust and no administrator.
/// @dev **The reward is fixed**, per run, by the registrant. It does not depend on the gas used or its
/// price, which whoever runs the task would choose. Nobody runs a task that pays too little; its
/// registrant then raises the reward.
///
/// **All or nothing.** A run that fails reverts as a whole: it costs the task nothing and earns nothing,
/// and the task stays due. `run()` gets exactly the task's gas limit, and reading the result exactly
/// `RESULT_GAS`; who brings less reverts. So nobody can make a run fail quietly, in a target that goes on
/// without an answer, by bringing too little.
///
/// **When.** A task is due at once, then at multiples of its frequency from there. Missed times are not
/// made up for: one run, and the next at the next multiple. None after the end.
///
/// **Money.** A task's budget pays that task's rewards alone and goes back to its registrant alone. A
/// registrant has one task for each target.
interface ITaskScheduler {
    /// @notice What a registrant asks for.
    /// @param endTime No run after this time.
    /// @param frequency Seconds from one run to the next.
    /// @param gasLimit Gas that `run()` gets.
    /// @param keepsResults Whether results are read after each run and kept.
    /// @param rewardWei What a run earns.
    struct Terms {
        uint64 endTime;
        uint32 frequency;
        uint32 gasLimit;
        bool keepsResults;
        uint128 rewardWei;
    }

    /// @notice A task.
    /// @param owner Its registrant; zero if there is no such task.
    /// @param active Whether it has not been stopped.
    /// @param runs Number of runs.
    /// @param target What is run.
    /// @param nextTime When it is due.
    /// @param kept Number of results so far, of which the last `KEPT_RESULTS` can be read.
    /// @param budgetWei What is left for rewards.
    struct Task {
        address owner;
        bool active;
        uint64 runs;
        address target;
        uint64 nextTime;
        uint32 kept;
        uint128 budgetWei;
        Terms terms;
    }

    /// @notice A task has been registered.
    event TaskRegistered(
        bytes32 indexed taskId, address indexed owner, address indexed target, Terms terms
    );
    /// @notice A task has new terms.
    event TaskUpdated(bytes32 indexed taskId, Terms terms);
    /// @notice A task's budget has grown.
    event TaskFunded(bytes32 indexed taskId, address indexed from, uint256 amountWei);
    /// @notice A task has been run, by `executor`, for a reward to `to`.
    event TaskExecuted(
        bytes32 indexed taskId,
        address indexed executor,
        address indexed to,
        uint64 run,
        uint256 rewardWei
    );
    /// @notice Part of a task's budget has gone back to its owner, who had it sent to `to`.
    event BudgetWithdrawn(bytes32 indexed taskId, address indexed to, uint256 amountWei);
    /// @notice A task is over.
    event TaskStopped(bytes32 indexed taskId);

    /// @notice The sender has an active task for this target.
    error TaskExists(bytes32 taskId);
    /// @notice There is no such task, or it has been stopped.
    error NoTask(bytes32 taskId);
    /// @notice The target has no code.
    error NotAContract(address target);
    /// @notice The end is in the future, and at most `MAX_DURATION` away.
    error BadEndTime(uint256 got);
    /// @notice The frequency is 1 to `MAX_FREQUENCY` seconds.
    error BadFrequency(uint256 got);
    /// @notice The gas limit is `MIN_GAS_LIMIT` to `MAX_GAS_LIMIT`.
    error BadGasLimit(uint256 got);
    /// @notice The amount does not fit.
    error TooMuchWei(uint256 got);
    /// @notice The task is due later.
    error NotDue(bytes32 taskId, uint256 nextTime);
    /// @notice The task's end has passed.
    error TaskEnded(bytes32 taskId, uint256 endTime);
    /// @notice The reward is less than the sender wants.
    error RewardBelowMin(uint256 rewardWei, uint256 minRewardWei);
    /// @notice The budget is lower than what is to be taken from it.
    error BudgetTooLow(bytes32 taskId, uint256 got, uint256 want);
    /// @notice Too little gas to give the target what the task promises.
    error NotEnoughGas(uint256 got, uint256 want);
    /// @notice The target's `run()` failed; `reason` is its error, cut at `MAX_REASON_BYTES`.
    error RunFailed(bytes32 taskId, bytes reason);
    /// @notice The target's `getInferenceResult()` failed.
    error ResultFailed(bytes32 taskId, bytes reason);
    /// @notice The target's result is longer than what is kept.
    error ResultTooLong(uint256 got, uint256 max);
    /// @notice What the target returned is not an encoded struct.
    error NotAResult(bytes32 taskId);
    /// @notice The recipient is zero, where money is lost, or does not take it.
    error PaymentRefused(address to);

    /// @notice Registers a task whose budget, the value sent, is to last to its end: the reward is the
    /// budget divided by the number of runs until then. Gas limit `DEFAULT_GAS_LIMIT`; results are kept.
    function registerTask(address target, uint256 endTime, uint256 frequency)
        external
        payable
        returns (bytes32 taskId);

    /// @notice Registers a task with all terms; the value sent is its budget.
    function registerTaskWith(address target, Terms calldata terms)
        external
        payable
        returns (bytes32 taskId);

    /// @notice Sets end and frequency of the sender's task, and its reward as `registerTask` does, from
    /// what is left of the budget. It is due no later than one frequency from now.
    function updateTask(address target, uint256 endTime, uint256 frequency) external;

    /// @notice Sets all terms of the sender's task. It is due no later than one frequency from now.
    function updateTaskWith(address target, Terms calldata terms) external;

    /// @notice Adds the value sent to a task's budget. It is its owner's from then on.
    function fundTask(bytes32 taskId) external payable;

    /// @notice Pays part of the budget of the sender's task to an account.
    function withdrawBudget(address target, uint256 amountWei, address payable to) external;

    /// @notice Ends the sender's task and pays what is left of its budget to the sender.
    function stopTask(address target) external returns (uint256 refundWei);

    /// @notice Ends the sender's task and pays what is left of its budget to an account.
    function stopTaskTo(address target, address payable to) external returns (uint256 refundWei);

    /// @notice Runs a task that is due.
    /// @param taskId The task.
    /// @param to Who gets the reward.
    /// @param minRewardWei The least to do it for: its owner may change it while a transaction waits.
    /// @return rewardWei What was paid.
    function execute(bytes32 taskId, address payable to, uint256 minRewardWei)
        external
        returns (uint256 rewardWei);

    /// @notice Whether `execute` would run a task now, if its target does not fail.
    function isDue(bytes32 taskId) external view returns (bool);

    /// @notice The last results, the newest first; fewer if there are not so many.
    /// @dev They are what the target returned: if that is no `ModelOutput`, the reader cannot decode it.
    function getLastInferenceResults(bytes32 taskId, uint256 n)
        external
        view
        returns (ModelOutput[] memory);

    /// @notice A task; all zero if there is none.
    function tasks(bytes32 taskId) external view returns (Task memory);

    /// @notice The id of a registrant's task for a target.
    function taskIdOf(address owner, address target) external pure returns (bytes32 taskId);

    /// @notice The tasks' ids in the order of their first registration.
    function taskIds(uint256 index) external view returns (bytes32 taskId);

    /// @notice Number of tasks, those that have been stopped included.
    function taskCount() external view returns (uint256);

    /// @notice All tasks. Anybody can make the list long; `getTasks` reads a part of it.
    function getAllTasks() external view returns (Task[] memory);

    /// @notice At most `count` tasks from an index on.
    function getTasks(uint256 start, uint256 count) external view returns (Task[] memory);

    /// @notice How many results of a task can be read.
    function KEPT_RESULTS() external view returns (uint256);

    /// @notice Most bytes in a result, ABI-encoded.
    function MAX_RESULT_BYTES() external view returns (uint256);

    /// @notice Gas that reading a result gets.
    function RESULT_GAS() external view returns (uint256);

    /// @notice Most bytes of a failure's reason.
    function MAX_REASON_BYTES() external view returns (uint256);

    /// @notice Least gas limit of a run.
    function MIN_GAS_LIMIT() external view returns (uint32);

    /// @notice Most: with the rest of the call it fits a transaction (EIP-7825).
    function MAX_GAS_LIMIT() external view returns (uint32);

    /// @notice Gas limit of tasks that name none.
    function DEFAULT_GAS_LIMIT() external view returns (uint32);

    /// @notice Most seconds from one run to the next: a year.
    function MAX_FREQUENCY() external view returns (uint32);

    /// @notice Most seconds from now to a task's end: a hundred years.
    function MAX_DURATION() external view returns (uint64);
}
