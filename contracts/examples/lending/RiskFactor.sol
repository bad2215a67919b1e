// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ICandleRecorder} from "fixpoint/interfaces/ICandleRecorder.sol";
import {Predeploys} from "fixpoint/libraries/Predeploys.sol";
import {Risk} from "../models/Risk.sol";
import {LendingPool} from "./LendingPool.sol";

/// @title A collateral factor that follows a risk model
/// @notice The model says which part of the collateral's price a liquidation may lose; that and a cushion
/// below the whole, within bounds, is the target. The factor moves towards it by at most a step an hour.
/// @dev A target below the factor holds for new loans at once, since they can be refused; for old ones
/// the factor has to come down first, which gives borrowers time. A target above the factor raises
/// the limit a step an hour, so an hour that somebody has bent is worth a step.
abstract contract RiskFactor is LendingPool {
    /// @notice Bounds of the target.
    uint256 public constant MIN_FACTOR = 0.3e18;
    uint256 public constant MAX_FACTOR = 0.85e18;
    /// @notice The most that the factor moves at once. It falls slowly, twelve points a day: otherwise
    /// somebody could borrow much for some hours and liquidate all others.
    uint256 public constant MAX_RISE = 0.02e18;
    uint256 public constant MAX_FALL = 0.005e18;
    /// @notice Seconds between two moves.
    uint256 public constant INTERVAL = 1 hours;
    /// @notice How far a debt may grow beyond the factor before it is liquidated.
    uint256 public constant LIQUIDATION_GAP = 0.04e18;
    /// @notice What liquidators get beyond what they pay, relative to it.
    uint256 public constant LIQUIDATION_BONUS = 0.05e18;
    /// @notice What the target leaves beside the model's loss: with it, a debt that is liquidated at its
    /// limit is covered, bonus included, if no more than that is lost.
    uint256 public constant CUSHION = LIQUIDATION_GAP + LIQUIDATION_BONUS;
    /// @notice Hourly returns that the model hears of.
    uint256 public constant WINDOW = 24;

    ICandleRecorder private constant RECORDER = ICandleRecorder(Predeploys.CANDLE_RECORDER);
    uint256 private constant PERCENT = 1e18;
    /// @dev Larger returns count as this one, far beyond what the model knows.
    uint256 private constant MAX_RETURN = 100 * PERCENT;

    /// @notice Root contract of the risk model.
    address public immutable model;
    /// @notice The feed whose prices count.
    bytes32 public immutable feedId;

    /// @notice The factor for old loans: those beyond it and the gap are liquidated.
    uint256 public factor = MIN_FACTOR;
    /// @notice What the model last said; nothing until it has been asked.
    uint256 public target;
    /// @notice When it was last asked.
    uint256 public updatedAt = block.timestamp;

    /// @param model_ Root contract of the model in `Risk`.
    /// @param feedId_ An hourly feed of the recorder.
    constructor(address model_, bytes32 feedId_) {
        Risk.check(model_);
        uint32 candleMinutes = RECORDER.feedOf(feedId_).candleMinutes;
        if (candleMinutes != INTERVAL / 1 minutes) revert NotHourly(candleMinutes);
        (model, feedId) = (model_, feedId_);
    }

    /// @notice The factor for new loans.
    function borrowFactor() public view returns (uint256) {
        return Math.min(factor, target);
    }

    /// @notice The feed's last price, with the feed's decimals.
    function price() public view returns (uint256) {
        uint256 count = RECORDER.feedOf(feedId).count;
        // A feed without prices reverts here: the index is beyond its candles.
        ICandleRecorder.Candle memory last = RECORDER.candleAt(feedId, count == 0 ? 0 : count - 1);
        uint256 period = block.timestamp / INTERVAL;
        if (last.period + 1 < period) revert StalePrice(last.period, period);
        return last.close;
    }

    /// @notice How the price has moved in the last complete hours, in percent with 18 decimals.
    /// @return volatility Root mean square of the hourly returns.
    /// @return drawdown How far the last price is below the highest.
    function priceFeatures() public view returns (uint256 volatility, uint256 drawdown) {
        ICandleRecorder.Candle[] memory candles = RECORDER.lastCandles(feedId, WINDOW + 1);
        uint256 squares;
        uint256 high = candles[0].close;
        for (uint256 i = 1; i <= WINDOW; ++i) {
            (uint256 before, uint256 current) = (candles[i - 1].close, candles[i].close);
            uint256 change = current > before ? current - before : before - current;
            uint256 percent = Math.min(change * 100 * PERCENT / before, MAX_RETURN);
            squares += percent * percent;
            high = Math.max(high, candles[i].high);
        }
        volatility = Math.sqrt(squares / WINDOW);
        drawdown = (high - candles[WINDOW].close) * 100 * PERCENT / high;
    }

    /// @dev Asks the model if it is time to. Reverts, and changes nothing, if it does not answer.
    function _refreshFactor() internal {
        if (block.timestamp >= updatedAt + INTERVAL) _updateFactor();
    }

    /// @dev After `_accrue`.
    function _updateFactor() internal {
        uint256 elapsed = block.timestamp - updatedAt;
        if (elapsed < INTERVAL) revert FactorNotDue(updatedAt + INTERVAL);
        (uint256 meanUtilisation, uint256 meanConcentration) = _takeMeans(elapsed);
        (uint256 volatility, uint256 drawdown) = priceFeatures();
        int256[] memory features = new int256[](Risk.INPUT_LENGTH);
        // At most 100 percent each, with 18 decimals.
        // forge-lint: disable-start(unsafe-typecast)
        features[Risk.INPUT_FEATURES] = int256(meanUtilisation * 100);
        features[Risk.INPUT_FEATURES + 1] = int256(meanConcentration * 100);
        features[Risk.INPUT_FEATURES + 2] = int256(volatility);
        features[Risk.INPUT_FEATURES + 3] = int256(drawdown);
        // forge-lint: disable-end(unsafe-typecast)

        target = targetFor(Risk.run(model, features)[Risk.OUTPUT_HAIRCUT]);
        factor = _towards(factor, target);
        updatedAt = block.timestamp;
        emit FactorUpdated(target, factor);
    }

    /// @notice The target for an answer of the model.
    /// @param haircut What a liquidation may lose, in percent with 18 decimals.
    function targetFor(int256 haircut) public pure returns (uint256) {
        if (haircut <= 0) return MAX_FACTOR;
        // Positive.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint256 loss = uint256(haircut) / 100;
        if (loss >= WAD - CUSHION - MIN_FACTOR) return MIN_FACTOR;
        return Math.min(WAD - CUSHION - loss, MAX_FACTOR);
    }

    function _towards(uint256 from, uint256 to) private pure returns (uint256) {
        if (to > from) return Math.min(from + MAX_RISE, to);
        return from - Math.min(from - to, MAX_FALL);
    }
}
