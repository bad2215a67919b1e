// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ModelOutput} from "./OGInference.sol";
import {TensorLib} from "./TensorLib.sol";

/// @dev The order of candles in time.
enum CandleOrder {
    Ascending,
    Descending
}

/// @dev What to read of a candle.
enum CandleType {
    High,
    Low,
    Open,
    Close,
    Volume
}

/// @dev Which candles of which pair.
struct HistoricalInputQuery {
    string base;
    string quote;
    uint32 total_candles;
    uint32 candle_duration_in_mins;
    CandleOrder order;
    CandleType[] candle_types;
}

/// @title SolidML's price history
/// @notice OpenGradient's interface at `0x00000000000000000000000000000000000000F5`; whose prices these
/// are is in `ISolidMLHistorical`.
interface OGHistorical {
    /// @notice The last complete candles, candle after candle, each with its types in the query's order.
    function queryHistoricalCandles(HistoricalInputQuery memory input)
        external
        returns (TensorLib.Number[] memory);
    /// @notice Runs a model on them: one input of this name, candles by types.
    function runInferenceOnPriceFeed(
        string memory model_id,
        string memory input_name,
        HistoricalInputQuery memory input
    ) external returns (ModelOutput memory);
}
