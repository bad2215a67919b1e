// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Harness} from "../Harness.sol";

/// @title Attempts to keep a writer from its chunk
contract ChunkStoreAttacksTest is Harness {
    bytes private constant DATA = "some model's weights";

    function setUp() public {
        placePredeploys();
    }

    /// @dev The address is known before: somebody sends it ether first.
    function test_etherSentAheadKeepsNobodyOut() public {
        address want = STORE.chunkAddress(ALICE, address(0), DATA);
        vm.deal(want, 1 ether);
        vm.prank(ALICE);
        vm.assertEq(STORE.writeChunk(address(0), DATA), want);
        vm.assertEq(STORE.writerOf(want), ALICE);
        vm.assertEq(want.code.length, 21 + DATA.length);
    }

    /// @dev 63/64: creation that runs out of gas leaves no writer of nothing.
    function test_fuzz_littleGasLeavesNoWriterWithoutAChunk(uint256 gas) public {
        gas = bound(gas, 20_000, 120_000);
        address want = STORE.chunkAddress(ALICE, address(0), DATA);
        vm.prank(ALICE);
        (bool ok,) =
            address(STORE).call{gas: gas}(abi.encodeCall(STORE.writeChunk, (address(0), DATA)));
        vm.assertEq(STORE.writerOf(want), ok ? ALICE : address(0));
        vm.assertEq(want.code.length, ok ? 21 + DATA.length : 0);
    }
}
