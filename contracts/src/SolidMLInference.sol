// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IInference} from "./interfaces/IInference.sol";
import {IInferenceGateway} from "./interfaces/IInferenceGateway.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {ISolidMLInference} from "./interfaces/ISolidMLInference.sol";
import {Inference} from "./libraries/Inference.sol";
import {Predeploys} from "./libraries/Predeploys.sol";
import {Tensors} from "./libraries/Tensors.sol";
import {
    LLMChatRequest,
    LLMChatResponse,
    LLMCompletionRequest,
    LLMCompletionResponse,
    ModelInferenceMode,
    ModelInferenceRequest,
    ModelOutput,
    OGInference
} from "./solidml/OGInference.sol";

/// @title OpenGradient's inference over ours
/// @notice See `ISolidMLInference`. A predeploy: it has neither constructor nor immutables.
/// @dev It holds no money and grants nothing: the gateway lets it name who pays, and it names its
/// caller. It calls registry, precompile and gateway only, none of which calls anybody else on this
/// way, so nothing can come back in between.
contract SolidMLInference is ISolidMLInference {
    IModelRegistry private constant REGISTRY = IModelRegistry(Predeploys.MODEL_REGISTRY);
    IInferenceGateway private constant GATEWAY = IInferenceGateway(Predeploys.INFERENCE_GATEWAY);

    /// @inheritdoc ISolidMLInference
    uint256 public inferenceCount;

    /// @inheritdoc OGInference
    function runModelInference(ModelInferenceRequest memory request)
        external
        returns (ModelOutput memory)
    {
        return _run(msg.sender, request);
    }

    /// @inheritdoc ISolidMLInference
    function runModelInferenceFor(address caller, ModelInferenceRequest memory request)
        external
        returns (ModelOutput memory)
    {
        if (msg.sender != Predeploys.OG_HISTORICAL) revert NotOGHistorical(msg.sender);
        return _run(caller, request);
    }

    /// @inheritdoc OGInference
    function runLLMCompletion(LLMCompletionRequest memory)
        external
        pure
        returns (LLMCompletionResponse memory)
    {
        _refuseLanguageModels();
    }

    /// @inheritdoc OGInference
    function runLLMChat(LLMChatRequest memory) external pure returns (LLMChatResponse memory) {
        _refuseLanguageModels();
    }

    function _run(address caller, ModelInferenceRequest memory request)
        private
        returns (ModelOutput memory response)
    {
        // Check: what is asked for exists here.
        if (request.mode != ModelInferenceMode.VANILLA) {
            revert ModeUnavailable(
                request.mode, "every validator recomputes the model: use VANILLA"
            );
        }
        if (request.input.strings.length != 0) {
            revert StringsUnsupported(request.input.strings[0].name);
        }
        (uint256 modelId, uint32 version) = REGISTRY.resolve(request.modelCID);
        address root = REGISTRY.rootOf(modelId, version);
        IInference.ModelInfo memory info = Inference.info(root);
        int256[] memory words = Tensors.toWords(request.input.numbers, info.inputs);

        // Effect: the model runs and, if it has a price, is paid for. Else its gate lets anyone in, or
        // the precompile says that it does not.
        int256[] memory output = info.gate == Predeploys.INFERENCE_GATEWAY
            ? GATEWAY.inferenceFor(caller, modelId, version, words)
            : Inference.run(root, words);
        response.numbers = Tensors.fromWords(output, info.outputs);
        emit ModelInferenceEvent(Strings.toString(++inferenceCount), request, response);
    }

    function _refuseLanguageModels() private pure {
        revert LanguageModelsUnavailable("models here are integer graphs within a transaction");
    }
}
