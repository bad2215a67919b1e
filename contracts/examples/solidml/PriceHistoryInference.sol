// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IModelExecutor} from "fixpoint/solidml/IModelExecutor.sol";
import {HistoricalInputQuery, OGHistorical} from "fixpoint/solidml/OGHistorical.sol";
import {ModelOutput} from "fixpoint/solidml/OGInference.sol";

/// @title A model on a price feed, for a scheduler
/// @notice The contract that OpenGradient's SDK deploys for a workflow has this constructor and these
/// functions, so what reads a workflow reads this.
contract PriceHistoryInference is IModelExecutor {
    OGHistorical private constant OG_HISTORICAL =
        OGHistorical(0x00000000000000000000000000000000000000F5);

    string private _modelId;
    string private _inputName;
    HistoricalInputQuery private _query;
    ModelOutput[] private _results;

    event InferenceResultEmitted(address indexed caller, ModelOutput result);

    constructor(string memory modelId, string memory inputName, HistoricalInputQuery memory query) {
        _modelId = modelId;
        _inputName = inputName;
        _query = query;
    }

    /// @inheritdoc IModelExecutor
    function run() external {
        _results.push(OG_HISTORICAL.runInferenceOnPriceFeed(_modelId, _inputName, _query));
        emit InferenceResultEmitted(msg.sender, _results[_results.length - 1]);
    }

    /// @inheritdoc IModelExecutor
    function getInferenceResult() external view returns (ModelOutput memory) {
        return _results[_results.length - 1];
    }

    /// @notice The last results, the newest first; fewer if there are not so many.
    function getLastInferenceResults(uint256 count)
        external
        view
        returns (ModelOutput[] memory results)
    {
        uint256 length = _results.length;
        results = new ModelOutput[](count < length ? count : length);
        for (uint256 i; i < results.length; ++i) {
            results[i] = _results[length - 1 - i];
        }
    }
}
