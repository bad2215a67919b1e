// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ModelInferenceMode, ModelInferenceRequest, ModelOutput} from "../solidml/OGInference.sol";
import {OGInference} from "../solidml/OGInference.sol";

/// @title OpenGradient's inference over ours
/// @notice Contracts written for SolidML run unchanged: the same address, functions and types.
/// @dev **Which model.** `modelCID` is a string id by the table in `IModelNames`: `NAME`, `0xOWNER/NAME`
/// or `0xID`; an at sign and a number behind it pin a version. Where names collide, whoever had the bare name first keeps it.
///
/// **Inputs.** Each input of the model is found by its name among `numbers`, in any order; there are
/// no others. Its shape is the model's, where axes of length one do not count. A number for a tensor
/// with a scale is rounded to 18 decimals, a half towards plus infinity, then by the precompile to the
/// tensor's element; one for a tensor without a scale has to be an integer. Decimals may differ from
/// number to number, and may be negative down to -20. There are no string tensors.
///
/// **Outputs.** Named and shaped as the model says; numbers have 18 decimals, or as many fewer as make
/// them fit 128 bits, and none if the tensor has no scale. `is_simulation_result` is false, always.
///
/// **Who pays.** A model without a gate runs for nothing. One whose gate is the gateway draws on the
/// calling contract's budget there, else on its sponsor's (`IGatewayPrepaid`). Any other gate refuses.
///
/// **What reverts.** Modes that stand for proofs or enclaves, and language models, by name. An answer
/// under another mode than asked for would be a lie, though it would be right.
interface ISolidMLInference is OGInference {
    /// @notice Every validator recomputes every inference here, so there is neither a prover nor an
    /// enclave to ask. Ask for `VANILLA`, which is verified in that way.
    error ModeUnavailable(ModelInferenceMode mode, string reason);
    /// @notice Models are integer tensor graphs that run within a transaction. No language model does.
    error LanguageModelsUnavailable(string reason);
    /// @notice Models take numbers only.
    error StringsUnsupported(string name);
    /// @notice As many tensors as the model has inputs.
    error TensorCount(uint256 got, uint256 want);
    /// @notice No tensor has the name of this input.
    error MissingTensor(string name);
    /// @notice The tensor's shape is not the input's.
    error TensorShape(string name, uint32[] got, uint32[] want);
    /// @notice The tensor has more or fewer numbers than its shape says.
    error TensorLength(string name, uint256 got, uint256 want);
    /// @notice Only OpenGradient's price history may say on whose behalf it calls.
    error NotOGHistorical(address sender);

    /// @notice `runModelInference` on behalf of `caller`, whose budget or sponsor pays. Only
    /// OpenGradient's price history may call it, for whoever calls that.
    function runModelInferenceFor(address caller, ModelInferenceRequest memory request)
        external
        returns (ModelOutput memory);

    /// @notice Number of inferences so far; their ids are `1`, `2`, and so on.
    function inferenceCount() external view returns (uint256);
}
