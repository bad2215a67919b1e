// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {SolidMLPreprocessing} from "../src/SolidMLPreprocessing.sol";
import {ISolidMLPreprocessing} from "../src/interfaces/ISolidMLPreprocessing.sol";
import {Numbers} from "../src/libraries/Numbers.sol";
import {Predeploys} from "../src/libraries/Predeploys.sol";
import {TensorLib} from "../src/solidml/TensorLib.sol";
import {Harness} from "./Harness.sol";

contract SolidMLPreprocessingTest is Harness {
    SolidMLPreprocessing private constant STATISTICS =
        SolidMLPreprocessing(Predeploys.OG_PREPROCESSING);
    string private constant VECTORS = "contracts/test/vectors/preprocessing.json";
    uint256 private constant CORRELATION = 6;
    uint256 private constant STANDARDIZE = 7;
    uint256 private constant NORMALIZE = 8;

    string private json;

    function setUp() public {
        vm.etch(Predeploys.OG_PREPROCESSING, type(SolidMLPreprocessing).runtimeCode);
    }

    /// @notice Each result is within a last digit of the exact one, and within the error of double
    /// precision of NumPy's.
    function test_vectors() public {
        json = vm.readFile(VECTORS);
        uint256 count = vm.parseJsonUint(json, ".count");
        vm.assertGe(count, 12);
        for (uint256 i; i < count; ++i) {
            string memory path = string.concat(".cases[", vm.toString(i), "]");
            TensorLib.Number[] memory x = numbersAt(path, ".values", ".decimals");
            TensorLib.Number[] memory y = numbersAt(path, ".otherValues", ".otherDecimals");
            checkScalars(path, x, y);
            int256[] memory tolerance = listAt(path, ".tolerance");
            checkList(path, "Standardize", STATISTICS.standardize(x), tolerance[STANDARDIZE]);
            checkList(path, "Normalize", STATISTICS.normalize(x), tolerance[NORMALIZE]);
        }
    }

    function test_oneNumber() public {
        TensorLib.Number[] memory one = new TensorLib.Number[](1);
        one[0] = TensorLib.Number(-15, 1);
        check(STATISTICS.min(one), -1.5e18, 18);
        check(STATISTICS.max(one), -1.5e18, 18);
        check(STATISTICS.mean(one), -1.5e18, 18);
        check(STATISTICS.median(one), -1.5e18, 18);
        check(STATISTICS.variance(one), 0, 18);
        check(STATISTICS.stdDev(one), 0, 18);
        expectNoSpread();
        STATISTICS.standardize(one);
        expectNoSpread();
        STATISTICS.normalize(one);
        expectNoSpread();
        STATISTICS.correlation(one, one);
    }

    function test_whatALastDigitIs() public pure {
        // 1, 1, 0 in last digits: mean 2/3, variance 2/9, deviation 0.47.
        TensorLib.Number[] memory data = new TensorLib.Number[](3);
        (data[0], data[1]) = (TensorLib.Number(1, 18), TensorLib.Number(1, 18));
        check(STATISTICS.mean(data), 1, 18);
        check(STATISTICS.median(data), 1, 18);
        check(STATISTICS.variance(data), 0, 18);
        check(STATISTICS.stdDev(data), 0, 18);
        check(STATISTICS.standardize(data)[2], -1_414213562373095049, 18);
    }

    function test_noNumbers() public {
        TensorLib.Number[] memory none = new TensorLib.Number[](0);
        vm.expectRevert(ISolidMLPreprocessing.EmptyData.selector);
        STATISTICS.mean(none);
        vm.expectRevert(ISolidMLPreprocessing.EmptyData.selector);
        STATISTICS.correlation(none, none);
    }

    function test_listsOfDifferentLength() public {
        vm.expectRevert(abi.encodeWithSelector(ISolidMLPreprocessing.LengthMismatch.selector, 2, 3));
        STATISTICS.correlation(new TensorLib.Number[](2), new TensorLib.Number[](3));
    }

    function test_tooManyNumbers() public {
        uint256 most = STATISTICS.MAX_NUMBERS();
        vm.expectRevert(
            abi.encodeWithSelector(ISolidMLPreprocessing.TooManyNumbers.selector, most + 1, most)
        );
        STATISTICS.min(new TensorLib.Number[](most + 1));
    }

    function test_tooLargeNumbers() public {
        TensorLib.Number[] memory data = new TensorLib.Number[](2);
        data[1] = TensorLib.Number(-int128(2 ** 108), 0);
        vm.expectRevert(
            abi.encodeWithSelector(ISolidMLPreprocessing.NumbersTooLarge.selector, 2 ** 108)
        );
        STATISTICS.mean(data);
        data[1].decimals = -21;
        vm.expectRevert(abi.encodeWithSelector(Numbers.NumberTooLarge.selector, data[1].value, -21));
        STATISTICS.mean(data);
    }

    /// @notice The most numbers, as far apart as they may be: nothing overflows.
    function test_theMostAndLargest() public view {
        uint256 most = STATISTICS.MAX_NUMBERS();
        TensorLib.Number[] memory data = new TensorLib.Number[](most);
        int128 largest = int128(2 ** 108 - 1);
        for (uint256 i; i < most; ++i) {
            data[i] = TensorLib.Number(i % 2 == 0 ? largest : -largest, 0);
        }
        check(STATISTICS.mean(data), 0, 0);
        check(STATISTICS.stdDev(data), largest, 0);
        vm.assertEq(STATISTICS.variance(data).decimals, -27);
        check(STATISTICS.standardize(data)[0], 1e18, 18);
        check(STATISTICS.correlation(data, data), 1e18, 18);
    }

    /// @dev Fewer runs: lists are long.
    /// forge-config: ci.fuzz.runs = 1000
    function testFuzz_orderAndBounds(int64[] memory values, uint8 places) public pure {
        TensorLib.Number[] memory data = numbersOf(values, int128(uint128(bound(places, 0, 18))));
        if (data.length == 0) return;
        int128 smallest = STATISTICS.min(data).value;
        int128 largest = STATISTICS.max(data).value;
        int128 middle = STATISTICS.median(data).value;
        int128 average = STATISTICS.mean(data).value;
        vm.assertTrue(smallest <= middle && middle <= largest, "median outside");
        vm.assertTrue(smallest <= average && average <= largest, "mean outside");
        int128 deviation = STATISTICS.stdDev(data).value;
        vm.assertTrue(deviation >= 0 && deviation <= largest - smallest, "deviation outside");
    }

    /// @dev Fewer runs: lists are long.
    /// forge-config: ci.fuzz.runs = 1000
    function testFuzz_scoresHaveMeanZeroAndDeviationOne(int64[] memory values) public pure {
        TensorLib.Number[] memory data = numbersOf(values, 3);
        if (data.length == 0 || STATISTICS.stdDev(data).value == 0) return;
        TensorLib.Number[] memory scores = STATISTICS.standardize(data);
        vm.assertTrue(distance(STATISTICS.mean(scores).value, 0) <= 1, "mean");
        vm.assertTrue(distance(STATISTICS.stdDev(scores).value, 1e18) <= 2, "deviation");
        TensorLib.Number[] memory places = STATISTICS.normalize(data);
        check(STATISTICS.min(places), 0, 18);
        check(STATISTICS.max(places), 1e18, 18);
    }

    /// @dev Fewer runs: lists are long.
    /// forge-config: ci.fuzz.runs = 1000
    function testFuzz_correlationOfALine(int64[] memory values, int32 slope, int64 shift)
        public
        pure
    {
        TensorLib.Number[] memory x = numbersOf(values, 4);
        if (slope == 0 || x.length == 0 || STATISTICS.stdDev(x).value == 0) return;
        TensorLib.Number[] memory y = new TensorLib.Number[](x.length);
        for (uint256 i; i < x.length; ++i) {
            y[i] = TensorLib.Number(x[i].value * slope + shift, 4);
        }
        check(STATISTICS.correlation(x, y), slope > 0 ? int256(1e18) : -1e18, 18);
    }

    function testFuzz_correlationIsSymmetric(int64[8] memory a, int64[8] memory b) public pure {
        TensorLib.Number[] memory x = new TensorLib.Number[](8);
        TensorLib.Number[] memory y = new TensorLib.Number[](8);
        for (uint256 i; i < 8; ++i) {
            (x[i], y[i]) = (TensorLib.Number(a[i], 2), TensorLib.Number(b[i], 5));
        }
        if (STATISTICS.stdDev(x).value == 0 || STATISTICS.stdDev(y).value == 0) return;
        int256 one = STATISTICS.correlation(x, y).value;
        vm.assertEq(STATISTICS.correlation(y, x).value, one);
        vm.assertTrue(one <= 1e18 && one >= -1e18, "out of range");
    }

    function checkScalars(
        string memory path,
        TensorLib.Number[] memory x,
        TensorLib.Number[] memory y
    ) private view {
        TensorLib.Number[] memory got = new TensorLib.Number[](7);
        (got[0], got[1], got[2]) = (STATISTICS.min(x), STATISTICS.max(x), STATISTICS.mean(x));
        (got[3], got[4]) = (STATISTICS.median(x), STATISTICS.stdDev(x));
        (got[5], got[CORRELATION]) = (STATISTICS.variance(x), STATISTICS.correlation(x, y));
        int256[] memory exact = listAt(path, ".exact");
        int256[] memory decimals = listAt(path, ".exactDecimals");
        int256[] memory numpy = listAt(path, ".numpy");
        int256[] memory tolerance = listAt(path, ".tolerance");
        for (uint256 i; i < got.length; ++i) {
            vm.assertEq(got[i].decimals, decimals[i]);
            vm.assertTrue(distance(got[i].value, exact[i]) <= 1, string.concat("exact ", path));
            uint256 off = distance(Numbers.toWad(got[i]), numpy[i]);
            vm.assertTrue(int256(off) <= tolerance[i], string.concat("numpy ", path));
        }
    }

    function checkList(
        string memory path,
        string memory name,
        TensorLib.Number[] memory got,
        int256 tolerance
    ) private view {
        int256[] memory exact = listAt(path, string.concat(".exact", name));
        int256[] memory numpy = listAt(path, string.concat(".numpy", name));
        vm.assertEq(got.length, exact.length);
        for (uint256 i; i < got.length; ++i) {
            vm.assertEq(got[i].decimals, 18);
            vm.assertTrue(distance(got[i].value, exact[i]) <= 1, string.concat("exact ", path));
            uint256 off = distance(got[i].value, numpy[i]);
            vm.assertTrue(int256(off) <= tolerance, string.concat("numpy ", path));
        }
    }

    function numbersAt(string memory path, string memory valuesKey, string memory decimalsKey)
        private
        view
        returns (TensorLib.Number[] memory data)
    {
        int256[] memory values = listAt(path, valuesKey);
        int256[] memory decimals = listAt(path, decimalsKey);
        data = new TensorLib.Number[](values.length);
        for (uint256 i; i < data.length; ++i) {
            data[i] = TensorLib.Number(int128(values[i]), int128(decimals[i]));
        }
    }

    function listAt(string memory path, string memory key) private view returns (int256[] memory) {
        return vm.parseJsonIntArray(json, string.concat(path, key));
    }

    function numbersOf(int64[] memory values, int128 decimals)
        private
        pure
        returns (TensorLib.Number[] memory data)
    {
        data = new TensorLib.Number[](values.length);
        for (uint256 i; i < data.length; ++i) {
            data[i] = TensorLib.Number(values[i], decimals);
        }
    }

    function distance(int256 a, int256 b) private pure returns (uint256) {
        return SignedMath.abs(a - b);
    }

    function check(TensorLib.Number memory got, int256 want, int256 decimals) private pure {
        vm.assertEq(got.value, want);
        vm.assertEq(got.decimals, decimals);
    }

    function expectNoSpread() private {
        vm.expectRevert(ISolidMLPreprocessing.NoSpread.selector);
    }
}
