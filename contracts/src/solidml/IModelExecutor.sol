// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ModelOutput} from "./OGInference.sol";

/// @title A contract that a scheduler runs
/// @notice OpenGradient's interface of scheduled models. `ITaskScheduler` runs them here.
interface IModelExecutor {
    /// @notice Runs the model once.
    function run() external;
    /// @notice The result of the last run.
    function getInferenceResult() external view returns (ModelOutput memory);
}
