// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Pays for inference
/// @notice Calls a registered model and credits the price to the model's owner. A model whose gate
/// is the gateway can be called from contracts in no other way.
/// @dev The payment must be exact, so a price that rises before the call is mined charges nobody
/// more than they sent. A failed inference reverts everything, so it charges nothing; the
/// precompile's error reaches the caller unchanged. There is no administrator.
interface IInferenceGateway {
    /// @notice A model ran and was paid for.
    /// @param modelId The model hash as a number.
    /// @param payer Who called and paid.
    /// @param owner Who owned the model at that moment, and earned.
    /// @param paidWei What was paid; 0 for a free model.
    /// @param inputHash keccak256 of the input: of its 32-byte words, or of the raw bytes.
    /// @param outputHash keccak256 of the output in the same form.
    event InferencePaid(
        uint256 indexed modelId,
        address indexed payer,
        address indexed owner,
        uint256 paidWei,
        bytes32 inputHash,
        bytes32 outputHash
    );
    /// @notice Earnings have been paid out.
    event Withdrawn(address indexed owner, address indexed to, uint256 amountWei);

    /// @notice The value sent is not the price.
    error WrongPayment(uint256 got, uint256 want);
    /// @notice The model's price is in this token, not in the chain's currency.
    error PricedInToken(uint256 modelId, address token);
    /// @notice A batch has at least one sample: without one, nobody pays for anything, and an
    /// `InferencePaid` would say that somebody did.
    error EmptyBatch(uint256 modelId);
    /// @notice The account has no earnings here.
    error NothingToWithdraw(address owner);
    /// @notice The recipient is zero or refused the money; `withdrawTo` can name another.
    error WithdrawalRefused(address to);

    /// @notice Runs a model on fixed-point numbers, as `IInference.inference` does. Send its price.
    /// @param modelId The model hash as a number.
    /// @param input Words with 18 decimals, the model's inputs one after another.
    /// @return output The outputs in the same form.
    function inference(uint256 modelId, int256[] calldata input)
        external
        payable
        returns (int256[] memory output);

    /// @notice Runs a model on `n` samples. Send `n` times its price.
    /// @param modelId The model hash as a number.
    /// @param n Number of samples, at least one (the precompile itself takes none, too).
    /// @param input The samples' inputs one after another.
    /// @return output The samples' outputs one after another.
    function inferenceBatch(uint256 modelId, uint256 n, int256[] calldata input)
        external
        payable
        returns (int256[] memory output);

    /// @notice Runs a model on its tensors' own integers. Send its price.
    /// @param modelId The model hash as a number.
    /// @param input The inputs' elements, as `IInference.inferenceRaw` takes them.
    /// @return output The outputs' elements.
    function inferenceRaw(uint256 modelId, bytes calldata input)
        external
        payable
        returns (bytes memory output);

    /// @notice Pays the sender's earnings to the sender.
    /// @dev Only the account that earned can move its earnings, here or with `withdrawTo`: a contract
    /// that owns a model must be able to call one of them.
    /// @return amountWei What was paid out.
    function withdraw() external returns (uint256 amountWei);

    /// @notice Pays the sender's earnings to another account.
    /// @param to Who gets the money.
    /// @return amountWei What was paid out.
    function withdrawTo(address payable to) external returns (uint256 amountWei);

    /// @notice What an account has earned and not yet withdrawn, in wei.
    function earnings(address owner) external view returns (uint256 amountWei);

    /// @notice The price of one inference now, in wei: what to send.
    function priceOf(uint256 modelId) external view returns (uint256 priceWei);
}
