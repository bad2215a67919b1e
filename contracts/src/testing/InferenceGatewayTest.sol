// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {InferenceGateway} from "../InferenceGateway.sol";
import {IModelTerms} from "../interfaces/IModelTerms.sol";
import {Inference} from "../libraries/Inference.sol";
import {Predeploys} from "../libraries/Predeploys.sol";
import {INFERENCE_CHEATS as cheats} from "./InferenceCheats.sol";
import {InferenceTest} from "./InferenceTest.sol";

/// @title Priced models in `forge test`
/// @notice `InferenceTest` and the gateway that takes payment. The gateway is built on OpenZeppelin,
/// so the project needs that too; `contracts/README.md` names the remapping.
abstract contract InferenceGatewayTest is InferenceTest {
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
        IModelTerms.CallTerms memory terms;
        (terms.root, terms.version) = (model, 1);
        (terms.owner, terms.price) = (owner, priceWei);
        cheats.mockCall(
            Predeploys.MODEL_REGISTRY,
            // Whoever pays: a prefix of the calldata matches.
            abi.encodeWithSelector(IModelTerms.callTerms.selector, modelId, uint32(0)),
            abi.encode(terms)
        );
        cheats.mockCall(
            Predeploys.MODEL_REGISTRY,
            abi.encodeCall(IModelTerms.priceOf, (modelId)),
            abi.encode(address(0), priceWei)
        );
    }
}
