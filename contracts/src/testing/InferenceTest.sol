// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Predeploys} from "../libraries/Predeploys.sol";
import {INFERENCE_CHEATS as cheats, InferenceCheats} from "./InferenceCheats.sol";
import {InferenceCliShim, InferenceRpcShim} from "./InferenceShim.sol";

/// @title Inference in `forge test`
/// @notice Inherit beside any test base. Stock forge has no such precompile; this puts a stand-in
/// at its address that asks the native runtime, so tests see the chain's own bits, errors and gas:
///
///     contract MyTest is Test, InferenceTest {
///         function setUp() public {
///             model = useModel("models/digits.fxp");
///         }
///     }
///
/// `InferenceGatewayTest` adds priced models.
/// @dev Call these after selecting a fork: what they place belongs to the current one.
abstract contract InferenceTest {
    enum InferenceBackend {
        None,
        Cli,
        Rpc
    }

    /// @notice A node has its own models; files work with the command line only.
    error ModelFilesNeedTheCommandLine();
    /// @notice There is no such model file; the path is relative to the project.
    error ModelFileMissing(string file);
    /// @notice The `fixpoint` command line does not start.
    /// @param binary What was tried.
    /// @param reason What forge or the command says.
    /// @param remedy What to do about it.
    error FixpointNotRunnable(string binary, string reason, string remedy);

    string private constant REMEDY = "put `fixpoint` on PATH or set FIXPOINT_CLI to its path";

    InferenceBackend private _backend;

    /// @notice Calls of the precompile run in the `fixpoint` command line: the one that the
    /// environment variable `FIXPOINT_CLI` names, else the one on PATH.
    function useInferenceCli() internal {
        useInferenceCli(cheats.envOr("FIXPOINT_CLI", "fixpoint"));
    }

    /// @notice Calls of the precompile run in the `fixpoint` command line. Needs `ffi = true`.
    /// @param binary The command, or its path relative to the project.
    function useInferenceCli(string memory binary) internal {
        _requireRunnable(binary);
        _place(type(InferenceCliShim).runtimeCode);
        InferenceCliShim(Predeploys.INFERENCE).setBinary(binary);
        _backend = InferenceBackend.Cli;
    }

    /// @notice Calls of the precompile run in a node, on the models deployed there.
    /// @param url The node's JSON-RPC address, such as `http://127.0.0.1:8545`.
    function useInferenceRpc(string memory url) internal {
        _place(type(InferenceRpcShim).runtimeCode);
        InferenceRpcShim(Predeploys.INFERENCE).setUrl(url);
        _backend = InferenceBackend.Rpc;
    }

    /// @notice Deploys and activates a compiled model at an address derived from its path.
    /// @param file The model, relative to the project; `fs_permissions` has to let forge read it.
    /// @return model Its root contract, for `Inference.run`.
    function useModel(string memory file) internal returns (address model) {
        model = address(uint160(uint256(keccak256(bytes(file)))));
        useModel(model, file);
    }

    /// @notice Deploys and activates a compiled model at an address, open to everyone.
    /// @param model Where its root contract shall be.
    /// @param file The model, relative to the project.
    function useModel(address model, string memory file) internal {
        useModel(model, file, address(0));
    }

    /// @notice Deploys and activates a compiled model at an address.
    /// @param model Where its root contract shall be.
    /// @param file The model, relative to the project.
    /// @param gate The only account that may call it, or zero for anyone.
    function useModel(address model, string memory file, address gate) internal {
        if (_backend == InferenceBackend.Rpc) revert ModelFilesNeedTheCommandLine();
        if (!cheats.isFile(file)) revert ModelFileMissing(file);
        if (_backend == InferenceBackend.None) useInferenceCli();
        InferenceCliShim(Predeploys.INFERENCE).addModel(model, gate, file);
        // Only its first bytes: forge's side of the model needs to be a contract, no more.
        cheats.etch(model, hex"fe46585001");
        cheats.label(model, file);
    }

    /// @dev Now rather than at the first inference, where a test might expect a revert.
    function _requireRunnable(string memory binary) private {
        string[] memory command = new string[](2);
        (command[0], command[1]) = (binary, "--version");
        try cheats.tryFfi(command) returns (InferenceCheats.FfiResult memory result) {
            if (result.exitCode == 0) return;
            revert FixpointNotRunnable(binary, string(result.stderr), REMEDY);
        } catch (bytes memory reason) {
            revert FixpointNotRunnable(binary, _cheatcodeMessage(reason), REMEDY);
        }
    }

    /// @dev The text in a `CheatcodeError(string)`, which is all that a cheatcode reverts with.
    function _cheatcodeMessage(bytes memory reason) private pure returns (string memory) {
        bytes memory encoded = new bytes(reason.length - 4);
        for (uint256 i; i < encoded.length; ++i) {
            encoded[i] = reason[4 + i];
        }
        return abi.decode(encoded, (string));
    }

    function _place(bytes memory code) private {
        cheats.etch(Predeploys.INFERENCE, code);
        cheats.allowCheatcodes(Predeploys.INFERENCE);
        cheats.label(Predeploys.INFERENCE, "Inference");
    }
}
