// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IModelExecutor} from "fixpoint/solidml/IModelExecutor.sol";
import {
    ModelInferenceMode,
    ModelInferenceRequest,
    ModelInput,
    ModelOutput,
    OGInference
} from "fixpoint/solidml/OGInference.sol";
import {TensorLib} from "fixpoint/solidml/TensorLib.sol";

/// @title A model that is asked as SolidML's guide shows
/// @notice Collects hourly returns in percent and asks the model `volatility` for the next hours'
/// volatility. Nothing in here knows Fixpoint but the place that the interfaces are imported from.
contract VolatilityModel is IModelExecutor {
    using TensorLib for TensorLib.MultiDimensionalNumberTensor;

    OGInference private constant OG_INFERENCE =
        OGInference(0x00000000000000000000000000000000000000F4);
    uint32 private constant RETURNS = 16;

    /// @dev In thousandths of a percent.
    int128[RETURNS] private _returns;
    uint256 private _reported;
    ModelOutput private _result;

    event InferenceResultEmitted(address indexed caller, ModelOutput result);

    /// @notice Adds an hour's return in thousandths of a percent.
    function report(int128 thousandths) external {
        _returns[_reported++ % RETURNS] = thousandths;
    }

    /// @inheritdoc IModelExecutor
    function run() external {
        uint32[] memory shape = new uint32[](2);
        (shape[0], shape[1]) = (1, RETURNS);
        ModelInput memory input = ModelInput(
            new TensorLib.MultiDimensionalNumberTensor[](1), new TensorLib.StringTensor[](0)
        );
        input.numbers[0] = TensorLib.numberTensorND("returns", shape);
        for (uint32 i; i < RETURNS; ++i) {
            input.numbers[0].setValue(
                0, i, TensorLib.Number(_returns[(_reported + i) % RETURNS], 3)
            );
        }
        _result = OG_INFERENCE.runModelInference(
            ModelInferenceRequest(ModelInferenceMode.VANILLA, "volatility", input)
        );
        emit InferenceResultEmitted(msg.sender, _result);
    }

    /// @inheritdoc IModelExecutor
    function getInferenceResult() external view returns (ModelOutput memory) {
        return _result;
    }

    /// @notice The forecast in percent, with 18 decimals unless it says otherwise.
    function forecast() external view returns (TensorLib.Number memory) {
        return _result.numbers[0].values[0];
    }
}
