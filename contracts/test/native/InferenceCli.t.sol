// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IInference} from "../../src/interfaces/IInference.sol";
import {IInferenceGateway} from "../../src/interfaces/IInferenceGateway.sol";
import {Inference} from "../../src/libraries/Inference.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {InferenceGatewayTest} from "../../src/testing/InferenceGatewayTest.sol";
import {InferenceCliShim} from "../../src/testing/InferenceShim.sol";
import {Harness} from "../Harness.sol";

/// @title The native runtime, seen from plain `forge test`
/// @dev The model is written out by hand: x -> x + x on two 32-bit integers without a scale.
contract InferenceCliTest is Harness, InferenceGatewayTest {
    string private constant FILE = "cache/doubling.fxp";
    string private constant DAMAGED = "cache/damaged.fxp";
    uint256 private constant PRICE = 1 gwei;

    address private model;
    address private priced = address(0x9121CED);

    function setUp() public {
        string memory cli = vm.envOr("FIXPOINT_CLI", string(""));
        vm.skip(bytes(cli).length == 0, "FIXPOINT_CLI names no binary");
        vm.writeFileBinary(FILE, doubling());
        model = useModel(FILE);
        useModel(priced, FILE, Predeploys.INFERENCE_GATEWAY);
    }

    function test_aModelRuns() public view {
        vm.assertEq(abi.encode(this.run(model, words(3, -4))), abi.encode(words(6, -8)));
        bytes memory raw = Inference.runRaw(model, hex"03000000fcffffff");
        vm.assertEq(raw, hex"06000000f8ffffff");
        int256[] memory two = new int256[](4);
        (two[0], two[3]) = (5, -1);
        int256[] memory output = Inference.runBatch(model, 2, two);
        vm.assertEq(output.length, 4);
        vm.assertEq(output[0], 10);
        vm.assertEq(output[3], -2);
    }

    function test_itsRecordIsThere() public view {
        IInference.ModelInfo memory info = Inference.info(model);
        vm.assertEq(info.contentHash, keccak256(doubling()));
        vm.assertEq(info.gate, address(0));
        vm.assertEq(info.payloadBytes, doubling().length);
        vm.assertEq(info.inputs.length, 1);
        vm.assertEq(info.inputs[0].name, "x");
        vm.assertEq(info.inputs[0].shape.length, 1);
        vm.assertEq(info.inputs[0].shape[0], 2);
        vm.assertEq(info.outputs[0].name, "y");
        vm.assertEq(Inference.info(priced).gate, Predeploys.INFERENCE_GATEWAY);
    }

    function test_itsErrorsComeThrough() public {
        vm.expectRevert(abi.encodeWithSelector(IInference.InputLength.selector, 3, 2));
        this.run(model, new int256[](3));
        vm.expectRevert(abi.encodeWithSelector(IInference.InputRange.selector, 1));
        this.run(model, words(0, 2 ** 31));
        vm.expectRevert(abi.encodeWithSelector(IInference.ExecutionFailed.selector, 0));
        this.run(model, words(0, 2 ** 31 - 1));
        vm.expectRevert(abi.encodeWithSelector(IInference.NotAModel.selector, ALICE));
        this.run(ALICE, words(1, 2));
        vm.expectRevert(
            abi.encodeWithSelector(IInference.Gated.selector, priced, Predeploys.INFERENCE_GATEWAY)
        );
        this.run(priced, words(1, 2));
    }

    function test_aDamagedModelFileIsNamed() public {
        vm.writeFileBinary(DAMAGED, hex"ffff");
        address damaged = useModel(DAMAGED);
        vm.expectPartialRevert(InferenceCliShim.InferenceCliFailed.selector);
        this.run(damaged, words(1, 2));
    }

    function test_activationIsNotStatic() public {
        bytes memory call = abi.encodeCall(IInference.activate, (model));
        (bool ok, bytes memory data) = Predeploys.INFERENCE.staticcall(call);
        vm.assertTrue(!ok, "static");
        vm.assertEq(data, abi.encodeWithSelector(IInference.StaticCall.selector));
        (bytes32 modelHash,) = Inference.activate(model);
        vm.assertEq(modelHash, Inference.info(model).modelHash);
    }

    function test_gasIsTheRecordedPrice() public view {
        uint256 want = Inference.info(model).inferenceGas;
        int256[] memory input = words(3, -4);
        uint256 gasBefore = gasleft();
        Inference.run(model, input);
        uint256 gasUsed = gasBefore - gasleft();
        vm.assertGe(gasUsed, want);
        vm.assertLt(gasUsed, want + 5_000);
    }

    function test_tooLittleGasFails() public {
        uint256 price = Inference.info(model).inferenceGas;
        bytes memory call = abi.encodeCall(IInference.inference, (model, words(1, 2)));
        (bool ok, bytes memory data) = Predeploys.INFERENCE.call{gas: price / 2}(call);
        vm.assertTrue(!ok && data.length == 0, "out of gas");
    }

    function test_aPricedModelIsPaidForThroughTheGateway() public {
        uint256 modelId = listModel(priced, ALICE, PRICE);
        vm.deal(BOB, PRICE);
        vm.expectRevert(abi.encodeWithSelector(IInferenceGateway.WrongPayment.selector, 0, PRICE));
        vm.prank(BOB);
        GATEWAY.inference(modelId, words(3, -4));
        vm.prank(BOB);
        int256[] memory output = GATEWAY.inference{value: PRICE}(modelId, words(3, -4));
        vm.assertEq(output[1], -8);
        vm.assertEq(GATEWAY.earnings(ALICE), PRICE);
    }

    /// @notice A call frame of its own, for `expectRevert`.
    function run(address root, int256[] memory input) external view returns (int256[] memory) {
        return Inference.run(root, input);
    }

    /// @dev Model bytes, version 1. SSZ: little-endian, offsets from the start of their container.
    function doubling() private pure returns (bytes memory) {
        bytes memory input = bytes.concat(
            hex"0d000000", // name at 13
            hex"0e000000", // tensor at 14
            hex"17000000", // quantisation at 23
            hex"00", // does not saturate
            "x",
            hex"05", // i32
            hex"05000000", // shape at 5
            hex"02000000", // [2]
            hex"00" // no quantisation
        );
        bytes memory operator = hex"0f00000000"; // ADD of value 0 and value 0
        bytes memory output = bytes.concat(
            hex"0a000000", // name at 10
            hex"0100", // value 1
            hex"0b000000", // quantisation at 11
            "y",
            hex"00" // no quantisation
        );
        return bytes.concat(
            hex"0100", // version
            hex"12000000", // inputs at 18
            hex"2e000000", // constants at 46
            hex"2e000000", // operators at 46
            hex"37000000", // outputs at 55
            hex"04000000", // the first input at 4
            input,
            hex"04000000", // the first operator at 4
            operator,
            hex"04000000", // the first output at 4
            output
        );
    }
}
