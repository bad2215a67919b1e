// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IGatewayPrepaid} from "../interfaces/IGatewayPrepaid.sol";
import {Creation} from "../libraries/Creation.sol";
import {Predeploys} from "../libraries/Predeploys.sol";
import {Credits} from "./Credits.sol";

/// @title Balances and budgets
/// @notice See `IGatewayPrepaid`.
abstract contract Prepaid is Credits, IGatewayPrepaid {
    mapping(address token => mapping(address account => uint256 amount)) private _prepaid;
    mapping(bytes32 key => Budget) private _budgets;
    mapping(address caller => mapping(uint256 modelId => address sponsor)) private _sponsors;
    mapping(address caller => mapping(uint256 modelId => address sponsor)) private _namedSponsors;

    /// @inheritdoc IGatewayPrepaid
    function deposit(address account) external payable nonReentrant {
        _checkAccount(account);
        _addPrepaid(account, NATIVE, msg.value);
    }

    /// @inheritdoc IGatewayPrepaid
    function depositToken(address account, address token, uint256 amount)
        external
        nonReentrant
        returns (uint256 received)
    {
        _checkAccount(account);
        // Interaction first: only afterwards is it known what arrived. The guard keeps everything else
        // out meanwhile.
        received = _pullMeasured(token, msg.sender, amount);
        _addPrepaid(account, token, received);
    }

    /// @inheritdoc IGatewayPrepaid
    function withdrawPrepaid(address token, uint256 amount, address to) external nonReentrant {
        _takePrepaid(msg.sender, token, amount);
        emit PrepaidWithdrawn(msg.sender, token, to, amount);
        _pay(token, to, amount);
    }

    /// @inheritdoc IGatewayPrepaid
    function setBudget(address caller, uint256 modelId, address token, Budget calldata budget)
        external
        nonReentrant
    {
        _checkAccount(caller);
        _budgets[_budgetKey(msg.sender, caller, modelId, token)] = budget;
        emit BudgetSet(msg.sender, caller, modelId, token, budget.amount, budget.maxPrice);
        if (caller == msg.sender) return;

        // Whoever pays holds the place.
        (address currency, uint256 price) = REGISTRY.priceOf(modelId);
        address sponsor = _sponsors[caller][modelId];
        bool isFree = sponsor == address(0) || !_canDraw(sponsor, caller, modelId, currency, price);
        if (isFree && _canDraw(msg.sender, caller, modelId, currency, price)) {
            _sponsors[caller][modelId] = msg.sender;
            emit SponsorSet(modelId, caller, msg.sender);
        }
    }

    /// @inheritdoc IGatewayPrepaid
    function nameSponsor(address caller, uint64 nonce, uint256 modelId, address sponsor)
        external
        nonReentrant
    {
        if (Creation.addressOf(msg.sender, nonce) != caller) {
            revert NotCreator(caller, msg.sender, nonce);
        }
        _namedSponsors[caller][modelId] = sponsor;
        emit SponsorNamed(modelId, caller, sponsor);
    }

    /// @inheritdoc IGatewayPrepaid
    function prepaidOf(address account, address token) external view returns (uint256 amount) {
        return _prepaid[token][account];
    }

    /// @inheritdoc IGatewayPrepaid
    function budgetOf(address funder, address caller, uint256 modelId, address token)
        external
        view
        returns (Budget memory)
    {
        return _budgets[_budgetKey(funder, caller, modelId, token)];
    }

    /// @inheritdoc IGatewayPrepaid
    function sponsorOf(address caller, uint256 modelId) external view returns (address sponsor) {
        return _sponsors[caller][modelId];
    }

    /// @inheritdoc IGatewayPrepaid
    function namedSponsorOf(address caller, uint256 modelId)
        external
        view
        returns (address sponsor)
    {
        return _namedSponsors[caller][modelId];
    }

    /// @dev Who pays for a call that names no payment: the caller's own budget, else its named
    /// sponsor's, else that of whoever has the place. If nobody can, the refusal names the last of them.
    function _funderOf(address caller, uint256 modelId, address token, uint256 price)
        internal
        view
        returns (address funder)
    {
        if (price == 0 || _canDraw(caller, caller, modelId, token, price)) return caller;
        address named = _namedSponsors[caller][modelId];
        if (named != address(0) && _canDraw(named, caller, modelId, token, price)) return named;
        address sponsor = _sponsors[caller][modelId];
        if (sponsor != address(0)) return sponsor;
        return named == address(0) ? caller : named;
    }

    /// @dev Effect: takes the price of `count` inferences from a balance, within the budget.
    function _draw(
        address funder,
        address caller,
        uint256 modelId,
        address token,
        uint256 price,
        uint256 total
    ) internal {
        if (total == 0) return;
        Budget storage budget = _budgets[_budgetKey(funder, caller, modelId, token)];
        (uint128 left, uint128 maxPrice) = (budget.amount, budget.maxPrice);
        if (total > left || price > maxPrice) revert OverBudget(funder, caller, modelId, total);
        // Not more than is left, which fits.
        // forge-lint: disable-next-line(unsafe-typecast)
        if (left != type(uint128).max) budget.amount = left - uint128(total);
        _takePrepaid(funder, token, total);
    }

    /// @dev Effect.
    function _takePrepaid(address account, address token, uint256 amount) internal {
        uint256 balance = _prepaid[token][account];
        if (balance < amount) revert PrepaidTooLow(account, token, balance, amount);
        _prepaid[token][account] = balance - amount;
    }

    function _addPrepaid(address account, address token, uint256 amount) private {
        _prepaid[token][account] += amount;
        emit Deposited(account, token, msg.sender, amount);
    }

    function _canDraw(address funder, address caller, uint256 modelId, address token, uint256 price)
        private
        view
        returns (bool)
    {
        Budget storage budget = _budgets[_budgetKey(funder, caller, modelId, token)];
        return
            budget.amount >= price && budget.maxPrice >= price && _prepaid[token][funder] >= price;
    }

    function _checkAccount(address account) private pure {
        if (account == address(0) || Predeploys.includes(account)) revert BadAccount(account);
    }

    function _budgetKey(address funder, address caller, uint256 modelId, address token)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(funder, caller, modelId, token));
    }
}
