// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IModelRevenue} from "../../src/interfaces/IModelRevenue.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {Harness} from "../Harness.sol";

/// @title Attempts to turn lineage around
contract ModelRegistryAttacksTest is Harness {
    /// @dev A later version has a hash, but is no model: it can be neither parent nor paid, and its
    /// root cannot be registered as a child of its own model.
    function test_aVersionIsNeitherParentNorModel() public {
        placePredeploys();
        uint256 modelId = listModel(ALICE, 100);
        address root = deployModel(ALICE, Predeploys.INFERENCE_GATEWAY, "second");
        vm.prank(ALICE);
        REGISTRY.publishVersion(modelId, root);
        uint256 versionHash = REGISTRY.idOf(root);
        bytes memory unknown =
            abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, versionHash);
        vm.expectRevert(unknown);
        GATEWAY.inference(versionHash, words(1, 2));

        IModelRegistry.Listing memory listing;
        listing.name = "child";
        listing.parents = new IModelRevenue.Share[](1);
        listing.parents[0] = IModelRevenue.Share(versionHash, 1000);
        address child = deployModel(BOB, Predeploys.INFERENCE_GATEWAY, "child");
        vm.expectRevert(unknown);
        vm.prank(BOB);
        REGISTRY.registerListing(child, listing);

        listing.parents[0].modelId = modelId;
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.AlreadyRegistered.selector, modelId));
        vm.prank(ALICE);
        REGISTRY.registerListing(root, listing);
    }
}
