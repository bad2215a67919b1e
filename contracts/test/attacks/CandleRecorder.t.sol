// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {CandleRecorder} from "../../src/CandleRecorder.sol";
import {SolidMLHistorical} from "../../src/SolidMLHistorical.sol";
import {ICandleRecorder} from "../../src/interfaces/ICandleRecorder.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {CandleOrder, CandleType, HistoricalInputQuery} from "../../src/solidml/OGHistorical.sol";
import {TensorLib} from "../../src/solidml/TensorLib.sol";
import {Harness} from "../Harness.sol";

/// @title Attempts to have a reader take other candles than were recorded
contract CandleRecorderAttacksTest is Harness {
    CandleRecorder private constant RECORDER = CandleRecorder(Predeploys.CANDLE_RECORDER);
    SolidMLHistorical private constant HISTORY = SolidMLHistorical(Predeploys.OG_HISTORICAL);
    uint256 private constant START = 1_800_000_000;
    uint256 private constant MINUTE = 60;

    bytes32 private feed;

    function setUp() public {
        placePredeploys();
        vm.warp(START);
        vm.prank(ALICE);
        feed = RECORDER.openFeed("ETH", "USD", 1, 8, 6);
    }

    /// @dev The same letters, divided otherwise; a feeder in the base; the other order.
    function test_fuzz_aPairHasOneFeed(string calldata base, string calldata quote, uint256 cut)
        public
        pure
    {
        bytes32 id = RECORDER.feedIdOf(ALICE, base, quote, 1);
        bytes memory text = bytes.concat(bytes(base), bytes(quote));
        cut = bound(cut, 0, text.length);
        bytes memory head = new bytes(cut);
        bytes memory rest = new bytes(text.length - cut);
        for (uint256 i; i < text.length; ++i) {
            if (i < cut) head[i] = text[i];
            else rest[i - cut] = text[i];
        }
        bool same = cut == bytes(base).length;
        vm.assertEq(RECORDER.feedIdOf(ALICE, string(head), string(rest), 1) == id, same);
        vm.assertTrue(RECORDER.feedIdOf(BOB, base, quote, 1) != id, "of another feeder");
        vm.assertTrue(RECORDER.feedIdOf(ALICE, base, quote, 2) != id, "of another length");
    }

    /// @dev Period 0 is what an empty slot says, too.
    function test_theFirstCandleSinceTheClockBegan() public {
        vm.warp(10);
        record(5, 1);
        vm.warp(50);
        record(7, 2);
        vm.warp(MINUTE);
        vm.assertEq(RECORDER.feedOf(feed).count, 1);
        ICandleRecorder.Candle memory candle = RECORDER.lastCandles(feed, 1)[0];
        vm.assertEq(candle.open, 5);
        vm.assertEq(candle.close, 7);
        vm.assertEq(candle.volume, 3);
    }

    /// @dev A feeder who comes back after a silence fills it with what was last known. Volumes say so.
    function test_aSilenceIsFlatAndWithoutVolume() public {
        record(100, 9);
        vm.warp(START + 500 * MINUTE);
        vm.expectPartialRevert(ICandleRecorder.StaleFeed.selector);
        RECORDER.lastCandles(feed, 1);
        record(300, 9);
        ICandleRecorder.Candle[] memory candles = RECORDER.lastCandles(feed, 500);
        for (uint256 i = 1; i < candles.length; ++i) {
            vm.assertEq(candles[i].high, 100);
            vm.assertEq(candles[i].low, 100);
            vm.assertEq(candles[i].volume, 0);
        }
    }

    /// @dev What was complete stays as it was read, whatever is recorded later.
    function test_fuzz_completeCandlesDoNotChange(uint16[8] memory waits, uint80[8] memory values)
        public
    {
        record(1000, 1);
        vm.warp(START + 3 * MINUTE - 1);
        record(900, 1);
        vm.warp(START + 3 * MINUTE);
        bytes memory before = abi.encode(RECORDER.lastCandles(feed, 3));
        uint256 first = START / MINUTE;
        for (uint256 i; i < waits.length; ++i) {
            vm.warp(block.timestamp + waits[i] % 200);
            record(values[i] == 0 ? 1 : values[i], 1);
        }
        uint256 count = block.timestamp / MINUTE - first;
        ICandleRecorder.Candle[] memory all = RECORDER.lastCandles(feed, count);
        ICandleRecorder.Candle[] memory again = new ICandleRecorder.Candle[](3);
        (again[0], again[1], again[2]) = (all[0], all[1], all[2]);
        vm.assertEq(abi.encode(again), before);
    }

    /// @dev The largest numbers there are arrive as such, none negative.
    function test_theLargestPriceAndVolume() public {
        record(type(uint80).max, type(uint96).max);
        vm.warp(START + MINUTE);
        CandleType[] memory types = new CandleType[](2);
        (types[0], types[1]) = (CandleType.High, CandleType.Volume);
        TensorLib.Number[] memory numbers = query(1, types);
        vm.assertEq(numbers[0].value, int256(uint256(type(uint80).max)));
        vm.assertEq(numbers[1].value, int256(uint256(type(uint96).max)));
    }

    function record(uint80 price, uint96 volume) private {
        vm.prank(ALICE);
        RECORDER.record(feed, price, volume);
    }

    function query(uint32 count, CandleType[] memory types)
        private
        returns (TensorLib.Number[] memory)
    {
        HistoricalInputQuery memory wanted = HistoricalInputQuery({
            base: "ETH",
            quote: "USD",
            total_candles: count,
            candle_duration_in_mins: 1,
            order: CandleOrder.Ascending,
            candle_types: types
        });
        HISTORY.follow("ETH", "USD", ALICE);
        return HISTORY.queryHistoricalCandles(wanted);
    }
}
