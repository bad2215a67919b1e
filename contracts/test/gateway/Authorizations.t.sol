// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IGatewayAuthorizations} from "../../src/interfaces/IGatewayAuthorizations.sol";
import {IInference} from "../../src/interfaces/IInference.sol";
import {IInferenceGateway} from "../../src/interfaces/IInferenceGateway.sol";
import {IModelTerms} from "../../src/interfaces/IModelTerms.sol";
import {Harness} from "../Harness.sol";
import {ContractSigner} from "../mocks/ContractSigner.sol";
import {GoodToken} from "../mocks/Tokens.sol";

contract AuthorizationsTest is Harness {
    uint256 private constant PRICE = 100;
    uint256 private constant KEY = 0xFA7E5;

    address private immutable payer = vm.addr(KEY);
    uint256 private modelId;
    GoodToken private token;

    function setUp() public {
        placePredeploys();
        vm.warp(1000);
        modelId = listModel(ALICE, PRICE);
        token = new GoodToken();
        token.mint(payer, 1000);
        vm.prank(payer);
        token.approve(address(GATEWAY), 1000);
        vm.prank(ALICE);
        REGISTRY.setTokenPrice(modelId, address(token), PRICE);
    }

    function test_whoeverHasTheSignatureSubmitsIt() public {
        vm.expectEmit(address(GATEWAY));
        emit IInferenceGateway.InferenceReceipt(
            modelId,
            payer,
            CAROL,
            1,
            keccak256(abi.encode(1, 2)),
            keccak256(abi.encode(3, int256(-1))),
            false,
            address(token),
            PRICE
        );
        int256[] memory output = submit(CAROL, wanted(), KEY);
        vm.assertEq(output[0], 3);
        vm.assertEq(token.balanceOf(payer), 900);
        vm.assertEq(GATEWAY.earningsIn(address(token), ALICE), PRICE);
    }

    function test_itIsGoodOnce() public {
        submit(CAROL, wanted(), KEY);
        vm.assertTrue(GATEWAY.isNonceUsed(payer, 7), "used");
        vm.expectRevert(abi.encodeWithSelector(IGatewayAuthorizations.NonceUsed.selector, payer, 7));
        submit(CAROL, wanted(), KEY);
        // Each nonce is one of its own, whatever its neighbours do.
        IGatewayAuthorizations.Authorization memory next = wanted();
        uint256[4] memory nonces = [6, 8, 263, type(uint256).max];
        for (uint256 i; i < nonces.length; ++i) {
            next.nonce = nonces[i];
            submit(CAROL, next, KEY);
        }
    }

    function test_aPayerCancels() public {
        vm.expectEmit(address(GATEWAY));
        emit IGatewayAuthorizations.NonceCancelled(payer, 7);
        vm.prank(payer);
        GATEWAY.cancelNonce(7);
        vm.expectRevert(abi.encodeWithSelector(IGatewayAuthorizations.NonceUsed.selector, payer, 7));
        submit(CAROL, wanted(), KEY);
    }

    /// @dev A failed call can be tried again with the same signature.
    function test_aFailedCallUsesUpNothing() public {
        IGatewayAuthorizations.Authorization memory bad = wanted();
        int256[] memory input = new int256[](3);
        bad.inputHash = keccak256(abi.encodePacked(input));
        bytes memory signature = sign(bad, KEY);
        vm.expectRevert(abi.encodeWithSelector(IInference.InputLength.selector, 3, 2));
        GATEWAY.inferenceAuthorized(bad, input, signature);
        vm.assertTrue(!GATEWAY.isNonceUsed(payer, 7), "unused");
        vm.assertEq(token.balanceOf(payer), 1000);
    }

    /// @dev Each field, changed after signing.
    function test_nothingInItCanBeChanged() public {
        bytes memory signature = sign(wanted(), KEY);
        for (uint256 field; field < 9; ++field) {
            IGatewayAuthorizations.Authorization memory changed = wanted();
            if (field == 0) changed.payer = BOB;
            if (field == 1) changed.caller = CAROL;
            if (field == 2) changed.modelId ^= 1;
            if (field == 3) changed.version = 1;
            if (field == 4) changed.token = address(0);
            if (field == 5) changed.maxPrice += 1;
            if (field == 6) changed.prepaid = true;
            if (field == 7) changed.nonce += 1;
            if (field == 8) changed.deadline += 1;
            vm.expectRevert(
                abi.encodeWithSelector(IGatewayAuthorizations.BadSignature.selector, changed.payer)
            );
            vm.prank(CAROL);
            GATEWAY.inferenceAuthorized(changed, words(1, 2), signature);
        }
    }

    function test_anotherInputIsRefused() public {
        bytes memory signature = sign(wanted(), KEY);
        bytes32 got = keccak256(abi.encode(1, 3));
        vm.expectRevert(
            abi.encodeWithSelector(
                IGatewayAuthorizations.InputMismatch.selector, got, wanted().inputHash
            )
        );
        GATEWAY.inferenceAuthorized(wanted(), words(1, 3), signature);
        // Nor are the same bytes another kind of input.
        bytes memory raw = abi.encode(1, 2);
        vm.expectRevert(
            abi.encodeWithSelector(
                IGatewayAuthorizations.InputMismatch.selector,
                wanted().inputHash,
                wanted().inputHash
            )
        );
        GATEWAY.inferenceRawAuthorized(wanted(), raw, signature);
    }

    function test_rawInputs() public {
        IGatewayAuthorizations.Authorization memory raw = wanted();
        (raw.raw, raw.inputHash) = (true, keccak256(hex"0102"));
        bytes memory signature = sign(raw, KEY);
        vm.assertEq(GATEWAY.inferenceRawAuthorized(raw, hex"0102", signature), hex"03ff");
        vm.assertEq(token.balanceOf(payer), 900);
    }

    function test_itsBoundsHold() public {
        IGatewayAuthorizations.Authorization memory bounded = wanted();
        bounded.caller = BOB;
        vm.expectRevert(
            abi.encodeWithSelector(IGatewayAuthorizations.NotAuthorizedCaller.selector, CAROL, BOB)
        );
        submit(CAROL, bounded, KEY);
        bounded.deadline = 999;
        vm.expectRevert(abi.encodeWithSelector(IGatewayAuthorizations.Expired.selector, 999));
        submit(BOB, bounded, KEY);
        bounded = wanted();
        bounded.maxPrice = PRICE - 1;
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceGateway.PriceAboveMax.selector, PRICE, PRICE - 1)
        );
        submit(BOB, bounded, KEY);
        vm.prank(ALICE);
        REGISTRY.setPrice(modelId, 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IInferenceGateway.WrongToken.selector, modelId, address(0), address(token)
            )
        );
        submit(BOB, wanted(), KEY);
        vm.assertEq(token.balanceOf(payer), 1000);
    }

    function test_theChainsCurrencyIsPaidFromABalance() public {
        vm.prank(ALICE);
        REGISTRY.setPrice(modelId, PRICE);
        IGatewayAuthorizations.Authorization memory native = wanted();
        native.token = address(0);
        vm.expectRevert(IGatewayAuthorizations.NativeNeedsPrepaid.selector);
        submit(BOB, native, KEY);
        vm.deal(BOB, 1000);
        vm.prank(BOB);
        GATEWAY.deposit{value: 1000}(payer);
        native.prepaid = true;
        submit(BOB, native, KEY);
        vm.assertEq(GATEWAY.prepaidOf(payer, address(0)), 900);
        vm.assertEq(GATEWAY.earnings(ALICE), PRICE);
    }

    function test_accessIsThePayers() public {
        vm.prank(ALICE);
        REGISTRY.setAccess(modelId, IModelTerms.Access.Private);
        vm.expectRevert(abi.encodeWithSelector(IModelTerms.AccessDenied.selector, modelId, payer));
        submit(ALICE, wanted(), KEY);
    }

    function test_otherSignersAndChainsAreRefused() public {
        bytes memory refusal =
            abi.encodeWithSelector(IGatewayAuthorizations.BadSignature.selector, payer);
        vm.expectRevert(refusal);
        submit(BOB, wanted(), KEY + 1);
        bytes memory signature = sign(wanted(), KEY);
        vm.chainId(2);
        vm.expectRevert(refusal);
        GATEWAY.inferenceAuthorized(wanted(), words(1, 2), signature);
    }

    /// @dev The digest, put together by hand as EIP-712 has it.
    function test_theDigestIsTheStandards() public {
        vm.chainId(1234);
        IGatewayAuthorizations.Authorization memory authorization = wanted();
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Fixpoint InferenceGateway"),
                keccak256("1"),
                1234,
                address(GATEWAY)
            )
        );
        bytes32 typeHash = keccak256(
            "Authorization(address payer,address caller,uint256 modelId,uint32 version,bytes32 inputHash,bool raw,address token,uint256 maxPrice,bool prepaid,uint256 nonce,uint256 deadline)"
        );
        bytes memory first = abi.encode(
            typeHash,
            authorization.payer,
            authorization.caller,
            authorization.modelId,
            authorization.version,
            authorization.inputHash
        );
        bytes memory second = abi.encode(
            authorization.raw,
            authorization.token,
            authorization.maxPrice,
            authorization.prepaid,
            authorization.nonce,
            authorization.deadline
        );
        bytes32 structHash = keccak256(bytes.concat(first, second));
        vm.assertEq(
            GATEWAY.authorizationDigest(authorization),
            keccak256(abi.encodePacked(hex"1901", domain, structHash))
        );
    }

    function test_contractsSignToo() public {
        ContractSigner signer = new ContractSigner();
        token.mint(address(signer), 1000);
        vm.prank(address(signer));
        token.approve(address(GATEWAY), 1000);
        IGatewayAuthorizations.Authorization memory authorization = wanted();
        authorization.payer = address(signer);
        vm.expectRevert(
            abi.encodeWithSelector(IGatewayAuthorizations.BadSignature.selector, address(signer))
        );
        GATEWAY.inferenceAuthorized(authorization, words(1, 2), "");
        signer.agree(GATEWAY.authorizationDigest(authorization));
        GATEWAY.inferenceAuthorized(authorization, words(1, 2), "");
        vm.assertEq(token.balanceOf(address(signer)), 900);
    }

    function wanted() private view returns (IGatewayAuthorizations.Authorization memory) {
        return IGatewayAuthorizations.Authorization({
            payer: payer,
            caller: address(0),
            modelId: modelId,
            version: 0,
            inputHash: keccak256(abi.encode(1, 2)),
            raw: false,
            token: address(token),
            maxPrice: PRICE,
            prepaid: false,
            nonce: 7,
            deadline: 2000
        });
    }

    function sign(IGatewayAuthorizations.Authorization memory authorization, uint256 key)
        private
        view
        returns (bytes memory)
    {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, GATEWAY.authorizationDigest(authorization));
        return abi.encodePacked(r, s, v);
    }

    function submit(
        address sender,
        IGatewayAuthorizations.Authorization memory authorization,
        uint256 key
    ) private returns (int256[] memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digestOf(authorization));
        vm.prank(sender);
        return GATEWAY.inferenceAuthorized(authorization, words(1, 2), abi.encodePacked(r, s, v));
    }

    /// @dev Without a call, which an expected revert would take for the one that is to revert.
    function digestOf(IGatewayAuthorizations.Authorization memory authorization)
        private
        view
        returns (bytes32)
    {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Fixpoint InferenceGateway"),
                keccak256("1"),
                block.chainid,
                address(GATEWAY)
            )
        );
        bytes32 typeHash = keccak256(
            "Authorization(address payer,address caller,uint256 modelId,uint32 version,bytes32 inputHash,bool raw,address token,uint256 maxPrice,bool prepaid,uint256 nonce,uint256 deadline)"
        );
        bytes32 structHash = keccak256(abi.encode(typeHash, authorization));
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }
}
