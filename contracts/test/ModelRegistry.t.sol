// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";
import {IInference} from "../src/interfaces/IInference.sol";
import {IModelNames} from "../src/interfaces/IModelNames.sol";
import {IModelRegistry} from "../src/interfaces/IModelRegistry.sol";
import {IModelTerms} from "../src/interfaces/IModelTerms.sol";
import {Inference} from "../src/libraries/Inference.sol";
import {Predeploys} from "../src/libraries/Predeploys.sol";
import {Harness} from "./Harness.sol";

contract ModelRegistryTest is Harness {
    function setUp() public {
        placePredeploys();
    }

    function test_collectionIsNamedWithoutConstructor() public view {
        vm.assertEq(REGISTRY.name(), "Fixpoint Models");
        vm.assertEq(REGISTRY.symbol(), "FXP");
        vm.assertTrue(REGISTRY.supportsInterface(type(IERC721).interfaceId), "ERC-721");
        vm.assertTrue(REGISTRY.supportsInterface(type(IERC721Metadata).interfaceId), "metadata");
    }

    function test_fuzz_registerGivesTheWriterTheToken(address writer, uint96 priceWei) public {
        vm.assume(writer != address(0) && !Predeploys.includes(writer));
        address root = deployModel(writer, Predeploys.INFERENCE_GATEWAY, "model");
        uint256 want = uint256(root.codehash);
        vm.expectEmit(address(REGISTRY));
        emit IERC721.Transfer(address(0), writer, want);
        vm.expectEmit(address(REGISTRY));
        emit IModelRegistry.ModelRegistered(want, root, writer, "digits");
        vm.prank(writer);
        uint256 modelId = REGISTRY.register(root, "digits", priceWei);

        vm.assertEq(modelId, want);
        vm.assertEq(REGISTRY.idOf(root), want);
        vm.assertEq(REGISTRY.ownerOf(modelId), writer);
        IModelRegistry.Model memory model = REGISTRY.modelOf(modelId);
        vm.assertEq(model.root, root);
        vm.assertEq(model.owner, writer);
        vm.assertEq(model.priceWei, priceWei);
        vm.assertEq(model.name, "digits");
        IModelTerms.CallTerms memory terms = REGISTRY.callTerms(modelId, 0, BOB);
        vm.assertEq(terms.root, root);
        vm.assertEq(terms.version, 1);
        vm.assertEq(terms.owner, writer);
        vm.assertEq(terms.token, address(0));
        vm.assertEq(terms.price, priceWei);
        vm.assertEq(terms.validatorBps, 0);
        vm.assertEq(terms.contributors.length + terms.ancestors.length, 0);
    }

    function test_fuzz_onlyTheWriterRegisters(address stranger) public {
        vm.assume(stranger != ALICE);
        address root = deployModel(ALICE, Predeploys.INFERENCE_GATEWAY, "model");
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.NotWriter.selector, root, stranger, ALICE)
        );
        vm.prank(stranger);
        REGISTRY.register(root, "mine", 0);
    }

    /// @dev The root's code, copied to an account that the store knows nothing about.
    function test_aCopiedRootIsNoRegistration() public {
        address root = deployModel(ALICE, Predeploys.INFERENCE_GATEWAY, "model");
        address copy = address(0xC0);
        vm.etch(copy, root.code);
        vm.assertEq(REGISTRY.idOf(copy), REGISTRY.idOf(root));
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.NotWriter.selector, copy, BOB, address(0))
        );
        vm.prank(BOB);
        REGISTRY.register(copy, "mine", 0);
    }

    /// @dev Whoever uploads the same bytes owns another model, and Alice's stays hers to register.
    function test_aFasterUploadTakesNothing() public {
        address hers = deployModel(ALICE, Predeploys.INFERENCE_GATEWAY, "model");
        address his = deployModel(BOB, Predeploys.INFERENCE_GATEWAY, "model");
        vm.assertTrue(hers.codehash != his.codehash, "one writer for a model hash");
        vm.prank(BOB);
        uint256 hisId = REGISTRY.register(his, "copy", 1);
        vm.prank(ALICE);
        uint256 herId = REGISTRY.register(hers, "original", 2);
        vm.assertTrue(hisId != herId, "ids");
        vm.assertEq(REGISTRY.ownerOf(herId), ALICE);
    }

    function test_registeringTwiceIsRefused() public {
        uint256 modelId = listModel(ALICE, 1);
        address root = REGISTRY.rootOf(modelId, 0);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.AlreadyRegistered.selector, modelId));
        vm.prank(ALICE);
        REGISTRY.register(root, "again", 1);
    }

    function test_anUnactivatedModelIsRefused() public {
        address[] memory chunks = new address[](1);
        chunks[0] = STORE.writeChunk(address(0), "m");
        address root = STORE.writeRoot(address(0), 1, keccak256("m"), chunks);
        vm.expectRevert(abi.encodeWithSelector(IInference.NotActivated.selector, root));
        REGISTRY.register(root, "early", 0);
    }

    function test_aChainWithoutInferenceIsNoticed() public {
        address root = deployModel(ALICE, address(0), "model");
        vm.etch(Predeploys.INFERENCE, "");
        vm.expectRevert(Inference.InferenceUnavailable.selector);
        vm.prank(ALICE);
        REGISTRY.register(root, "model", 0);
    }

    function test_fuzz_aPriceNeedsTheGateway(address gate, uint96 priceWei) public {
        vm.assume(gate != Predeploys.INFERENCE_GATEWAY && priceWei != 0);
        address root = deployModel(ALICE, gate, "model");
        bytes memory refusal = abi.encodeWithSelector(
            IModelTerms.PriceNeedsGateway.selector, uint256(root.codehash), gate
        );
        vm.expectRevert(refusal);
        vm.prank(ALICE);
        REGISTRY.register(root, "model", priceWei);

        vm.prank(ALICE);
        uint256 modelId = REGISTRY.register(root, "model", 0);
        vm.expectRevert(refusal);
        vm.prank(ALICE);
        REGISTRY.setPrice(modelId, priceWei);
    }

    function test_fuzz_aPriceThatDoesNotFitIsRefused(uint256 priceWei) public {
        uint256 max = type(uint96).max;
        priceWei = bound(priceWei, max + 1, type(uint256).max);
        uint256 modelId = listModel(ALICE, max);
        vm.assertEq(GATEWAY.priceOf(modelId), max);
        vm.expectRevert(abi.encodeWithSelector(IModelTerms.PriceTooHigh.selector, priceWei, max));
        vm.prank(ALICE);
        REGISTRY.setPrice(modelId, priceWei);
    }

    function test_fuzz_theOwnerChangesNameAndPrice(uint96 priceWei) public {
        uint256 modelId = listModel(ALICE, 1);
        vm.expectEmit(address(REGISTRY));
        emit IModelTerms.PriceSet(modelId, address(0), priceWei);
        vm.prank(ALICE);
        REGISTRY.setPrice(modelId, priceWei);
        vm.expectEmit(address(REGISTRY));
        emit IModelNames.NameSet(modelId, "renamed");
        vm.prank(ALICE);
        REGISTRY.setName(modelId, "renamed");
        IModelRegistry.Model memory model = REGISTRY.modelOf(modelId);
        vm.assertEq(model.priceWei, priceWei);
        vm.assertEq(model.name, "renamed");
    }

    function test_pricesChangeWhateverThePrecompileSays() public {
        uint256 modelId = listModel(ALICE, 1);
        vm.etch(Predeploys.INFERENCE, hex"fe");
        vm.prank(ALICE);
        REGISTRY.setPrice(modelId, 2);
        vm.assertEq(GATEWAY.priceOf(modelId), 2);
    }

    function test_rightsMoveWithTheToken() public {
        uint256 modelId = listModel(ALICE, 1);
        vm.prank(ALICE);
        REGISTRY.transferFrom(ALICE, BOB, modelId);
        vm.prank(BOB);
        REGISTRY.setPrice(modelId, 5);
        vm.assertEq(GATEWAY.priceOf(modelId), 5);

        bytes memory refusal =
            abi.encodeWithSelector(IModelRegistry.NotModelOwner.selector, modelId, ALICE, BOB);
        vm.expectRevert(refusal);
        vm.prank(ALICE);
        REGISTRY.setPrice(modelId, 7);
        vm.expectRevert(refusal);
        vm.prank(ALICE);
        REGISTRY.setName(modelId, "still mine");
    }

    function test_noPredeployIsGivenAModel() public {
        uint256 modelId = listModel(ALICE, 1);
        address[10] memory refused = fixedAddresses();
        for (uint256 i; i < refused.length; ++i) {
            bytes memory refusal =
                abi.encodeWithSelector(IModelRegistry.CannotOwnModel.selector, modelId, refused[i]);
            vm.expectRevert(refusal);
            vm.prank(ALICE);
            REGISTRY.transferFrom(ALICE, refused[i], modelId);
            vm.expectRevert(refusal);
            vm.prank(ALICE);
            REGISTRY.safeTransferFrom(ALICE, refused[i], modelId);
            vm.assertEq(REGISTRY.balanceOf(refused[i]), 0);
        }
        vm.assertEq(REGISTRY.ownerOf(modelId), ALICE);
    }

    function test_anApprovedAccountGivesNoPredeployAModel() public {
        uint256 modelId = listModel(ALICE, 1);
        vm.prank(ALICE);
        REGISTRY.approve(BOB, modelId);
        vm.expectRevert(
            abi.encodeWithSelector(
                IModelRegistry.CannotOwnModel.selector, modelId, Predeploys.INFERENCE_GATEWAY
            )
        );
        vm.prank(BOB);
        REGISTRY.transferFrom(ALICE, Predeploys.INFERENCE_GATEWAY, modelId);
    }

    function test_noPredeployRegistersAModel() public {
        address[10] memory refused = fixedAddresses();
        for (uint256 i; i < refused.length; ++i) {
            address root = deployModel(refused[i], address(0), "model");
            vm.expectRevert(
                abi.encodeWithSelector(
                    IModelRegistry.CannotOwnModel.selector, uint256(root.codehash), refused[i]
                )
            );
            vm.prank(refused[i]);
            REGISTRY.register(root, "model", 0);
        }
    }

    /// @dev The neighbours of the fixed addresses are accounts like any other.
    function test_otherLowAddressesMayOwnAModel() public {
        uint256 modelId = listModel(ALICE, 1);
        address owner = ALICE;
        address[6] memory allowed = [
            address(0x0F1D),
            address(0x0F1F),
            address(0x0F26),
            address(0xF3),
            address(0xF7),
            address(0xF200000)
        ];
        for (uint256 i; i < allowed.length; ++i) {
            vm.prank(owner);
            REGISTRY.transferFrom(owner, allowed[i], modelId);
            owner = allowed[i];
            vm.assertEq(REGISTRY.ownerOf(modelId), owner);
        }
    }

    function test_fuzz_anUnknownModelIsNamed(uint256 modelId) public {
        bytes memory unknown =
            abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, modelId);
        vm.expectRevert(unknown);
        REGISTRY.callTerms(modelId, 0, BOB);
        vm.expectRevert(unknown);
        REGISTRY.modelOf(modelId);
        vm.expectRevert(unknown);
        REGISTRY.setPrice(modelId, 0);
        vm.expectRevert(unknown);
        REGISTRY.setName(modelId, "x");
    }

    /// @dev Spelt out: `Predeploys` is what is under test.
    function fixedAddresses() private pure returns (address[10] memory) {
        return [
            address(0x0F1E),
            address(0x0F20),
            address(0x0F21),
            address(0x0F22),
            address(0x0F23),
            address(0x0F24),
            address(0x0F25),
            address(0xF4),
            address(0xF5),
            address(0xF6)
        ];
    }
}
