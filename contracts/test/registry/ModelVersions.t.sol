// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {Harness} from "../Harness.sol";

contract ModelVersionsTest is Harness {
    uint256 private modelId;

    function setUp() public {
        placePredeploys();
        modelId = listModel(ALICE, 1);
    }

    function test_callersPinAVersionOrFollowTheLatest() public {
        address first = REGISTRY.rootOf(modelId, 1);
        address second = deployModel(ALICE, Predeploys.INFERENCE_GATEWAY, "second");
        vm.expectEmit(address(REGISTRY));
        emit IModelRegistry.VersionPublished(modelId, 2, second);
        vm.assertEq(publish(ALICE, second), 2);

        vm.assertEq(REGISTRY.latestVersion(modelId), 2);
        vm.assertEq(REGISTRY.modelOf(modelId).root, second);
        vm.assertEq(REGISTRY.rootOf(modelId, 0), second);
        vm.assertEq(REGISTRY.rootOf(modelId, 1), first);
        vm.assertEq(REGISTRY.callTerms(modelId, 0, BOB).root, second);
        vm.assertEq(REGISTRY.callTerms(modelId, 0, BOB).version, 2);
        vm.assertEq(REGISTRY.callTerms(modelId, 1, BOB).root, first);
        vm.assertEq(REGISTRY.callTerms(modelId, 1, BOB).version, 1);
        vm.assertEq(REGISTRY.publishedAs(first), modelId);
        vm.assertEq(REGISTRY.publishedAs(second), modelId);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownVersion.selector, modelId, 3));
        REGISTRY.rootOf(modelId, 3);
    }

    function test_aRootIsPublishedOnce() public {
        address second = deployModel(ALICE, Predeploys.INFERENCE_GATEWAY, "second");
        publish(ALICE, second);
        bytes memory refusal =
            abi.encodeWithSelector(IModelRegistry.AlreadyRegistered.selector, modelId);
        vm.expectRevert(refusal);
        publish(ALICE, second);
        vm.expectRevert(refusal);
        vm.prank(ALICE);
        REGISTRY.register(second, "on its own", 0);
    }

    function test_onlyTheOwnersOwnRootsAreVersions() public {
        address bobs = deployModel(BOB, Predeploys.INFERENCE_GATEWAY, "bob's");
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.NotModelOwner.selector, modelId, BOB, ALICE)
        );
        publish(BOB, bobs);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotWriter.selector, bobs, ALICE, BOB));
        publish(ALICE, bobs);
        // Bob may, once Alice has approved him for the token.
        vm.prank(ALICE);
        REGISTRY.approve(BOB, modelId);
        vm.assertEq(publish(BOB, bobs), 2);
    }

    function test_versionsShareAGate() public {
        address open = deployModel(ALICE, address(0), "open");
        vm.expectRevert(
            abi.encodeWithSelector(
                IModelRegistry.VersionGate.selector, open, address(0), Predeploys.INFERENCE_GATEWAY
            )
        );
        publish(ALICE, open);
    }

    function publish(address sender, address root) private returns (uint32 version) {
        vm.prank(sender);
        return REGISTRY.publishVersion(modelId, root);
    }
}
