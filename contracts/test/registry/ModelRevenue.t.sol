// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IModelRevenue} from "../../src/interfaces/IModelRevenue.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {Harness} from "../Harness.sol";

contract ModelRevenueTest is Harness {
    uint256 private modelId;

    function setUp() public {
        placePredeploys();
        vm.warp(1000);
        modelId = listModel(ALICE, 1);
    }

    function test_sharesOfTheWholePriceAreTheMost() public {
        setContributors(two(BOB, 4000, 0, CAROL, 4000, 0));
        setValidatorShare(2000);
        vm.assertEq(REGISTRY.callTerms(modelId, 0, BOB).validatorBps, 2000);
        vm.expectRevert(abi.encodeWithSelector(IModelRevenue.SharesExceedPrice.selector, 10_001));
        setContributors(two(BOB, 4000, 0, CAROL, 4001, 0));
        setValidatorShare(1999);
        setContributors(two(BOB, 4000, 0, CAROL, 4001, 0));
        vm.expectRevert(abi.encodeWithSelector(IModelRevenue.SharesExceedPrice.selector, 10_001));
        setValidatorShare(2000);
        vm.expectRevert(abi.encodeWithSelector(IModelRevenue.ShareTooLarge.selector, 2001, 2000));
        setValidatorShare(2001);
    }

    function test_contributorsAreReplaced() public {
        setContributors(two(BOB, 1, 0, CAROL, 2, 5));
        IModelRevenue.Contributor[] memory list = one(CAROL, 7, 0);
        vm.expectEmit(address(REGISTRY));
        emit IModelRevenue.ContributorsSet(modelId, list);
        setContributors(list);
        (address owner, IModelRevenue.Contributor[] memory got) = REGISTRY.payeesOf(modelId);
        vm.assertEq(owner, ALICE);
        vm.assertEq(abi.encode(got), abi.encode(list));
        vm.assertEq(abi.encode(REGISTRY.callTerms(modelId, 0, BOB).contributors), abi.encode(list));
    }

    function test_impossibleContributorsAreRefused() public {
        checkRefused(one(address(0), 1, 0), address(0));
        checkRefused(one(Predeploys.INFERENCE_GATEWAY, 1, 0), Predeploys.INFERENCE_GATEWAY);
        checkRefused(one(BOB, 0, 0), BOB);
        checkRefused(two(BOB, 1, 0, BOB, 2, 0), BOB);
        vm.expectRevert(abi.encodeWithSelector(IModelRevenue.TooManyShares.selector, 9, 8));
        setContributors(new IModelRevenue.Contributor[](9));
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.NotModelOwner.selector, modelId, BOB, ALICE)
        );
        vm.prank(BOB);
        REGISTRY.setContributors(modelId, one(BOB, 1, 0));
    }

    function test_aPromisedShareIsKept() public {
        setContributors(two(BOB, 100, 2000, CAROL, 100, 0));
        checkLocked(one(CAROL, 100, 0));
        checkLocked(one(BOB, 99, 2000));
        checkLocked(one(BOB, 100, 1999));
        // By whoever owns the model.
        vm.prank(ALICE);
        REGISTRY.transferFrom(ALICE, CAROL, modelId);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRevenue.ShareLocked.selector, modelId, BOB, 2000)
        );
        vm.prank(CAROL);
        REGISTRY.setContributors(modelId, one(ALICE, 1, 0));
        // More and longer is allowed, and so is anything after the time is up.
        vm.prank(CAROL);
        REGISTRY.setContributors(modelId, one(BOB, 101, 2001));
        vm.warp(2001);
        vm.prank(CAROL);
        REGISTRY.setContributors(modelId, new IModelRevenue.Contributor[](0));
    }

    function test_aContributorMovesItsShareWithItsLock() public {
        setContributors(two(BOB, 100, 2000, CAROL, 100, 0));
        address to = address(0xD0);
        vm.expectEmit(address(REGISTRY));
        emit IModelRevenue.ShareMoved(modelId, BOB, to);
        vm.prank(BOB);
        REGISTRY.moveShare(modelId, to);
        (, IModelRevenue.Contributor[] memory got) = REGISTRY.payeesOf(modelId);
        vm.assertEq(abi.encode(got), abi.encode(two(to, 100, 2000, CAROL, 100, 0)));

        vm.expectRevert(abi.encodeWithSelector(IModelRevenue.NotContributor.selector, modelId, BOB));
        vm.prank(BOB);
        REGISTRY.moveShare(modelId, BOB);
        address[3] memory refused = [CAROL, address(0), Predeploys.INFERENCE];
        for (uint256 i; i < refused.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IModelRevenue.BadContributor.selector, refused[i])
            );
            vm.prank(to);
            REGISTRY.moveShare(modelId, refused[i]);
        }
    }

    function test_lineageIsFlattened() public {
        // Grandparent g; parents p (20 % of its price to g) and q; child with both.
        uint256 g = child("g", new IModelRevenue.Share[](0));
        uint256 p = child("p", shares(g, 2000));
        uint256 q = child("q", new IModelRevenue.Share[](0));
        uint256 c = child("c", shares(p, 1000, q, 500));
        checkShares(REGISTRY.ancestorsOf(c), shares(g, 200, p, 800), q, 500);
        vm.assertEq(abi.encode(REGISTRY.parentsOf(c)), abi.encode(shares(p, 1000, q, 500)));
        // An ancestor by two lines has one entry.
        uint256 d = child("d", shares(p, 1000, g, 1000));
        vm.assertEq(abi.encode(REGISTRY.ancestorsOf(d)), abi.encode(shares(g, 1200, p, 800)));
    }

    function test_fuzz_lineageGivesAwayWhatIsDeclared(uint16 first, uint16 second, uint16 third)
        public
    {
        first = uint16(first % 5001);
        second = uint16(second % 5001);
        third = uint16(third % (5001 - second));
        uint256 a = child("a", new IModelRevenue.Share[](0));
        uint256 b = child("b", shares(a, first));
        uint256 c = child("c", shares(a, second, b, third));
        IModelRevenue.Share[] memory ancestors = REGISTRY.ancestorsOf(c);
        uint256 total;
        for (uint256 i; i < ancestors.length; ++i) {
            vm.assertTrue(ancestors[i].bps != 0, "an ancestor without a share");
            vm.assertTrue(ancestors[i].modelId != c, "its own ancestor");
            total += ancestors[i].bps;
        }
        vm.assertEq(total, uint256(second) + third);
    }

    function test_aLineOfDescentCanBeLongButNotItsPayees() public {
        uint256 parent = child("0", new IModelRevenue.Share[](0));
        for (uint256 i = 1; i <= 8; ++i) {
            parent = child(abi.encode(i), shares(parent, 5000));
            vm.assertEq(REGISTRY.ancestorsOf(parent).length, i);
        }
        address root = deployModel(ALICE, Predeploys.INFERENCE_GATEWAY, "ninth");
        IModelRegistry.Listing memory listing;
        (listing.name, listing.parents) = ("ninth", shares(parent, 5000));
        vm.expectRevert(abi.encodeWithSelector(IModelRevenue.TooManyShares.selector, 9, 8));
        vm.prank(ALICE);
        REGISTRY.registerListing(root, listing);
        // Named, but not paid.
        listing.parents = shares(parent, 0);
        vm.prank(ALICE);
        uint256 last = REGISTRY.registerListing(root, listing);
        vm.assertEq(REGISTRY.ancestorsOf(last).length, 0);
        vm.assertEq(REGISTRY.parentsOf(last)[0].modelId, parent);
    }

    function test_impossibleLineageIsRefused() public {
        address root = deployModel(ALICE, Predeploys.INFERENCE_GATEWAY, "child");
        IModelRegistry.Listing memory listing;
        (listing.name, listing.parents) = ("child", shares(modelId, 5001));
        vm.expectRevert(abi.encodeWithSelector(IModelRevenue.ShareTooLarge.selector, 5001, 5000));
        vm.prank(ALICE);
        REGISTRY.registerListing(root, listing);
        listing.parents = shares(modelId, 1, modelId, 1);
        vm.expectRevert(abi.encodeWithSelector(IModelRevenue.DuplicateParent.selector, modelId));
        vm.prank(ALICE);
        REGISTRY.registerListing(root, listing);
        listing.parents = new IModelRevenue.Share[](5);
        vm.expectRevert(abi.encodeWithSelector(IModelRevenue.TooManyShares.selector, 5, 4));
        vm.prank(ALICE);
        REGISTRY.registerListing(root, listing);
        uint256 own = uint256(root.codehash);
        listing.parents = shares(own, 0);
        vm.expectRevert(abi.encodeWithSelector(IModelRevenue.OwnParent.selector, own));
        vm.prank(ALICE);
        REGISTRY.registerListing(root, listing);
        // What lineage takes, nobody else can have.
        listing.parents = shares(modelId, 5000);
        listing.contributors = one(BOB, 5001, 0);
        vm.expectRevert(abi.encodeWithSelector(IModelRevenue.SharesExceedPrice.selector, 10_001));
        vm.prank(ALICE);
        REGISTRY.registerListing(root, listing);
    }

    function test_royalties() public {
        vm.assertTrue(REGISTRY.supportsInterface(type(IERC2981).interfaceId), "ERC-2981");
        checkRoyalty(ALICE, 0);
        vm.expectEmit(address(REGISTRY));
        emit IModelRevenue.RoyaltySet(modelId, ALICE, 500);
        setRoyalty(ALICE, ALICE, 500);
        checkRoyalty(ALICE, 500);
        vm.expectRevert(abi.encodeWithSelector(IModelRevenue.ShareTooLarge.selector, 1001, 1000));
        setRoyalty(ALICE, ALICE, 1001);

        // Who has sold the model may lower it, and hand it on; the buyer may not touch it.
        vm.prank(ALICE);
        REGISTRY.transferFrom(ALICE, BOB, modelId);
        setRoyalty(ALICE, ALICE, 400);
        checkRoyaltyRefused(ALICE, ALICE, 401);
        checkRoyaltyRefused(BOB, BOB, 0);
        setRoyalty(ALICE, CAROL, 400);
        checkRoyalty(CAROL, 400);
        checkRoyaltyRefused(ALICE, ALICE, 400);
    }

    function child(bytes memory payload, IModelRevenue.Share[] memory parents)
        private
        returns (uint256)
    {
        IModelRegistry.Listing memory listing;
        (listing.name, listing.parents) = ("child", parents);
        return listModel(ALICE, payload, listing);
    }

    function setContributors(IModelRevenue.Contributor[] memory list) private {
        vm.prank(ALICE);
        REGISTRY.setContributors(modelId, list);
    }

    function setValidatorShare(uint16 bps) private {
        vm.prank(ALICE);
        REGISTRY.setValidatorShare(modelId, bps);
    }

    function setRoyalty(address sender, address receiver, uint16 bps) private {
        vm.prank(sender);
        REGISTRY.setRoyalty(modelId, receiver, bps);
    }

    function checkRefused(IModelRevenue.Contributor[] memory list, address account) private {
        vm.expectRevert(abi.encodeWithSelector(IModelRevenue.BadContributor.selector, account));
        setContributors(list);
    }

    function checkLocked(IModelRevenue.Contributor[] memory list) private {
        vm.expectRevert(
            abi.encodeWithSelector(IModelRevenue.ShareLocked.selector, modelId, BOB, 2000)
        );
        setContributors(list);
    }

    function checkRoyalty(address wantReceiver, uint256 wantBps) private view {
        (address receiver, uint256 amount) = REGISTRY.royaltyInfo(modelId, 10_000);
        vm.assertEq(receiver, wantReceiver);
        vm.assertEq(amount, wantBps);
    }

    function checkRoyaltyRefused(address sender, address receiver, uint16 bps) private {
        vm.expectRevert(
            abi.encodeWithSelector(IModelRevenue.NotRoyaltyReceiver.selector, modelId, sender)
        );
        setRoyalty(sender, receiver, bps);
    }

    function checkShares(
        IModelRevenue.Share[] memory got,
        IModelRevenue.Share[] memory want,
        uint256 lastId,
        uint16 lastBps
    ) private pure {
        vm.assertEq(got.length, want.length + 1);
        for (uint256 i; i < want.length; ++i) {
            vm.assertEq(got[i].modelId, want[i].modelId);
            vm.assertEq(got[i].bps, want[i].bps);
        }
        vm.assertEq(got[want.length].modelId, lastId);
        vm.assertEq(got[want.length].bps, lastBps);
    }

    function one(address account, uint16 bps, uint64 lockedUntil)
        private
        pure
        returns (IModelRevenue.Contributor[] memory list)
    {
        list = new IModelRevenue.Contributor[](1);
        list[0] = IModelRevenue.Contributor(account, bps, lockedUntil);
    }

    function two(
        address account,
        uint16 bps,
        uint64 lockedUntil,
        address account2,
        uint16 bps2,
        uint64 lockedUntil2
    ) private pure returns (IModelRevenue.Contributor[] memory list) {
        list = new IModelRevenue.Contributor[](2);
        list[0] = IModelRevenue.Contributor(account, bps, lockedUntil);
        list[1] = IModelRevenue.Contributor(account2, bps2, lockedUntil2);
    }

    function shares(uint256 id, uint16 bps)
        private
        pure
        returns (IModelRevenue.Share[] memory list)
    {
        list = new IModelRevenue.Share[](1);
        list[0] = IModelRevenue.Share(id, bps);
    }

    function shares(uint256 id, uint16 bps, uint256 id2, uint16 bps2)
        private
        pure
        returns (IModelRevenue.Share[] memory list)
    {
        list = new IModelRevenue.Share[](2);
        list[0] = IModelRevenue.Share(id, bps);
        list[1] = IModelRevenue.Share(id2, bps2);
    }
}
