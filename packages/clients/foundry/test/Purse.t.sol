// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {vm} from "./Vm.sol";
import {Purse} from "../src/Purse.sol";

/// Without a chain.
contract PurseTest {
    address constant ALICE = address(0xA11CE);
    Purse purse;

    function setUp() public {
        purse = new Purse("tested");
        vm.deal(ALICE, 10 ether);
    }

    function test_deposits_add_up() public {
        vm.expectEmit();
        emit Purse.Deposited(ALICE, 1 ether, "one");
        vm.prank(ALICE);
        purse.deposit{value: 1 ether}("one");
        vm.assertEq(purse.balanceOf(ALICE), 1 ether);
        vm.assertEq(purse.total(), 1 ether);
    }

    function test_what_is_not_there_cannot_be_withdrawn() public {
        vm.expectRevert(
            abi.encodeWithSelector(
                Purse.InsufficientBalance.selector, ALICE, uint256(0), uint256(1)
            )
        );
        vm.prank(ALICE);
        purse.withdraw(payable(ALICE), 1);
    }

    function test_locks_end() public {
        vm.prank(ALICE);
        purse.deposit{value: 1 ether}("");
        vm.prank(ALICE);
        purse.lock(60);
        vm.warp(block.timestamp + 60);
        vm.prank(ALICE);
        purse.withdraw(payable(ALICE), 1 ether);
        vm.assertEq(ALICE.balance, 10 ether);
    }
}
