// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Predeploys} from "../libraries/Predeploys.sol";
import {INFERENCE_CHEATS as cheats, InferenceCheats} from "./InferenceCheats.sol";

/// @title What stands at the precompile's address in forge's EVM
/// @notice Hands each call to a backend, which knows the native answer, and reproduces it: return
/// data, revert data, gas.
/// @dev Gas is what the precompile charges plus a few hundred, and not less than 1,000; the first
/// touch in a test costs 2,500 more, since forge does not know that the address is always warm.
/// A call has to bring gas for the shim's own memory, though it gets that back: 10,000 for small
/// inputs, 100,000 for 30 kB, 3,000,000 for 200 kB.
abstract contract InferenceShim {
    /// @notice How a native call ended.
    /// @param succeeded Whether it returned.
    /// @param gasUsed What the precompile charged; all it was given, if it ran out.
    /// @param data Return data or revert data.
    struct Outcome {
        bool succeeded;
        uint256 gasUsed;
        bytes data;
    }

    /// @dev BLAKE2F: a malformed call of it burns exactly the gas that it is given.
    address private constant BURNER = address(9);
    /// @dev Gas of a probe that may write; a static one burns it all.
    uint256 private constant PROBE_GAS = 5_000;

    /// @notice Succeeds unless the context is static.
    function probeWrite() external {
        assembly ("memory-safe") {
            tstore(0, 0)
        }
    }

    /// @notice Asks the backend, in a frame of its own: it needs memory that nobody shall pay for.
    function callNatively(address caller, uint256 gasGiven, bytes calldata input)
        external
        returns (Outcome memory)
    {
        return _call(caller, gasGiven, _isStatic(), input);
    }

    fallback() external {
        uint256 gasGiven = gasleft();
        // The precompile refuses to run as somebody else's code.
        if (address(this) != Predeploys.INFERENCE) {
            assembly ("memory-safe") {
                revert(0, 0)
            }
        }
        cheats.pauseGasMetering();
        Outcome memory outcome = this.callNatively(msg.sender, gasGiven, msg.data);
        cheats.resumeGasMetering();
        // Forge charges now for memory that grew meanwhile: let it do so before gas is measured.
        assembly ("memory-safe") {
            pop(mload(mload(0x40)))
        }
        _burnUntil(gasGiven > outcome.gasUsed ? gasGiven - outcome.gasUsed : 0);

        bool succeeded = outcome.succeeded;
        bytes memory data = outcome.data;
        assembly ("memory-safe") {
            if succeeded { return(add(data, 0x20), mload(data)) }
            revert(add(data, 0x20), mload(data))
        }
    }

    /// @dev Makes the call natively.
    function _call(address caller, uint256 gasGiven, bool isStatic, bytes calldata input)
        internal
        virtual
        returns (Outcome memory);

    function _isStatic() private returns (bool) {
        (bool wrote,) = address(this).call{gas: PROBE_GAS}(abi.encodeCall(this.probeWrite, ()));
        return !wrote;
    }

    /// @dev Burns gas down to `gasLeft`, in steps: a call passes on at most 63/64 of the rest.
    function _burnUntil(uint256 gasLeft) private view {
        address burner = BURNER;
        assembly ("memory-safe") {
            // A step costs 200 besides what it burns. Gas is read once for test and amount: the
            // amount never goes below zero, which would be everything.
            for { let before := gas() } gt(before, add(gasLeft, 200)) { before := gas() } {
                pop(staticcall(sub(sub(before, gasLeft), 200), burner, 0, 0, 0, 0))
            }
        }
    }
}

/// @title The native runtime, through the command line
/// @notice Needs `ffi = true`, the binary, and for inputs that do not fit a command line, write
/// access to `cache/`.
contract InferenceCliShim is InferenceShim {
    /// @dev Linux takes 128 KiB in one argument; two characters a byte leave room for more.
    uint256 private constant MAX_ARGUMENT_INPUT = 32_768;

    /// @dev Status, gas used, offset and length of the data.
    uint256 private constant MIN_ANSWER_LENGTH = 128;

    /// @notice The command line refused, for example a damaged model file.
    error InferenceCliFailed(string binary, string message);
    /// @notice What ran is not the `fixpoint` that this shim knows.
    error NotAnAnswer(string binary, bytes output);

    string private _binary;
    /// @dev Each `ADDRESS@GATE=FILE`.
    string[] private _models;

    /// @notice What to run: a path relative to the project, or a command.
    function setBinary(string calldata binary) external {
        _binary = binary;
    }

    /// @notice From now on the model file is deployed and activated at the address.
    function addModel(address model, address gate, string calldata file) external {
        _models.push(string.concat(cheats.toString(model), "@", cheats.toString(gate), "=", file));
    }

    function _call(address caller, uint256 gasGiven, bool isStatic, bytes calldata input)
        internal
        override
        returns (Outcome memory outcome)
    {
        string memory argument = cheats.toString(input);
        string memory file;
        if (input.length > MAX_ARGUMENT_INPUT) {
            // Suites run in parallel: the name is this call's alone.
            bytes32 unique = keccak256(abi.encode(input, caller, gasGiven, cheats.unixTime()));
            file = string.concat("cache/inference-input-", cheats.toString(unique), ".hex");
            cheats.writeFile(file, argument);
            argument = string.concat("@", file);
        }
        InferenceCheats.FfiResult memory result =
            cheats.tryFfi(_arguments(argument, caller, gasGiven, isStatic));
        if (bytes(file).length != 0) cheats.removeFile(file);
        if (result.exitCode != 0) revert InferenceCliFailed(_binary, string(result.stderr));
        bytes memory output = result.stdout;
        if (output.length < MIN_ANSWER_LENGTH) revert NotAnAnswer(_binary, output);
        uint256 status;
        (status, outcome.gasUsed, outcome.data) = abi.decode(output, (uint256, uint256, bytes));
        outcome.succeeded = status == 1;
    }

    function _arguments(string memory input, address caller, uint256 gasGiven, bool isStatic)
        private
        view
        returns (string[] memory arguments)
    {
        uint256 fixedCount = isStatic ? 9 : 8;
        arguments = new string[](fixedCount + 2 * _models.length);
        arguments[0] = _binary;
        arguments[1] = "precompile";
        (arguments[2], arguments[3]) = ("--input", input);
        (arguments[4], arguments[5]) = ("--caller", cheats.toString(caller));
        (arguments[6], arguments[7]) = ("--gas", cheats.toString(gasGiven));
        if (isStatic) arguments[8] = "--static";
        for (uint256 i; i < _models.length; ++i) {
            arguments[fixedCount + 2 * i] = "--model";
            arguments[fixedCount + 2 * i + 1] = _models[i];
        }
    }
}

/// @title The native runtime, through a running node
/// @notice Needs a node with the precompile that supports state overrides in `eth_call`; models are
/// those deployed and activated there.
contract InferenceRpcShim is InferenceShim {
    string private _url;

    /// @notice Where the node is.
    function setUrl(string calldata url) external {
        _url = url;
    }

    /// @dev Puts the probe's code in place of the caller, so that the precompile sees that caller
    /// and the answer contains gas and revert data.
    function _call(address caller, uint256 gasGiven, bool isStatic, bytes calldata input)
        internal
        override
        returns (Outcome memory)
    {
        string memory account = cheats.toString(caller);
        bytes memory call = abi.encode(gasGiven, isStatic, input);
        string memory params = string.concat(
            '[{"to":"',
            account,
            '","data":"',
            cheats.toString(call),
            '"},"latest",{"',
            account,
            '":{"code":"',
            cheats.toString(type(InferenceProbe).runtimeCode),
            '"}}]'
        );
        return abi.decode(cheats.rpc(_url, "eth_call", params), (Outcome));
    }
}

/// @title Calls the precompile inside a node and reports all that happened
contract InferenceProbe {
    /// @dev The identity precompile, and its gas for no input.
    address private constant IDENTITY = address(4);
    uint256 private constant IDENTITY_GAS = 15;

    /// @dev Input `abi.encode(gas, isStatic, input)`, output an encoded `InferenceShim.Outcome`.
    fallback(bytes calldata call) external returns (bytes memory) {
        (uint256 gasGiven, bool isStatic, bytes memory input) =
            abi.decode(call, (uint256, bool, bytes));
        // The same steps around a call of known price: the difference is theirs.
        (, uint256 overhead) = _measure(IDENTITY, gasGiven, isStatic, "");
        overhead -= IDENTITY_GAS;
        InferenceShim.Outcome memory outcome;
        (outcome.succeeded, outcome.gasUsed) =
            _measure(Predeploys.INFERENCE, gasGiven, isStatic, input);
        outcome.gasUsed -= overhead;
        bytes memory data;
        assembly ("memory-safe") {
            data := mload(0x40)
            mstore(data, returndatasize())
            returndatacopy(add(data, 0x20), 0, returndatasize())
            mstore(0x40, and(add(add(data, returndatasize()), 0x3f), not(0x1f)))
        }
        outcome.data = data;
        return abi.encode(outcome);
    }

    function _measure(address target, uint256 gasGiven, bool isStatic, bytes memory input)
        private
        returns (bool succeeded, uint256 gasUsed)
    {
        assembly ("memory-safe") {
            let length := mload(input)
            let data := add(input, 0x20)
            gasUsed := gas()
            switch isStatic
            case 0 { succeeded := call(gasGiven, target, 0, data, length, 0, 0) }
            default { succeeded := staticcall(gasGiven, target, data, length, 0, 0) }
            gasUsed := sub(gasUsed, gas())
        }
    }
}
