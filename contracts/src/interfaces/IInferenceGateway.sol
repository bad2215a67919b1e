// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IGatewayAuthorizations} from "./IGatewayAuthorizations.sol";
import {IGatewayCredits} from "./IGatewayCredits.sol";
import {IGatewayPrepaid} from "./IGatewayPrepaid.sol";

/// @title Pays for inference
/// @notice Calls a registered model and turns its price into credits of those who share in it. A model
/// whose gate is the gateway can be called from contracts in no other way.
/// @dev Three ways to say what one is willing to pay:
/// `inference`, `inferenceBatch`, `inferenceRaw` take exactly the price in the chain's currency, of
/// the model's latest version; a price that rises before the call is mined charges nobody more than
/// they sent.
/// `inferenceWith` and the others that take an `Order` pin version, currency and the most to pay, and
/// pay with the value sent, a token, or a balance; value that is not spent comes back.
/// `IGatewayAuthorizations` lets somebody else submit what the payer has signed.
/// A failed inference reverts everything, so it charges nothing, however little gas it was given; the
/// precompile's error reaches the caller unchanged. There is no administrator.
interface IInferenceGateway is IGatewayCredits, IGatewayPrepaid, IGatewayAuthorizations {
    /// @notice What to call, and what it may cost.
    /// @param modelId The model.
    /// @param version Its version; 0 for the latest.
    /// @param token What the price has to be in; zero for the chain's currency.
    /// @param maxPrice The most to pay for the whole call.
    /// @param prepaid Whether the sender's balance pays, within the sender's budget for the model;
    /// else the value sent does, or the token, which the gateway must be approved to take.
    struct Order {
        uint256 modelId;
        uint32 version;
        address token;
        uint256 maxPrice;
        bool prepaid;
    }

    /// @notice An ERC-2612 permit of the sender for the gateway.
    struct Permit {
        uint256 value;
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @notice The receipt: a model ran, and this is what it was asked, answered and paid.
    /// `IReceiptVerifier` proves it to other chains.
    /// @param modelId The model.
    /// @param payer Who paid.
    /// @param caller Who asked and got the answer.
    /// @param version The model's version; never 0.
    /// @param inputHash keccak256 of the input: of its 32-byte words, or of the raw bytes.
    /// @param outputHash keccak256 of the output in the same form.
    /// @param raw Whether they are raw bytes.
    /// @param token What was paid in; zero for the chain's currency.
    /// @param price What was paid; 0 for a free model.
    event InferenceReceipt(
        uint256 indexed modelId,
        address indexed payer,
        address indexed caller,
        uint32 version,
        bytes32 inputHash,
        bytes32 outputHash,
        bool raw,
        address token,
        uint256 price
    );

    /// @notice The value sent is not the price, or less than it.
    error WrongPayment(uint256 got, uint256 want);
    /// @notice The model's price is in another currency than the caller expects; zero is the chain's.
    error WrongToken(uint256 modelId, address got, address want);
    /// @notice The call would cost more than the caller is willing to pay.
    error PriceAboveMax(uint256 price, uint256 maxPrice);
    /// @notice A batch has at least one sample: without one, nobody pays for anything, and a receipt
    /// would say that somebody did.
    error EmptyBatch(uint256 modelId);
    /// @notice As many inputs as orders.
    error InputCount(uint256 got, uint256 want);
    /// @notice The sender does not take back the value that was not spent. Send the exact price.
    error RefundRefused(address sender);
    /// @notice Only OpenGradient's interface may say on whose behalf it calls.
    error NotOGInference(address sender);

    /// @notice Runs a model on fixed-point numbers, as `IInference.inference` does. Send its price.
    /// @param modelId The model.
    /// @param input Words with 18 decimals, the model's inputs one after another.
    /// @return output The outputs in the same form.
    function inference(uint256 modelId, int256[] calldata input)
        external
        payable
        returns (int256[] memory output);

    /// @notice Runs a model on `n` samples. Send `n` times its price.
    /// @param modelId The model.
    /// @param n Number of samples, at least one (the precompile itself takes none, too).
    /// @param input The samples' inputs one after another.
    /// @return output The samples' outputs one after another.
    function inferenceBatch(uint256 modelId, uint256 n, int256[] calldata input)
        external
        payable
        returns (int256[] memory output);

    /// @notice Runs a model on its tensors' own integers. Send its price.
    /// @param modelId The model.
    /// @param input The inputs' elements, as `IInference.inferenceRaw` takes them.
    /// @return output The outputs' elements.
    function inferenceRaw(uint256 modelId, bytes calldata input)
        external
        payable
        returns (bytes memory output);

    /// @notice `inference` as ordered.
    function inferenceWith(Order calldata order, int256[] calldata input)
        external
        payable
        returns (int256[] memory output);

    /// @notice `inferenceBatch` as ordered; `maxPrice` is for all samples together.
    function inferenceBatchWith(Order calldata order, uint256 n, int256[] calldata input)
        external
        payable
        returns (int256[] memory output);

    /// @notice `inferenceRaw` as ordered.
    function inferenceRawWith(Order calldata order, bytes calldata input)
        external
        payable
        returns (bytes memory output);

    /// @notice Several orders, of any models, at once: all of them, or nothing happens.
    /// @param orders What to call.
    /// @param inputs An input for each.
    /// @return outputs An output for each.
    function inferenceMany(Order[] calldata orders, int256[][] calldata inputs)
        external
        payable
        returns (int256[][] memory outputs);

    /// @notice `inferenceWith`, after an ERC-2612 permit of the sender for `order.token`. A permit that
    /// fails, since somebody has submitted it before, does no harm if the gateway is approved.
    function inferenceWithPermit(
        Order calldata order,
        Permit calldata permit,
        int256[] calldata input
    ) external returns (int256[] memory output);

    /// @notice `inference` on behalf of `caller`, whose budget or sponsor pays. Only OpenGradient's
    /// interface may call it, for whoever calls that.
    function inferenceFor(address caller, uint256 modelId, uint32 version, int256[] calldata input)
        external
        returns (int256[] memory output);

    /// @notice `inferenceRaw` on behalf of `caller`.
    function inferenceRawFor(address caller, uint256 modelId, uint32 version, bytes calldata input)
        external
        returns (bytes memory output);

    /// @notice What a call would be charged now. Reverts as the call would if the model is retired or
    /// the payer may not call it.
    /// @param modelId The model.
    /// @param version Its version; 0 for the latest.
    /// @param n Number of samples.
    /// @param payer Who is going to pay.
    /// @return token What the price is in; zero for the chain's currency.
    /// @return price The price of all samples.
    /// @return resolved The version; never 0.
    function quote(uint256 modelId, uint32 version, uint256 n, address payer)
        external
        view
        returns (address token, uint256 price, uint32 resolved);

    /// @notice The price of one inference now, in wei: what to send to `inference`. Reverts if the
    /// price is in a token.
    function priceOf(uint256 modelId) external view returns (uint256 priceWei);
}
