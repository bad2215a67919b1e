// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IInference} from "../../src/interfaces/IInference.sol";
import {IGatewayCredits} from "../../src/interfaces/IGatewayCredits.sol";
import {IGatewayPrepaid} from "../../src/interfaces/IGatewayPrepaid.sol";
import {IInferenceGateway} from "../../src/interfaces/IInferenceGateway.sol";
import {IModelTerms} from "../../src/interfaces/IModelTerms.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {Harness} from "../Harness.sol";
import {Created} from "../mocks/Created.sol";
import {GoodToken} from "../mocks/Tokens.sol";

contract PrepaidTest is Harness {
    uint256 private constant PRICE = 100;
    uint128 private constant MAX = type(uint128).max;
    /// @dev A contract that asks for inference through OpenGradient's interface.
    address private constant APP = address(0xA99);
    address private constant NATIVE = address(0);

    uint256 private modelId;

    function setUp() public {
        placePredeploys();
        modelId = listModel(ALICE, PRICE);
        vm.deal(BOB, 1 ether);
        vm.deal(CAROL, 1 ether);
    }

    function test_aBalancePaysWithinItsBudget() public {
        fund(BOB, 1000);
        setBudget(BOB, BOB, 250, uint128(PRICE));
        payPrepaid(1);
        payPrepaid(1);
        checkBalances(800, 200);
        vm.assertEq(GATEWAY.budgetOf(BOB, BOB, modelId, NATIVE).amount, 50);
        expectOverBudget(BOB, BOB, PRICE);
        payPrepaid(1);
        setBudget(BOB, BOB, MAX, uint128(PRICE));
        payPrepaid(8);
        vm.assertEq(GATEWAY.budgetOf(BOB, BOB, modelId, NATIVE).amount, MAX);
        checkBalances(0, 1000);
        vm.expectRevert(
            abi.encodeWithSelector(IGatewayPrepaid.PrepaidTooLow.selector, BOB, NATIVE, 0, PRICE)
        );
        payPrepaid(1);
    }

    function test_withoutABudgetNothingIsDrawn() public {
        fund(BOB, 1000);
        expectOverBudget(BOB, BOB, PRICE);
        payPrepaid(1);
        // One for another account is none for oneself.
        setBudget(BOB, APP, MAX, MAX);
        expectOverBudget(BOB, BOB, PRICE);
        payPrepaid(1);
        checkBalances(1000, 0);
    }

    function test_aBudgetBoundsASingleInference() public {
        fund(BOB, 1000);
        setBudget(BOB, BOB, MAX, uint128(PRICE));
        vm.prank(ALICE);
        REGISTRY.setPrice(modelId, PRICE + 1);
        expectOverBudget(BOB, BOB, PRICE + 1);
        payPrepaid(1);
        // It bounds the price of one, not of a batch.
        vm.prank(ALICE);
        REGISTRY.setPrice(modelId, PRICE);
        payPrepaid(10);
        checkBalances(0, 1000);
    }

    function test_aFailedInferenceDrawsNothing() public {
        fund(BOB, 1000);
        setBudget(BOB, BOB, 250, uint128(PRICE));
        vm.expectRevert(abi.encodeWithSelector(IInference.InputLength.selector, 3, 2));
        vm.prank(BOB);
        GATEWAY.inferenceWith(prepaidOrder(), new int256[](3));
        checkBalances(1000, 0);
        vm.assertEq(GATEWAY.budgetOf(BOB, BOB, modelId, NATIVE).amount, 250);
    }

    function test_balancesAreWithdrawnByTheirHoldersOnly() public {
        fund(BOB, 1000);
        vm.expectRevert(
            abi.encodeWithSelector(IGatewayPrepaid.PrepaidTooLow.selector, CAROL, NATIVE, 0, 1)
        );
        vm.prank(CAROL);
        GATEWAY.withdrawPrepaid(NATIVE, 1, CAROL);
        vm.expectEmit(address(GATEWAY));
        emit IGatewayPrepaid.PrepaidWithdrawn(BOB, NATIVE, APP, 400);
        vm.prank(BOB);
        GATEWAY.withdrawPrepaid(NATIVE, 400, APP);
        vm.assertEq(APP.balance, 400);
        checkBalances(600, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IGatewayCredits.WithdrawalRefused.selector, address(0))
        );
        vm.prank(BOB);
        GATEWAY.withdrawPrepaid(NATIVE, 1, address(0));
    }

    function test_depositsForOthers() public {
        vm.expectEmit(address(GATEWAY));
        emit IGatewayPrepaid.Deposited(APP, NATIVE, BOB, 5);
        vm.prank(BOB);
        GATEWAY.deposit{value: 5}(APP);
        vm.assertEq(GATEWAY.prepaidOf(APP, NATIVE), 5);
        address[3] memory refused = [address(0), Predeploys.MODEL_REGISTRY, Predeploys.OG_INFERENCE];
        for (uint256 i; i < refused.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IGatewayPrepaid.BadAccount.selector, refused[i]));
            vm.prank(BOB);
            GATEWAY.deposit{value: 5}(refused[i]);
        }
    }

    function test_aTokensBalanceIsOfItsOwn() public {
        GoodToken token = new GoodToken();
        token.mint(BOB, 1000);
        vm.startPrank(BOB);
        token.approve(address(GATEWAY), 1000);
        GATEWAY.depositToken(BOB, address(token), 1000);
        vm.stopPrank();
        setBudget(BOB, BOB, MAX, MAX);
        vm.expectRevert(
            abi.encodeWithSelector(IGatewayPrepaid.PrepaidTooLow.selector, BOB, NATIVE, 0, PRICE)
        );
        payPrepaid(1);
        vm.prank(BOB);
        GATEWAY.withdrawPrepaid(address(token), 1000, BOB);
        vm.assertEq(token.balanceOf(BOB), 1000);
    }

    function test_onlyOpenGradientsInterfaceNamesACaller() public {
        fund(BOB, 1000);
        setBudget(BOB, BOB, MAX, MAX);
        bytes memory refusal =
            abi.encodeWithSelector(IInferenceGateway.NotOGInference.selector, CAROL);
        vm.expectRevert(refusal);
        vm.prank(CAROL);
        GATEWAY.inferenceFor(BOB, modelId, 0, words(1, 2));
        vm.expectRevert(refusal);
        vm.prank(CAROL);
        GATEWAY.inferenceRawFor(BOB, modelId, 0, hex"0102");
    }

    function test_aCallersOwnBudgetComesFirst() public {
        fund(APP, 1000);
        setBudget(APP, APP, MAX, uint128(PRICE));
        fund(BOB, 1000);
        setBudget(BOB, APP, MAX, uint128(PRICE));
        askAs(APP);
        vm.assertEq(GATEWAY.prepaidOf(APP, NATIVE), 1000 - PRICE);
        checkBalances(1000, PRICE);
    }

    function test_aSponsorPaysForAContractThatKnowsNoGateway() public {
        fund(BOB, 1000);
        vm.expectEmit(address(GATEWAY));
        emit IGatewayPrepaid.SponsorSet(modelId, APP, BOB);
        setBudget(BOB, APP, MAX, uint128(PRICE));
        vm.assertEq(GATEWAY.sponsorOf(APP, modelId), BOB);
        vm.expectEmit(address(GATEWAY));
        emit IInferenceGateway.InferenceReceipt(
            modelId,
            BOB,
            APP,
            1,
            keccak256(abi.encode(1, 2)),
            keccak256(abi.encode(3, int256(-1))),
            false,
            NATIVE,
            PRICE
        );
        askAs(APP);
        vm.prank(Predeploys.OG_INFERENCE);
        vm.assertEq(GATEWAY.inferenceRawFor(APP, modelId, 1, hex"0102"), hex"03ff");
        checkBalances(1000 - 2 * PRICE, 2 * PRICE);
        // For that contract only.
        expectOverBudget(CAROL, CAROL, PRICE);
        askAs(CAROL);
        // And only as long as the price is what the sponsor agreed to.
        vm.prank(ALICE);
        REGISTRY.setPrice(modelId, PRICE + 1);
        expectOverBudget(BOB, APP, PRICE + 1);
        askAs(APP);
    }

    /// @dev Holding the place means paying.
    function test_aSponsorsPlaceIsHeldByWhoPays() public {
        // Somebody without money gets no place.
        setBudget(CAROL, APP, MAX, MAX);
        vm.assertEq(GATEWAY.sponsorOf(APP, modelId), address(0));
        // Carol takes it with the price of one call, and pays for one call.
        fund(CAROL, PRICE);
        setBudget(CAROL, APP, MAX, MAX);
        fund(BOB, 1000);
        setBudget(BOB, APP, MAX, MAX);
        vm.assertEq(GATEWAY.sponsorOf(APP, modelId), CAROL);
        askAs(APP);
        vm.assertEq(GATEWAY.prepaidOf(CAROL, NATIVE), 0);
        setBudget(BOB, APP, MAX, MAX);
        vm.assertEq(GATEWAY.sponsorOf(APP, modelId), BOB);
        askAs(APP);
        checkBalances(1000 - PRICE, 2 * PRICE);
        // Nobody takes it from Bob while he can pay; he can leave at any time.
        fund(CAROL, 1 ether / 2);
        setBudget(CAROL, APP, MAX, MAX);
        vm.assertEq(GATEWAY.sponsorOf(APP, modelId), BOB);
        vm.prank(BOB);
        GATEWAY.withdrawPrepaid(NATIVE, 1000 - PRICE, BOB);
        setBudget(CAROL, APP, MAX, MAX);
        vm.assertEq(GATEWAY.sponsorOf(APP, modelId), CAROL);
    }

    function test_theCreatorNamesWhoIsAskedFirst() public {
        uint64 nonce = vm.getNonce(ALICE);
        vm.prank(ALICE);
        address app = address(new Created());
        vm.expectRevert(
            abi.encodeWithSelector(IGatewayPrepaid.NotCreator.selector, app, CAROL, nonce)
        );
        vm.prank(CAROL);
        GATEWAY.nameSponsor(app, nonce, modelId, CAROL);
        vm.expectRevert(
            abi.encodeWithSelector(IGatewayPrepaid.NotCreator.selector, app, ALICE, nonce + 1)
        );
        vm.startPrank(ALICE);
        GATEWAY.nameSponsor(app, nonce + 1, modelId, BOB);
        vm.expectEmit(address(GATEWAY));
        emit IGatewayPrepaid.SponsorNamed(modelId, app, BOB);
        GATEWAY.nameSponsor(app, nonce, modelId, BOB);
        vm.stopPrank();
        vm.assertEq(GATEWAY.namedSponsorOf(app, modelId), BOB);
        vm.assertEq(GATEWAY.namedSponsorOf(app, modelId + 1), address(0));

        // The contract's own budget, then Bob's as far as it goes, then the place's.
        fund(CAROL, 1000);
        setBudget(CAROL, app, MAX, MAX);
        fund(BOB, 1000);
        setBudget(BOB, app, uint128(PRICE), uint128(PRICE));
        askAs(app);
        vm.assertEq(GATEWAY.prepaidOf(BOB, NATIVE), 1000 - PRICE);
        askAs(app);
        vm.assertEq(GATEWAY.prepaidOf(CAROL, NATIVE), 1000 - PRICE);
        setBudget(CAROL, app, 0, 0);
        expectOverBudget(CAROL, app, PRICE);
        askAs(app);
        vm.prank(ALICE);
        GATEWAY.nameSponsor(app, nonce, modelId, address(0));
        vm.assertEq(GATEWAY.namedSponsorOf(app, modelId), address(0));
    }

    /// @dev Of a refusal's names, the one who could do something about it.
    function test_aNamedSponsorWhoCannotPayIsNamed() public {
        uint64 nonce = vm.getNonce(ALICE);
        vm.startPrank(ALICE);
        address app = address(new Created());
        GATEWAY.nameSponsor(app, nonce, modelId, BOB);
        vm.stopPrank();
        expectOverBudget(BOB, app, PRICE);
        askAs(app);
    }

    function test_aFreeModelNeedsNoSponsor() public {
        vm.prank(ALICE);
        REGISTRY.setPrice(modelId, 0);
        askAs(APP);
    }

    function test_accessIsTheCallers() public {
        fund(BOB, 1000);
        setBudget(BOB, APP, MAX, MAX);
        vm.prank(ALICE);
        REGISTRY.setAccess(modelId, IModelTerms.Access.Listed);
        vm.expectRevert(abi.encodeWithSelector(IModelTerms.AccessDenied.selector, modelId, APP));
        askAs(APP);
    }

    function fund(address account, uint256 amount) private {
        address from = account == APP ? BOB : account;
        vm.prank(from);
        GATEWAY.deposit{value: amount}(account);
    }

    function setBudget(address funder, address caller, uint128 amount, uint128 maxPrice) private {
        vm.prank(funder);
        GATEWAY.setBudget(caller, modelId, NATIVE, IGatewayPrepaid.Budget(amount, maxPrice));
    }

    function prepaidOrder() private view returns (IInferenceGateway.Order memory) {
        return IInferenceGateway.Order(modelId, 0, NATIVE, type(uint256).max, true);
    }

    function payPrepaid(uint256 n) private {
        vm.prank(BOB);
        GATEWAY.inferenceBatchWith(prepaidOrder(), n, new int256[](2 * n));
    }

    function askAs(address caller) private {
        vm.prank(Predeploys.OG_INFERENCE);
        GATEWAY.inferenceFor(caller, modelId, 0, words(1, 2));
    }

    function expectOverBudget(address funder, address caller, uint256 price) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IGatewayPrepaid.OverBudget.selector, funder, caller, modelId, price
            )
        );
    }

    /// @dev Bob's balance and Alice's earnings.
    function checkBalances(uint256 bob, uint256 alice) private view {
        vm.assertEq(GATEWAY.prepaidOf(BOB, NATIVE), bob);
        vm.assertEq(GATEWAY.earnings(ALICE), alice);
    }
}
