// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Sorting} from "../../src/libraries/Sorting.sol";
import {Harness} from "../Harness.sol";

contract SortingTest is Harness {
    function testFuzz_sorts(int256[] memory list, int256 probe) public pure {
        uint256 length = list.length;
        uint256 count = countOf(list, probe);
        uint256 first = length == 0 ? 0 : countOf(list, list[0]);
        int256 firstNumber = length == 0 ? int256(0) : list[0];
        uint256 hash = sumOfHashes(list);
        Sorting.sort(list);
        for (uint256 i = 1; i < length; ++i) {
            vm.assertTrue(list[i - 1] <= list[i], "out of order");
        }
        // The same numbers, each as often.
        vm.assertEq(sumOfHashes(list), hash);
        vm.assertEq(countOf(list, probe), count);
        vm.assertEq(countOf(list, firstNumber), first);
    }

    function testFuzz_sortsEquals(uint8[] memory small) public pure {
        int256[] memory list = new int256[](small.length);
        for (uint256 i; i < list.length; ++i) {
            list[i] = int256(uint256(small[i] % 4)) - 2;
        }
        uint256 hash = sumOfHashes(list);
        Sorting.sort(list);
        for (uint256 i = 1; i < list.length; ++i) {
            vm.assertTrue(list[i - 1] <= list[i], "out of order");
        }
        vm.assertEq(sumOfHashes(list), hash);
    }

    /// @notice A list that is sorted already takes n log n steps, of less than 300 gas.
    function test_noOrderIsDear() public view {
        int256[] memory list = new int256[](1024);
        for (uint256 i; i < 1024; ++i) {
            list[i] = int256(i);
        }
        uint256 before = gasleft();
        Sorting.sort(list);
        vm.assertLt(before - gasleft(), 1024 * 10 * 300);
    }

    function countOf(int256[] memory list, int256 number) private pure returns (uint256 count) {
        for (uint256 i; i < list.length; ++i) {
            if (list[i] == number) ++count;
        }
    }

    function sumOfHashes(int256[] memory list) private pure returns (uint256 sum) {
        for (uint256 i; i < list.length; ++i) {
            unchecked {
                sum += uint256(keccak256(abi.encode(list[i])));
            }
        }
    }
}
