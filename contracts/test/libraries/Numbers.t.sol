// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Numbers} from "../../src/libraries/Numbers.sol";
import {TensorLib} from "../../src/solidml/TensorLib.sol";
import {Harness} from "../Harness.sol";

contract NumbersTest is Harness {
    function test_toWad() public pure {
        check(15, 1, 1.5e18);
        check(-25, 0, -25e18);
        check(3, -2, 300e18);
        check(7, 18, 7);
        check(0, type(int128).min, 0);
        check(0, type(int128).max, 0);
        check(1, -20, 1e38);
    }

    function test_toWadRoundsAHalfUp() public pure {
        check(15, 19, 2);
        check(-15, 19, -1);
        check(14, 19, 1);
        check(-16, 19, -2);
        check(5, 19, 1);
        check(-5, 19, 0);
        check(type(int128).max, 56, 2);
        check(type(int128).max, 57, 0);
        check(type(int128).min, 57, 0);
        check(type(int128).min, type(int128).max, 0);
    }

    function test_toWadRefusesWhatIsTooLarge() public {
        vm.expectRevert(abi.encodeWithSelector(Numbers.NumberTooLarge.selector, 1, -21));
        this.toWad(1, -21);
        vm.expectRevert(
            abi.encodeWithSelector(Numbers.NumberTooLarge.selector, -1, type(int128).min)
        );
        this.toWad(-1, type(int128).min);
    }

    function test_toInteger() public {
        vm.assertEq(this.toInteger(-150, 1), -15);
        vm.assertEq(this.toInteger(3, -2), 300);
        vm.assertEq(this.toInteger(0, 200), 0);
        vm.assertEq(this.toInteger(type(int128).min, 0), type(int128).min);
        vm.expectRevert(abi.encodeWithSelector(Numbers.NotAnInteger.selector, 15, 1));
        this.toInteger(15, 1);
        vm.expectRevert(abi.encodeWithSelector(Numbers.NotAnInteger.selector, 1, 39));
        this.toInteger(1, 39);
        vm.expectRevert(abi.encodeWithSelector(Numbers.NumberTooLarge.selector, 1, -21));
        this.toInteger(1, -21);
    }

    function test_fit() public pure {
        checkFit(5, 18, 5, 18);
        checkFit(type(int128).max, 18, type(int128).max, 18);
        // 2^127 ends in 728.
        checkFit(int256(type(int128).max) + 1, 18, 17014118346046923173168730371588410573, 17);
        checkFit(type(int256).min, 0, -57896044618658097711785492504343953927, -39);
    }

    function testFuzz_fitLosesOnlyLastDigits(int256 value, uint256 decimals) public pure {
        decimals = bound(decimals, 0, 18);
        TensorLib.Number memory number = Numbers.fit(value, decimals);
        uint256 lost = uint256(int256(decimals) - number.decimals);
        vm.assertEq(Numbers.divRound(value, 10 ** lost), number.value);
        // Not one digit more than needed.
        if (lost != 0) {
            int256 finer = Numbers.divRound(value, 10 ** (lost - 1));
            vm.assertTrue(finer != int128(finer), "room for another digit");
        }
    }

    function testFuzz_divRound(int256 value, uint256 divisor) public pure {
        divisor = bound(divisor, 1, 2 ** 120);
        value = int256(bound(uint256(value), 0, 2 ** 251)) - 2 ** 250;
        int256 quotient = Numbers.divRound(value, divisor);
        // -1/2 < quotient - value / divisor <= 1/2
        int256 twice = 2 * (quotient * int256(divisor) - value);
        vm.assertTrue(twice <= int256(divisor) && twice > -int256(divisor), "not the nearest");
    }

    function testFuzz_whatFitsComesBack(int128 value, uint8 decimals) public view {
        int128 places = int128(uint128(bound(decimals, 0, 18)));
        int256 wad = this.toWad(value, places);
        vm.assertEq(wad, int256(value) * int256(10 ** uint256(18 - uint128(places))));
    }

    function toWad(int128 value, int128 decimals) external pure returns (int256) {
        return Numbers.toWad(TensorLib.Number(value, decimals));
    }

    function toInteger(int128 value, int128 decimals) external pure returns (int256) {
        return Numbers.toInteger(TensorLib.Number(value, decimals));
    }

    function check(int128 value, int128 decimals, int256 want) private pure {
        vm.assertEq(Numbers.toWad(TensorLib.Number(value, decimals)), want);
    }

    function checkFit(int256 value, uint256 decimals, int256 want, int256 wantDecimals)
        private
        pure
    {
        TensorLib.Number memory number = Numbers.fit(value, decimals);
        vm.assertEq(number.value, want);
        vm.assertEq(number.decimals, wantDecimals);
    }
}
