// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ICandleRecorder} from "./interfaces/ICandleRecorder.sol";

/// @title Price history that anybody can write
/// @notice See `ICandleRecorder`. A predeploy: it has neither constructor nor immutables.
/// @dev A candle is two slots. Nobody but its feeder can write a feed, and nobody can rewrite one: a
/// price changes the candle of its block's time or begins one.
contract CandleRecorder is ICandleRecorder {
    /// @inheritdoc ICandleRecorder
    uint256 public constant MAX_CANDLES = 1024;
    /// @inheritdoc ICandleRecorder
    uint32 public constant MAX_CANDLE_MINUTES = 7 days / 1 minutes;
    /// @inheritdoc ICandleRecorder
    uint8 public constant MAX_DECIMALS = 18;

    mapping(bytes32 feedId => Feed) private _feeds;
    mapping(bytes32 feedId => mapping(uint256 index => Candle)) private _candles;

    /// @inheritdoc ICandleRecorder
    function openFeed(
        string calldata base,
        string calldata quote,
        uint32 candleMinutes,
        uint8 priceDecimals,
        uint8 volumeDecimals
    ) external returns (bytes32 feedId) {
        if (candleMinutes == 0 || candleMinutes > MAX_CANDLE_MINUTES) {
            revert CandleMinutes(candleMinutes, MAX_CANDLE_MINUTES);
        }
        _checkDecimals(priceDecimals);
        _checkDecimals(volumeDecimals);
        feedId = feedIdOf(msg.sender, base, quote, candleMinutes);
        if (_feeds[feedId].feeder != address(0)) revert FeedExists(feedId);
        _feeds[feedId] = Feed(msg.sender, candleMinutes, priceDecimals, volumeDecimals, 0);
        emit FeedOpened(
            feedId, msg.sender, base, quote, candleMinutes, priceDecimals, volumeDecimals
        );
    }

    /// @inheritdoc ICandleRecorder
    function record(bytes32 feedId, uint80 price, uint96 volume) external {
        Feed storage feed = _feeds[feedId];
        if (msg.sender != feed.feeder) revert NotFeeder(feedId, msg.sender);
        if (price == 0) revert ZeroPrice();
        uint32 period = _period(feed.candleMinutes);
        uint32 count = feed.count;
        Candle storage last = _candles[feedId][count == 0 ? 0 : count - 1];
        if (count != 0 && last.period == period) {
            uint256 sum = uint256(last.volume) + volume;
            if (sum > type(uint96).max) revert VolumeTooLarge(sum);
            // Checked above.
            // forge-lint: disable-next-line(unsafe-typecast)
            (last.close, last.volume) = (price, uint96(sum));
            if (price > last.high) last.high = price;
            if (price < last.low) last.low = price;
        } else {
            _candles[feedId][count] = Candle(period, price, price, price, price, volume);
            feed.count = count + 1;
        }
        emit PriceRecorded(feedId, price, volume);
    }

    /// @inheritdoc ICandleRecorder
    function lastCandles(bytes32 feedId, uint256 count)
        external
        view
        returns (Candle[] memory candles)
    {
        if (count == 0 || count > MAX_CANDLES) revert CandleCount(count, MAX_CANDLES);
        Feed memory feed = feedOf(feedId);
        if (feed.count == 0) revert NotEnoughCandles(0, count);
        uint256 running = _period(feed.candleMinutes);
        uint256 left = feed.count - 1;
        Candle memory candle = _candles[feedId][left];
        if (candle.period + 1 < running) revert StaleFeed(feedId, candle.period, running - 1);

        candles = new Candle[](count);
        for (uint256 i = 1; i <= count; ++i) {
            // Backwards from the last complete one, each with what was recorded in it or before.
            while (candle.period + i > running) {
                if (left == 0) revert NotEnoughCandles(i - 1, count);
                candle = _candles[feedId][--left];
            }
            candles[count - i] = candle.period + i == running ? candle : _flat(candle, running - i);
        }
    }

    /// @inheritdoc ICandleRecorder
    function candleAt(bytes32 feedId, uint256 index) external view returns (Candle memory) {
        uint256 count = feedOf(feedId).count;
        if (index >= count) revert NotEnoughCandles(count, index + 1);
        return _candles[feedId][index];
    }

    /// @inheritdoc ICandleRecorder
    function feedOf(bytes32 feedId) public view returns (Feed memory feed) {
        feed = _feeds[feedId];
        if (feed.feeder == address(0)) revert UnknownFeed(feedId);
    }

    /// @inheritdoc ICandleRecorder
    function feedIdOf(
        address feeder,
        string calldata base,
        string calldata quote,
        uint32 candleMinutes
    ) public pure returns (bytes32 feedId) {
        return keccak256(abi.encode(feeder, base, quote, candleMinutes));
    }

    /// @dev What a period without a price looks like.
    function _flat(Candle memory before, uint256 period) private pure returns (Candle memory) {
        // Periods fit: they are minutes since 1970 at most.
        // forge-lint: disable-next-line(unsafe-typecast)
        return Candle(uint32(period), before.close, before.close, before.close, before.close, 0);
    }

    function _checkDecimals(uint8 decimals) private pure {
        if (decimals > MAX_DECIMALS) revert TooManyDecimals(decimals, MAX_DECIMALS);
    }

    /// @dev The candle that now is in.
    function _period(uint32 candleMinutes) private view returns (uint32) {
        // Until the year 10136.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint32(block.timestamp / (uint256(candleMinutes) * 1 minutes));
    }
}
