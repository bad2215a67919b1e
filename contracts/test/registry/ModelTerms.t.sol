// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IModelTerms} from "../../src/interfaces/IModelTerms.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {Harness} from "../Harness.sol";

contract ModelTermsTest is Harness {
    address private constant TOKEN = address(0x70CE);

    uint256 private modelId;

    function setUp() public {
        placePredeploys();
        modelId = listModel(ALICE, 1);
        vm.etch(TOKEN, hex"00");
    }

    function test_fuzz_aPriceInATokenReplacesOneInWei(uint96 price) public {
        vm.expectEmit(address(REGISTRY));
        emit IModelTerms.PriceSet(modelId, TOKEN, price);
        vm.prank(ALICE);
        REGISTRY.setTokenPrice(modelId, TOKEN, price);
        checkPrice(TOKEN, price);
        vm.assertEq(REGISTRY.modelOf(modelId).priceWei, 0);
        vm.prank(ALICE);
        REGISTRY.setPrice(modelId, 7);
        checkPrice(address(0), 7);
        vm.assertEq(REGISTRY.modelOf(modelId).priceWei, 7);
    }

    function test_whatIsNoTokenIsRefused() public {
        address[4] memory refused =
            [address(0), BOB, Predeploys.MODEL_REGISTRY, Predeploys.INFERENCE_GATEWAY];
        for (uint256 i; i < refused.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IModelTerms.NotAToken.selector, refused[i]));
            vm.prank(ALICE);
            REGISTRY.setTokenPrice(modelId, refused[i], 1);
        }
    }

    function test_onlyTheOwnerSetsTerms() public {
        bytes memory refusal =
            abi.encodeWithSelector(IModelRegistry.NotModelOwner.selector, modelId, BOB, ALICE);
        bytes[5] memory calls = [
            abi.encodeCall(REGISTRY.setPrice, (modelId, 1)),
            abi.encodeCall(REGISTRY.setTokenPrice, (modelId, TOKEN, 1)),
            abi.encodeCall(REGISTRY.setAccess, (modelId, IModelTerms.Access.Private)),
            abi.encodeCall(REGISTRY.setAllowed, (modelId, new address[](0), true)),
            abi.encodeCall(REGISTRY.retire, (modelId))
        ];
        for (uint256 i; i < calls.length; ++i) {
            vm.prank(BOB);
            (bool ok, bytes memory reason) = address(REGISTRY).call(calls[i]);
            vm.assertTrue(!ok, "a stranger set terms");
            vm.assertEq(reason, refusal);
        }
    }

    function test_accessDecidesWhoCalls() public {
        checkMayCall(true, true, true);
        setAccess(IModelTerms.Access.Listed);
        checkMayCall(true, false, false);
        setAllowed(BOB, true);
        checkMayCall(true, true, false);
        setAccess(IModelTerms.Access.Private);
        checkMayCall(true, false, false);
        setAccess(IModelTerms.Access.Listed);
        setAllowed(BOB, false);
        checkMayCall(true, false, false);
        vm.prank(ALICE);
        REGISTRY.transferFrom(ALICE, CAROL, modelId);
        checkMayCall(false, false, true);
    }

    function test_restrictedAccessNeedsTheGateway() public {
        address root = deployModel(ALICE, address(0), "open to all");
        vm.prank(ALICE);
        uint256 open = REGISTRY.register(root, "open", 0);
        vm.expectRevert(
            abi.encodeWithSelector(IModelTerms.AccessNeedsGateway.selector, open, address(0))
        );
        vm.prank(ALICE);
        REGISTRY.setAccess(open, IModelTerms.Access.Listed);
        vm.prank(ALICE);
        REGISTRY.setAccess(open, IModelTerms.Access.Open);
    }

    function test_aRetiredModelTakesNoCallsEverAgain() public {
        vm.expectEmit(address(REGISTRY));
        emit IModelTerms.ModelRetired(modelId);
        vm.prank(ALICE);
        REGISTRY.retire(modelId);
        vm.assertTrue(REGISTRY.isRetired(modelId), "retired");
        checkMayCall(false, false, false);
        bytes memory refusal = abi.encodeWithSelector(IModelTerms.Retired.selector, modelId);
        vm.expectRevert(refusal);
        REGISTRY.callTerms(modelId, 0, ALICE);
        vm.expectRevert(refusal);
        REGISTRY.callTerms(modelId, 1, BOB);
        vm.expectRevert(refusal);
        vm.prank(ALICE);
        REGISTRY.retire(modelId);
        // Nothing is deleted.
        vm.assertEq(REGISTRY.ownerOf(modelId), ALICE);
        vm.assertEq(REGISTRY.nameOf(modelId), "model");
        vm.assertTrue(REGISTRY.rootOf(modelId, 1).code.length != 0, "bytes");
    }

    function test_fuzz_anUnknownModelIsNamed(uint256 unknown) public {
        vm.assume(unknown != modelId);
        bytes memory refusal =
            abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, unknown);
        bytes[14] memory calls = [
            abi.encodeCall(REGISTRY.priceOf, (unknown)),
            abi.encodeCall(REGISTRY.accessOf, (unknown)),
            abi.encodeCall(REGISTRY.mayCall, (unknown, BOB)),
            abi.encodeCall(REGISTRY.isRetired, (unknown)),
            abi.encodeCall(REGISTRY.nameOf, (unknown)),
            abi.encodeCall(REGISTRY.tagsOf, (unknown)),
            abi.encodeCall(REGISTRY.latestVersion, (unknown)),
            abi.encodeCall(REGISTRY.rootOf, (unknown, 0)),
            abi.encodeCall(REGISTRY.payeesOf, (unknown)),
            abi.encodeCall(REGISTRY.parentsOf, (unknown)),
            abi.encodeCall(REGISTRY.ancestorsOf, (unknown)),
            abi.encodeCall(REGISTRY.tokenURI, (unknown)),
            abi.encodeCall(REGISTRY.setRoyalty, (unknown, BOB, 0)),
            abi.encodeCall(REGISTRY.retire, (unknown))
        ];
        for (uint256 i; i < calls.length; ++i) {
            (bool ok, bytes memory reason) = address(REGISTRY).call(calls[i]);
            vm.assertTrue(!ok, "an unknown model");
            vm.assertEq(reason, refusal);
        }
    }

    function setAccess(IModelTerms.Access access) private {
        vm.prank(ALICE);
        REGISTRY.setAccess(modelId, access);
        vm.assertEq(uint256(REGISTRY.accessOf(modelId)), uint256(access));
    }

    function setAllowed(address account, bool allowed) private {
        address[] memory accounts = new address[](1);
        accounts[0] = account;
        vm.prank(ALICE);
        REGISTRY.setAllowed(modelId, accounts, allowed);
    }

    /// @dev For Alice, Bob, Carol; `callTerms` says the same as `mayCall`.
    function checkMayCall(bool alice, bool bob, bool carol) private view {
        checkMayCall(ALICE, alice);
        checkMayCall(BOB, bob);
        checkMayCall(CAROL, carol);
    }

    function checkMayCall(address account, bool want) private view {
        vm.assertEq(REGISTRY.mayCall(modelId, account), want);
        try REGISTRY.callTerms(modelId, 0, account) returns (IModelTerms.CallTerms memory) {
            vm.assertTrue(want, "terms for somebody who may not call");
        } catch (bytes memory reason) {
            vm.assertTrue(!want, "no terms for somebody who may call");
            bytes memory denied =
                abi.encodeWithSelector(IModelTerms.AccessDenied.selector, modelId, account);
            if (!REGISTRY.isRetired(modelId)) vm.assertEq(reason, denied);
        }
    }

    function checkPrice(address wantToken, uint256 wantPrice) private view {
        (address token, uint256 price) = REGISTRY.priceOf(modelId);
        vm.assertEq(token, wantToken);
        vm.assertEq(price, wantPrice);
        IModelTerms.CallTerms memory terms = REGISTRY.callTerms(modelId, 0, BOB);
        vm.assertEq(terms.token, wantToken);
        vm.assertEq(terms.price, wantPrice);
    }
}
