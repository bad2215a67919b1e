// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IInference} from "../../src/interfaces/IInference.sol";
import {IInferenceGateway} from "../../src/interfaces/IInferenceGateway.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {Harness} from "../Harness.sol";
import {NoRefundBuyer, ReentrantBuyer} from "../mocks/Recipients.sol";

/// @title Calls with a version, a currency and a most to pay; paid with value
contract OrdersTest is Harness {
    uint256 private constant PRICE = 100;

    uint256 private modelId;

    function setUp() public {
        placePredeploys();
        modelId = listModel(ALICE, PRICE);
        vm.deal(BOB, 1 ether);
    }

    function test_fuzz_whatIsNotSpentComesBack(uint96 price, uint96 rest) public {
        uint256 sent = uint256(price) + rest;
        vm.deal(BOB, sent);
        setPrice(price);
        vm.prank(BOB);
        int256[] memory output = GATEWAY.inferenceWith{value: sent}(order(price), words(1, 2));
        vm.assertEq(output[0], 3);
        vm.assertEq(BOB.balance, rest);
        vm.assertEq(address(GATEWAY).balance, price);
        vm.assertEq(GATEWAY.earnings(ALICE), price);
    }

    function test_fuzz_nothingAboveTheMostIsCharged(uint96 one, uint96 other) public {
        vm.assume(one != other);
        (uint96 most, uint96 price) = one < other ? (one, other) : (other, one);
        setPrice(price);
        vm.deal(BOB, price);
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceGateway.PriceAboveMax.selector, price, most)
        );
        vm.prank(BOB);
        GATEWAY.inferenceWith{value: price}(order(most), words(1, 2));
    }

    function test_tooLittleValueIsRefused() public {
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceGateway.WrongPayment.selector, PRICE - 1, PRICE)
        );
        vm.prank(BOB);
        GATEWAY.inferenceWith{value: PRICE - 1}(order(PRICE), words(1, 2));
    }

    function test_aPinnedVersionStays() public {
        address second = deployModel(ALICE, Predeploys.INFERENCE_GATEWAY, "second");
        vm.prank(ALICE);
        REGISTRY.publishVersion(modelId, second);
        checkVersion(0, 2);
        checkVersion(1, 1);
        checkVersion(2, 2);
        IInferenceGateway.Order memory pinned = order(PRICE);
        pinned.version = 3;
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownVersion.selector, modelId, 3));
        vm.prank(BOB);
        GATEWAY.inferenceWith{value: PRICE}(pinned, words(1, 2));
    }

    function test_batchesAndRawInputs() public {
        vm.prank(BOB);
        int256[] memory output =
            GATEWAY.inferenceBatchWith{value: 300}(order(300), 3, new int256[](6));
        vm.assertEq(output.length, 6);
        vm.prank(BOB);
        bytes memory raw = GATEWAY.inferenceRawWith{value: 150}(order(PRICE), hex"0503");
        vm.assertEq(raw, hex"0802");
        vm.assertEq(GATEWAY.earnings(ALICE), 400);
        vm.assertEq(BOB.balance, 1 ether - 400);

        vm.expectRevert(abi.encodeWithSelector(IInferenceGateway.PriceAboveMax.selector, 300, 299));
        vm.prank(BOB);
        GATEWAY.inferenceBatchWith{value: 300}(order(299), 3, new int256[](6));
        vm.expectRevert(abi.encodeWithSelector(IInferenceGateway.EmptyBatch.selector, modelId));
        vm.prank(BOB);
        GATEWAY.inferenceBatchWith{value: 300}(order(299), 0, new int256[](0));
    }

    function test_manyOrdersAtOnce() public {
        uint256 other = listModel(CAROL, 7);
        (IInferenceGateway.Order[] memory orders, int256[][] memory inputs) = both(other);
        vm.prank(BOB);
        int256[][] memory outputs = GATEWAY.inferenceMany{value: 1000}(orders, inputs);
        vm.assertEq(outputs[0][0], 3);
        vm.assertEq(outputs[1][0], 7);
        vm.assertEq(GATEWAY.earnings(ALICE), PRICE);
        vm.assertEq(GATEWAY.earnings(CAROL), 7);
        vm.assertEq(BOB.balance, 1 ether - PRICE - 7);
    }

    /// @dev The same value does not pay twice, and one failure takes everything back.
    function test_manyOrdersOrNothing() public {
        uint256 other = listModel(CAROL, 7);
        (IInferenceGateway.Order[] memory orders, int256[][] memory inputs) = both(other);
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceGateway.WrongPayment.selector, PRICE, PRICE + 7)
        );
        vm.prank(BOB);
        GATEWAY.inferenceMany{value: PRICE}(orders, inputs);

        inputs[1] = new int256[](3);
        vm.expectRevert(abi.encodeWithSelector(IInference.InputLength.selector, 3, 2));
        vm.prank(BOB);
        GATEWAY.inferenceMany{value: PRICE + 7}(orders, inputs);
        vm.expectRevert(abi.encodeWithSelector(IInferenceGateway.InputCount.selector, 1, 2));
        vm.prank(BOB);
        GATEWAY.inferenceMany{value: PRICE + 7}(orders, new int256[][](1));
        vm.assertEq(GATEWAY.earnings(ALICE), 0);
        vm.assertEq(BOB.balance, 1 ether);
    }

    function test_fuzz_theQuoteIsWhatIsCharged(uint96 price, uint8 n) public {
        n = uint8(bound(n, 1, 20));
        setPrice(price);
        (address token, uint256 quoted, uint32 version) = GATEWAY.quote(modelId, 0, n, BOB);
        vm.assertEq(token, address(0));
        vm.assertEq(version, 1);
        vm.deal(BOB, type(uint128).max);
        vm.prank(BOB);
        GATEWAY.inferenceBatchWith{value: type(uint128).max}(
            order(quoted), n, new int256[](2 * uint256(n))
        );
        vm.assertEq(BOB.balance, type(uint128).max - quoted);
        vm.assertEq(GATEWAY.earnings(ALICE), quoted);
    }

    function test_whoRefusesItsRefundPaysNothing() public {
        NoRefundBuyer buyer = new NoRefundBuyer();
        vm.deal(address(buyer), 1000);
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceGateway.RefundRefused.selector, address(buyer))
        );
        buyer.buy(order(PRICE), PRICE + 1);
        buyer.buy(order(PRICE), PRICE);
        vm.assertEq(address(buyer).balance, 1000 - PRICE);
    }

    function test_aBuyerThatCallsAgainDuringItsRefundIsRefused() public {
        ReentrantBuyer buyer = new ReentrantBuyer();
        vm.deal(address(buyer), 1000);
        buyer.setOrder(order(PRICE));
        buyer.buy(order(PRICE), 500);
        vm.assertEq(
            buyer.innerFailure(),
            abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
        );
        vm.assertEq(address(buyer).balance, 1000 - PRICE);
        vm.assertEq(address(GATEWAY).balance, PRICE);
    }

    /// @dev With whatever gas: either the model ran, was paid and wrote its receipt, or nothing
    /// happened.
    function test_fuzz_littleGasChargesNothing(uint256 gas) public {
        gas = bound(gas, 0, 300_000);
        vm.prank(BOB);
        (bool ok, bytes memory output) = address(GATEWAY).call{gas: gas, value: PRICE}(
            abi.encodeCall(GATEWAY.inference, (modelId, words(1, 2)))
        );
        if (ok) vm.assertEq(output, abi.encode(words(3, -1)));
        vm.assertEq(GATEWAY.earnings(ALICE), ok ? PRICE : 0);
        vm.assertEq(BOB.balance, ok ? 1 ether - PRICE : 1 ether);
    }

    function order(uint256 maxPrice) private view returns (IInferenceGateway.Order memory) {
        return IInferenceGateway.Order(modelId, 0, address(0), maxPrice, false);
    }

    function both(uint256 other)
        private
        view
        returns (IInferenceGateway.Order[] memory orders, int256[][] memory inputs)
    {
        orders = new IInferenceGateway.Order[](2);
        (orders[0], orders[1]) = (order(PRICE), order(7));
        orders[1].modelId = other;
        inputs = new int256[][](2);
        (inputs[0], inputs[1]) = (words(1, 2), words(3, 4));
    }

    function setPrice(uint96 price) private {
        vm.prank(ALICE);
        REGISTRY.setPrice(modelId, price);
    }

    function checkVersion(uint32 version, uint32 want) private {
        IInferenceGateway.Order memory pinned = order(PRICE);
        pinned.version = version;
        (,, uint32 quoted) = GATEWAY.quote(modelId, version, 1, BOB);
        vm.assertEq(quoted, want);
        vm.expectEmit(address(GATEWAY));
        emit IInferenceGateway.InferenceReceipt(
            modelId,
            BOB,
            BOB,
            want,
            keccak256(abi.encode(1, 2)),
            keccak256(abi.encode(3, int256(-1))),
            false,
            address(0),
            PRICE
        );
        vm.prank(BOB);
        GATEWAY.inferenceWith{value: PRICE}(pinned, words(1, 2));
    }
}
