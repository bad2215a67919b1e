// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IModelRevenue} from "../../src/interfaces/IModelRevenue.sol";
import {Harness} from "../Harness.sol";

/// @title Attempts to take others' shares by doing things in an unusual order
contract ModelRevenueAttacksTest is Harness {
    address private constant NATIVE = address(0);
    address private constant VALIDATOR = address(0xB10C);
    address private constant USER = address(0x05E6);
    uint256 private constant PRICE = 10_000;
    uint256 private constant MODELS = 6;

    /// @dev Alice's, with Bob (10 %, promised until 2000) and Carol (20 %).
    uint256 private parent;
    /// @dev Her child, half of whose price is the parent's.
    uint256 private child;
    uint256[] private family;

    function setUp() public {
        placePredeploys();
        vm.warp(1000);
        vm.coinbase(VALIDATOR);
        vm.deal(USER, type(uint128).max);
        IModelRegistry.Listing memory listing;
        (listing.name, listing.price) = ("parent", PRICE);
        listing.contributors = contributors(BOB, 1000, 2000, CAROL, 2000, 0);
        parent = listModel(ALICE, "parent", listing);
        IModelRegistry.Listing memory below;
        (below.name, below.price) = ("child", PRICE);
        below.parents = new IModelRevenue.Share[](1);
        below.parents[0] = IModelRevenue.Share(parent, 5000);
        child = listModel(ALICE, "child", below);
    }

    /// @dev Succeeds against a share without a lock: Carol is dropped, the pot released, Carol named
    /// again. Had she released the pot, as anybody can at any time, she would have had her part.
    function test_aContributorDroppedBeforeARelease() public {
        pay(child, 1);
        GATEWAY.releasePot(parent, NATIVE);
        vm.assertEq(GATEWAY.earnings(CAROL), 1000);
        pay(child, 1);
        setContributors(contributors(BOB, 1000, 2000, VALIDATOR, 1, 0));
        GATEWAY.releasePot(parent, NATIVE);
        setContributors(contributors(BOB, 1000, 2000, CAROL, 2000, 0));
        GATEWAY.releasePot(parent, NATIVE);
        vm.assertEq(GATEWAY.earnings(CAROL), 1000);
        // Bob's is locked: he had his part of both.
        vm.assertEq(GATEWAY.earnings(BOB), 1000);
    }

    /// @dev Succeeds, by a unit a time: what is shared in crumbs is the owner's.
    function test_aPotReleasedInCrumbs() public {
        vm.prank(ALICE);
        REGISTRY.setPrice(child, 18);
        for (uint256 i; i < 10; ++i) {
            pay(child, 1);
            GATEWAY.releasePot(parent, NATIVE);
        }
        // A tenth of nine, ten times.
        vm.assertEq(GATEWAY.earnings(BOB), 0);
        pay(child, 10);
        GATEWAY.releasePot(parent, NATIVE);
        vm.assertEq(GATEWAY.earnings(BOB), 9);
    }

    /// @dev Succeeds: a price of a few units has no tenth. A batch is shared as a whole.
    function test_aPriceTooLowToShare() public {
        vm.prank(ALICE);
        REGISTRY.setPrice(parent, 9);
        pay(parent, 1);
        vm.assertEq(GATEWAY.earnings(BOB), 0);
        vm.assertEq(GATEWAY.earnings(CAROL), 1);
        vm.assertEq(GATEWAY.earnings(ALICE), 8);
        pay(parent, 10);
        vm.assertEq(GATEWAY.earnings(BOB), 9);
    }

    /// @dev Whatever its owners do to a model, a promise is kept: sale, retirement, versions, prices, the
    /// validators' share, the shares of others, and that it has moved.
    function test_aPromiseOutlivesEverything() public {
        address later = address(0x1A7E);
        vm.prank(BOB);
        REGISTRY.moveShare(parent, later);
        bytes memory refusal =
            abi.encodeWithSelector(IModelRevenue.ShareLocked.selector, parent, later, 2000);
        expectRefusal(refusal, contributors(BOB, 1000, 2000, CAROL, 2000, 0));
        vm.startPrank(ALICE);
        REGISTRY.setValidatorShare(parent, 2000);
        // There is no room for more than the rest.
        vm.expectRevert(abi.encodeWithSelector(IModelRevenue.SharesExceedPrice.selector, 10_001));
        REGISTRY.setContributors(parent, contributors(later, 1000, 2000, CAROL, 7001, 0));
        REGISTRY.setContributors(parent, contributors(later, 1000, 2000, CAROL, 7000, 0));
        REGISTRY.retire(parent);
        REGISTRY.transferFrom(ALICE, CAROL, parent);
        vm.stopPrank();
        vm.expectRevert(refusal);
        vm.prank(CAROL);
        REGISTRY.setContributors(parent, contributors(CAROL, 1000, 2000, ALICE, 1, 0));
        pay(child, 1);
        GATEWAY.releasePot(parent, NATIVE);
        vm.assertEq(GATEWAY.earnings(later), 500);
        vm.assertEq(GATEWAY.earnings(BOB), 0);
    }

    /// @dev Everybody is the same account.
    function test_oneAccountInEveryRole() public {
        vm.coinbase(ALICE);
        vm.prank(CAROL);
        REGISTRY.moveShare(parent, ALICE);
        vm.prank(ALICE);
        REGISTRY.setValidatorShare(parent, 2000);
        vm.deal(ALICE, PRICE);
        vm.prank(ALICE);
        GATEWAY.inference{value: PRICE}(parent, words(1, 2));
        vm.assertEq(GATEWAY.earnings(ALICE), PRICE - 1000);
        vm.assertEq(GATEWAY.earnings(BOB), 1000);
        vm.prank(ALICE);
        GATEWAY.withdraw();
        vm.assertEq(ALICE.balance, PRICE - 1000);
        vm.assertEq(address(GATEWAY).balance, 1000);
    }

    /// @dev Shares move around among five accounts: none is lost, doubled, or changes its lock.
    function test_fuzz_sharesMoveAndStayTheSame(uint8[12] calldata from, uint8[12] calldata to)
        public
    {
        address[5] memory people = [BOB, CAROL, address(11), address(12), ALICE];
        for (uint256 i; i < from.length; ++i) {
            vm.prank(people[from[i] % 5]);
            try REGISTRY.moveShare(parent, people[to[i] % 5]) {} catch {}
        }
        (, IModelRevenue.Contributor[] memory list) = REGISTRY.payeesOf(parent);
        vm.assertEq(list.length, 2);
        vm.assertTrue(list[0].account != list[1].account, "two shares of one");
        vm.assertEq(list[0].bps, 1000);
        vm.assertEq(list[0].lockedUntil, 2000);
        vm.assertEq(list[1].bps, 2000);
        vm.assertEq(list[1].lockedUntil, 0);
        pay(parent, 1);
        uint256 total;
        for (uint256 i; i < people.length; ++i) {
            total += GATEWAY.earnings(people[i]);
        }
        vm.assertEq(total, PRICE);
    }

    /// @dev Families of any shape, of which each model was paid for and each pot released in any order:
    /// nothing is lost, nobody is paid twice, and no ancestor has more than was declared.
    /// Fewer runs: each registers six models.
    /// forge-config: ci.fuzz.runs = 2000
    function test_fuzz_familiesOfAnyShape(
        uint256 seed,
        uint96[6] memory prices,
        uint8[12] memory order
    ) public {
        uint256 paid;
        for (uint256 i; i < MODELS; ++i) {
            family.push(listRelative(i, uint256(keccak256(abi.encode(seed, i))), prices[i]));
        }
        for (uint256 i; i < order.length; ++i) {
            uint256 relative = family[order[i] % MODELS];
            if (order[i] < 128) paid += pay(relative, 1);
            else GATEWAY.releasePot(relative, NATIVE);
        }
        uint256 pots;
        for (uint256 i; i < MODELS; ++i) {
            pots += GATEWAY.potOf(family[i], NATIVE);
        }
        vm.assertEq(earned() + pots, paid);
        for (uint256 i; i < MODELS; ++i) {
            GATEWAY.releasePot(family[i], NATIVE);
        }
        vm.assertEq(earned(), paid);
        vm.assertEq(address(GATEWAY).balance, paid);
    }

    /// @dev With as many of three parents among those before as the registry allows.
    function listRelative(uint256 number, uint256 random, uint96 price) private returns (uint256) {
        IModelRegistry.Listing memory listing;
        (listing.name, listing.price) = ("relative", price);
        listing.validatorBps = uint16(random % 2001);
        listing.contributors = contributors(BOB, 1 + uint16(random >> 16) % 1500, 0, CAROL, 1, 0);
        uint256 wanted = number < 3 ? number : 3;
        listing.parents = new IModelRevenue.Share[](wanted);
        for (uint256 i; i < wanted; ++i) {
            // Different ones, from a random one on.
            uint256 place = (random >> 32) % number;
            listing.parents[i] = IModelRevenue.Share(
                family[(place + i) % number], uint16((random >> (48 + 16 * i)) % 1667)
            );
        }
        address[3] memory owners = [ALICE, BOB, CAROL];
        return listModel(owners[random % 3], abi.encode(number), listing);
    }

    /// @dev What all that can earn have.
    function earned() private view returns (uint256 total) {
        address[4] memory people = [ALICE, BOB, CAROL, VALIDATOR];
        for (uint256 i; i < people.length; ++i) {
            total += GATEWAY.earnings(people[i]);
        }
    }

    function pay(uint256 modelId, uint256 n) private returns (uint256 total) {
        total = n * GATEWAY.priceOf(modelId);
        vm.prank(USER);
        GATEWAY.inferenceBatch{value: total}(modelId, n, new int256[](2 * n));
    }

    function setContributors(IModelRevenue.Contributor[] memory list) private {
        vm.prank(ALICE);
        REGISTRY.setContributors(parent, list);
    }

    function expectRefusal(bytes memory refusal, IModelRevenue.Contributor[] memory list) private {
        vm.expectRevert(refusal);
        setContributors(list);
    }

    function contributors(
        address first,
        uint16 firstBps,
        uint64 lockedUntil,
        address second,
        uint16 secondBps,
        uint64 secondLocked
    ) private pure returns (IModelRevenue.Contributor[] memory list) {
        list = new IModelRevenue.Contributor[](2);
        list[0] = IModelRevenue.Contributor(first, firstBps, lockedUntil);
        list[1] = IModelRevenue.Contributor(second, secondBps, secondLocked);
    }
}
