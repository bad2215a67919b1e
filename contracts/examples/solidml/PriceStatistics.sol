// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {
    CandleOrder,
    CandleType,
    HistoricalInputQuery,
    OGHistorical
} from "fixpoint/solidml/OGHistorical.sol";
import {OGPreprocessing} from "fixpoint/solidml/OGPreprocessing.sol";
import {TensorLib} from "fixpoint/solidml/TensorLib.sol";

/// @title Statistics of a price feed, as SolidML's guides show
contract PriceStatistics {
    OGHistorical private constant OG_HISTORICAL =
        OGHistorical(0x00000000000000000000000000000000000000F5);
    OGPreprocessing private constant OG_PREPROCESSING =
        OGPreprocessing(0x00000000000000000000000000000000000000f6);

    /// @notice Mean and standard deviation of the last closes of ETH in USD.
    function summarise(uint32 candles, uint32 minutesPerCandle)
        external
        returns (TensorLib.Number memory mean, TensorLib.Number memory deviation)
    {
        CandleType[] memory types = new CandleType[](1);
        types[0] = CandleType.Close;
        TensorLib.Number[] memory closes = OG_HISTORICAL.queryHistoricalCandles(
            HistoricalInputQuery({
                base: "ETH",
                quote: "USD",
                total_candles: candles,
                candle_duration_in_mins: minutesPerCandle,
                order: CandleOrder.Ascending,
                candle_types: types
            })
        );
        return (OG_PREPROCESSING.mean(closes), OG_PREPROCESSING.stdDev(closes));
    }
}
