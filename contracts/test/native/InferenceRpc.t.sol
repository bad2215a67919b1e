// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IInference} from "../../src/interfaces/IInference.sol";
import {Inference} from "../../src/libraries/Inference.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {InferenceTest} from "../../src/testing/InferenceTest.sol";
import {Harness} from "../Harness.sol";

/// @title The precompile of a running node, seen from `forge test`
/// @dev Runs where `FIXPOINT_RPC` names a node; `FIXPOINT_RPC_MODEL` a model on it that anyone may
/// call and whose inputs may all be zero.
contract InferenceRpcTest is Harness, InferenceTest {
    address private constant NO_MODEL = address(0xdead);

    function setUp() public {
        string memory url = vm.envOr("FIXPOINT_RPC", string(""));
        vm.skip(bytes(url).length == 0, "FIXPOINT_RPC names no node");
        useInferenceRpc(url);
    }

    function test_errorsComeThrough() public {
        vm.expectRevert(abi.encodeWithSelector(IInference.NotAModel.selector, NO_MODEL));
        this.infer(NO_MODEL, new int256[](1));
        (bool ok, bytes memory data) = Predeploys.INFERENCE.call(hex"01020304");
        vm.assertTrue(!ok, "unknown selector");
        vm.assertEq(
            data, abi.encodeWithSelector(IInference.UnknownSelector.selector, bytes4(0x01020304))
        );
    }

    function test_activationNeedsANonStaticContext() public {
        bytes memory call = abi.encodeCall(IInference.activate, (NO_MODEL));
        (bool ok, bytes memory data) = Predeploys.INFERENCE.staticcall(call);
        vm.assertTrue(!ok, "static");
        vm.assertEq(data, abi.encodeWithSelector(IInference.StaticCall.selector));
        (ok, data) = Predeploys.INFERENCE.call(call);
        vm.assertTrue(!ok, "no model");
        vm.assertEq(data, abi.encodeWithSelector(IInference.NotAModel.selector, NO_MODEL));
    }

    function test_aFailureTakesGasButNotAll() public view {
        uint256 gasBefore = gasleft();
        (bool ok,,) = Inference.tryRun(NO_MODEL, new int256[](1));
        uint256 gasUsed = gasBefore - gasleft();
        vm.assertEq(ok, false);
        vm.assertLt(gasUsed, 100_000);
    }

    function test_aModelOnTheNodeAnswers() public {
        address model = vm.envOr("FIXPOINT_RPC_MODEL", address(0));
        vm.skip(model == address(0), "FIXPOINT_RPC_MODEL names no model");
        IInference.ModelInfo memory info = Inference.info(model);
        uint256 gasBefore = gasleft();
        int256[] memory output = this.infer(model, new int256[](elements(info.inputs)));
        uint256 gasUsed = gasBefore - gasleft();
        vm.assertEq(output.length, elements(info.outputs));
        vm.assertGe(gasUsed, info.inferenceGas);
        vm.assertLt(gasUsed, uint256(info.inferenceGas) + 30_000);
    }

    /// @notice A call frame of its own, for `expectRevert`.
    function infer(address model, int256[] memory input) external view returns (int256[] memory) {
        return Inference.run(model, input);
    }

    function elements(IInference.TensorInfo[] memory tensors) private pure returns (uint256 sum) {
        for (uint256 i; i < tensors.length; ++i) {
            uint256 count = 1;
            for (uint256 axis; axis < tensors[i].shape.length; ++axis) {
                count *= tensors[i].shape[axis];
            }
            sum += count;
        }
    }
}
