// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {CandleRecorder} from "../src/CandleRecorder.sol";
import {SolidMLHistorical} from "../src/SolidMLHistorical.sol";
import {ICandleRecorder} from "../src/interfaces/ICandleRecorder.sol";
import {IGatewayPrepaid} from "../src/interfaces/IGatewayPrepaid.sol";
import {ISolidMLHistorical} from "../src/interfaces/ISolidMLHistorical.sol";
import {ISolidMLInference} from "../src/interfaces/ISolidMLInference.sol";
import {Predeploys} from "../src/libraries/Predeploys.sol";
import {
    CandleOrder,
    CandleType,
    HistoricalInputQuery,
    OGHistorical
} from "../src/solidml/OGHistorical.sol";
import {TensorLib} from "../src/solidml/TensorLib.sol";
import {SolidMLHarness} from "./SolidMLHarness.sol";
import {Created} from "./mocks/Created.sol";

contract SolidMLHistoricalTest is SolidMLHarness {
    SolidMLHistorical private constant HISTORY = SolidMLHistorical(Predeploys.OG_HISTORICAL);
    CandleRecorder private constant RECORDER = CandleRecorder(Predeploys.CANDLE_RECORDER);
    uint256 private constant START = 1_800_000_000;
    /// @dev A contract written for SolidML.
    address private constant APP = address(0xA99);

    uint256 private modelId;

    function setUp() public {
        placePredeploys();
        vm.warp(START);
        feed(ALICE, 100);
        feed(BOB, 1000);
        vm.warp(START + 3 * 60);
        modelId = listModel(CAROL, 10);
    }

    function test_candlesInTheQuerysOrder() public {
        vm.prank(APP);
        HISTORY.follow("ETH", "USD", ALICE);
        HistoricalInputQuery memory query = queryOf("ETH", 3, 5);
        CandleType[5] memory types =
            [CandleType.Open, CandleType.High, CandleType.Low, CandleType.Close, CandleType.Volume];
        for (uint256 i; i < 5; ++i) {
            query.candle_types[i] = types[i];
        }
        vm.prank(APP);
        TensorLib.Number[] memory data = HISTORY.queryHistoricalCandles(query);
        vm.assertEq(data.length, 15);
        // Candle i: open 100 + i, high 110 + i, low 90 + i, close 101 + i.
        for (uint128 i; i < 3; ++i) {
            int256 row = int256(uint256(i));
            checkNumber(data[i * 5], 100 + row, 2);
            checkNumber(data[i * 5 + 1], 110 + row, 2);
            checkNumber(data[i * 5 + 2], 90 + row, 2);
            checkNumber(data[i * 5 + 3], 101 + row, 2);
            checkNumber(data[i * 5 + 4], 4, 1);
        }
        query.order = CandleOrder.Descending;
        vm.prank(APP);
        data = HISTORY.queryHistoricalCandles(query);
        checkNumber(data[0], 102, 2);
        checkNumber(data[5], 101, 2);
        checkNumber(data[10], 100, 2);
    }

    function test_nobodysPricesByDefault() public {
        vm.expectRevert(
            abi.encodeWithSelector(ISolidMLHistorical.NoFeeder.selector, APP, "ETH", "USD")
        );
        vm.prank(APP);
        HISTORY.queryHistoricalCandles(queryOf("ETH", 1, 1));
    }

    function test_theQueryNamesAFeeder() public {
        string memory base = string.concat(vm.toString(BOB), "/ETH");
        checkFirst(base, 1000);
        // Whatever the consumer has chosen otherwise.
        vm.prank(APP);
        HISTORY.follow("ETH", "USD", ALICE);
        checkFirst("ETH", 100);
        checkFirst(base, 1000);
        // What only looks like an address names a base.
        string memory looks = "0xA11CEA11CEA11CEA11CEA11CEA11CEA11CEA11CG/ETH";
        vm.expectRevert(
            abi.encodeWithSelector(ISolidMLHistorical.NoFeeder.selector, APP, looks, "USD")
        );
        vm.prank(APP);
        HISTORY.queryHistoricalCandles(queryOf(looks, 1, 1));
    }

    function test_theConsumerChoosesAgain() public {
        vm.prank(APP);
        HISTORY.follow("ETH", "USD", ALICE);
        checkFirst("ETH", 100);
        vm.prank(APP);
        HISTORY.follow("ETH", "USD", BOB);
        checkFirst("ETH", 1000);
        vm.assertEq(HISTORY.feederOf(APP, "ETH", "USD"), BOB);
        vm.assertEq(HISTORY.feederOf(APP, "ETH", "EUR"), address(0));
        vm.assertEq(HISTORY.feederOf(CAROL, "ETH", "USD"), address(0));
        vm.expectRevert(ISolidMLHistorical.ZeroFeeder.selector);
        vm.prank(APP);
        HISTORY.follow("ETH", "USD", address(0));
    }

    function test_theCreatorChoosesOnce() public {
        uint64 nonce = vm.getNonce(CAROL);
        vm.prank(CAROL);
        address made = address(new Created());
        vm.expectRevert(
            abi.encodeWithSelector(ISolidMLHistorical.NotCreator.selector, made, ALICE, nonce)
        );
        vm.prank(ALICE);
        HISTORY.followFor(made, nonce, "ETH", "USD", ALICE);
        vm.expectRevert(
            abi.encodeWithSelector(ISolidMLHistorical.NotCreator.selector, made, CAROL, nonce + 1)
        );
        vm.startPrank(CAROL);
        HISTORY.followFor(made, nonce + 1, "ETH", "USD", ALICE);
        HISTORY.followFor(made, nonce, "ETH", "USD", ALICE);
        vm.assertEq(HISTORY.feederOf(made, "ETH", "USD"), ALICE);
        vm.expectRevert(
            abi.encodeWithSelector(ISolidMLHistorical.AlreadyChosen.selector, made, ALICE)
        );
        HISTORY.followFor(made, nonce, "ETH", "USD", BOB);
        vm.stopPrank();
        // Another pair is another choice; the contract's own can replace it.
        vm.prank(made);
        HISTORY.follow("ETH", "USD", BOB);
        vm.assertEq(HISTORY.feederOf(made, "ETH", "USD"), BOB);
    }

    function testFuzz_theCreatorsProofHoldsForAnyNonce(uint16 count) public {
        // Contracts count their creations, so a factory reaches high nonces cheaply: RLP has other
        // forms from 128 and from 256 on.
        count = uint16(bound(count, 1, 300));
        Factory factory = new Factory();
        address made;
        for (uint256 i; i < count; ++i) {
            made = factory.make();
        }
        factory.chooseFor(made, count, ALICE);
        vm.assertEq(HISTORY.feederOf(made, "ETH", "USD"), ALICE);
    }

    function test_queriesThatDoNotFit() public {
        vm.startPrank(APP);
        HISTORY.follow("ETH", "USD", ALICE);
        vm.expectRevert(abi.encodeWithSelector(ISolidMLHistorical.CandleTypeCount.selector, 0, 16));
        HISTORY.queryHistoricalCandles(queryOf("ETH", 1, 0));
        vm.expectRevert(abi.encodeWithSelector(ISolidMLHistorical.CandleTypeCount.selector, 17, 16));
        HISTORY.queryHistoricalCandles(queryOf("ETH", 1, 17));
        vm.expectRevert(abi.encodeWithSelector(ICandleRecorder.CandleCount.selector, 0, 1024));
        HISTORY.queryHistoricalCandles(queryOf("ETH", 0, 1));
        vm.expectRevert(abi.encodeWithSelector(ICandleRecorder.NotEnoughCandles.selector, 3, 4));
        HISTORY.queryHistoricalCandles(queryOf("ETH", 4, 1));
        HistoricalInputQuery memory query = queryOf("ETH", 1, 1);
        query.candle_duration_in_mins = 30;
        vm.expectRevert(
            abi.encodeWithSelector(
                ICandleRecorder.UnknownFeed.selector, RECORDER.feedIdOf(ALICE, "ETH", "USD", 30)
            )
        );
        HISTORY.queryHistoricalCandles(query);
        vm.stopPrank();
    }

    function test_aModelRunsOnAFeedAndItsConsumerPays() public {
        HistoricalInputQuery memory query = queryOf("ETH", 2, 1);
        query.candle_types[0] = CandleType.Close;
        vm.prank(APP);
        HISTORY.follow("ETH", "USD", ALICE);
        bytes memory call =
            abi.encodeCall(OGHistorical.runInferenceOnPriceFeed, ("model", "x", query));
        // The history itself cannot be made to pay, nor can another.
        vm.prank(APP);
        fail(
            Predeploys.OG_HISTORICAL,
            call,
            abi.encodeWithSelector(IGatewayPrepaid.OverBudget.selector, APP, APP, modelId, 10)
        );
        vm.deal(BOB, 100);
        vm.startPrank(BOB);
        GATEWAY.deposit{value: 100}(BOB);
        GATEWAY.setBudget(APP, modelId, address(0), IGatewayPrepaid.Budget(100, 10));
        vm.stopPrank();
        vm.prank(APP);
        TensorLib.MultiDimensionalNumberTensor[] memory output =
            tensorsIn(succeed(Predeploys.OG_HISTORICAL, call));
        // Closes 1.02 and 1.03.
        checkNumber(output[0].values[0], 2.05e18, 18);
        checkNumber(output[0].values[1], -0.01e18, 18);
        vm.assertEq(GATEWAY.prepaidOf(BOB, address(0)), 90);

        query.total_candles = 1;
        call = abi.encodeCall(OGHistorical.runInferenceOnPriceFeed, ("model", "x", query));
        uint32[] memory got = new uint32[](2);
        (got[0], got[1]) = (1, 1);
        uint32[] memory want = new uint32[](1);
        want[0] = 2;
        vm.prank(APP);
        fail(
            Predeploys.OG_HISTORICAL,
            call,
            abi.encodeWithSelector(ISolidMLInference.TensorShape.selector, "x", got, want)
        );
    }

    /// @dev Three one-minute candles from `START` on.
    function feed(address feeder, uint80 price) private {
        vm.startPrank(feeder);
        bytes32 feedId = RECORDER.openFeed("ETH", "USD", 1, 2, 1);
        for (uint80 i; i < 3; ++i) {
            vm.warp(START + i * 60);
            RECORDER.record(feedId, price + i, 1);
            RECORDER.record(feedId, price + 10 + i, 1);
            RECORDER.record(feedId, price - 10 + i, 1);
            RECORDER.record(feedId, price + 1 + i, 1);
        }
        vm.stopPrank();
    }

    function checkFirst(string memory base, int256 price) private {
        HistoricalInputQuery memory query = queryOf(base, 3, 1);
        query.candle_types[0] = CandleType.Open;
        vm.prank(APP);
        checkNumber(HISTORY.queryHistoricalCandles(query)[0], price, 2);
    }

    function queryOf(string memory base, uint32 candles, uint256 types)
        private
        pure
        returns (HistoricalInputQuery memory query)
    {
        (query.base, query.quote) = (base, "USD");
        (query.total_candles, query.candle_duration_in_mins) = (candles, 1);
        query.candle_types = new CandleType[](types);
    }
}

/// @title A contract that creates contracts
contract Factory {
    function make() external returns (address) {
        return address(new Created());
    }

    function chooseFor(address made, uint64 nonce, address feeder) external {
        ISolidMLHistorical(Predeploys.OG_HISTORICAL).followFor(made, nonce, "ETH", "USD", feeder);
    }
}
