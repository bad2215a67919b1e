// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Calls that somebody else submits
/// @notice A payer signs which inference it wants to pay for, and how much at most; whoever has the
/// signature submits it and pays the gas. The signature is good once, for exactly that input of exactly
/// that model: it cannot be made to buy anything else.
/// @dev EIP-712, domain `Fixpoint InferenceGateway`, version `1`, with chain id and this contract.
/// Signatures of contracts (ERC-1271) count. Nonces are unordered, as in Permit2: each is a bit that
/// is used up or free. A call that fails uses up nothing.
interface IGatewayAuthorizations {
    /// @notice What a payer signs.
    /// @param payer Who pays, and whose right to call the model counts.
    /// @param caller Who may submit it, and so gets the output; zero for anybody.
    /// @param modelId The model.
    /// @param version Its version; 0 for whichever is the latest by then.
    /// @param inputHash keccak256 of the input: of its 32-byte words, or of the raw bytes.
    /// @param raw Whether the input is raw, for `inferenceRaw`.
    /// @param token What the price has to be in; zero for the chain's currency.
    /// @param maxPrice The most to pay.
    /// @param prepaid Whether the payer's balance pays, without regard to budgets; else the token is
    /// taken from the payer's account, which must have approved the gateway. The chain's currency can
    /// only be paid from a balance.
    /// @param nonce Any number that the payer has not used.
    /// @param deadline Unix seconds after which it is void.
    struct Authorization {
        address payer;
        address caller;
        uint256 modelId;
        uint32 version;
        bytes32 inputHash;
        bool raw;
        address token;
        uint256 maxPrice;
        bool prepaid;
        uint256 nonce;
        uint256 deadline;
    }

    /// @notice The payer has used up this nonce without a call.
    event NonceCancelled(address indexed payer, uint256 indexed nonce);

    /// @notice The signature is not one of the payer under this authorization.
    error BadSignature(address payer);
    /// @notice The nonce is used up.
    error NonceUsed(address payer, uint256 nonce);
    /// @notice The authorization's deadline has passed.
    error Expired(uint256 deadline);
    /// @notice The authorization names another submitter.
    error NotAuthorizedCaller(address caller, address want);
    /// @notice The authorization is for another input.
    error InputMismatch(bytes32 got, bytes32 want);
    /// @notice The chain's currency cannot be taken from an account: authorize `prepaid`.
    error NativeNeedsPrepaid();

    /// @notice Runs a model on fixed-point numbers, as authorized and paid for by the signer.
    /// @return output The outputs.
    function inferenceAuthorized(
        Authorization calldata authorization,
        int256[] calldata input,
        bytes calldata signature
    ) external returns (int256[] memory output);

    /// @notice Runs a model on its tensors' own integers, as authorized and paid for by the signer.
    /// @return output The outputs' elements.
    function inferenceRawAuthorized(
        Authorization calldata authorization,
        bytes calldata input,
        bytes calldata signature
    ) external returns (bytes memory output);

    /// @notice Uses up one of the sender's nonces, so that what it signed is void.
    function cancelNonce(uint256 nonce) external;

    /// @notice Whether an account's nonce is used up.
    function isNonceUsed(address payer, uint256 nonce) external view returns (bool);

    /// @notice What the payer signs: the EIP-712 digest of an authorization.
    function authorizationDigest(Authorization calldata authorization)
        external
        view
        returns (bytes32 digest);
}
