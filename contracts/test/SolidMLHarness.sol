// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {SolidMLInference} from "../src/SolidMLInference.sol";
import {Predeploys} from "../src/libraries/Predeploys.sol";
import {ModelInferenceRequest, OGInference} from "../src/solidml/OGInference.sol";
import {TensorLib} from "../src/solidml/TensorLib.sol";
import {Harness} from "./Harness.sol";

/// @title Base of tests that speak SolidML
/// @dev The compiler cannot decode a `ModelOutput` but through its IR; so calls are made by hand, and of
/// their answers only what the tests look at is decoded.
abstract contract SolidMLHarness is Harness {
    SolidMLInference internal constant OG = SolidMLInference(Predeploys.OG_INFERENCE);

    /// @dev The tensors of an encoded `ModelOutput`; what else is in it must be empty.
    function tensorsIn(bytes memory output)
        internal
        pure
        returns (TensorLib.MultiDimensionalNumberTensor[] memory numbers)
    {
        // Behind the struct's offset its fields are encoded as arguments are.
        bytes memory fields = new bytes(output.length - 32);
        for (uint256 i; i < fields.length; ++i) {
            fields[i] = output[32 + i];
        }
        // The first field alone is decoded from the same place.
        numbers = abi.decode(fields, (TensorLib.MultiDimensionalNumberTensor[]));
        (, uint256 strings, uint256 jsons, bool simulated) =
            abi.decode(fields, (uint256, uint256, uint256, bool));
        vm.assertEq(wordAt(fields, strings), 0);
        vm.assertEq(wordAt(fields, jsons), 0);
        vm.assertEq(simulated, false);
    }

    function wordAt(bytes memory data, uint256 offset) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 0x20), offset))
        }
    }

    /// @dev Calls OpenGradient's inference, which must answer.
    function infer(address caller, ModelInferenceRequest memory request)
        internal
        returns (TensorLib.MultiDimensionalNumberTensor[] memory)
    {
        vm.prank(caller);
        return tensorsIn(
            succeed(
                Predeploys.OG_INFERENCE, abi.encodeCall(OGInference.runModelInference, (request))
            )
        );
    }

    /// @dev Calls OpenGradient's inference, which must revert with this.
    function refuse(address caller, ModelInferenceRequest memory request, bytes memory failure)
        internal
    {
        vm.prank(caller);
        fail(
            Predeploys.OG_INFERENCE,
            abi.encodeCall(OGInference.runModelInference, (request)),
            failure
        );
    }

    function succeed(address target, bytes memory call) internal returns (bytes memory answer) {
        bool ok;
        (ok, answer) = target.call(call);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
    }

    function fail(address target, bytes memory call, bytes memory failure) internal {
        (bool ok, bytes memory answer) = target.call(call);
        vm.assertTrue(!ok, "went through");
        vm.assertEq(answer, failure);
    }

    /// @dev A request with one tensor of one axis, named `x`.
    function requestOf(string memory modelCid, TensorLib.Number memory a, TensorLib.Number memory b)
        internal
        pure
        returns (ModelInferenceRequest memory request)
    {
        request.modelCID = modelCid;
        request.input.numbers = new TensorLib.MultiDimensionalNumberTensor[](1);
        request.input.numbers[0] = tensorOf("x", a, b);
    }

    function tensorOf(string memory name, TensorLib.Number memory a, TensorLib.Number memory b)
        internal
        pure
        returns (TensorLib.MultiDimensionalNumberTensor memory)
    {
        TensorLib.Number[] memory values = new TensorLib.Number[](2);
        (values[0], values[1]) = (a, b);
        return TensorLib.numberTensor1D(name, values);
    }

    function number(int128 value, int128 decimals) internal pure returns (TensorLib.Number memory) {
        return TensorLib.Number(value, decimals);
    }

    function checkNumber(TensorLib.Number memory got, int256 want, int256 decimals) internal pure {
        vm.assertEq(got.value, want);
        vm.assertEq(got.decimals, decimals);
    }
}
