// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IGatewayCredits} from "../../src/interfaces/IGatewayCredits.sol";
import {IGatewayPrepaid} from "../../src/interfaces/IGatewayPrepaid.sol";
import {IInferenceGateway} from "../../src/interfaces/IInferenceGateway.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IModelRevenue} from "../../src/interfaces/IModelRevenue.sol";
import {Harness} from "../Harness.sol";
import {
    BlockingToken,
    CallingToken,
    FalseToken,
    FeeToken,
    GoodToken,
    LyingToken,
    SilentToken
} from "../mocks/Tokens.sol";

/// @title Calls paid in tokens, good ones and others
contract TokensTest is Harness {
    uint256 private constant PRICE = 1000;
    uint256 private constant BOB_KEY = 0xB0B;

    address private immutable buyer = vm.addr(BOB_KEY);
    uint256 private modelId;

    function setUp() public {
        placePredeploys();
        IModelRegistry.Listing memory listing;
        listing.name = "model";
        listing.contributors = new IModelRevenue.Contributor[](1);
        listing.contributors[0] = IModelRevenue.Contributor(CAROL, 1000, 0);
        modelId = listModel(ALICE, "model", listing);
    }

    function test_fuzz_aTokenPays(uint96 price, uint8 n) public {
        n = uint8(bound(n, 1, 9));
        GoodToken token = priceIn(new GoodToken(), price);
        uint256 total = uint256(price) * n;
        fund(token, total);
        vm.prank(buyer);
        GATEWAY.inferenceBatchWith(order(token, total), n, new int256[](2 * uint256(n)));
        vm.assertEq(token.balanceOf(address(GATEWAY)), total);
        vm.assertEq(token.balanceOf(buyer), 0);
        checkCredits(token, total);
        if (total / 10 == 0) return;

        vm.prank(CAROL);
        vm.assertEq(GATEWAY.withdrawToken(address(token), BOB), total / 10);
        vm.assertEq(token.balanceOf(BOB), total / 10);
        GATEWAY.withdrawFor(ALICE, address(token));
        vm.assertEq(token.balanceOf(ALICE), total - total / 10);
        vm.assertEq(token.balanceOf(address(GATEWAY)), 0);
    }

    function test_aTokenThatReturnsNothingPays() public {
        SilentToken token = new SilentToken();
        vm.prank(ALICE);
        REGISTRY.setTokenPrice(modelId, address(token), PRICE);
        token.mint(buyer, PRICE);
        vm.prank(buyer);
        GATEWAY.inferenceWith(
            IInferenceGateway.Order(modelId, 0, address(token), PRICE, false), words(1, 2)
        );
        GATEWAY.withdrawFor(ALICE, address(token));
        vm.assertEq(token.balanceOf(ALICE), PRICE - PRICE / 10);
    }

    function test_valueDoesNotPayForATokenPrice() public {
        GoodToken token = priceIn(new GoodToken(), PRICE);
        fund(token, PRICE);
        vm.deal(buyer, PRICE);
        bytes memory refusal = abi.encodeWithSelector(
            IInferenceGateway.WrongToken.selector, modelId, address(token), address(0)
        );
        vm.expectRevert(refusal);
        vm.prank(buyer);
        GATEWAY.inference{value: PRICE}(modelId, words(1, 2));
        vm.expectRevert(refusal);
        GATEWAY.priceOf(modelId);
        vm.expectRevert(refusal);
        vm.prank(buyer);
        GATEWAY.inferenceWith{value: PRICE}(
            IInferenceGateway.Order(modelId, 0, address(0), PRICE, false), words(1, 2)
        );
        // And what is sent beside a token comes back.
        vm.prank(buyer);
        GATEWAY.inferenceWith{value: PRICE}(order(token, PRICE), words(1, 2));
        vm.assertEq(buyer.balance, PRICE);
    }

    /// @dev The owner cannot make a caller pay in something that is worth more.
    function test_anotherTokenThanOrderedIsNotTaken() public {
        GoodToken ordered = priceIn(new GoodToken(), PRICE);
        fund(ordered, PRICE);
        GoodToken dear = priceIn(new GoodToken(), PRICE);
        fund(dear, PRICE);
        vm.expectRevert(
            abi.encodeWithSelector(
                IInferenceGateway.WrongToken.selector, modelId, address(dear), address(ordered)
            )
        );
        vm.prank(buyer);
        GATEWAY.inferenceWith(order(ordered, PRICE), words(1, 2));
    }

    function test_withoutApprovalNothingHappens() public {
        GoodToken token = priceIn(new GoodToken(), PRICE);
        token.mint(buyer, PRICE);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(GATEWAY), 0, PRICE
            )
        );
        vm.prank(buyer);
        GATEWAY.inferenceWith(order(token, PRICE), words(1, 2));
        checkCredits(token, 0);
    }

    function test_aPermitReplacesTheApproval() public {
        GoodToken token = priceIn(new GoodToken(), PRICE);
        token.mint(buyer, 2 * PRICE);
        IInferenceGateway.Permit memory permit = permitOf(token, 2 * PRICE);
        vm.prank(buyer);
        GATEWAY.inferenceWithPermit(order(token, PRICE), permit, words(1, 2));
        checkCredits(token, PRICE);
        // Used up, but what is left of it is enough.
        vm.prank(buyer);
        GATEWAY.inferenceWithPermit(order(token, PRICE), permit, words(1, 2));
        checkCredits(token, 2 * PRICE);
    }

    /// @dev Whoever saw it in the pool can submit it first; that harms nobody.
    function test_aPermitThatSomebodyUsedBeforeDoesNoHarm() public {
        GoodToken token = priceIn(new GoodToken(), PRICE);
        token.mint(buyer, PRICE);
        IInferenceGateway.Permit memory permit = permitOf(token, PRICE);
        token.permit(
            buyer, address(GATEWAY), permit.value, permit.deadline, permit.v, permit.r, permit.s
        );
        vm.prank(buyer);
        GATEWAY.inferenceWithPermit(order(token, PRICE), permit, words(1, 2));
        checkCredits(token, PRICE);
    }

    function test_aPermitIsGoodForItsSignerOnly() public {
        GoodToken token = priceIn(new GoodToken(), PRICE);
        token.mint(buyer, PRICE);
        IInferenceGateway.Permit memory permit = permitOf(token, PRICE);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(GATEWAY), 0, PRICE
            )
        );
        vm.prank(CAROL);
        GATEWAY.inferenceWithPermit(order(token, PRICE), permit, words(1, 2));
    }

    function test_aTokenThatTakesAFeeDoesNotPay() public {
        FeeToken token = new FeeToken();
        priceIn(token, PRICE);
        fund(token, 2 * PRICE);
        vm.expectRevert(
            abi.encodeWithSelector(IGatewayCredits.TokenMoved.selector, address(token), 990, PRICE)
        );
        vm.prank(buyer);
        GATEWAY.inferenceWith(order(token, PRICE), words(1, 2));
        checkCredits(token, 0);

        // From a balance it does: what arrived is what counts.
        vm.prank(buyer);
        vm.assertEq(GATEWAY.depositToken(buyer, address(token), 2 * PRICE), 1980);
        vm.assertEq(GATEWAY.prepaidOf(buyer, address(token)), 1980);
        payFromBalance(token);
        checkCredits(token, PRICE);
        vm.assertEq(token.balanceOf(address(GATEWAY)), 1980);
    }

    function test_aTokenThatReturnsFalseDoesNotPay() public {
        FalseToken token = new FalseToken();
        priceIn(token, PRICE);
        fund(token, 2 * PRICE);
        vm.prank(buyer);
        GATEWAY.inferenceWith(order(token, PRICE), words(1, 2));
        token.setRefuses(true);
        bytes memory refusal =
            abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(token));
        vm.expectRevert(refusal);
        vm.prank(buyer);
        GATEWAY.inferenceWith(order(token, PRICE), words(1, 2));
        // Nor are credits lost to it.
        vm.expectRevert(refusal);
        GATEWAY.withdrawFor(ALICE, address(token));
        checkCredits(token, PRICE);
    }

    function test_aTokenThatLiesDoesNotPay() public {
        LyingToken token = new LyingToken();
        priceIn(token, PRICE);
        vm.expectRevert(
            abi.encodeWithSelector(IGatewayCredits.TokenMoved.selector, address(token), 0, PRICE)
        );
        vm.prank(buyer);
        GATEWAY.inferenceWith(order(token, PRICE), words(1, 2));
        vm.prank(buyer);
        vm.assertEq(GATEWAY.depositToken(buyer, address(token), PRICE), 0);
        vm.assertEq(GATEWAY.prepaidOf(buyer, address(token)), 0);
    }

    function test_aBlockedPayeeHoldsUpNobodyElse() public {
        BlockingToken token = new BlockingToken();
        priceIn(token, PRICE);
        fund(token, PRICE);
        token.setBlocked(ALICE, true);
        vm.prank(buyer);
        GATEWAY.inferenceWith(order(token, PRICE), words(1, 2));
        vm.expectRevert(abi.encodeWithSelector(BlockingToken.Blocked.selector, ALICE));
        GATEWAY.withdrawFor(ALICE, address(token));
        GATEWAY.withdrawFor(CAROL, address(token));
        vm.assertEq(token.balanceOf(CAROL), PRICE / 10);
        // And she can name an account that is not blocked.
        vm.prank(ALICE);
        GATEWAY.withdrawToken(address(token), BOB);
        vm.assertEq(token.balanceOf(BOB), PRICE - PRICE / 10);
    }

    /// @dev A token that, while the gateway moves it, calls the gateway itself.
    function test_aTokenThatCallsBackGetsNowhere() public {
        CallingToken token = new CallingToken();
        priceIn(token, PRICE);
        fund(token, 10 * PRICE);
        IGatewayPrepaid.Budget memory budget;
        int256[] memory input = words(1, 2);
        bytes[9] memory calls = [
            abi.encodeCall(GATEWAY.withdraw, ()),
            abi.encodeCall(GATEWAY.withdrawFor, (CAROL, address(token))),
            abi.encodeCall(GATEWAY.releasePot, (modelId, address(token))),
            abi.encodeCall(GATEWAY.depositToken, (CAROL, address(token), 0)),
            abi.encodeCall(GATEWAY.deposit, (CAROL)),
            abi.encodeCall(GATEWAY.withdrawPrepaid, (address(token), 0, CAROL)),
            abi.encodeCall(GATEWAY.setBudget, (CAROL, modelId, address(token), budget)),
            abi.encodeCall(GATEWAY.inference, (modelId, input)),
            abi.encodeCall(GATEWAY.inferenceWith, (order(token, PRICE), input))
        ];
        for (uint256 i; i < calls.length; ++i) {
            token.setCall(address(GATEWAY), calls[i]);
            vm.prank(buyer);
            GATEWAY.inferenceWith(order(token, PRICE), input);
            vm.assertTrue(!token.succeeded(), "reentered");
            vm.assertEq(
                token.failure(),
                abi.encodeWithSelector(
                    ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector
                )
            );
            checkCredits(token, (i + 1) * PRICE);
        }
        vm.assertEq(token.balanceOf(address(GATEWAY)), calls.length * PRICE);
    }

    /// @dev The registry moves tokens by the same selector: its id 5 could be taken for five units.
    function test_aModelIsNoDeposit() public {
        vm.startPrank(ALICE);
        REGISTRY.approve(address(GATEWAY), modelId);
        vm.expectRevert(
            abi.encodeWithSelector(
                IModelRegistry.CannotOwnModel.selector, modelId, address(GATEWAY)
            )
        );
        GATEWAY.depositToken(ALICE, address(REGISTRY), modelId);
        vm.stopPrank();
        vm.assertEq(REGISTRY.ownerOf(modelId), ALICE);
    }

    /// @dev Terms are read once: an owner that is called back cannot change what a call costs.
    function test_theTermsOfACallDoNotChangeWhileItRuns() public {
        CallingToken token = new CallingToken();
        priceIn(token, PRICE);
        fund(token, 10 * PRICE);
        vm.prank(ALICE);
        REGISTRY.setApprovalForAll(address(token), true);
        token.setCall(
            address(REGISTRY),
            abi.encodeWithSignature("transferFrom(address,address,uint256)", ALICE, CAROL, modelId)
        );
        vm.prank(buyer);
        GATEWAY.inferenceWith(order(token, PRICE), words(1, 2));
        vm.assertTrue(token.succeeded(), "transfer");
        vm.assertEq(REGISTRY.ownerOf(modelId), CAROL);
        checkCredits(token, PRICE);
    }

    function payFromBalance(GoodToken token) private {
        vm.prank(buyer);
        GATEWAY.setBudget(
            buyer,
            modelId,
            address(token),
            IGatewayPrepaid.Budget(type(uint128).max, type(uint128).max)
        );
        IInferenceGateway.Order memory prepaid = order(token, PRICE);
        prepaid.prepaid = true;
        vm.prank(buyer);
        GATEWAY.inferenceWith(prepaid, words(1, 2));
    }

    function priceIn(GoodToken token, uint256 price) private returns (GoodToken) {
        vm.prank(ALICE);
        REGISTRY.setTokenPrice(modelId, address(token), price);
        return token;
    }

    function fund(GoodToken token, uint256 amount) private {
        token.mint(buyer, amount);
        vm.prank(buyer);
        token.approve(address(GATEWAY), amount);
    }

    function order(GoodToken token, uint256 maxPrice)
        private
        view
        returns (IInferenceGateway.Order memory)
    {
        return IInferenceGateway.Order(modelId, 0, address(token), maxPrice, false);
    }

    function permitOf(GoodToken token, uint256 amount)
        private
        view
        returns (IInferenceGateway.Permit memory permit)
    {
        (permit.value, permit.deadline) = (amount, block.timestamp);
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
                ),
                buyer,
                address(GATEWAY),
                amount,
                token.nonces(buyer),
                permit.deadline
            )
        );
        bytes32 digest =
            keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash));
        (permit.v, permit.r, permit.s) = vm.sign(BOB_KEY, digest);
    }

    /// @dev A tenth is Carol's, the rest Alice's.
    function checkCredits(GoodToken token, uint256 total) private view {
        vm.assertEq(GATEWAY.earningsIn(address(token), CAROL), total / 10);
        vm.assertEq(GATEWAY.earningsIn(address(token), ALICE), total - total / 10);
    }
}
