// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IModelRevenue} from "../../src/interfaces/IModelRevenue.sol";
import {IModelTerms} from "../../src/interfaces/IModelTerms.sol";
import {Harness} from "../Harness.sol";
import {Actions} from "./Actions.sol";
import {Books} from "./Books.sol";

contract MoneyInvariants is Harness {
    Actions private actions;

    function setUp() public {
        placePredeploys();
        vm.warp(1000);
        actions = new Actions();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(actions);
    }

    /// @dev Together: forge plays a campaign of its own for each invariant.
    function invariant_money() public view {
        checkBooks();
        checkLineage();
        checkVersions();
    }

    /// @dev 1, 2, 3.
    function checkBooks() private view {
        for (uint256 t; t < 4; ++t) {
            address token = actions.currencies(t);
            Books.Sums memory sums = actions.sumsOf(token);
            uint256 earned = actions.creditsIn(token) + actions.potsIn(token);
            uint256 prepaid = actions.prepaidIn(token);
            vm.assertEq(actions.heldIn(token), earned + prepaid + sums.donated);
            vm.assertEq(earned, sums.charged - sums.withdrawn);
            vm.assertEq(prepaid, sums.deposited - sums.drawn - sums.prepaidWithdrawn);
        }
    }

    /// @dev 7.
    function checkLineage() private view {
        uint256 count = actions.modelCount();
        for (uint256 i; i < count; ++i) {
            uint256 modelId = actions.models(i);
            IModelTerms.CallTerms memory terms =
                REGISTRY.callTerms(modelId, 0, REGISTRY.ownerOf(modelId));
            vm.assertGe(REGISTRY.MAX_ANCESTORS(), terms.ancestors.length);
            uint256 total = terms.validatorBps;
            for (uint256 j; j < terms.ancestors.length; ++j) {
                // Earlier in the order of registration.
                vm.assertLt(orderOf(terms.ancestors[j].modelId), i);
                total += terms.ancestors[j].bps;
            }
            for (uint256 j; j < terms.contributors.length; ++j) {
                total += terms.contributors[j].bps;
            }
            vm.assertGe(10_000, total);
        }
    }

    /// @dev 8.
    function checkVersions() private view {
        uint256 count = actions.modelCount();
        for (uint256 i; i < count; ++i) {
            uint256 modelId = actions.models(i);
            vm.assertEq(uint256(REGISTRY.rootOf(modelId, 1).codehash), modelId);
            uint32 latest = REGISTRY.latestVersion(modelId);
            for (uint32 version = 1; version <= latest; ++version) {
                address root = REGISTRY.rootOf(modelId, version);
                vm.assertEq(REGISTRY.publishedAs(root), modelId);
                checkBytes(root);
            }
        }
    }

    /// @dev A one-chunk model's bytes are those that its root was written for: the code hash that it
    /// names for its chunk, and the content hash of what stands behind the chunk's kind and gate.
    function checkBytes(address root) private view {
        bytes memory code = root.code;
        vm.assertEq(code.length, 63 + 52);
        (bytes32 contentHash, bytes32 entry, bytes32 codeHash) =
            (wordAt(code, 29), wordAt(code, 63), wordAt(code, 83));
        address chunk = address(bytes20(entry));
        vm.assertEq(chunk.codehash, codeHash);
        bytes memory data = chunk.code;
        bytes32 hash;
        assembly ("memory-safe") {
            // Behind the array's length, kind and gate: all the rest, which is not empty.
            hash := keccak256(add(data, 53), sub(mload(data), 21))
        }
        vm.assertEq(hash, contentHash);
    }

    function wordAt(bytes memory data, uint256 offset) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 0x20), offset))
        }
    }

    /// @dev Invariants of actions that all fail would prove nothing.
    function test_theActionsAct() public {
        actions.nextBlock(4, 1);
        actions.setContributors(2, 0, 100, 50);
        actions.infer(3, 2, 0, 2, 6000);
        checkWorked(1);
        actions.infer(3, 2, 2, 2, 6000);
        checkWorked(2);
        actions.infer(3, 2, 3, 2, 6000);
        checkWorked(3);
        actions.inferStarved(3, 2, 400_000);
        checkWorked(4);
        actions.inferStarved(3, 2, 30_000);
        checkWorked(4);
        actions.releasePot(0, 0);
        checkWorked(5);
        actions.withdraw(2, 0, 0, false);
        checkWorked(6);
        actions.withdraw(0, 2, 0, true);
        checkWorked(7);
        actions.deposit(3, 3, 0, 100_000);
        checkWorked(8);
        actions.setBudget(3, 3, 2, 0, 10_000);
        checkWorked(9);
        actions.infer(3, 2, 1, 2, 0);
        checkWorked(10);
        actions.setBudget(3, 1, 2, 0, 10_000);
        checkWorked(11);
        actions.inferFor(1, 2);
        checkWorked(12);
        actions.inferAuthorized(3, 2, true, 0);
        checkWorked(13);
        actions.setPrice(2, 1, 500);
        actions.infer(3, 2, 2, 1, 500);
        checkWorked(14);
        actions.inferAuthorized(3, 2, false, 500);
        checkWorked(15);
        actions.withdrawPrepaid(3, 1, 0, 50);
        checkWorked(16);
        actions.setPrice(2, 3, 500);
        actions.changeMood(0, 1, 1);
        actions.infer(3, 2, 2, 1, 500);
        checkWorked(17);
        actions.changeMood(6, 1, 1);
        actions.infer(3, 2, 2, 1, 500);
        checkWorked(17);
        actions.register(1, 2, 7, 4000);
        vm.assertEq(actions.modelCount(), 4);
        actions.publish(3);
        actions.transfer(3, 2);
        invariant_money();
    }

    function checkWorked(uint256 want) private view {
        vm.assertEq(actions.actionsThatWorked(), want);
    }

    function orderOf(uint256 modelId) private view returns (uint256 i) {
        while (actions.models(i) != modelId) ++i;
    }
}
