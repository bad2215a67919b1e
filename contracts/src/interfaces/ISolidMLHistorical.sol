// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {OGHistorical} from "../solidml/OGHistorical.sol";

/// @title OpenGradient's price history over the candle recorder
/// @notice The interface says which pair, not whose prices. Nobody's are trusted by default; the consumer
/// chooses, in one of three ways:
/// @dev
/// 1. **In the query**: `base` is `0xFEEDER/ETH`. Nothing else counts then.
/// 2. **The consumer itself** calls `follow`, as often as it likes.
/// 3. **Its creator** calls `followFor`, for a contract that does not know of feeds: once for each pair,
///    and never over a choice of the consumer's own. The creator is the account whose transaction or
///    CREATE made the contract; its address proves that. So whoever looks before using such a
///    contract sees whose prices it will always read.
///
/// The consumer is the contract that calls. A pair without a choice reverts. Candles, gaps and silent
/// feeds are as in `ICandleRecorder`. A model's run is paid for as in `ISolidMLInference`, by the
/// consumer.
interface ISolidMLHistorical is OGHistorical {
    /// @notice A consumer reads a pair from this feeder from now on.
    event FeederChosen(
        address indexed consumer, address indexed feeder, string base, string quote, address by
    );

    /// @notice The consumer has chosen nobody for this pair.
    error NoFeeder(address consumer, string base, string quote);
    /// @notice A query has 1 to `MAX_CANDLE_TYPES` types.
    error CandleTypeCount(uint256 got, uint256 max);
    /// @notice The sender's CREATE with this nonce did not make the consumer.
    error NotCreator(address consumer, address sender, uint64 nonce);
    /// @notice The consumer's feeder for this pair is chosen already.
    error AlreadyChosen(address consumer, address feeder);
    /// @notice A feeder is not the zero address.
    error ZeroFeeder();

    /// @notice Chooses whose prices of a pair the sender reads.
    function follow(string calldata base, string calldata quote, address feeder) external;

    /// @notice Chooses for a contract that the sender created, once.
    /// @param nonce The sender's nonce when it created the contract.
    function followFor(
        address consumer,
        uint64 nonce,
        string calldata base,
        string calldata quote,
        address feeder
    ) external;

    /// @notice Whose prices of a pair a consumer reads; zero if it has no choice.
    function feederOf(address consumer, string calldata base, string calldata quote)
        external
        view
        returns (address feeder);

    /// @notice Most types in a query.
    function MAX_CANDLE_TYPES() external view returns (uint256);
}
