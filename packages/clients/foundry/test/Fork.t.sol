// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {vm} from "./Vm.sol";
import {Purse} from "../src/Purse.sol";

/// On a fork of the running node, which has what `script/Deploy.s.sol` put there (PURSE names it).
contract ForkTest {
    address constant FIRST_ACCOUNT = 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266;
    address constant ALICE = address(0xA11CE);
    Purse purse;

    function setUp() public {
        vm.createSelectFork("local");
        purse = Purse(payable(vm.envAddress("PURSE")));
    }

    function test_state_comes_from_the_node() public view {
        vm.assertEq(block.chainid, 31337);
        vm.assertEq(purse.name(), "scripted");
        vm.assertEq(purse.balanceOf(FIRST_ACCOUNT), 3 ether);
    }

    function test_what_a_test_does_stays_in_it() public {
        vm.deal(ALICE, 1 ether);
        vm.prank(ALICE);
        purse.deposit{value: 1 ether}("in the fork");
        vm.assertEq(purse.total(), 4 ether);
    }

    function test_what_that_test_did_is_gone() public view {
        vm.assertEq(purse.total(), 3 ether);
    }

    function test_an_earlier_block_has_earlier_state() public {
        vm.createSelectFork("local", 0);
        vm.assertEq(address(purse).code.length, 0);
        vm.assertEq(FIRST_ACCOUNT.balance, 10_000 ether);
    }

    function test_the_node_is_asked_directly() public {
        vm.rpc(
            "anvil_setBalance",
            '["0x00000000000000000000000000000000000a11ce", "0x8ac7230489e80000"]'
        );
        bytes memory balance =
            vm.rpc("eth_getBalance", '["0x00000000000000000000000000000000000a11ce", "latest"]');
        vm.assertEq(uint256(bytes32(balance)) >> (256 - 8 * balance.length), 10 ether);
        vm.rpc("anvil_setBalance", '["0x00000000000000000000000000000000000a11ce", "0x0"]');
    }
}
