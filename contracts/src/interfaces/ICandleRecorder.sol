// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Price history that anybody can write
/// @notice An account opens a feed of a pair and a candle length, and records prices; the recorder makes
/// candles of them. A feed says what its feeder says, no more: readers choose whose they read.
/// @dev A candle covers `candleMinutes` of block time, from a multiple of it since 1970. Its first price
/// is the open, its last the close. It is complete once a block lies behind it; readers get complete
/// candles only, so that an answer does not depend on where in a candle it was asked for.
///
/// A candle without a price in it is flat at the close before, with no volume. That holds for gaps
/// between prices, not for a feed that has gone silent: `lastCandles` reverts if nothing has been
/// recorded since the last complete candle began. A feeder of a quiet market repeats its price.
interface ICandleRecorder {
    /// @notice A feed's terms, which never change.
    /// @param feeder Who writes it.
    /// @param candleMinutes Length of a candle.
    /// @param priceDecimals A price stands for `price / 10^priceDecimals`.
    /// @param volumeDecimals A volume stands for `volume / 10^volumeDecimals`.
    /// @param count Number of candles that have a price.
    struct Feed {
        address feeder;
        uint32 candleMinutes;
        uint8 priceDecimals;
        uint8 volumeDecimals;
        uint32 count;
    }

    /// @notice A candle; `period` is its start divided by its length.
    struct Candle {
        uint32 period;
        uint80 open;
        uint80 close;
        uint80 high;
        uint80 low;
        uint96 volume;
    }

    /// @notice A feed has been opened.
    event FeedOpened(
        bytes32 indexed feedId,
        address indexed feeder,
        string base,
        string quote,
        uint32 candleMinutes,
        uint8 priceDecimals,
        uint8 volumeDecimals
    );
    /// @notice A price has been recorded.
    event PriceRecorded(bytes32 indexed feedId, uint80 price, uint96 volume);

    /// @notice The sender has opened this feed before.
    error FeedExists(bytes32 feedId);
    /// @notice Nobody has opened this feed.
    error UnknownFeed(bytes32 feedId);
    /// @notice Only the feeder records.
    error NotFeeder(bytes32 feedId, address sender);
    /// @notice A candle has 1 to `MAX_CANDLE_MINUTES` minutes.
    error CandleMinutes(uint32 got, uint32 max);
    /// @notice Prices and volumes have at most `MAX_DECIMALS` decimals.
    error TooManyDecimals(uint8 got, uint8 max);
    /// @notice A price is not zero.
    error ZeroPrice();
    /// @notice The candle's volume does not fit its 96 bits.
    error VolumeTooLarge(uint256 volume);
    /// @notice 1 to `MAX_CANDLES` candles are read at once.
    error CandleCount(uint256 got, uint256 max);
    /// @notice The feed began too late for so many complete candles.
    error NotEnoughCandles(uint256 got, uint256 want);
    /// @notice Nothing has been recorded since the last complete candle began.
    error StaleFeed(bytes32 feedId, uint256 lastPeriod, uint256 wantedPeriod);

    /// @notice Opens a feed of the sender, once for each pair and candle length.
    /// @param base What is priced, such as `ETH`.
    /// @param quote What it is priced in, such as `USD`.
    function openFeed(
        string calldata base,
        string calldata quote,
        uint32 candleMinutes,
        uint8 priceDecimals,
        uint8 volumeDecimals
    ) external returns (bytes32 feedId);

    /// @notice Records a price of now, and the volume traded since the last one.
    function record(bytes32 feedId, uint80 price, uint96 volume) external;

    /// @notice The last complete candles, the oldest first, one for each period.
    function lastCandles(bytes32 feedId, uint256 count) external view returns (Candle[] memory);

    /// @notice A candle that has a price, counted from the feed's first.
    function candleAt(bytes32 feedId, uint256 index) external view returns (Candle memory);

    /// @notice A feed's terms.
    function feedOf(bytes32 feedId) external view returns (Feed memory);

    /// @notice The id that a feed has or would have.
    function feedIdOf(
        address feeder,
        string calldata base,
        string calldata quote,
        uint32 candleMinutes
    ) external pure returns (bytes32 feedId);

    /// @notice Most candles read at once.
    function MAX_CANDLES() external view returns (uint256);

    /// @notice Most minutes in a candle: a week.
    function MAX_CANDLE_MINUTES() external view returns (uint32);

    /// @notice Most decimals of a price or volume.
    function MAX_DECIMALS() external view returns (uint8);
}
