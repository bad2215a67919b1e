// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {SharedForecast} from "../../examples/SharedForecast.sol";
import {IGatewayCredits} from "../../src/interfaces/IGatewayCredits.sol";
import {IInferenceGateway} from "../../src/interfaces/IInferenceGateway.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IModelRevenue} from "../../src/interfaces/IModelRevenue.sol";
import {Inference} from "../../src/libraries/Inference.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {InferenceCliShim} from "../../src/testing/InferenceShim.sol";
import {CompiledModel} from "./CompiledModel.sol";

/// @title A model with two parents behind the contract that sells it
/// @dev Store, registry and gateway are the real ones; the native runtime answers for the roots that the
/// store wrote.
contract SharedForecastNativeTest is CompiledModel {
    string private constant FILE = "cache/shared-forecast.fxp";
    string private constant PARENT_FILE = "cache/shared-forecast-parent.fxp";
    uint256 private constant PRICE = 1_000_003;
    uint16 private constant VALIDATOR_BPS = 500;
    address private constant VALIDATOR = address(0xB10C);
    address private constant AUTHOR = address(0xA0703);

    address private openModel;
    bytes private payload;
    uint256 private first;
    uint256 private second;
    SharedForecast private shop;

    function setUp() public {
        openModel = compileModel("volatility", "int8", FILE);
        compileModel("volatility", "int16", PARENT_FILE);
        payload = vm.readFileBinary(FILE);
        bytes memory shim = Predeploys.INFERENCE.code;
        placePredeploys();
        vm.etch(Predeploys.INFERENCE, shim);
        vm.coinbase(VALIDATOR);
        first = registerParent(ALICE);
        second = registerParent(BOB);
        shop = new SharedForecast(
            IModelRevenue.Share(first, 3000),
            IModelRevenue.Share(second, 1500),
            PRICE,
            VALIDATOR_BPS,
            payable(AUTHOR)
        );
        vm.deal(CAROL, 10 * PRICE);
    }

    function test_aForecastPaysEverybodyBehindIt() public {
        openShop();
        vm.prank(CAROL);
        int256 percent = shop.forecast{value: PRICE}(swinging(0.1e18));
        // As the same model says to whom it is open.
        vm.assertEq(percent, Inference.run(openModel, swinging(0.1e18))[0]);
        vm.assertTrue(percent > 0.05e18 && percent < 1e18, "calm");
        vm.prank(CAROL);
        vm.assertLt(uint256(percent), uint256(shop.forecast{value: PRICE}(swinging(3e18))));

        uint256 alice = 2 * (PRICE * 3000 / 10_000);
        uint256 bob = 2 * (PRICE * 1500 / 10_000);
        uint256 validator = 2 * (PRICE * VALIDATOR_BPS / 10_000);
        vm.assertEq(GATEWAY.potOf(first, address(0)), alice);
        vm.assertEq(GATEWAY.potOf(second, address(0)), bob);
        vm.assertEq(GATEWAY.earnings(VALIDATOR), validator);
        vm.assertEq(shop.payOut(), 2 * PRICE - alice - bob - validator);
        vm.assertEq(AUTHOR.balance, 2 * PRICE - alice - bob - validator);
        vm.assertEq(GATEWAY.earnings(ALICE), alice);
        vm.assertEq(GATEWAY.earnings(BOB), bob);
        vm.assertEq(address(shop).balance, 0);
        // Nothing has come in since.
        vm.expectRevert(
            abi.encodeWithSelector(IGatewayCredits.NothingToWithdraw.selector, address(shop))
        );
        shop.payOut();
    }

    /// @dev What is beyond the model's range counts as its end.
    function test_wildReturnsAreHeld() public {
        openShop();
        vm.startPrank(CAROL);
        vm.assertEq(
            shop.forecast{value: PRICE}(swinging(type(int256).max)),
            shop.forecast{value: PRICE}(swinging(1000e18))
        );
        vm.stopPrank();
    }

    /// @dev Each step once, in order, and with nothing else than the model.
    function test_theStepsAreTakenOnce() public {
        vm.expectRevert(SharedForecast.NotOpen.selector);
        shop.forecast{value: 0}(swinging(1e18));
        bytes memory another = bytes.concat(payload, hex"00");
        vm.expectRevert(
            abi.encodeWithSelector(
                SharedForecast.WrongBytes.selector, keccak256(another), keccak256(payload)
            )
        );
        shop.write(another);
        openShop();
        vm.expectRevert(SharedForecast.AlreadyDone.selector);
        shop.write(payload);
        vm.expectRevert(SharedForecast.AlreadyDone.selector);
        shop.open();
        vm.expectRevert(abi.encodeWithSelector(SharedForecast.ReturnCount.selector, 3, 16));
        shop.forecast(new int256[](3));
        bytes memory refusal =
            abi.encodeWithSelector(IInferenceGateway.WrongPayment.selector, PRICE - 1, PRICE);
        vm.expectRevert(refusal);
        vm.prank(CAROL);
        shop.forecast{value: PRICE - 1}(swinging(1e18));
    }

    /// @dev Nobody but the contract may do with the model what an owner may, and it does none of it.
    function test_theTermsAreForEver() public {
        openShop();
        uint256 modelId = shop.modelId();
        vm.assertEq(REGISTRY.ownerOf(modelId), address(shop));
        (, uint256 price) = REGISTRY.priceOf(modelId);
        vm.assertEq(price, PRICE);
        vm.expectRevert(
            abi.encodeWithSelector(
                IModelRegistry.NotModelOwner.selector, modelId, AUTHOR, address(shop)
            )
        );
        vm.prank(AUTHOR);
        REGISTRY.setPrice(modelId, 0);
    }

    function openShop() private {
        address root = shop.write(payload);
        answerFor(root, FILE);
        shop.open();
    }

    /// @dev A registered model with this owner: one that could be a parent.
    function registerParent(address owner) private returns (uint256 modelId) {
        bytes memory data = vm.readFileBinary(PARENT_FILE);
        address[] memory chunks = new address[](1);
        vm.startPrank(owner);
        chunks[0] = STORE.writeChunk(Predeploys.INFERENCE_GATEWAY, data);
        address root = STORE.writeRoot(
            Predeploys.INFERENCE_GATEWAY, uint32(data.length), keccak256(data), chunks
        );
        answerFor(root, PARENT_FILE);
        modelId = REGISTRY.register(root, "parent", PRICE);
        vm.stopPrank();
    }

    /// @dev As `useModel`, of a root that is there.
    function answerFor(address root, string memory file) private {
        InferenceCliShim(Predeploys.INFERENCE).addModel(root, Predeploys.INFERENCE_GATEWAY, file);
    }

    function swinging(int256 percent) private pure returns (int256[] memory returns_) {
        returns_ = new int256[](16);
        for (uint256 i; i < 16; ++i) {
            returns_[i] = i % 2 == 0 ? percent : -percent;
        }
    }
}
