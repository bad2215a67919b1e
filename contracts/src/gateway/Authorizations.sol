// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IGatewayAuthorizations} from "../interfaces/IGatewayAuthorizations.sol";

/// @title Signatures and nonces
/// @notice See `IGatewayAuthorizations`. What an authorized call does is in the gateway.
/// @dev The domain is computed at each call: a predeploy has no constructor that could store it, and
/// a fork of the chain changes it.
abstract contract Authorizations is IGatewayAuthorizations {
    bytes32 private constant AUTHORIZATION_TYPEHASH = keccak256(
        "Authorization(address payer,address caller,uint256 modelId,uint32 version,bytes32 inputHash,bool raw,address token,uint256 maxPrice,bool prepaid,uint256 nonce,uint256 deadline)"
    );
    /// @dev 256 nonces a slot.
    mapping(address payer => mapping(uint256 word => uint256 bits)) private _usedNonces;

    /// @inheritdoc IGatewayAuthorizations
    function cancelNonce(uint256 nonce) external {
        _useNonce(msg.sender, nonce);
        emit NonceCancelled(msg.sender, nonce);
    }

    /// @inheritdoc IGatewayAuthorizations
    function isNonceUsed(address payer, uint256 nonce) external view returns (bool) {
        return _usedNonces[payer][nonce >> 8] & _bitOf(nonce) != 0;
    }

    /// @inheritdoc IGatewayAuthorizations
    function authorizationDigest(Authorization calldata authorization)
        public
        view
        returns (bytes32 digest)
    {
        // Name, version, chain id, contract.
        bytes32 domain = MessageHashUtils.toDomainSeparator(
            0x0f,
            keccak256("Fixpoint InferenceGateway"),
            keccak256("1"),
            block.chainid,
            address(this),
            0
        );
        // All fields are words, so the struct's ABI encoding is its EIP-712 encoding.
        return MessageHashUtils.toTypedDataHash(
            domain, keccak256(abi.encode(AUTHORIZATION_TYPEHASH, authorization))
        );
    }

    /// @dev Check and Effect: the payer wants this, from this sender, and only once. The signer's code
    /// is called statically.
    function _useAuthorization(
        Authorization calldata authorization,
        bool raw,
        bytes32 inputHash,
        bytes calldata signature
    ) internal {
        address payer = authorization.payer;
        if (block.timestamp > authorization.deadline) revert Expired(authorization.deadline);
        if (authorization.caller != address(0) && authorization.caller != msg.sender) {
            revert NotAuthorizedCaller(msg.sender, authorization.caller);
        }
        if (authorization.raw != raw || authorization.inputHash != inputHash) {
            revert InputMismatch(inputHash, authorization.inputHash);
        }
        bytes32 digest = authorizationDigest(authorization);
        if (!SignatureChecker.isValidSignatureNowCalldata(payer, digest, signature)) {
            revert BadSignature(payer);
        }
        _useNonce(payer, authorization.nonce);
    }

    function _useNonce(address payer, uint256 nonce) private {
        uint256 bits = _usedNonces[payer][nonce >> 8];
        if (bits & _bitOf(nonce) != 0) revert NonceUsed(payer, nonce);
        _usedNonces[payer][nonce >> 8] = bits | _bitOf(nonce);
    }

    function _bitOf(uint256 nonce) private pure returns (uint256) {
        return 1 << (nonce & 0xff);
    }
}
