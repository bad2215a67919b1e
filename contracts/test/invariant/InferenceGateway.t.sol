// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Harness} from "../Harness.sol";

/// @title What people do with the gateway, in any order
contract GatewayActions is Harness {
    address[3] private _people = [ALICE, BOB, CAROL];
    uint256[2] private _models;

    uint256 public paid;
    uint256 public withdrawn;
    uint256 public forced;
    mapping(address owner => uint256 amountWei) public paidTo;

    constructor(uint256 first, uint256 second) {
        _models = [first, second];
    }

    function people() external view returns (address[3] memory) {
        return _people;
    }

    function infer(uint256 payer, uint256 model, uint256 n, int64 a) external {
        uint256 modelId = _models[model % _models.length];
        n = bound(n, 1, 5);
        uint256 total = GATEWAY.priceOf(modelId) * n;
        address sender = _people[payer % _people.length];
        int256[] memory input = new int256[](2 * n);
        input[0] = a;
        vm.deal(sender, total);
        vm.prank(sender);
        GATEWAY.inferenceBatch{value: total}(modelId, n, input);
        paid += total;
        paidTo[REGISTRY.ownerOf(modelId)] += total;
    }

    function inferBadly(uint256 payer, uint256 model, uint256 length) external {
        uint256 modelId = _models[model % _models.length];
        length = bound(length, 3, 9);
        uint256 priceWei = GATEWAY.priceOf(modelId);
        address sender = _people[payer % _people.length];
        vm.deal(sender, priceWei);
        vm.expectRevert();
        vm.prank(sender);
        GATEWAY.inference{value: priceWei}(modelId, new int256[](length));
    }

    function setPrice(uint256 model, uint64 priceWei) external {
        uint256 modelId = _models[model % _models.length];
        vm.prank(REGISTRY.ownerOf(modelId));
        REGISTRY.setPrice(modelId, priceWei);
    }

    function transfer(uint256 model, uint256 to) external {
        uint256 modelId = _models[model % _models.length];
        address owner = REGISTRY.ownerOf(modelId);
        vm.prank(owner);
        REGISTRY.transferFrom(owner, _people[to % _people.length], modelId);
    }

    function withdraw(uint256 owner, uint256 to) external {
        address sender = _people[owner % _people.length];
        if (GATEWAY.earnings(sender) == 0) return;
        vm.prank(sender);
        withdrawn += GATEWAY.withdrawTo(payable(_people[to % _people.length]));
    }

    function force(uint32 amountWei) external {
        vm.deal(address(GATEWAY), address(GATEWAY).balance + amountWei);
        forced += amountWei;
    }
}

contract InferenceGatewayInvariants is Harness {
    GatewayActions private actions;

    function setUp() public {
        placePredeploys();
        actions = new GatewayActions(listModel(ALICE, 1 ether), listModel(BOB, 3));
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(actions);
    }

    /// @dev 1, and exactly by how much.
    function invariant_balanceCoversEarnings() public view {
        vm.assertEq(address(GATEWAY).balance, sumOfEarnings() + actions.forced());
    }

    /// @dev 2.
    function invariant_earningsArePaidMinusWithdrawn() public view {
        vm.assertEq(sumOfEarnings(), actions.paid() - actions.withdrawn());
    }

    /// @dev 3.
    function invariant_nobodyEarnsMoreThanWasPaidToThem() public view {
        address[3] memory people = actions.people();
        for (uint256 i; i < people.length; ++i) {
            vm.assertGe(actions.paidTo(people[i]), GATEWAY.earnings(people[i]));
        }
    }

    function sumOfEarnings() private view returns (uint256 sum) {
        address[3] memory people = actions.people();
        for (uint256 i; i < people.length; ++i) {
            sum += GATEWAY.earnings(people[i]);
        }
    }
}
