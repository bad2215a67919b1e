// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IGatewayPrepaid} from "../../src/interfaces/IGatewayPrepaid.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {Harness} from "../Harness.sol";
import {Created} from "../mocks/Created.sol";

/// @title Attempts to keep a contract from calls by holding its sponsor's place
/// @dev The contract is Alice's, and knows no gateway. Carol holds the place, and Bob would pay. Both
/// attempts succeed against whoever has only the place; neither does once Alice has named Bob.
contract PrepaidAttacksTest is Harness {
    uint256 private constant PRICE = 100;
    uint128 private constant MAX = type(uint128).max;
    address private constant NATIVE = address(0);

    uint256 private modelId;
    address private app;
    uint64 private nonce;

    function setUp() public {
        placePredeploys();
        modelId = listModel(CAROL, PRICE);
        nonce = vm.getNonce(ALICE);
        vm.prank(ALICE);
        app = address(new Created());
        vm.deal(BOB, 1 ether);
        vm.deal(CAROL, 1 ether);
        sponsor(CAROL, PRICE);
    }

    /// @dev Carol sees each call coming, withdraws before it and deposits after it.
    function test_aSponsorWhoLeavesBeforeEachCall() public {
        withdrawAll(CAROL);
        expectTooLow(CAROL);
        this.ask(1);
        // She is back, so Bob does not get the place.
        vm.prank(CAROL);
        GATEWAY.deposit{value: PRICE}(CAROL);
        sponsor(BOB, PRICE);
        vm.assertEq(GATEWAY.sponsorOf(app, modelId), CAROL);
        // She leaves again: now he does, if he pays before the call.
        withdrawAll(CAROL);
        sponsor(BOB, PRICE);
        this.ask(1);
        vm.assertEq(GATEWAY.sponsorOf(app, modelId), BOB);
        vm.assertEq(GATEWAY.earnings(CAROL), PRICE);
    }

    function test_aSponsorWhoLeavesMissesNobodyIfOneIsNamed() public {
        nameBob();
        sponsor(BOB, 2 * PRICE);
        withdrawAll(CAROL);
        this.ask(1);
        vm.prank(CAROL);
        GATEWAY.deposit{value: PRICE}(CAROL);
        this.ask(1);
        vm.assertEq(GATEWAY.prepaidOf(CAROL, NATIVE), PRICE);
        vm.assertEq(GATEWAY.earnings(CAROL), 2 * PRICE);
    }

    /// @dev Carol can pay one call, of a contract that makes two at once: so she never pays, and never
    /// loses the place either.
    function test_aSponsorWhoPaysOnceForWhoAsksTwice() public {
        sponsor(BOB, 2 * PRICE);
        vm.assertEq(GATEWAY.sponsorOf(app, modelId), CAROL);
        expectTooLow(CAROL);
        this.ask(2);
        nameBob();
        this.ask(2);
        vm.assertEq(GATEWAY.earnings(CAROL), 2 * PRICE);
        vm.assertEq(GATEWAY.prepaidOf(CAROL, NATIVE), PRICE);
    }

    /// @dev Naming spends nothing that its owner has not set aside for just this, and shuts nobody out.
    function test_aCreatorGainsNothingByNaming() public {
        vm.prank(BOB);
        GATEWAY.deposit{value: PRICE}(BOB);
        nameBob();
        // Bob has set no budget: the place's holder pays, as before.
        this.ask(1);
        vm.assertEq(GATEWAY.prepaidOf(BOB, NATIVE), PRICE);
        vm.assertEq(GATEWAY.prepaidOf(CAROL, NATIVE), 0);
        // Nor is one for another contract his consent.
        vm.prank(BOB);
        GATEWAY.setBudget(BOB, modelId, NATIVE, IGatewayPrepaid.Budget(MAX, MAX));
        expectTooLow(CAROL);
        this.ask(1);
    }

    /// @notice Calls of the contract, in one transaction.
    function ask(uint256 count) external {
        for (uint256 i; i < count; ++i) {
            vm.prank(Predeploys.OG_INFERENCE);
            GATEWAY.inferenceFor(app, modelId, 0, words(1, 2));
        }
    }

    function nameBob() private {
        vm.prank(ALICE);
        GATEWAY.nameSponsor(app, nonce, modelId, BOB);
    }

    function sponsor(address account, uint256 amountWei) private {
        vm.startPrank(account);
        GATEWAY.deposit{value: amountWei}(account);
        GATEWAY.setBudget(app, modelId, NATIVE, IGatewayPrepaid.Budget(MAX, MAX));
        vm.stopPrank();
    }

    function withdrawAll(address account) private {
        uint256 amount = GATEWAY.prepaidOf(account, NATIVE);
        vm.prank(account);
        GATEWAY.withdrawPrepaid(NATIVE, amount, account);
    }

    function expectTooLow(address account) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IGatewayPrepaid.PrepaidTooLow.selector, account, NATIVE, 0, PRICE
            )
        );
    }
}
