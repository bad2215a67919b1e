// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {InferenceGateway} from "../InferenceGateway.sol";
import {Inference} from "../libraries/Inference.sol";
import {Predeploys} from "../libraries/Predeploys.sol";
import {INFERENCE_CHEATS as cheats} from "./InferenceCheats.sol";
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
/// @dev Call these after selecting a fork: what they place belongs to the current one.
abstract contract InferenceTest {
    enum InferenceBackend {
        None,
        Cli,
        Rpc
    }

    /// @notice A node has its own models; files work with the command line only.
    error ModelFilesNeedTheCommandLine();

    InferenceBackend private _backend;

    /// @notice Calls of the precompile run in the `fixpoint` command line: the one that the
    /// environment variable `FIXPOINT_CLI` names, else `target/debug/fixpoint`.
    function useInferenceCli() internal {
        useInferenceCli(cheats.envOr("FIXPOINT_CLI", "target/debug/fixpoint"));
    }

    /// @notice Calls of the precompile run in the `fixpoint` command line. Needs `ffi = true`.
    /// @param binary The command, or its path relative to the project.
    function useInferenceCli(string memory binary) internal {
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
    /// @param file The model, relative to the project.
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
        if (_backend == InferenceBackend.None) useInferenceCli();
        if (_backend == InferenceBackend.Rpc) revert ModelFilesNeedTheCommandLine();
        InferenceCliShim(Predeploys.INFERENCE).addModel(model, gate, file);
        // Only its first bytes: forge's side of the model needs to be a contract, no more.
        cheats.etch(model, hex"fe46585001");
        cheats.label(model, file);
    }

    /// @notice Offers a model through the gateway, as if its owner had registered it.
    /// @param model The model's root contract.
    /// @param owner Who earns.
    /// @param priceWei Price of one inference.
    /// @return modelId What the gateway takes.
    function listModel(address model, address owner, uint256 priceWei)
        internal
        returns (uint256 modelId)
    {
        if (Predeploys.INFERENCE_GATEWAY.code.length == 0) {
            cheats.etch(Predeploys.INFERENCE_GATEWAY, type(InferenceGateway).runtimeCode);
            cheats.label(Predeploys.INFERENCE_GATEWAY, "InferenceGateway");
        }
        modelId = uint256(Inference.info(model).modelHash);
        cheats.mockCall(
            Predeploys.MODEL_REGISTRY,
            abi.encodeCall(IModelRegistry.termsOf, (modelId)),
            abi.encode(model, owner, priceWei)
        );
    }

    function _place(bytes memory code) private {
        cheats.etch(Predeploys.INFERENCE, code);
        cheats.allowCheatcodes(Predeploys.INFERENCE);
        cheats.label(Predeploys.INFERENCE, "Inference");
    }
}
