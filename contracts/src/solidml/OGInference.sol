// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {TensorLib} from "./TensorLib.sol";

/// @dev How OpenGradient verifies a model's run. Here every validator recomputes it: `VANILLA`.
enum ModelInferenceMode {
    VANILLA,
    ZK,
    TEE
}

/// @dev How OpenGradient verifies a language model's run.
enum LLMInferenceMode {
    VANILLA,
    TEE
}

/// @dev A model's inputs, found by name.
struct ModelInput {
    TensorLib.MultiDimensionalNumberTensor[] numbers;
    TensorLib.StringTensor[] strings;
}

/// @dev A model's outputs. `is_simulation_result` is never true here: there is no simulation.
struct ModelOutput {
    TensorLib.MultiDimensionalNumberTensor[] numbers;
    TensorLib.StringTensor[] strings;
    TensorLib.JsonScalar[] jsons;
    bool is_simulation_result;
}

/// @dev What to run. `modelCID` is a string id of the registry (`IModelNames`).
struct ModelInferenceRequest {
    ModelInferenceMode mode;
    string modelCID;
    ModelInput input;
}

/// @dev A prompt.
struct LLMCompletionRequest {
    LLMInferenceMode mode;
    string modelCID;
    string prompt;
    uint32 max_tokens;
    string[] stop_sequence;
    uint32 temperature;
}

/// @dev What a language model makes of a prompt.
struct LLMCompletionResponse {
    string answer;
}

/// @dev A tool's call by a language model.
struct ToolCall {
    string id;
    string name;
    string arguments;
}

/// @dev A tool that a language model may call.
struct ToolDefinition {
    string description;
    string name;
    string parameters;
}

/// @dev One message of a chat.
struct ChatMessage {
    string role;
    string content;
    string name;
    string tool_call_id;
    ToolCall[] tool_calls;
}

/// @dev A chat so far.
struct LLMChatRequest {
    LLMInferenceMode mode;
    string modelCID;
    ChatMessage[] messages;
    ToolDefinition[] tools;
    string tool_choice;
    uint32 max_tokens;
    string[] stop_sequence;
    uint32 temperature;
}

/// @dev A chat's next message.
struct LLMChatResponse {
    string finish_reason;
    ChatMessage message;
}

/// @title SolidML's inference
/// @notice OpenGradient's interface at `0x00000000000000000000000000000000000000F4`; what is different
/// here is in `ISolidMLInference`.
interface OGInference {
    /// @notice A model ran for a contract.
    event ModelInferenceEvent(
        string inferenceID, ModelInferenceRequest request, ModelOutput response
    );
    /// @notice Never here.
    event LLMCompletionEvent(
        string inferenceID, LLMCompletionRequest request, LLMCompletionResponse response
    );
    /// @notice Never here.
    event LLMChat(string inferenceID, LLMChatRequest request, LLMChatResponse response);

    /// @notice Runs a model.
    function runModelInference(ModelInferenceRequest memory request)
        external
        returns (ModelOutput memory);
    /// @notice Asks a language model to go on with a prompt.
    function runLLMCompletion(LLMCompletionRequest memory request)
        external
        returns (LLMCompletionResponse memory);
    /// @notice Asks a language model to go on with a chat.
    function runLLMChat(LLMChatRequest memory request) external returns (LLMChatResponse memory);
}
