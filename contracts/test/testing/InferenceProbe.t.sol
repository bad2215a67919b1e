// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IInference} from "../../src/interfaces/IInference.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {InferenceProbe, InferenceShim} from "../../src/testing/InferenceShim.sol";
import {Harness} from "../Harness.sol";

/// @dev What the probe says inside a node, here with another contract in the precompile's place.
contract InferenceProbeTest is Harness {
    InferenceProbe private probe;
    address private model;

    function setUp() public {
        placePredeploys();
        probe = new InferenceProbe();
        // The precompile sees the probe as its caller.
        model = deployModel(ALICE, address(probe), "a model");
    }

    function test_anAnswerIsReported() public {
        bytes memory call = abi.encodeCall(IInference.inference, (model, words(4, 3)));
        InferenceShim.Outcome memory outcome = ask(200_000, true, call);
        vm.assertTrue(outcome.succeeded, "succeeded");
        vm.assertEq(outcome.data, abi.encode(words(7, 1)));
        vm.assertTrue(outcome.gasUsed > 1000 && outcome.gasUsed < 200_000, "gas");
    }

    function test_aRevertIsReported() public {
        bytes memory call = abi.encodeCall(IInference.inference, (address(1), words(4, 3)));
        InferenceShim.Outcome memory outcome = ask(200_000, false, call);
        vm.assertTrue(!outcome.succeeded, "reverted");
        vm.assertEq(outcome.data, abi.encodeWithSelector(IInference.NotAModel.selector, address(1)));
    }

    function test_aStaticCallIsOne() public {
        bytes memory call = abi.encodeCall(IInference.activate, (model));
        vm.assertTrue(ask(200_000, false, call).succeeded, "may write");
        vm.assertTrue(!ask(200_000, true, call).succeeded, "may not write");
    }

    function test_gasIsLimited() public {
        vm.etch(Predeploys.INFERENCE, hex"fe");
        InferenceShim.Outcome memory outcome = ask(5000, false, "");
        vm.assertTrue(!outcome.succeeded, "halted");
        vm.assertEq(outcome.data, "");
        // An address that is cold costs more than the one that is compared with.
        vm.assertGe(outcome.gasUsed, 5000);
        vm.assertLt(outcome.gasUsed, 5000 + 3000);
    }

    function ask(uint256 gasGiven, bool isStatic, bytes memory input)
        private
        returns (InferenceShim.Outcome memory)
    {
        (bool ok, bytes memory answer) = address(probe).call(abi.encode(gasGiven, isStatic, input));
        vm.assertTrue(ok, "the probe never fails");
        return abi.decode(answer, (InferenceShim.Outcome));
    }
}
