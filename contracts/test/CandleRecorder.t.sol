// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {CandleRecorder} from "../src/CandleRecorder.sol";
import {ICandleRecorder} from "../src/interfaces/ICandleRecorder.sol";
import {Predeploys} from "../src/libraries/Predeploys.sol";
import {Harness} from "./Harness.sol";

contract CandleRecorderTest is Harness {
    CandleRecorder private constant RECORDER = CandleRecorder(Predeploys.CANDLE_RECORDER);
    uint256 private constant START = 1_800_000_000;
    uint256 private constant HOUR = 3600;

    bytes32 private feed;
    /// @dev What the fuzz test records, beside the recorder.
    uint256[] private times;
    uint80[] private prices;

    function setUp() public {
        placePredeploys();
        // The first second of a candle.
        vm.warp(START);
        vm.prank(ALICE);
        feed = RECORDER.openFeed("ETH", "USD", 60, 8, 6);
    }

    function test_aFeedIsItsFeeders() public {
        vm.assertEq(feed, RECORDER.feedIdOf(ALICE, "ETH", "USD", 60));
        ICandleRecorder.Feed memory terms = RECORDER.feedOf(feed);
        vm.assertEq(terms.feeder, ALICE);
        vm.assertEq(terms.candleMinutes, 60);
        vm.assertEq(terms.priceDecimals, 8);
        vm.assertEq(terms.volumeDecimals, 6);
        vm.assertEq(terms.count, 0);
        vm.expectRevert(abi.encodeWithSelector(ICandleRecorder.NotFeeder.selector, feed, BOB));
        vm.prank(BOB);
        RECORDER.record(feed, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(ICandleRecorder.FeedExists.selector, feed));
        vm.prank(ALICE);
        RECORDER.openFeed("ETH", "USD", 60, 18, 18);
        // The same pair of somebody else is another feed.
        vm.prank(BOB);
        vm.assertTrue(RECORDER.openFeed("ETH", "USD", 60, 8, 6) != feed, "shared");
    }

    function test_termsHaveBounds() public {
        vm.expectRevert(abi.encodeWithSelector(ICandleRecorder.CandleMinutes.selector, 0, 10_080));
        RECORDER.openFeed("A", "B", 0, 0, 0);
        vm.expectRevert(
            abi.encodeWithSelector(ICandleRecorder.CandleMinutes.selector, 10_081, 10_080)
        );
        RECORDER.openFeed("A", "B", 10_081, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(ICandleRecorder.TooManyDecimals.selector, 19, 18));
        RECORDER.openFeed("A", "B", 1, 19, 0);
        vm.expectRevert(abi.encodeWithSelector(ICandleRecorder.TooManyDecimals.selector, 255, 18));
        RECORDER.openFeed("A", "B", 1, 0, 255);
        RECORDER.openFeed("A", "B", 10_080, 18, 18);
    }

    function test_unknownFeeds() public {
        vm.expectRevert(
            abi.encodeWithSelector(ICandleRecorder.UnknownFeed.selector, bytes32("none"))
        );
        RECORDER.lastCandles("none", 1);
        vm.expectRevert(
            abi.encodeWithSelector(ICandleRecorder.NotFeeder.selector, bytes32("none"), ALICE)
        );
        vm.prank(ALICE);
        RECORDER.record("none", 1, 1);
        vm.expectRevert(ICandleRecorder.ZeroPrice.selector);
        vm.prank(ALICE);
        RECORDER.record(feed, 0, 1);
    }

    function test_aCandle() public {
        recordAt(START, 100, 5);
        recordAt(START + 10, 130, 6);
        recordAt(START + 20, 90, 7);
        recordAt(START + HOUR - 1, 110, 0);
        vm.warp(START + HOUR);
        ICandleRecorder.Candle[] memory candles = last(1);
        check(candles[0], START / HOUR, [uint256(100), 130, 90, 110, 18]);
        vm.assertEq(abi.encode(candles[0]), abi.encode(RECORDER.candleAt(feed, 0)));
        vm.expectRevert(abi.encodeWithSelector(ICandleRecorder.NotEnoughCandles.selector, 1, 2));
        RECORDER.candleAt(feed, 1);
    }

    function test_theRunningCandleIsNotRead() public {
        recordAt(START, 100, 5);
        vm.expectRevert(abi.encodeWithSelector(ICandleRecorder.NotEnoughCandles.selector, 0, 1));
        last(1);
        recordAt(START + HOUR, 200, 5);
        check(last(1)[0], START / HOUR, [uint256(100), 100, 100, 100, 5]);
        vm.expectRevert(abi.encodeWithSelector(ICandleRecorder.NotEnoughCandles.selector, 1, 2));
        last(2);
    }

    function test_gapsAreFlat() public {
        recordAt(START, 100, 5);
        recordAt(START + 1, 120, 5);
        recordAt(START + 3 * HOUR, 200, 7);
        vm.warp(START + 4 * HOUR);
        ICandleRecorder.Candle[] memory candles = last(4);
        check(candles[0], START / HOUR, [uint256(100), 120, 100, 120, 10]);
        check(candles[1], START / HOUR + 1, [uint256(120), 120, 120, 120, 0]);
        check(candles[2], START / HOUR + 2, [uint256(120), 120, 120, 120, 0]);
        check(candles[3], START / HOUR + 3, [uint256(200), 200, 200, 200, 7]);
        // Alive in the running candle, quiet in the complete ones.
        recordAt(START + 7 * HOUR, 300, 1);
        check(last(1)[0], START / HOUR + 6, [uint256(200), 200, 200, 200, 0]);
        vm.expectRevert(abi.encodeWithSelector(ICandleRecorder.NotEnoughCandles.selector, 7, 8));
        last(8);
    }

    function test_aSilentFeedIsNotRead() public {
        vm.expectRevert(abi.encodeWithSelector(ICandleRecorder.NotEnoughCandles.selector, 0, 1));
        last(1);
        recordAt(START, 100, 5);
        vm.warp(START + 2 * HOUR - 1);
        last(1);
        vm.warp(START + 2 * HOUR);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICandleRecorder.StaleFeed.selector, feed, START / HOUR, START / HOUR + 1
            )
        );
        last(1);
    }

    function test_countsHaveBounds() public {
        vm.expectRevert(abi.encodeWithSelector(ICandleRecorder.CandleCount.selector, 0, 1024));
        last(0);
        vm.expectRevert(abi.encodeWithSelector(ICandleRecorder.CandleCount.selector, 1025, 1024));
        last(1025);
    }

    function test_volumesDoNotWrapAround() public {
        recordAt(START, 100, type(uint96).max);
        vm.expectRevert(
            abi.encodeWithSelector(ICandleRecorder.VolumeTooLarge.selector, uint256(2 ** 96))
        );
        vm.prank(ALICE);
        RECORDER.record(feed, 100, 1);
        recordAt(START + HOUR, 100, 1);
    }

    /// @notice Candles are what the prices in their time say, computed the slow way.
    function testFuzz_candles(uint16[16] memory steps, uint80[16] memory values) public {
        uint256 now_ = START;
        for (uint256 i; i < steps.length; ++i) {
            now_ += steps[i];
            uint80 price = values[i] == 0 ? 1 : values[i];
            recordAt(now_, price, 1);
            times.push(now_);
            prices.push(price);
        }
        uint256 running = now_ / HOUR;
        uint256 count = running - times[0] / HOUR;
        if (count == 0) return;
        ICandleRecorder.Candle[] memory candles = last(count);
        for (uint256 i; i < count; ++i) {
            check(candles[i], running - count + i, slowCandle(running - count + i));
        }
    }

    function slowCandle(uint256 period) private view returns (uint256[5] memory want) {
        uint256 before;
        for (uint256 i; i < times.length; ++i) {
            uint256 price = prices[i];
            if (times[i] / HOUR < period) before = price;
            if (times[i] / HOUR != period) continue;
            if (want[4]++ == 0) (want[0], want[1], want[2]) = (price, price, price);
            if (price > want[1]) want[1] = price;
            if (price < want[2]) want[2] = price;
            want[3] = price;
        }
        if (want[4] == 0) want = [before, before, before, before, 0];
    }

    function recordAt(uint256 time, uint80 price, uint96 volume) private {
        vm.warp(time);
        vm.prank(ALICE);
        RECORDER.record(feed, price, volume);
    }

    function last(uint256 count) private view returns (ICandleRecorder.Candle[] memory) {
        return RECORDER.lastCandles(feed, count);
    }

    /// @dev Open, high, low, close, volume.
    function check(ICandleRecorder.Candle memory got, uint256 period, uint256[5] memory want)
        private
        pure
    {
        vm.assertEq(got.period, period);
        vm.assertEq(got.open, want[0]);
        vm.assertEq(got.high, want[1]);
        vm.assertEq(got.low, want[2]);
        vm.assertEq(got.close, want[3]);
        vm.assertEq(got.volume, want[4]);
    }
}
