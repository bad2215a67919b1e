// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title The fixed addresses
/// @notice The same on every chain: a gate is part of a model's bytes, so the gateway cannot move.
library Predeploys {
    /// @notice The inference precompile, `IInference`.
    address internal constant INFERENCE = 0x0000000000000000000000000000000000000F1E;
    /// @notice Who owns which model, and its price: `IModelRegistry`.
    address internal constant MODEL_REGISTRY = 0x0000000000000000000000000000000000000f20;
    /// @notice Takes payment for priced models: `IInferenceGateway`.
    address internal constant INFERENCE_GATEWAY = 0x0000000000000000000000000000000000000F21;
    /// @notice Writes models into chain state: `IChunkStore`.
    address internal constant CHUNK_STORE = 0x0000000000000000000000000000000000000f22;

    /// @notice Draws the registry's tokens: `IModelCard`.
    address internal constant MODEL_CARD = 0x0000000000000000000000000000000000000F23;
    /// @notice Candles that anybody records: `ICandleRecorder`.
    address internal constant CANDLE_RECORDER = 0x0000000000000000000000000000000000000f24;
    /// @notice Runs models at intervals, for whoever pays in advance: `ITaskScheduler`.
    address internal constant TASK_SCHEDULER = 0x0000000000000000000000000000000000000F25;
    /// @notice OpenGradient's inference interface over ours; the gateway lets it name who pays.
    address internal constant OG_INFERENCE = 0x00000000000000000000000000000000000000F4;
    /// @notice OpenGradient's price history: `ISolidMLHistorical`.
    address internal constant OG_HISTORICAL = 0x00000000000000000000000000000000000000F5;
    /// @notice OpenGradient's statistics: `ISolidMLPreprocessing`.
    address internal constant OG_PREPROCESSING = 0x00000000000000000000000000000000000000f6;

    /// @notice Whether an account is one of these: none of them can spend what it is given.
    function includes(address account) internal pure returns (bool) {
        return account == INFERENCE || account == MODEL_REGISTRY || account == INFERENCE_GATEWAY
            || account == CHUNK_STORE || account == MODEL_CARD || account == CANDLE_RECORDER
            || account == TASK_SCHEDULER || account == OG_INFERENCE || account == OG_HISTORICAL
            || account == OG_PREPROCESSING;
    }
}
