// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IGatewayCredits} from "../interfaces/IGatewayCredits.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IModelRevenue} from "../interfaces/IModelRevenue.sol";
import {IModelTerms} from "../interfaces/IModelTerms.sol";
import {Predeploys} from "../libraries/Predeploys.sol";
import {RevenueSplit} from "../libraries/RevenueSplit.sol";

/// @title Credits, pots, and the only ways in and out for money
/// @notice See `IGatewayCredits`.
/// @dev Everything that calls a token or a recipient is `nonReentrant`, and everything that such a
/// call could use to count the same money twice is too.
abstract contract Credits is IGatewayCredits, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    IModelRegistry internal constant REGISTRY = IModelRegistry(Predeploys.MODEL_REGISTRY);
    /// @dev The chain's currency, where a token is named.
    address internal constant NATIVE = address(0);

    mapping(address token => mapping(address account => uint256 amount)) private _credits;
    mapping(uint256 modelId => mapping(address token => uint256 amount)) private _pots;

    /// @inheritdoc IGatewayCredits
    function withdraw() external nonReentrant returns (uint256 amountWei) {
        return _withdraw(msg.sender, NATIVE, msg.sender);
    }

    /// @inheritdoc IGatewayCredits
    function withdrawTo(address payable to) external nonReentrant returns (uint256 amountWei) {
        return _withdraw(msg.sender, NATIVE, to);
    }

    /// @inheritdoc IGatewayCredits
    function withdrawToken(address token, address to)
        external
        nonReentrant
        returns (uint256 amount)
    {
        return _withdraw(msg.sender, token, to);
    }

    /// @inheritdoc IGatewayCredits
    function withdrawFor(address account, address token)
        external
        nonReentrant
        returns (uint256 amount)
    {
        return _withdraw(account, token, account);
    }

    /// @inheritdoc IGatewayCredits
    function releasePot(uint256 modelId, address token)
        external
        nonReentrant
        returns (uint256 amount)
    {
        (address owner, IModelRevenue.Contributor[] memory contributors) =
            REGISTRY.payeesOf(modelId);
        amount = _pots[modelId][token];
        _pots[modelId][token] = 0;
        uint256 rest = amount - _creditAll(modelId, contributors, token, amount);
        _credit(modelId, owner, token, rest);
    }

    /// @inheritdoc IGatewayCredits
    function earnings(address account) external view returns (uint256 amountWei) {
        return _credits[NATIVE][account];
    }

    /// @inheritdoc IGatewayCredits
    function earningsIn(address token, address account) external view returns (uint256 amount) {
        return _credits[token][account];
    }

    /// @inheritdoc IGatewayCredits
    function potOf(uint256 modelId, address token) external view returns (uint256 amount) {
        return _pots[modelId][token];
    }

    /// @dev Effect: a price becomes credits and pots, to the unit.
    function _split(uint256 modelId, IModelTerms.CallTerms memory terms, uint256 price) internal {
        if (price == 0) return;
        uint256 rest = price;
        if (terms.validatorBps != 0 && _hasBeneficiary()) {
            uint256 part = RevenueSplit.part(price, terms.validatorBps);
            _credit(modelId, block.coinbase, terms.token, part);
            rest -= part;
        }
        for (uint256 i; i < terms.ancestors.length; ++i) {
            IModelRevenue.Share memory ancestor = terms.ancestors[i];
            uint256 part = RevenueSplit.part(price, ancestor.bps);
            if (part == 0) continue;
            rest -= part;
            _pots[ancestor.modelId][terms.token] += part;
            emit PotFilled(ancestor.modelId, modelId, terms.token, part);
        }
        rest -= _creditAll(modelId, terms.contributors, terms.token, price);
        _credit(modelId, terms.owner, terms.token, rest);
    }

    /// @dev Interaction: takes exactly this much of a token from an account.
    function _pull(address token, address from, uint256 amount) internal {
        uint256 got = _pullMeasured(token, from, amount);
        if (got != amount) revert TokenMoved(token, got, amount);
    }

    /// @dev Interaction: takes a token from an account; what arrived counts. Nothing that changes the
    /// gateway's own money can run meanwhile.
    function _pullMeasured(address token, address from, uint256 amount)
        internal
        returns (uint256 got)
    {
        if (amount == 0) return 0;
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(from, address(this), amount);
        return IERC20(token).balanceOf(address(this)) - before;
    }

    /// @dev Interaction: pays out. Whatever led here has taken the amount from its books.
    function _pay(address token, address to, uint256 amount) internal {
        if (to == address(0) || Predeploys.includes(to)) revert WithdrawalRefused(to);
        if (token != NATIVE) IERC20(token).safeTransfer(to, amount);
        else if (!_send(to, amount)) revert WithdrawalRefused(to);
    }

    /// @dev Interaction: with all gas; the returned data is not even read.
    function _send(address to, uint256 amountWei) internal returns (bool sent) {
        assembly ("memory-safe") {
            sent := call(gas(), to, amountWei, 0, 0, 0, 0)
        }
    }

    function _withdraw(address account, address token, address to)
        private
        returns (uint256 amount)
    {
        // Check: there is something.
        amount = _credits[token][account];
        if (amount == 0) revert NothingToWithdraw(account);

        // Effect: it is gone before the recipient runs.
        _credits[token][account] = 0;
        emit Withdrawn(account, token, to, amount);

        // Interaction: whatever the recipient or the token does, nobody else's credits change.
        _pay(token, to, amount);
    }

    /// @dev Whether the block's beneficiary is somebody who can withdraw. Asked only for a model that
    /// shares with validators: what a call of any other costs must not depend on who that is.
    function _hasBeneficiary() private view returns (bool) {
        return block.coinbase != address(0) && !Predeploys.includes(block.coinbase);
    }

    function _creditAll(
        uint256 modelId,
        IModelRevenue.Contributor[] memory contributors,
        address token,
        uint256 amount
    ) private returns (uint256 credited) {
        for (uint256 i; i < contributors.length; ++i) {
            uint256 part = RevenueSplit.part(amount, contributors[i].bps);
            _credit(modelId, contributors[i].account, token, part);
            credited += part;
        }
    }

    function _credit(uint256 modelId, address account, address token, uint256 amount) private {
        if (amount == 0) return;
        _credits[token][account] += amount;
        emit Credited(modelId, account, token, amount);
    }
}
