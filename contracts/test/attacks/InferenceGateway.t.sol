// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {InferenceGateway} from "../../src/InferenceGateway.sol";
import {IGatewayAuthorizations} from "../../src/interfaces/IGatewayAuthorizations.sol";
import {IGatewayPrepaid} from "../../src/interfaces/IGatewayPrepaid.sol";
import {IInferenceGateway} from "../../src/interfaces/IInferenceGateway.sol";
import {IModelTerms} from "../../src/interfaces/IModelTerms.sol";
import {Harness} from "../Harness.sol";
import {BombRecipient, BurningPermitToken, SlowRecipient, TwinToken} from "../mocks/Attackers.sol";
import {CallingToken, GoodToken} from "../mocks/Tokens.sol";

/// @title Attempts to take or lock the gateway's money
contract InferenceGatewayAttacksTest is Harness {
    uint256 private constant PRICE = 100;
    uint128 private constant MAX = type(uint128).max;
    address private constant NATIVE = address(0);
    uint256 private constant KEY = 0xFA7E5;

    uint256 private modelId;

    function setUp() public {
        placePredeploys();
        vm.warp(1000);
        modelId = listModel(ALICE, PRICE);
        vm.deal(BOB, 1 ether);
        vm.deal(CAROL, 1 ether);
    }

    /// @dev Deposits of the chain's currency without value, and of a token that is deployed afterwards.
    function test_whatHasNoCodeIsNoDeposit() public {
        address[3] memory tokens = [NATIVE, address(4), address(0xBEEF)];
        for (uint256 i; i < tokens.length; ++i) {
            vm.expectRevert();
            vm.prank(BOB);
            GATEWAY.depositToken(BOB, tokens[i], 1 ether);
            vm.assertEq(GATEWAY.prepaidOf(BOB, tokens[i]), 0);
        }
    }

    /// @dev One ledger, two addresses: what came in through either goes out once.
    function test_aTokenWithTwoAddressesPaysOnce() public {
        TwinToken first = new TwinToken(TwinToken(address(0)));
        TwinToken second = new TwinToken(first);
        first.mint(BOB, 1000);
        first.mint(CAROL, 500);
        vm.prank(BOB);
        GATEWAY.depositToken(BOB, address(first), 1000);
        vm.prank(CAROL);
        GATEWAY.depositToken(CAROL, address(second), 500);
        vm.expectRevert(
            abi.encodeWithSelector(
                IGatewayPrepaid.PrepaidTooLow.selector, CAROL, address(first), 0, 500
            )
        );
        vm.prank(CAROL);
        GATEWAY.withdrawPrepaid(address(first), 500, CAROL);
        vm.prank(CAROL);
        GATEWAY.withdrawPrepaid(address(second), 500, CAROL);
        vm.prank(BOB);
        GATEWAY.withdrawPrepaid(address(first), 1000, BOB);
        vm.assertEq(first.balanceOf(BOB), 1000);
        vm.assertEq(first.balanceOf(CAROL), 500);
    }

    /// @dev A total of 2^128 + 2^96 - 2^32 - 1, of which the lowest 128 bits are in the balance.
    function test_aBatchIsNotCutToTheBudgetsWidth() public {
        uint256 price = type(uint96).max;
        vm.prank(ALICE);
        REGISTRY.setPrice(modelId, price);
        vm.deal(BOB, 2 ** 96);
        vm.startPrank(BOB);
        GATEWAY.deposit{value: 2 ** 96}(BOB);
        GATEWAY.setBudget(BOB, modelId, NATIVE, IGatewayPrepaid.Budget(MAX, MAX));
        uint256 n = 2 ** 32 + 1;
        vm.expectRevert(
            abi.encodeWithSelector(
                IGatewayPrepaid.OverBudget.selector, BOB, BOB, modelId, price * n
            )
        );
        GATEWAY.inferenceBatchWith(order(NATIVE, type(uint256).max, true), n, words(1, 2));
        vm.stopPrank();
        vm.assertEq(GATEWAY.prepaidOf(BOB, NATIVE), 2 ** 96);
    }

    /// @dev Budgets of two models that the balance covers once.
    function test_oneBalanceBehindTwoBudgets() public {
        uint256 other = listModel(CAROL, PRICE);
        vm.startPrank(BOB);
        GATEWAY.deposit{value: PRICE}(BOB);
        GATEWAY.setBudget(BOB, modelId, NATIVE, IGatewayPrepaid.Budget(MAX, MAX));
        GATEWAY.setBudget(BOB, other, NATIVE, IGatewayPrepaid.Budget(MAX, MAX));
        IInferenceGateway.Order[] memory orders = new IInferenceGateway.Order[](2);
        (orders[0], orders[1]) = (order(NATIVE, PRICE, true), order(NATIVE, PRICE, true));
        orders[1].modelId = other;
        int256[][] memory inputs = new int256[][](2);
        (inputs[0], inputs[1]) = (words(1, 2), words(1, 2));
        vm.expectRevert(
            abi.encodeWithSelector(IGatewayPrepaid.PrepaidTooLow.selector, BOB, NATIVE, 0, PRICE)
        );
        GATEWAY.inferenceMany(orders, inputs);
        vm.stopPrank();
        vm.assertEq(GATEWAY.prepaidOf(BOB, NATIVE), PRICE);
        vm.assertEq(GATEWAY.earnings(ALICE), 0);
    }

    /// @dev The token owns the model, and retires it while it is being paid.
    function test_aModelRetiredFromWithinThePayment() public {
        CallingToken token = tokenThatOwnsTheModel();
        token.setCall(address(REGISTRY), abi.encodeCall(REGISTRY.retire, (modelId)));
        vm.prank(BOB);
        int256[] memory output =
            GATEWAY.inferenceWith(order(address(token), PRICE, false), words(1, 2));
        vm.assertTrue(token.succeeded(), "retired");
        vm.assertEq(output[0], 3);
        vm.assertEq(GATEWAY.earningsIn(address(token), address(token)), PRICE);
        vm.expectRevert(abi.encodeWithSelector(IModelTerms.Retired.selector, modelId));
        vm.prank(BOB);
        GATEWAY.inferenceWith(order(address(token), PRICE, false), words(1, 2));
    }

    /// @dev The first order's payment raises the price of the second.
    function test_aPriceRaisedBetweenTwoOrders() public {
        CallingToken token = tokenThatOwnsTheModel();
        token.setCall(
            address(REGISTRY),
            abi.encodeCall(REGISTRY.setTokenPrice, (modelId, address(token), PRICE + 1))
        );
        IInferenceGateway.Order[] memory orders = new IInferenceGateway.Order[](2);
        (orders[0], orders[1]) =
        (order(address(token), PRICE, false), order(address(token), PRICE, false));
        int256[][] memory inputs = new int256[][](2);
        (inputs[0], inputs[1]) = (words(1, 2), words(1, 2));
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceGateway.PriceAboveMax.selector, PRICE + 1, PRICE)
        );
        vm.prank(BOB);
        GATEWAY.inferenceMany(orders, inputs);
        vm.assertEq(token.balanceOf(BOB), 10 * PRICE);
    }

    function test_aSignatureForAnotherGatewayIsNone() public {
        InferenceGateway other = new InferenceGateway();
        IGatewayAuthorizations.Authorization memory wanted = authorization(vm.addr(KEY));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY, other.authorizationDigest(wanted));
        vm.expectRevert(
            abi.encodeWithSelector(IGatewayAuthorizations.BadSignature.selector, vm.addr(KEY))
        );
        GATEWAY.inferenceAuthorized(wanted, words(1, 2), abi.encodePacked(r, s, v));
    }

    /// @dev A signature that recovers to nobody, and payers with code that is no wallet's.
    function test_nobodysSignatureIsNone() public {
        address[3] memory payers = [address(0), address(REGISTRY), address(PRECOMPILE)];
        for (uint256 i; i < payers.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IGatewayAuthorizations.BadSignature.selector, payers[i])
            );
            GATEWAY.inferenceAuthorized(authorization(payers[i]), words(1, 2), new bytes(65));
        }
    }

    /// @dev A megabyte costs its maker 2.2 million gas; copying it would cost as much again.
    function test_whatARecipientReturnsIsNotCopied() public {
        BombRecipient bomb = new BombRecipient();
        vm.prank(ALICE);
        REGISTRY.transferFrom(ALICE, address(bomb), modelId);
        pay();
        uint256 before = gasleft();
        GATEWAY.withdrawFor(address(bomb), NATIVE);
        vm.assertLt(before - gasleft(), 3_000_000);
        vm.assertEq(address(bomb).balance, PRICE);
    }

    /// @dev 63/64: a recipient for whom too little gas is left keeps its credits.
    function test_fuzz_littleGasPaysOrChangesNothing(uint256 gas) public {
        SlowRecipient slow = new SlowRecipient();
        vm.prank(ALICE);
        REGISTRY.transferFrom(ALICE, address(slow), modelId);
        pay();
        gas = bound(gas, 21_000, 400_000);
        (bool ok,) = address(GATEWAY).call{gas: gas}(
            abi.encodeCall(GATEWAY.withdrawFor, (address(slow), NATIVE))
        );
        vm.assertEq(address(slow).balance, ok ? PRICE : 0);
        vm.assertEq(slow.received(), ok ? PRICE : 0);
        vm.assertEq(GATEWAY.earnings(address(slow)), ok ? 0 : PRICE);
    }

    /// @dev A permit is all that is tried: what is left after it took 63/64 pays, or nothing happens.
    function test_fuzz_aPermitThatBurnsItsGas(uint256 gas) public {
        BurningPermitToken token = new BurningPermitToken();
        priceIn(token);
        gas = bound(gas, 100_000, 30_000_000);
        IInferenceGateway.Permit memory permit;
        vm.prank(BOB);
        (bool ok,) = address(GATEWAY).call{gas: gas}(
            abi.encodeCall(
                GATEWAY.inferenceWithPermit,
                (order(address(token), PRICE, false), permit, words(1, 2))
            )
        );
        uint256 paid = ok ? PRICE : 0;
        vm.assertEq(token.balanceOf(BOB), 10 * PRICE - paid);
        vm.assertEq(GATEWAY.earningsIn(address(token), ALICE), paid);
    }

    /// @dev A token whose code is gone holds up what is denominated in it, and nothing else.
    function test_aTokenThatVanishes() public {
        pay();
        GoodToken token = new GoodToken();
        priceIn(token);
        vm.prank(BOB);
        GATEWAY.inferenceWith(order(address(token), PRICE, false), words(1, 2));
        vm.etch(address(token), "");
        vm.expectRevert();
        vm.prank(BOB);
        GATEWAY.inferenceWith(order(address(token), PRICE, false), words(1, 2));
        vm.expectRevert();
        GATEWAY.withdrawFor(ALICE, address(token));
        vm.assertEq(GATEWAY.earningsIn(address(token), ALICE), PRICE);
        GATEWAY.withdrawFor(ALICE, NATIVE);
        vm.assertEq(ALICE.balance, PRICE);
    }

    function pay() private {
        vm.prank(BOB);
        GATEWAY.inference{value: PRICE}(modelId, words(1, 2));
    }

    function priceIn(GoodToken token) private {
        vm.prank(ALICE);
        REGISTRY.setTokenPrice(modelId, address(token), PRICE);
        token.mint(BOB, 10 * PRICE);
        vm.prank(BOB);
        token.approve(address(GATEWAY), 10 * PRICE);
    }

    function tokenThatOwnsTheModel() private returns (CallingToken token) {
        token = new CallingToken();
        priceIn(token);
        vm.prank(ALICE);
        REGISTRY.transferFrom(ALICE, address(token), modelId);
    }

    function order(address token, uint256 maxPrice, bool prepaid)
        private
        view
        returns (IInferenceGateway.Order memory)
    {
        return IInferenceGateway.Order(modelId, 0, token, maxPrice, prepaid);
    }

    function authorization(address payer)
        private
        view
        returns (IGatewayAuthorizations.Authorization memory wanted)
    {
        (wanted.payer, wanted.modelId, wanted.maxPrice) = (payer, modelId, PRICE);
        (wanted.inputHash, wanted.deadline) = (keccak256(abi.encode(1, 2)), 2000);
        wanted.prepaid = true;
    }
}
