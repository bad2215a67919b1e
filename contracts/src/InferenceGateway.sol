// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IInferenceGateway} from "./interfaces/IInferenceGateway.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {IModelTerms} from "./interfaces/IModelTerms.sol";
import {Inference} from "./libraries/Inference.sol";
import {Predeploys} from "./libraries/Predeploys.sol";

/// @title Inference gateway
/// @notice See `IInferenceGateway`. A predeploy: it has neither constructor nor immutables.
/// @dev Invariant: the balance is at least the sum of all earnings. Money leaves only through
/// `withdrawTo`, which clears the earnings first; registry and precompile are called statically and
/// call nobody, so there is nothing to re-enter from.
contract InferenceGateway is IInferenceGateway {
    IModelRegistry private constant REGISTRY = IModelRegistry(Predeploys.MODEL_REGISTRY);

    /// @inheritdoc IInferenceGateway
    mapping(address owner => uint256 amountWei) public earnings;

    /// @inheritdoc IInferenceGateway
    function inference(uint256 modelId, int256[] calldata input)
        external
        payable
        returns (int256[] memory output)
    {
        (address root, address owner) = _checkPayment(modelId, 1);
        output = Inference.run(root, input);
        _credit(modelId, owner, _hash(input), _hash(output));
    }

    /// @inheritdoc IInferenceGateway
    function inferenceBatch(uint256 modelId, uint256 n, int256[] calldata input)
        external
        payable
        returns (int256[] memory output)
    {
        if (n == 0) revert EmptyBatch(modelId);
        (address root, address owner) = _checkPayment(modelId, n);
        output = Inference.runBatch(root, n, input);
        _credit(modelId, owner, _hash(input), _hash(output));
    }

    /// @inheritdoc IInferenceGateway
    function inferenceRaw(uint256 modelId, bytes calldata input)
        external
        payable
        returns (bytes memory output)
    {
        (address root, address owner) = _checkPayment(modelId, 1);
        output = Inference.runRaw(root, input);
        _credit(modelId, owner, keccak256(input), keccak256(output));
    }

    /// @inheritdoc IInferenceGateway
    function withdraw() external returns (uint256 amountWei) {
        return withdrawTo(payable(msg.sender));
    }

    /// @inheritdoc IInferenceGateway
    function withdrawTo(address payable to) public returns (uint256 amountWei) {
        // Check: there is something, and it is not about to be burnt by accident.
        if (to == address(0)) revert WithdrawalRefused(to);
        amountWei = earnings[msg.sender];
        if (amountWei == 0) revert NothingToWithdraw(msg.sender);

        // Effect: it is gone before the recipient runs.
        earnings[msg.sender] = 0;
        emit Withdrawn(msg.sender, to, amountWei);

        // Interaction: with all gas, to whoever earned it; the returned data is not even read.
        bool sent;
        assembly ("memory-safe") {
            sent := call(gas(), to, amountWei, 0, 0, 0, 0)
        }
        if (!sent) revert WithdrawalRefused(to);
    }

    /// @inheritdoc IInferenceGateway
    function priceOf(uint256 modelId) external view returns (uint256 priceWei) {
        address token;
        (token, priceWei) = REGISTRY.priceOf(modelId);
        if (token != address(0)) revert PricedInToken(modelId, token);
    }

    /// @dev Check: the model exists and `count` inferences are paid for exactly. A count so large
    /// that the product overflows asks for more than anyone has.
    function _checkPayment(uint256 modelId, uint256 count)
        private
        view
        returns (address root, address owner)
    {
        IModelTerms.CallTerms memory terms = REGISTRY.callTerms(modelId, 0, msg.sender);
        if (terms.token != address(0)) revert PricedInToken(modelId, terms.token);
        uint256 want = Math.saturatingMul(terms.price, count);
        if (msg.value != want) revert WrongPayment(msg.value, want);
        return (terms.root, terms.owner);
    }

    /// @dev Effect: the payment belongs to whoever owns the model now.
    function _credit(uint256 modelId, address owner, bytes32 inputHash, bytes32 outputHash)
        private
    {
        if (msg.value != 0) earnings[owner] += msg.value;
        emit InferencePaid(modelId, msg.sender, owner, msg.value, inputHash, outputHash);
    }

    function _hash(int256[] memory words) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(words));
    }
}
