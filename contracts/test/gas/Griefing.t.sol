// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {CandleRecorder} from "../../src/CandleRecorder.sol";
import {SolidMLHistorical} from "../../src/SolidMLHistorical.sol";
import {SolidMLPreprocessing} from "../../src/SolidMLPreprocessing.sol";
import {IReceiptVerifier} from "../../src/interfaces/IReceiptVerifier.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {CandleOrder, CandleType, HistoricalInputQuery} from "../../src/solidml/OGHistorical.sol";
import {TensorLib} from "../../src/solidml/TensorLib.sol";
import {ReceiptHarness} from "../ReceiptHarness.sol";

/// @title Attempts to make others pay for more gas than a transaction has
/// @dev Apart from the other attacks, because coverage is measured without the optimizer.
contract GriefingTest is ReceiptHarness {
    CandleRecorder private constant RECORDER = CandleRecorder(Predeploys.CANDLE_RECORDER);
    SolidMLHistorical private constant HISTORY = SolidMLHistorical(Predeploys.OG_HISTORICAL);
    SolidMLPreprocessing private constant STATISTICS =
        SolidMLPreprocessing(Predeploys.OG_PREPROCESSING);
    /// @dev A transaction's most (EIP-7825).
    uint256 private constant TRANSACTION_GAS = 16_777_216;
    uint256 private constant START = 1_800_000_000;

    /// @dev Whoever sends the transaction can log as much as it likes before the gateway does. All of it is
    /// read; so a receipt can cost more than a transaction has.
    function test_aReceiptBehindManyLogs() public {
        uint256 few = gasToProve(100);
        uint256 many = gasToProve(1100);
        uint256 each = (many - few) / 1000;
        vm.assertGe(each, 1500);
        vm.assertLt(each, 2200);
    }

    /// @dev A feeder cannot make its readers' calls dearer than this: a price in each of the most candles.
    /// Of two types they fit a transaction; of all sixteen they need `eth_call`.
    function test_theMostCandlesFitATransaction() public {
        vm.warp(START);
        bytes32 feed = RECORDER.openFeed("ETH", "USD", 1, 8, 6);
        uint256 most = RECORDER.MAX_CANDLES();
        for (uint256 i; i < most; ++i) {
            vm.warp(START + i * 60);
            RECORDER.record(feed, uint80(1000 + i), 1);
        }
        vm.warp(START + most * 60);
        HISTORY.follow("ETH", "USD", address(this));
        HistoricalInputQuery memory query = HistoricalInputQuery({
            base: "ETH",
            quote: "USD",
            total_candles: uint32(most),
            candle_duration_in_mins: 1,
            order: CandleOrder.Ascending,
            candle_types: new CandleType[](2)
        });
        // As at the beginning of a transaction.
        vm.cool(address(RECORDER));
        HISTORY.queryHistoricalCandles(query);
        checkFits();
    }

    /// @dev Half of the longest list fits with the dearest statistics, in orders that are worst for some
    /// ways to sort. The longest does not with each of them.
    function test_longListsFitATransaction() public view {
        uint256 half = STATISTICS.MAX_NUMBERS() / 2;
        TensorLib.Number[] memory data = new TensorLib.Number[](half);
        for (uint256 i; i < half; ++i) {
            data[i].value = int128(uint128(i));
        }
        STATISTICS.median(data);
        checkFits();
        for (uint256 i; i < half; ++i) {
            data[i].value = int128(uint128(i % 2 == 0 ? i : half - i));
        }
        STATISTICS.median(data);
        checkFits();
        STATISTICS.correlation(data, data);
        checkFits();
        STATISTICS.standardize(data);
        checkFits();
    }

    function gasToProve(uint256 extra) private returns (uint256) {
        bytes[] memory logs = new bytes[](extra + 1);
        bytes memory empty = logOf(ALICE, new bytes32[](0), "");
        for (uint256 i; i < extra; ++i) {
            logs[i] = empty;
        }
        logs[extra] = logOf(log.emitter, log.topics, log.data);
        (bytes32 root, IReceiptVerifier.Proof memory proof) =
            provedValue(1, 0, receiptWith(1, logs));
        proof.logIndex = extra;
        VERIFIER.verify(root, proof);
        return vm.lastCallGas().gasTotalUsed;
    }

    /// @dev The last call, in one transaction.
    function checkFits() private view {
        vm.assertLt(vm.lastCallGas().gasTotalUsed, TRANSACTION_GAS);
    }
}
