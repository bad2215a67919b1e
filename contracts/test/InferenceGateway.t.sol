// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IInference} from "../src/interfaces/IInference.sol";
import {IGatewayCredits} from "../src/interfaces/IGatewayCredits.sol";
import {IInferenceGateway} from "../src/interfaces/IInferenceGateway.sol";
import {Inference} from "../src/libraries/Inference.sol";
import {Predeploys} from "../src/libraries/Predeploys.sol";
import {Harness} from "./Harness.sol";
import {NonPayableOwner, ReentrantOwner} from "./mocks/Recipients.sol";

contract InferenceGatewayTest is Harness {
    uint256 private constant PRICE = 0.01 ether;

    uint256 private modelId;

    function setUp() public {
        placePredeploys();
        modelId = listModel(ALICE, PRICE);
        vm.deal(BOB, 1000 ether);
    }

    function test_fuzz_aPaidInferenceAnswersAndCredits(int128 a, int128 b, uint96 priceWei) public {
        vm.prank(ALICE);
        REGISTRY.setPrice(modelId, priceWei);
        vm.deal(BOB, priceWei);
        int256[] memory want = words(int256(a) + b, int256(a) - b);
        vm.expectEmit(address(GATEWAY));
        emit IInferenceGateway.InferenceReceipt(
            modelId,
            BOB,
            BOB,
            1,
            keccak256(abi.encode(a, b)),
            keccak256(abi.encode(want[0], want[1])),
            false,
            address(0),
            priceWei
        );
        vm.prank(BOB);
        int256[] memory output = GATEWAY.inference{value: priceWei}(modelId, words(a, b));
        vm.assertEq(abi.encode(output), abi.encode(want));
        vm.assertEq(GATEWAY.earnings(ALICE), priceWei);
        vm.assertEq(address(GATEWAY).balance, priceWei);
        vm.assertEq(BOB.balance, 0);
    }

    function test_rawInference() public {
        bytes memory input = abi.encodePacked(int8(5), int8(-3));
        bytes memory want = abi.encodePacked(int8(2), int8(8));
        vm.expectEmit(address(GATEWAY));
        emit IInferenceGateway.InferenceReceipt(
            modelId, BOB, BOB, 1, keccak256(input), keccak256(want), true, address(0), PRICE
        );
        vm.prank(BOB);
        vm.assertEq(GATEWAY.inferenceRaw{value: PRICE}(modelId, input), want);
        vm.assertEq(GATEWAY.earnings(ALICE), PRICE);
    }

    function test_fuzz_aBatchCostsItsSamples(uint8 n) public {
        vm.assume(n != 0);
        int256[] memory input = new int256[](2 * uint256(n));
        uint256 total = PRICE * n;
        vm.prank(BOB);
        int256[] memory output = GATEWAY.inferenceBatch{value: total}(modelId, n, input);
        vm.assertEq(output.length, 2 * uint256(n));
        vm.assertEq(GATEWAY.earnings(ALICE), total);
    }

    /// @dev Whatever is sent, and whatever the model costs.
    function test_fuzz_anEmptyBatchIsRefused(uint64 sent, uint96 priceWei) public {
        vm.prank(ALICE);
        REGISTRY.setPrice(modelId, priceWei);
        bytes memory refusal =
            abi.encodeWithSelector(IInferenceGateway.EmptyBatch.selector, modelId);
        vm.expectRevert(refusal);
        GATEWAY.inferenceBatch(modelId, 0, new int256[](0));
        vm.expectRevert(refusal);
        vm.prank(BOB);
        GATEWAY.inferenceBatch{value: sent}(modelId, 0, new int256[](0));
        checkNobodyPaid();
    }

    function test_fuzz_anyOtherPaymentIsRefused(uint256 sent) public {
        sent = bound(sent, 0, 100 * PRICE);
        vm.assume(sent != PRICE);
        bytes memory refusal =
            abi.encodeWithSelector(IInferenceGateway.WrongPayment.selector, sent, PRICE);
        vm.expectRevert(refusal);
        vm.prank(BOB);
        GATEWAY.inference{value: sent}(modelId, words(1, 2));
        vm.expectRevert(refusal);
        vm.prank(BOB);
        GATEWAY.inferenceRaw{value: sent}(modelId, hex"0102");
        vm.expectRevert(refusal);
        vm.prank(BOB);
        GATEWAY.inferenceBatch{value: sent}(modelId, 1, words(1, 2));
        checkNobodyPaid();
    }

    function test_onePriceDoesNotBuyABatch() public {
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceGateway.WrongPayment.selector, PRICE, 2 * PRICE)
        );
        vm.prank(BOB);
        GATEWAY.inferenceBatch{value: PRICE}(modelId, 2, new int256[](4));
    }

    /// @dev 2^256 / price samples wrap around to a total of almost nothing, if anything wraps.
    function test_aHugeBatchDoesNotWrapThePrice() public {
        vm.prank(ALICE);
        REGISTRY.setPrice(modelId, 2 ** 90);
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceGateway.WrongPayment.selector, 0, type(uint256).max)
        );
        vm.prank(BOB);
        GATEWAY.inferenceBatch(modelId, 2 ** 166, new int256[](0));
    }

    function test_fuzz_aFailedInferenceChargesNothing(uint8 length) public {
        vm.assume(length != 2);
        bytes memory failure =
            abi.encodeWithSelector(IInference.InputLength.selector, uint256(length), 2);
        vm.expectRevert(failure);
        vm.prank(BOB);
        GATEWAY.inference{value: PRICE}(modelId, new int256[](length));
        vm.expectRevert(failure);
        vm.prank(BOB);
        GATEWAY.inferenceRaw{value: PRICE}(modelId, new bytes(length));
        vm.expectRevert(failure);
        vm.prank(BOB);
        GATEWAY.inferenceBatch{value: PRICE}(modelId, 1, new int256[](length));
        checkNobodyPaid();
    }

    function test_aPaidModelCannotBeCalledDirectly() public {
        address root = REGISTRY.rootOf(modelId, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IInference.Gated.selector, root, Predeploys.INFERENCE_GATEWAY)
        );
        PRECOMPILE.inference(root, words(1, 2));
    }

    function test_aFreeModelCostsNothing() public {
        address root = deployModel(CAROL, address(0), "free");
        vm.prank(CAROL);
        uint256 freeId = REGISTRY.register(root, "free", 0);
        vm.assertEq(GATEWAY.inference(freeId, words(3, 1))[0], 4);
        vm.assertEq(GATEWAY.earnings(CAROL), 0);
        vm.expectRevert(abi.encodeWithSelector(IInferenceGateway.WrongPayment.selector, 1, 0));
        vm.prank(BOB);
        GATEWAY.inference{value: 1}(freeId, words(3, 1));
    }

    function test_fuzz_anUnknownModelIsNamed(uint256 unknownId) public {
        vm.assume(unknownId != modelId);
        vm.expectRevert(
            abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, unknownId)
        );
        GATEWAY.inference(unknownId, words(1, 2));
    }

    function test_aChainWithoutInferenceChargesNothing() public {
        vm.etch(Predeploys.INFERENCE, "");
        vm.expectRevert(Inference.InferenceUnavailable.selector);
        vm.prank(BOB);
        GATEWAY.inference{value: PRICE}(modelId, words(1, 2));
        checkNobodyPaid();
    }

    function test_aRaisedPriceChargesNobodyMore() public {
        vm.prank(ALICE);
        REGISTRY.setPrice(modelId, 2 * PRICE);
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceGateway.WrongPayment.selector, PRICE, 2 * PRICE)
        );
        vm.prank(BOB);
        GATEWAY.inference{value: PRICE}(modelId, words(1, 2));
    }

    function test_earningsBelongToTheOwnerAtTheTimeOfTheCall() public {
        payForOne();
        vm.prank(ALICE);
        REGISTRY.transferFrom(ALICE, CAROL, modelId);
        payForOne();
        payForOne();
        vm.assertEq(GATEWAY.earnings(ALICE), PRICE);
        vm.assertEq(GATEWAY.earnings(CAROL), 2 * PRICE);
    }

    function test_withdrawPaysOnceAndExactly() public {
        payForOne();
        payForOne();
        vm.expectEmit(address(GATEWAY));
        emit IGatewayCredits.Withdrawn(ALICE, address(0), ALICE, 2 * PRICE);
        vm.prank(ALICE);
        vm.assertEq(GATEWAY.withdraw(), 2 * PRICE);
        vm.assertEq(ALICE.balance, 2 * PRICE);
        vm.assertEq(address(GATEWAY).balance, 0);

        vm.expectRevert(abi.encodeWithSelector(IGatewayCredits.NothingToWithdraw.selector, ALICE));
        vm.prank(ALICE);
        GATEWAY.withdraw();
    }

    function test_fuzz_whoEarnedNothingWithdrawsNothing(address stranger) public {
        vm.assume(stranger != ALICE && stranger != address(0));
        payForOne();
        bytes memory refusal =
            abi.encodeWithSelector(IGatewayCredits.NothingToWithdraw.selector, stranger);
        vm.expectRevert(refusal);
        vm.prank(stranger);
        GATEWAY.withdraw();
        vm.expectRevert(refusal);
        vm.prank(stranger);
        GATEWAY.withdrawTo(payable(BOB));
    }

    function test_anOwnerThatCannotReceiveNamesAnother() public {
        NonPayableOwner owner = new NonPayableOwner();
        vm.prank(ALICE);
        REGISTRY.transferFrom(ALICE, address(owner), modelId);
        payForOne();
        vm.expectRevert(
            abi.encodeWithSelector(IGatewayCredits.WithdrawalRefused.selector, address(owner))
        );
        owner.withdraw();
        vm.assertEq(GATEWAY.earnings(address(owner)), PRICE);

        owner.withdrawTo(payable(CAROL));
        vm.assertEq(CAROL.balance, PRICE);
        vm.assertEq(GATEWAY.earnings(address(owner)), 0);
    }

    function test_moneyIsNotSentToZero() public {
        payForOne();
        vm.expectRevert(
            abi.encodeWithSelector(IGatewayCredits.WithdrawalRefused.selector, address(0))
        );
        vm.prank(ALICE);
        GATEWAY.withdrawTo(payable(address(0)));
    }

    function test_aReentrantWithdrawalGetsNothingMore() public {
        ReentrantOwner owner = new ReentrantOwner();
        payForOne();
        vm.prank(ALICE);
        REGISTRY.transferFrom(ALICE, address(owner), modelId);
        payForOne();
        owner.withdraw();
        vm.assertEq(address(owner).balance, PRICE);
        vm.assertEq(
            owner.innerFailure(),
            abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
        );
        vm.assertEq(address(GATEWAY).balance, PRICE);
        vm.assertEq(GATEWAY.earnings(ALICE), PRICE);
    }

    function test_plainTransfersAreRefused() public {
        vm.prank(BOB);
        (bool ok,) = address(GATEWAY).call{value: 1}("");
        vm.assertTrue(!ok, "plain transfer");
    }

    function payForOne() private {
        vm.prank(BOB);
        GATEWAY.inference{value: PRICE}(modelId, words(1, 2));
    }

    function checkNobodyPaid() private view {
        vm.assertEq(GATEWAY.earnings(ALICE), 0);
        vm.assertEq(address(GATEWAY).balance, 0);
        vm.assertEq(BOB.balance, 1000 ether);
    }
}
