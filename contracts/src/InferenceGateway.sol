// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Authorizations} from "./gateway/Authorizations.sol";
import {Prepaid} from "./gateway/Prepaid.sol";
import {IGatewayAuthorizations} from "./interfaces/IGatewayAuthorizations.sol";
import {IInferenceGateway} from "./interfaces/IInferenceGateway.sol";
import {IModelTerms} from "./interfaces/IModelTerms.sol";
import {Inference} from "./libraries/Inference.sol";
import {Predeploys} from "./libraries/Predeploys.sol";

/// @title Inference gateway
/// @notice See `IInferenceGateway`. A predeploy: it has neither constructor nor immutables.
/// @dev Every call takes the same way. Check: `_bill` reads the model's terms once and compares them
/// with what the caller is willing to pay. Effect: a balance is debited, the model runs, its price
/// becomes credits, the receipt is written. Interaction: a token is taken, value that was not spent goes
/// back. Registry and precompile are called statically; a failure anywhere takes everything back.
/// Invariant: what the gateway has of each currency is at least its credits, pots and balances.
contract InferenceGateway is Prepaid, Authorizations, IInferenceGateway {
    /// @dev One call, while it is under way.
    struct Bill {
        uint256 modelId;
        address payer;
        address caller;
        uint256 total;
        IModelTerms.CallTerms terms;
    }

    /// @inheritdoc IInferenceGateway
    function inference(uint256 modelId, int256[] calldata input)
        external
        payable
        nonReentrant
        returns (int256[] memory output)
    {
        return _words(_exactBill(modelId, 1), 1, input);
    }

    /// @inheritdoc IInferenceGateway
    function inferenceBatch(uint256 modelId, uint256 n, int256[] calldata input)
        external
        payable
        nonReentrant
        returns (int256[] memory output)
    {
        return _words(_exactBill(modelId, n), n, input);
    }

    /// @inheritdoc IInferenceGateway
    function inferenceRaw(uint256 modelId, bytes calldata input)
        external
        payable
        nonReentrant
        returns (bytes memory output)
    {
        return _raw(_exactBill(modelId, 1), input);
    }

    /// @inheritdoc IInferenceGateway
    function inferenceWith(Order calldata order, int256[] calldata input)
        external
        payable
        nonReentrant
        returns (int256[] memory output)
    {
        uint256 spentWei;
        (output, spentWei) = _orderWords(order, 1, input);
        _refund(spentWei);
    }

    /// @inheritdoc IInferenceGateway
    function inferenceBatchWith(Order calldata order, uint256 n, int256[] calldata input)
        external
        payable
        nonReentrant
        returns (int256[] memory output)
    {
        uint256 spentWei;
        (output, spentWei) = _orderWords(order, n, input);
        _refund(spentWei);
    }

    /// @inheritdoc IInferenceGateway
    function inferenceRawWith(Order calldata order, bytes calldata input)
        external
        payable
        nonReentrant
        returns (bytes memory output)
    {
        Bill memory bill = _orderBill(order, 1);
        uint256 spentWei = _debit(order, bill);
        output = _raw(bill, input);
        _take(order, bill);
        _refund(spentWei);
    }

    /// @inheritdoc IInferenceGateway
    function inferenceMany(Order[] calldata orders, int256[][] calldata inputs)
        external
        payable
        nonReentrant
        returns (int256[][] memory outputs)
    {
        if (inputs.length != orders.length) revert InputCount(inputs.length, orders.length);
        outputs = new int256[][](orders.length);
        uint256 spentWei;
        for (uint256 i; i < orders.length; ++i) {
            uint256 orderWei;
            (outputs[i], orderWei) = _orderWords(orders[i], 1, inputs[i]);
            spentWei += orderWei;
        }
        _refund(spentWei);
    }

    /// @inheritdoc IInferenceGateway
    function inferenceWithPermit(
        Order calldata order,
        Permit calldata permit,
        int256[] calldata input
    ) external nonReentrant returns (int256[] memory output) {
        Bill memory bill = _orderBill(order, 1);
        uint256 spentWei = _debit(order, bill);
        if (spentWei != 0) revert WrongPayment(0, spentWei);
        output = _words(bill, 1, input);
        if (order.token == NATIVE) return output;
        // Whether the permit failed shows when the token is taken.
        try IERC20Permit(order.token)
            .permit(
                msg.sender,
                address(this),
                permit.value,
                permit.deadline,
                permit.v,
                permit.r,
                permit.s
            ) {}
            catch {}
        _take(order, bill);
    }

    /// @inheritdoc IGatewayAuthorizations
    function inferenceAuthorized(
        Authorization calldata authorization,
        int256[] calldata input,
        bytes calldata signature
    ) external nonReentrant returns (int256[] memory output) {
        bytes32 inputHash = keccak256(abi.encodePacked(input));
        _useAuthorization(authorization, false, inputHash, signature);
        Bill memory bill = _authorizedBill(authorization);
        output = _words(bill, 1, input);
        if (!authorization.prepaid) _pull(authorization.token, authorization.payer, bill.total);
    }

    /// @inheritdoc IGatewayAuthorizations
    function inferenceRawAuthorized(
        Authorization calldata authorization,
        bytes calldata input,
        bytes calldata signature
    ) external nonReentrant returns (bytes memory output) {
        _useAuthorization(authorization, true, keccak256(input), signature);
        Bill memory bill = _authorizedBill(authorization);
        output = _raw(bill, input);
        if (!authorization.prepaid) _pull(authorization.token, authorization.payer, bill.total);
    }

    /// @inheritdoc IInferenceGateway
    function inferenceFor(address caller, uint256 modelId, uint32 version, int256[] calldata input)
        external
        nonReentrant
        returns (int256[] memory output)
    {
        return _words(_billFor(caller, modelId, version), 1, input);
    }

    /// @inheritdoc IInferenceGateway
    function inferenceRawFor(address caller, uint256 modelId, uint32 version, bytes calldata input)
        external
        nonReentrant
        returns (bytes memory output)
    {
        return _raw(_billFor(caller, modelId, version), input);
    }

    /// @inheritdoc IInferenceGateway
    function quote(uint256 modelId, uint32 version, uint256 n, address payer)
        external
        view
        returns (address token, uint256 price, uint32 resolved)
    {
        Bill memory bill = _bill(modelId, version, n, payer);
        return (bill.terms.token, bill.total, bill.terms.version);
    }

    /// @inheritdoc IInferenceGateway
    function priceOf(uint256 modelId) external view returns (uint256 priceWei) {
        address token;
        (token, priceWei) = REGISTRY.priceOf(modelId);
        if (token != NATIVE) revert WrongToken(modelId, token, NATIVE);
    }

    /// @dev Check: a bill for exactly the value sent.
    function _exactBill(uint256 modelId, uint256 n) private view returns (Bill memory bill) {
        bill = _bill(modelId, 0, n, msg.sender);
        _checkToken(bill, NATIVE);
        if (msg.value != bill.total) revert WrongPayment(msg.value, bill.total);
    }

    /// @dev Check: a bill within the order's bounds.
    function _orderBill(Order calldata order, uint256 n) private view returns (Bill memory bill) {
        bill = _bill(order.modelId, order.version, n, msg.sender);
        _checkToken(bill, order.token);
        if (bill.total > order.maxPrice) revert PriceAboveMax(bill.total, order.maxPrice);
    }

    /// @dev Check: a bill within the authorization's bounds. Effect: from a balance, if it says so.
    function _authorizedBill(Authorization calldata authorization)
        private
        returns (Bill memory bill)
    {
        bill = _bill(authorization.modelId, authorization.version, 1, authorization.payer);
        bill.caller = msg.sender;
        _checkToken(bill, authorization.token);
        if (bill.total > authorization.maxPrice) {
            revert PriceAboveMax(bill.total, authorization.maxPrice);
        }
        if (authorization.prepaid) {
            _takePrepaid(bill.payer, bill.terms.token, bill.total);
        } else if (bill.terms.token == NATIVE && bill.total != 0) {
            revert NativeNeedsPrepaid();
        }
    }

    /// @dev Check: OpenGradient's interface asks. Effect: from the caller's budget or its sponsor's.
    function _billFor(address caller, uint256 modelId, uint32 version)
        private
        returns (Bill memory bill)
    {
        if (msg.sender != Predeploys.OG_INFERENCE) revert NotOGInference(msg.sender);
        bill = _bill(modelId, version, 1, caller);
        bill.payer = _funderOf(caller, modelId, bill.terms.token, bill.total);
        _draw(bill.payer, caller, modelId, bill.terms.token, bill.total, bill.total);
    }

    /// @dev Check: the model exists, takes calls from this account, and the count is not zero. A count
    /// so large that the product overflows asks for more than anyone has.
    function _bill(uint256 modelId, uint32 version, uint256 n, address account)
        private
        view
        returns (Bill memory bill)
    {
        if (n == 0) revert EmptyBatch(modelId);
        bill.terms = REGISTRY.callTerms(modelId, version, account);
        bill.total = Math.saturatingMul(bill.terms.price, n);
        (bill.modelId, bill.payer, bill.caller) = (modelId, account, account);
    }

    function _checkToken(Bill memory bill, address want) private pure {
        if (bill.terms.token != want) revert WrongToken(bill.modelId, bill.terms.token, want);
    }

    function _orderWords(Order calldata order, uint256 n, int256[] calldata input)
        private
        returns (int256[] memory output, uint256 spentWei)
    {
        Bill memory bill = _orderBill(order, n);
        spentWei = _debit(order, bill);
        output = _words(bill, n, input);
        _take(order, bill);
    }

    /// @dev Effect: from the sender's balance; else says how much of the value sent is spent.
    function _debit(Order calldata order, Bill memory bill) private returns (uint256 spentWei) {
        if (order.prepaid) {
            _draw(msg.sender, msg.sender, order.modelId, order.token, bill.terms.price, bill.total);
        } else if (order.token == NATIVE) {
            spentWei = bill.total;
        }
    }

    /// @dev Interaction: the price from the sender's account, if it is in a token.
    function _take(Order calldata order, Bill memory bill) private {
        if (!order.prepaid && order.token != NATIVE) _pull(order.token, msg.sender, bill.total);
    }

    /// @dev Interaction: what was sent and not spent goes back.
    function _refund(uint256 spentWei) private {
        if (spentWei > msg.value) revert WrongPayment(msg.value, spentWei);
        uint256 restWei = msg.value - spentWei;
        if (restWei != 0 && !_send(msg.sender, restWei)) revert RefundRefused(msg.sender);
    }

    /// @dev Effect: runs the model, credits its price, writes the receipt.
    function _words(Bill memory bill, uint256 n, int256[] calldata input)
        private
        returns (int256[] memory output)
    {
        int256[] memory words = input;
        output = n == 1
            ? Inference.run(bill.terms.root, words)
            : Inference.runBatch(bill.terms.root, n, words);
        _settle(bill, _hash(words), _hash(output), false);
    }

    /// @dev Effect: the same on the tensors' own integers.
    function _raw(Bill memory bill, bytes calldata input) private returns (bytes memory output) {
        output = Inference.runRaw(bill.terms.root, input);
        _settle(bill, keccak256(input), keccak256(output), true);
    }

    function _settle(Bill memory bill, bytes32 inputHash, bytes32 outputHash, bool raw) private {
        _split(bill.modelId, bill.terms, bill.total);
        emit InferenceReceipt(
            bill.modelId,
            bill.payer,
            bill.caller,
            bill.terms.version,
            inputHash,
            outputHash,
            raw,
            bill.terms.token,
            bill.total
        );
    }

    /// @dev keccak256 of the words one after another.
    function _hash(int256[] memory words) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(add(words, 0x20), shl(5, mload(words)))
        }
    }
}
