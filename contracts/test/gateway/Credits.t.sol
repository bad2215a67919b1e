// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IGatewayCredits} from "../../src/interfaces/IGatewayCredits.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IModelRevenue} from "../../src/interfaces/IModelRevenue.sol";
import {IModelTerms} from "../../src/interfaces/IModelTerms.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {Harness} from "../Harness.sol";
import {NonPayableOwner} from "../mocks/Recipients.sol";

/// @title Who gets what of a price
contract CreditsTest is Harness {
    address private constant VALIDATOR = address(0xB10C);
    address private constant DORA = address(0xD0);

    uint256 private parent;
    uint256 private modelId;

    function setUp() public {
        placePredeploys();
        vm.coinbase(VALIDATOR);
        vm.deal(BOB, type(uint128).max);

        IModelRegistry.Listing memory listing;
        listing.name = "parent";
        listing.contributors = contributor(DORA, 2500);
        parent = listModel(CAROL, "parent", listing);

        listing.price = 10_000;
        listing.validatorBps = 1000;
        listing.contributors = contributor(DORA, 500);
        listing.parents = new IModelRevenue.Share[](1);
        listing.parents[0] = IModelRevenue.Share(parent, 2000);
        modelId = listModel(ALICE, "child", listing);
    }

    function test_everybodyGetsTheirShare() public {
        vm.expectEmit(address(GATEWAY));
        emit IGatewayCredits.Credited(modelId, VALIDATOR, address(0), 1000);
        vm.expectEmit(address(GATEWAY));
        emit IGatewayCredits.PotFilled(parent, modelId, address(0), 2000);
        vm.expectEmit(address(GATEWAY));
        emit IGatewayCredits.Credited(modelId, DORA, address(0), 500);
        vm.expectEmit(address(GATEWAY));
        emit IGatewayCredits.Credited(modelId, ALICE, address(0), 6500);
        pay(10_000);
        checkCredits(1000, 500, 6500, 2000);
    }

    function test_fuzz_thePartsAreThePriceToTheWei(uint96 price, uint16 validator, uint16 share)
        public
    {
        vm.startPrank(ALICE);
        REGISTRY.setValidatorShare(modelId, validator % 2001);
        share = uint16(bound(share, 1, 10_000 - 2000 - validator % 2001));
        REGISTRY.setContributors(modelId, contributor(DORA, share));
        REGISTRY.setPrice(modelId, price);
        vm.stopPrank();
        pay(price);
        uint256 validatorWei = uint256(price) * (validator % 2001) / 10_000;
        uint256 doraWei = uint256(price) * share / 10_000;
        uint256 potWei = uint256(price) * 2000 / 10_000;
        checkCredits(validatorWei, doraWei, price - validatorWei - doraWei - potWei, potWei);
        vm.assertEq(address(GATEWAY).balance, price);
    }

    function test_roundingIsTheOwners() public {
        vm.prank(ALICE);
        REGISTRY.setPrice(modelId, 9);
        pay(9);
        // A tenth, a fifth and a twentieth of 9, rounded down: 0, 1, 0.
        checkCredits(0, 0, 8, 1);
    }

    function test_aBlockWithoutABeneficiaryLeavesItsShareToTheOwner() public {
        address[3] memory nobody = [address(0), Predeploys.INFERENCE_GATEWAY, address(0xF4)];
        for (uint256 i; i < nobody.length; ++i) {
            vm.coinbase(nobody[i]);
            pay(10_000);
            vm.assertEq(GATEWAY.earnings(nobody[i]), 0);
            vm.assertEq(GATEWAY.earnings(ALICE), 7500 * (i + 1));
        }
    }

    function test_withoutAValidatorShareTheBeneficiaryChangesNoGas() public {
        vm.prank(ALICE);
        REGISTRY.setValidatorShare(modelId, 0);
        pay(10_000);
        address[4] memory somebody =
            [VALIDATOR, address(0), Predeploys.INFERENCE_GATEWAY, address(0xF4)];
        uint256 want = gasToPay(address(0xFEE));
        for (uint256 i; i < somebody.length; ++i) {
            vm.assertEq(gasToPay(somebody[i]), want);
        }
    }

    function test_aPotIsReleasedToContributorsAndOwner() public {
        pay(10_000);
        vm.assertEq(GATEWAY.earnings(DORA), 500);
        vm.prank(BOB);
        vm.assertEq(GATEWAY.releasePot(parent, address(0)), 2000);
        vm.assertEq(GATEWAY.potOf(parent, address(0)), 0);
        vm.assertEq(GATEWAY.earnings(DORA), 500 + 500);
        vm.assertEq(GATEWAY.earnings(CAROL), 1500);
        vm.assertEq(GATEWAY.releasePot(parent, address(0)), 0);
        vm.assertEq(GATEWAY.earnings(CAROL), 1500);
    }

    function test_aPotGoesWithItsModel() public {
        pay(10_000);
        vm.prank(CAROL);
        REGISTRY.transferFrom(CAROL, BOB, parent);
        GATEWAY.releasePot(parent, address(0));
        vm.assertEq(GATEWAY.earnings(BOB), 1500);
        vm.assertEq(GATEWAY.earnings(CAROL), 0);
    }

    function test_aRetiredAncestorStillEarns() public {
        vm.prank(CAROL);
        REGISTRY.retire(parent);
        pay(10_000);
        vm.assertEq(GATEWAY.releasePot(parent, address(0)), 2000);
    }

    function test_aRetiredModelTakesNoCallButPaysOut() public {
        pay(10_000);
        vm.prank(ALICE);
        REGISTRY.retire(modelId);
        vm.expectRevert(abi.encodeWithSelector(IModelTerms.Retired.selector, modelId));
        vm.prank(BOB);
        GATEWAY.inference{value: 10_000}(modelId, words(1, 2));
        vm.prank(ALICE);
        vm.assertEq(GATEWAY.withdraw(), 6500);
    }

    function test_anybodyWithdrawsForTheCreditor() public {
        pay(10_000);
        vm.expectEmit(address(GATEWAY));
        emit IGatewayCredits.Withdrawn(VALIDATOR, address(0), VALIDATOR, 1000);
        vm.prank(BOB);
        vm.assertEq(GATEWAY.withdrawFor(VALIDATOR, address(0)), 1000);
        vm.assertEq(VALIDATOR.balance, 1000);
        checkCredits(0, 500, 6500, 2000);
        vm.expectRevert(
            abi.encodeWithSelector(IGatewayCredits.NothingToWithdraw.selector, VALIDATOR)
        );
        GATEWAY.withdrawFor(VALIDATOR, address(0));
    }

    function test_aCreditorThatRefusesKeepsItsCredits() public {
        address owner = address(new NonPayableOwner());
        vm.prank(ALICE);
        REGISTRY.transferFrom(ALICE, owner, modelId);
        pay(10_000);
        vm.expectRevert(abi.encodeWithSelector(IGatewayCredits.WithdrawalRefused.selector, owner));
        GATEWAY.withdrawFor(owner, address(0));
        vm.assertEq(GATEWAY.earnings(owner), 6500);
    }

    /// @dev A token would arrive there, and stay for ever.
    function test_moneyIsNotPaidToTheFixedAddresses() public {
        pay(10_000);
        address[4] memory refused = [
            Predeploys.INFERENCE_GATEWAY,
            Predeploys.MODEL_REGISTRY,
            Predeploys.CHUNK_STORE,
            Predeploys.INFERENCE
        ];
        for (uint256 i; i < refused.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IGatewayCredits.WithdrawalRefused.selector, refused[i])
            );
            vm.prank(ALICE);
            GATEWAY.withdrawTo(payable(refused[i]));
        }
        vm.assertEq(GATEWAY.earnings(ALICE), 6500);
    }

    function test_accessIsThePayers() public {
        vm.prank(ALICE);
        REGISTRY.setAccess(modelId, IModelTerms.Access.Private);
        vm.expectRevert(abi.encodeWithSelector(IModelTerms.AccessDenied.selector, modelId, BOB));
        vm.prank(BOB);
        GATEWAY.inference{value: 10_000}(modelId, words(1, 2));
        vm.deal(ALICE, 10_000);
        vm.prank(ALICE);
        GATEWAY.inference{value: 10_000}(modelId, words(1, 2));
    }

    /// @dev As many payees as there can be: what a call costs the caller in gas is bounded.
    function test_theMostPayeesFitATransaction() public {
        IModelRegistry.Listing memory listing;
        listing.name = "ancestor";
        uint256 last = listModel(CAROL, "0", listing);
        for (uint256 i = 1; i <= 8; ++i) {
            listing.parents = new IModelRevenue.Share[](1);
            listing.parents[0] = IModelRevenue.Share(last, 5000);
            if (i == 8) {
                listing.price = 1 ether;
                listing.validatorBps = 1000;
                listing.contributors = new IModelRevenue.Contributor[](8);
                for (uint160 j; j < 8; ++j) {
                    listing.contributors[j] = IModelRevenue.Contributor(address(0xC0 + j), 100, 0);
                }
            }
            last = listModel(CAROL, abi.encode(i), listing);
        }
        vm.assertEq(REGISTRY.ancestorsOf(last).length, 8);
        vm.prank(BOB);
        uint256 gas = gasleft();
        GATEWAY.inference{value: 1 ether}(last, words(1, 2));
        vm.assertLt(gas - gasleft(), 700_000);
    }

    function pay(uint256 price) private {
        vm.prank(BOB);
        GATEWAY.inference{value: price}(modelId, words(1, 2));
    }

    /// @dev What a call costs in a block of this beneficiary, in gas.
    function gasToPay(address beneficiary) private returns (uint256 used) {
        vm.coinbase(beneficiary);
        pay(10_000);
        return vm.lastCallGas().gasTotalUsed;
    }

    function contributor(address account, uint16 bps)
        private
        pure
        returns (IModelRevenue.Contributor[] memory list)
    {
        list = new IModelRevenue.Contributor[](1);
        list[0] = IModelRevenue.Contributor(account, bps, 0);
    }

    function checkCredits(uint256 validator, uint256 dora, uint256 alice, uint256 pot)
        private
        view
    {
        vm.assertEq(GATEWAY.earnings(VALIDATOR), validator);
        vm.assertEq(GATEWAY.earnings(DORA), dora);
        vm.assertEq(GATEWAY.earnings(ALICE), alice);
        vm.assertEq(GATEWAY.potOf(parent, address(0)), pot);
    }
}
