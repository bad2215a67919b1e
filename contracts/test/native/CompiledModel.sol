// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {InferenceTest} from "../../src/testing/InferenceTest.sol";
import {Harness} from "../Harness.sol";

/// @title A trained model, compiled from its ONNX file as the examples' libraries expect it
abstract contract CompiledModel is Harness, InferenceTest {
    /// @notice Compiles it to a file and installs it. Skips the tests if FIXPOINT_CLI names no binary.
    /// @param name The model's name below `test-vectors/models`.
    /// @param precision As `scripts/example_libraries.py` has it.
    /// @param file Where the compiled model goes: one for each suite, as they run side by side.
    function compileModel(string memory name, string memory precision, string memory file)
        internal
        returns (address)
    {
        string memory cli = vm.envOr("FIXPOINT_CLI", string(""));
        vm.skip(bytes(cli).length == 0, "FIXPOINT_CLI names no binary");
        string memory folder = string.concat("test-vectors/models/", name, "/");
        string[] memory command = new string[](9);
        (command[0], command[1]) = (cli, "compile");
        command[2] = string.concat(folder, name, ".onnx");
        (command[3], command[4]) = ("--precision", precision);
        command[5] = "--calibration";
        command[6] = string.concat(folder, "calibration.npz");
        (command[7], command[8]) = ("-o", file);
        vm.ffi(command);
        return useModel(file);
    }
}
