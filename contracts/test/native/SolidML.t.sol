// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {CandleRecorder} from "../../src/CandleRecorder.sol";
import {SolidMLHistorical} from "../../src/SolidMLHistorical.sol";
import {TaskScheduler} from "../../src/TaskScheduler.sol";
import {IModelNames} from "../../src/interfaces/IModelNames.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {Inference} from "../../src/libraries/Inference.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {CandleOrder, CandleType, HistoricalInputQuery} from "../../src/solidml/OGHistorical.sol";
import {TensorLib} from "../../src/solidml/TensorLib.sol";
import {SolidMLHarness} from "../SolidMLHarness.sol";
import {CompiledModel} from "./CompiledModel.sol";

interface IVolatilityModel {
    function report(int128 thousandths) external;
    function forecast() external view returns (TensorLib.Number memory);
}

interface IPriceStatistics {
    function summarise(uint32 candles, uint32 minutesPerCandle)
        external
        returns (TensorLib.Number memory mean, TensorLib.Number memory deviation);
}

/// @title SolidML's contracts on the native runtime
/// @dev The registry is answered for: it knows the models of its chunk store, not those of files.
contract SolidMLNativeTest is SolidMLHarness, CompiledModel {
    TaskScheduler private constant SCHEDULER = TaskScheduler(Predeploys.TASK_SCHEDULER);
    CandleRecorder private constant RECORDER = CandleRecorder(Predeploys.CANDLE_RECORDER);
    SolidMLHistorical private constant HISTORY = SolidMLHistorical(Predeploys.OG_HISTORICAL);
    string private constant FILE = "cache/solidml-volatility.fxp";
    uint256 private constant START = 1_800_000_000;
    uint32 private constant WINDOW = 16;

    address private model;

    function setUp() public {
        model = compileModel("volatility", "int16", FILE);
        placeSolidML();
        vm.mockCall(
            Predeploys.MODEL_REGISTRY,
            abi.encodeCall(IModelNames.resolve, ("volatility")),
            abi.encode(uint256(7), uint32(0))
        );
        vm.mockCall(
            Predeploys.MODEL_REGISTRY,
            abi.encodeCall(IModelRegistry.rootOf, (7, 0)),
            abi.encode(model)
        );
        vm.warp(START);
    }

    /// @notice The guide's way of asking a model, run by the scheduler.
    function test_aModelAskedByName() public {
        IVolatilityModel asker = IVolatilityModel(deploy("VolatilityModel", ""));
        int256[] memory words_ = new int256[](WINDOW);
        for (int128 i; i < int128(uint128(WINDOW)); ++i) {
            int128 thousandths = (i % 2 == 0 ? int128(1) : -1) * (700 + 13 * i);
            asker.report(thousandths);
            words_[uint128(i)] = int256(thousandths) * 1e15;
        }
        bytes32 task = SCHEDULER.registerTask(address(asker), START + 1 hours, 1 hours);
        SCHEDULER.execute(task, payable(BOB), 0);
        int256 want = Inference.run(model, words_)[0];
        checkNumber(asker.forecast(), want, 18);
        vm.assertTrue(want > 0.1e18 && want < 20e18, "forecast");

        bytes memory results = succeed(
            address(SCHEDULER),
            abi.encodeWithSelector(SCHEDULER.getLastInferenceResults.selector, task, 5)
        );
        vm.assertEq(wordAt(results, 32), 1);
        checkResult(results, 0, want);
    }

    /// @notice A workflow of OpenGradient's SDK: a model on a price feed, every so often.
    function test_aModelOnAPriceFeed() public {
        uint64 nonce = vm.getNonce(address(this));
        address workflow =
            deploy("PriceHistoryInference", abi.encode("volatility", "returns", queryOf(WINDOW)));
        HISTORY.followFor(workflow, nonce, "ETH", "USD", ALICE);
        feed();
        bytes32 task = SCHEDULER.registerTask(workflow, block.timestamp + 1 hours, 1 minutes);
        SCHEDULER.execute(task, payable(BOB), 0);
        int256 first = forecast(0);
        record(WINDOW);
        vm.warp(START + (WINDOW + 1) * 60);
        SCHEDULER.execute(task, payable(BOB), 0);
        int256 second = forecast(1);
        vm.assertTrue(first != second, "the same twice");

        bytes memory results =
            succeed(workflow, abi.encodeWithSignature("getLastInferenceResults(uint256)", 9));
        vm.assertEq(wordAt(results, 32), 2);
        checkResult(results, 0, second);
        checkResult(results, 1, first);
        // The scheduler's own history is the same.
        results = succeed(
            address(SCHEDULER),
            abi.encodeWithSelector(SCHEDULER.getLastInferenceResults.selector, task, 9)
        );
        vm.assertEq(wordAt(results, 32), 2);
        checkResult(results, 0, second);
        checkResult(results, 1, first);
    }

    function test_statisticsOfAPriceFeed() public {
        uint64 nonce = vm.getNonce(address(this));
        IPriceStatistics statistics = IPriceStatistics(deploy("PriceStatistics", ""));
        HISTORY.followFor(address(statistics), nonce, "ETH", "USD", ALICE);
        feed();
        (TensorLib.Number memory mean, TensorLib.Number memory deviation) =
            statistics.summarise(WINDOW, 1);
        // Closes 0.30, 0.37, ... 1.35: 0.07 times the deviation of 16 numbers in a row.
        checkNumber(mean, 0.825e18, 18);
        checkNumber(deviation, 0.322684056005251055e18, 18);
    }

    /// @dev One-minute candles of `ALICE`, and the first of the next.
    function feed() private {
        vm.prank(ALICE);
        RECORDER.openFeed("ETH", "USD", 1, 2, 0);
        for (uint32 i; i < WINDOW; ++i) {
            record(i);
        }
        vm.warp(START + WINDOW * 60);
    }

    function record(uint32 i) private {
        vm.warp(START + i * 60);
        bytes32 feedId = RECORDER.feedIdOf(ALICE, "ETH", "USD", 1);
        vm.prank(ALICE);
        RECORDER.record(feedId, 30 + 7 * i, 1);
    }

    /// @dev What the model says of the closes from a candle on.
    function forecast(uint32 first) private view returns (int256) {
        int256[] memory words_ = new int256[](WINDOW);
        for (uint32 i; i < WINDOW; ++i) {
            words_[i] = int256(uint256(30 + 7 * (first + i))) * 1e16;
        }
        return Inference.run(model, words_)[0];
    }

    function queryOf(uint32 candles) private pure returns (HistoricalInputQuery memory query) {
        (query.base, query.quote, query.order) = ("ETH", "USD", CandleOrder.Ascending);
        (query.total_candles, query.candle_duration_in_mins) = (candles, 1);
        query.candle_types = new CandleType[](1);
        query.candle_types[0] = CandleType.Close;
    }

    /// @dev By artifact: importing them would take this through the IR pipeline.
    function deploy(string memory name, bytes memory arguments) private returns (address) {
        return vm.deployCode(string.concat(name, ".sol:", name), arguments);
    }

    /// @dev The number in a result of an encoded `ModelOutput[]`.
    function checkResult(bytes memory list, uint256 index, int256 want) private pure {
        uint256 start = 64 + wordAt(list, 64 + 32 * index);
        bytes memory output = new bytes(list.length - start + 32);
        for (uint256 i; i < list.length - start; ++i) {
            output[32 + i] = list[start + i];
        }
        TensorLib.MultiDimensionalNumberTensor[] memory tensors = tensorsIn(output);
        vm.assertEq(tensors[0].name, "volatility");
        checkNumber(tensors[0].values[0], want, 18);
    }
}
