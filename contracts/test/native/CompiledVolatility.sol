// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {InferenceTest} from "../../src/testing/InferenceTest.sol";
import {Harness} from "../Harness.sol";

/// @title The volatility model, compiled from its ONNX file
abstract contract CompiledVolatility is Harness, InferenceTest {
    string private constant FOLDER = "test-vectors/models/volatility/";

    /// @notice Compiles it to a file and installs it. Skips the tests if FIXPOINT_CLI names no binary.
    /// @param file Where the compiled model goes: one for each suite, as they run side by side.
    function useVolatility(string memory file) internal returns (address) {
        string memory cli = vm.envOr("FIXPOINT_CLI", string(""));
        vm.skip(bytes(cli).length == 0, "FIXPOINT_CLI names no binary");
        string[] memory command = new string[](9);
        (command[0], command[1]) = (cli, "compile");
        command[2] = string.concat(FOLDER, "volatility.onnx");
        (command[3], command[4]) = ("--precision", "int16");
        command[5] = "--calibration";
        command[6] = string.concat(FOLDER, "calibration.npz");
        (command[7], command[8]) = ("-o", file);
        vm.ffi(command);
        return useModel(file);
    }
}
