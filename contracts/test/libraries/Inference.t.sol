// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IInference} from "../../src/interfaces/IInference.sol";
import {Inference} from "../../src/libraries/Inference.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {Harness} from "../Harness.sol";

/// @title A contract that uses the library: its internal functions cannot be called from outside
contract InferenceUser {
    function run(address model, int256[] memory input) external view returns (int256[] memory) {
        return Inference.run(model, input);
    }

    function runBatch(address model, uint256 n, int256[] memory input)
        external
        view
        returns (int256[] memory)
    {
        return Inference.runBatch(model, n, input);
    }

    function runRaw(address model, bytes memory input) external view returns (bytes memory) {
        return Inference.runRaw(model, input);
    }

    function tryRun(address model, int256[] memory input)
        external
        view
        returns (bool, int256[] memory, bytes memory)
    {
        return Inference.tryRun(model, input);
    }

    function tryRunRaw(address model, bytes memory input)
        external
        view
        returns (bool, bytes memory, bytes memory)
    {
        return Inference.tryRunRaw(model, input);
    }

    function info(address model) external view returns (IInference.ModelInfo memory) {
        return Inference.info(model);
    }

    function activate(address model) external returns (bytes32, uint64) {
        return Inference.activate(model);
    }

    function argmax(int256[] memory output) external pure returns (uint256) {
        return Inference.argmax(output);
    }
}

contract InferenceLibraryTest is Harness {
    InferenceUser private user;
    address private model;

    function setUp() public {
        placePredeploys();
        user = new InferenceUser();
        model = deployModel(ALICE, address(0), "model");
    }

    function test_fuzz_run(int128 a, int128 b) public view {
        int256[] memory output = user.run(model, words(a, b));
        vm.assertEq(abi.encode(output), abi.encode(words(int256(a) + b, int256(a) - b)));
        (bool ok, int256[] memory same, bytes memory reason) = user.tryRun(model, words(a, b));
        vm.assertTrue(ok && reason.length == 0, "tryRun");
        vm.assertEq(abi.encode(same), abi.encode(output));
    }

    function test_runBatch() public view {
        int256[] memory input = new int256[](4);
        (input[0], input[2]) = (1, 2);
        int256[] memory output = user.runBatch(model, 2, input);
        vm.assertEq(output.length, 4);
        vm.assertEq(output[3], 2);
    }

    function test_runRaw() public view {
        vm.assertEq(user.runRaw(model, hex"0301"), hex"0402");
        (bool ok, bytes memory output, bytes memory reason) = user.tryRunRaw(model, hex"0301");
        vm.assertTrue(ok && reason.length == 0, "tryRunRaw");
        vm.assertEq(output, hex"0402");
    }

    function test_infoAndActivate() public {
        vm.assertEq(user.info(model).modelHash, model.codehash);
        (bytes32 modelHash,) = user.activate(model);
        vm.assertEq(modelHash, model.codehash);
    }

    function test_failuresReachTheCallerUnchanged() public {
        bytes memory failure = abi.encodeWithSelector(IInference.InputLength.selector, 3, 2);
        vm.expectRevert(failure);
        user.run(model, new int256[](3));
        vm.expectRevert(failure);
        user.runBatch(model, 1, new int256[](3));
        vm.expectRevert(failure);
        user.runRaw(model, new bytes(3));
        vm.expectRevert(abi.encodeWithSelector(IInference.NotAModel.selector, address(1)));
        user.info(address(1));
        vm.expectRevert(abi.encodeWithSelector(IInference.NotAModel.selector, address(1)));
        user.activate(address(1));
    }

    function test_tryRunReportsFailures() public view {
        bytes memory failure = abi.encodeWithSelector(IInference.InputLength.selector, 3, 2);
        (bool ok, int256[] memory output, bytes memory reason) = user.tryRun(model, new int256[](3));
        vm.assertTrue(!ok && output.length == 0, "tryRun");
        vm.assertEq(reason, failure);
        bytes memory raw;
        (ok, raw, reason) = user.tryRunRaw(model, new bytes(3));
        vm.assertTrue(!ok && raw.length == 0, "tryRunRaw");
        vm.assertEq(reason, failure);
    }

    /// @dev Without the check these would succeed with nothing, or fail without a reason.
    function test_aChainWithoutThePrecompileIsNoticed() public {
        vm.etch(Predeploys.INFERENCE, "");
        vm.expectRevert(Inference.InferenceUnavailable.selector);
        user.run(model, words(1, 2));
        vm.expectRevert(Inference.InferenceUnavailable.selector);
        user.runBatch(model, 1, words(1, 2));
        vm.expectRevert(Inference.InferenceUnavailable.selector);
        user.runRaw(model, hex"0301");
        vm.expectRevert(Inference.InferenceUnavailable.selector);
        user.tryRun(model, words(1, 2));
        vm.expectRevert(Inference.InferenceUnavailable.selector);
        user.tryRunRaw(model, hex"0301");
        vm.expectRevert(Inference.InferenceUnavailable.selector);
        user.info(model);
        vm.expectRevert(Inference.InferenceUnavailable.selector);
        user.activate(model);
    }

    function test_fuzz_argmaxIsTheFirstLargest(int8[] calldata values) public {
        int256[] memory output = new int256[](values.length);
        for (uint256 i; i < values.length; ++i) {
            output[i] = values[i];
        }
        if (values.length == 0) vm.expectRevert(Inference.EmptyOutput.selector);
        uint256 index = user.argmax(output);
        for (uint256 i; i < values.length; ++i) {
            vm.assertTrue(output[i] <= output[index], "largest");
            vm.assertTrue(i >= index || output[i] < output[index], "first");
        }
    }

    function test_argmaxOfNothing() public {
        vm.expectRevert(Inference.EmptyOutput.selector);
        user.argmax(new int256[](0));
    }

    function test_argmaxOfExtremes() public view {
        vm.assertEq(user.argmax(words(type(int256).min, type(int256).max)), 1);
        vm.assertEq(user.argmax(words(type(int256).min, type(int256).min)), 0);
    }
}
