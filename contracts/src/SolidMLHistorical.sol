// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ICandleRecorder} from "./interfaces/ICandleRecorder.sol";
import {ISolidMLHistorical} from "./interfaces/ISolidMLHistorical.sol";
import {ISolidMLInference} from "./interfaces/ISolidMLInference.sol";
import {Creation} from "./libraries/Creation.sol";
import {Predeploys} from "./libraries/Predeploys.sol";
import {StringIds} from "./libraries/StringIds.sol";
import {
    CandleOrder,
    CandleType,
    HistoricalInputQuery,
    OGHistorical
} from "./solidml/OGHistorical.sol";
import {ModelInferenceMode, ModelInferenceRequest, ModelOutput} from "./solidml/OGInference.sol";
import {TensorLib} from "./solidml/TensorLib.sol";

/// @title OpenGradient's price history over the candle recorder
/// @notice See `ISolidMLHistorical`. A predeploy: it has neither constructor nor immutables.
contract SolidMLHistorical is ISolidMLHistorical {
    ICandleRecorder private constant RECORDER = ICandleRecorder(Predeploys.CANDLE_RECORDER);

    /// @inheritdoc ISolidMLHistorical
    uint256 public constant MAX_CANDLE_TYPES = 16;

    mapping(address consumer => mapping(bytes32 pair => address feeder)) private _feeders;

    /// @inheritdoc ISolidMLHistorical
    function follow(string calldata base, string calldata quote, address feeder) external {
        _choose(msg.sender, base, quote, feeder);
    }

    /// @inheritdoc ISolidMLHistorical
    function followFor(
        address consumer,
        uint64 nonce,
        string calldata base,
        string calldata quote,
        address feeder
    ) external {
        if (Creation.addressOf(msg.sender, nonce) != consumer) {
            revert NotCreator(consumer, msg.sender, nonce);
        }
        address chosen = feederOf(consumer, base, quote);
        if (chosen != address(0)) revert AlreadyChosen(consumer, chosen);
        _choose(consumer, base, quote, feeder);
    }

    /// @inheritdoc OGHistorical
    function queryHistoricalCandles(HistoricalInputQuery memory input)
        external
        view
        returns (TensorLib.Number[] memory)
    {
        return _query(input);
    }

    /// @inheritdoc OGHistorical
    function runInferenceOnPriceFeed(
        string memory model_id,
        string memory input_name,
        HistoricalInputQuery memory input
    ) external returns (ModelOutput memory) {
        uint32[] memory shape = new uint32[](2);
        // At most 16, checked by the query.
        // forge-lint: disable-next-line(unsafe-typecast)
        (shape[0], shape[1]) = (input.total_candles, uint32(input.candle_types.length));
        ModelInferenceRequest memory request;
        request.mode = ModelInferenceMode.VANILLA;
        request.modelCID = model_id;
        request.input.numbers = new TensorLib.MultiDimensionalNumberTensor[](1);
        request.input.numbers[0] =
            TensorLib.MultiDimensionalNumberTensor(input_name, _query(input), shape);
        _forward(abi.encodeCall(ISolidMLInference.runModelInferenceFor, (msg.sender, request)));
    }

    /// @inheritdoc ISolidMLHistorical
    function feederOf(address consumer, string memory base, string memory quote)
        public
        view
        returns (address feeder)
    {
        return _feeders[consumer][_pairOf(base, quote)];
    }

    function _choose(address consumer, string calldata base, string calldata quote, address feeder)
        private
    {
        if (feeder == address(0)) revert ZeroFeeder();
        _feeders[consumer][_pairOf(base, quote)] = feeder;
        emit FeederChosen(consumer, feeder, base, quote, msg.sender);
    }

    /// @dev Ends the call with what OpenGradient's inference answers, unread: its type is this
    /// function's, and taking it apart to put it together again would cost the caller gas.
    function _forward(bytes memory call) private {
        (bool ok, bytes memory answer) = Predeploys.OG_INFERENCE.call(call);
        assembly ("memory-safe") {
            if ok { return(add(answer, 0x20), mload(answer)) }
            revert(add(answer, 0x20), mload(answer))
        }
    }

    function _query(HistoricalInputQuery memory input)
        private
        view
        returns (TensorLib.Number[] memory numbers)
    {
        uint256 width = input.candle_types.length;
        if (width == 0 || width > MAX_CANDLE_TYPES) {
            revert CandleTypeCount(width, MAX_CANDLE_TYPES);
        }
        (address feeder, string memory base) = _feederIn(input.base, input.quote);
        bytes32 feedId = RECORDER.feedIdOf(feeder, base, input.quote, input.candle_duration_in_mins);
        ICandleRecorder.Feed memory feed = RECORDER.feedOf(feedId);
        ICandleRecorder.Candle[] memory candles = RECORDER.lastCandles(feedId, input.total_candles);

        numbers = new TensorLib.Number[](candles.length * width);
        for (uint256 i; i < candles.length; ++i) {
            uint256 row = input.order == CandleOrder.Ascending ? i : candles.length - 1 - i;
            for (uint256 j; j < width; ++j) {
                numbers[row * width + j] = _numberOf(candles[i], feed, input.candle_types[j]);
            }
        }
    }

    /// @dev The feeder that the query or the calling contract names, and the pair's base without it.
    function _feederIn(string memory base, string memory quote)
        private
        view
        returns (address feeder, string memory bare)
    {
        (feeder, bare) = StringIds.splitAddress(base);
        if (feeder == address(0)) feeder = feederOf(msg.sender, bare, quote);
        if (feeder == address(0)) revert NoFeeder(msg.sender, base, quote);
    }

    function _numberOf(
        ICandleRecorder.Candle memory candle,
        ICandleRecorder.Feed memory feed,
        CandleType kind
    ) private pure returns (TensorLib.Number memory) {
        uint96 value = candle.volume;
        if (kind == CandleType.High) value = candle.high;
        else if (kind == CandleType.Low) value = candle.low;
        else if (kind == CandleType.Open) value = candle.open;
        else if (kind == CandleType.Close) value = candle.close;
        uint8 decimals = kind == CandleType.Volume ? feed.volumeDecimals : feed.priceDecimals;
        return TensorLib.Number(int128(uint128(value)), int128(uint128(decimals)));
    }

    function _pairOf(string memory base, string memory quote) private pure returns (bytes32) {
        return keccak256(abi.encode(base, quote));
    }
}
