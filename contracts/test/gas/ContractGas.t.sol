// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IGatewayAuthorizations} from "../../src/interfaces/IGatewayAuthorizations.sol";
import {IGatewayPrepaid} from "../../src/interfaces/IGatewayPrepaid.sol";
import {IInferenceGateway} from "../../src/interfaces/IInferenceGateway.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IModelRevenue} from "../../src/interfaces/IModelRevenue.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {Harness} from "../Harness.sol";
import {GoodToken} from "../mocks/Tokens.sol";

/// @dev Writes figures to `snapshots/gas.json`; with `FORGE_SNAPSHOT_CHECK` compares them instead.
interface GasVm {
    function snapshotGasLastCall(string calldata group, string calldata name)
        external
        returns (uint256 gasUsed);
}

/// @title What people pay the contracts for, in gas
/// @notice Each function makes one call, cold: all that it needs was there before. The model is a
/// stand-in that costs next to nothing, so these figures come on top of an inference.
contract ContractGasTest is Harness {
    GasVm private constant GAS_VM = GasVm(address(vm));
    uint256 private constant PRICE = 1e12;
    uint256 private constant PAYER_KEY = 0xBEEF;
    address private constant MANY = address(0x3000);
    address private constant VALIDATOR = address(0xC01);

    address private payer;
    GoodToken private token;
    uint256 private plain;
    uint256 private shared;
    uint256 private inTokens;
    address private unregistered;
    address private version2;
    address[] private chunks;
    bytes private fullChunk;
    IGatewayAuthorizations.Authorization private wanted;
    bytes private signature;

    function setUp() public {
        placePredeploys();
        vm.coinbase(VALIDATOR);
        payer = vm.addr(PAYER_KEY);
        token = new GoodToken();
        IModelRegistry.Listing memory listing;
        (listing.name, listing.price) = ("plain", PRICE);
        plain = listModel(ALICE, "plain", listing);
        (listing.name, listing.token) = ("tokens", address(token));
        inTokens = listModel(ALICE, "tokens", listing);
        shared = listSharedModel();
        unregistered = deployModel(ALICE, Predeploys.INFERENCE_GATEWAY, "unregistered");
        version2 = deployModel(ALICE, Predeploys.INFERENCE_GATEWAY, "version 2");
        fullChunk = new bytes(STORE.MAX_CHUNK_DATA());
        vm.prank(ALICE);
        chunks.push(STORE.writeChunk(address(0), "of a root"));
        fund();
        sign();
    }

    function test_gas_writeAFullChunk() public {
        STORE.writeChunk(address(0), fullChunk);
        snapshot("ChunkStore.writeChunk, 24,555 bytes");
    }

    function test_gas_writeARoot() public {
        vm.prank(ALICE);
        STORE.writeRoot(address(0), 9, keccak256("of a root"), chunks);
        snapshot("ChunkStore.writeRoot, 1 chunk");
    }

    function test_gas_register() public {
        vm.prank(ALICE);
        REGISTRY.register(unregistered, "unregistered", PRICE);
        snapshot("ModelRegistry.register");
    }

    function test_gas_publishVersion() public {
        vm.prank(ALICE);
        REGISTRY.publishVersion(plain, version2);
        snapshot("ModelRegistry.publishVersion");
    }

    function test_gas_setPrice() public {
        vm.prank(ALICE);
        REGISTRY.setPrice(plain, 2 * PRICE);
        snapshot("ModelRegistry.setPrice");
    }

    function test_gas_resolve() public {
        REGISTRY.resolve("plain@1");
        snapshot("ModelRegistry.resolve, NAME@1");
    }

    function test_gas_inference() public {
        vm.prank(payer);
        GATEWAY.inference{value: PRICE}(plain, words(1, 2));
        snapshot("InferenceGateway.inference, the owner earns alone");
    }

    function test_gas_inferenceForTheMostPayees() public {
        vm.prank(payer);
        GATEWAY.inference{value: PRICE}(shared, words(1, 2));
        snapshot("InferenceGateway.inference, the most payees");
    }

    function test_gas_inferenceBatch() public {
        vm.prank(payer);
        GATEWAY.inferenceBatch{value: 10 * PRICE}(plain, 10, new int256[](20));
        snapshot("InferenceGateway.inferenceBatch, 10 samples");
    }

    function test_gas_inferenceMany() public {
        IInferenceGateway.Order[] memory orders = new IInferenceGateway.Order[](4);
        int256[][] memory inputs = new int256[][](4);
        for (uint256 i; i < 4; ++i) {
            (orders[i], inputs[i]) = (order(plain, address(0), false), words(1, 2));
        }
        vm.prank(payer);
        GATEWAY.inferenceMany{value: 4 * PRICE}(orders, inputs);
        snapshot("InferenceGateway.inferenceMany, 4 orders");
    }

    function test_gas_inferenceWithToken() public {
        vm.prank(payer);
        GATEWAY.inferenceWith(order(inTokens, address(token), false), words(1, 2));
        snapshot("InferenceGateway.inferenceWith, token");
    }

    function test_gas_inferenceWithPrepaid() public {
        vm.prank(payer);
        GATEWAY.inferenceWith(order(plain, address(0), true), words(1, 2));
        snapshot("InferenceGateway.inferenceWith, prepaid");
    }

    function test_gas_inferenceAuthorized() public {
        GATEWAY.inferenceAuthorized(wanted, words(1, 2), signature);
        snapshot("InferenceGateway.inferenceAuthorized, prepaid");
    }

    function test_gas_deposit() public {
        GATEWAY.deposit{value: PRICE}(BOB);
        snapshot("InferenceGateway.deposit");
    }

    function test_gas_setBudget() public {
        IGatewayPrepaid.Budget memory budget =
            IGatewayPrepaid.Budget(uint128(PRICE), uint128(PRICE));
        vm.prank(payer);
        GATEWAY.setBudget(BOB, plain, address(0), budget);
        snapshot("InferenceGateway.setBudget, for another caller");
    }

    function test_gas_withdraw() public {
        vm.prank(ALICE);
        GATEWAY.withdraw();
        snapshot("InferenceGateway.withdraw");
    }

    function snapshot(string memory name) private {
        GAS_VM.snapshotGasLastCall("gas", name);
    }

    /// @dev Eight ancestors in four lines, eight contributors, and a validator's share.
    function listSharedModel() private returns (uint256) {
        IModelRegistry.Listing memory listing;
        (listing.name, listing.price, listing.validatorBps) = ("shared", PRICE, 100);
        IModelRevenue.Share[] memory parents = new IModelRevenue.Share[](4);
        for (uint256 i; i < 4; ++i) {
            IModelRegistry.Listing memory above;
            above.name = "ancestor";
            uint256 grandparent = listModel(ALICE, abi.encode("grandparent", i), above);
            above.parents = new IModelRevenue.Share[](1);
            above.parents[0] = IModelRevenue.Share(grandparent, 5000);
            uint256 parent = listModel(ALICE, abi.encode("parent", i), above);
            parents[i] = IModelRevenue.Share(parent, 1000);
        }
        listing.parents = parents;
        listing.contributors = new IModelRevenue.Contributor[](8);
        for (uint256 i; i < 8; ++i) {
            address account = address(uint160(MANY) + uint160(i));
            listing.contributors[i] = IModelRevenue.Contributor(account, 100, 0);
        }
        return listModel(ALICE, "shared", listing);
    }

    /// @dev Money for the payer in each form, and a first call, so that the owner has a credit.
    function fund() private {
        vm.deal(payer, 1 ether);
        vm.deal(address(this), 1 ether);
        token.mint(payer, 1 ether);
        vm.startPrank(payer);
        token.approve(address(GATEWAY), type(uint256).max);
        GATEWAY.deposit{value: 10 * PRICE}(payer);
        IGatewayPrepaid.Budget memory budget =
            IGatewayPrepaid.Budget(uint128(5 * PRICE), uint128(PRICE));
        GATEWAY.setBudget(payer, plain, address(0), budget);
        GATEWAY.inference{value: PRICE}(plain, words(1, 2));
        vm.stopPrank();
    }

    function sign() private {
        (wanted.payer, wanted.modelId, wanted.maxPrice) = (payer, plain, PRICE);
        (wanted.prepaid, wanted.deadline) = (true, type(uint256).max);
        wanted.inputHash = keccak256(abi.encode(1, 2));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(PAYER_KEY, GATEWAY.authorizationDigest(wanted));
        signature = abi.encodePacked(r, s, v);
    }

    function order(uint256 modelId, address currency, bool prepaid)
        private
        pure
        returns (IInferenceGateway.Order memory)
    {
        return IInferenceGateway.Order(modelId, 0, currency, PRICE, prepaid);
    }
}
