// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IModelTerms} from "../interfaces/IModelTerms.sol";
import {Predeploys} from "../libraries/Predeploys.sol";
import {ModelCore} from "./ModelCore.sol";

/// @title Price, access, retirement
/// @notice See `IModelTerms`.
abstract contract ModelTerms is ModelCore {
    /// @dev One storage slot.
    struct Price {
        address token;
        uint96 amount;
    }

    mapping(uint256 modelId => Price) private _prices;
    mapping(uint256 modelId => mapping(address account => bool)) private _allowed;

    /// @inheritdoc IModelTerms
    function setPrice(uint256 modelId, uint256 priceWei) external {
        _checkOwner(modelId);
        _setPrice(modelId, address(0), priceWei);
    }

    /// @inheritdoc IModelTerms
    function setTokenPrice(uint256 modelId, address token, uint256 price) external {
        _checkOwner(modelId);
        if (token == address(0)) revert NotAToken(token);
        _setPrice(modelId, token, price);
    }

    /// @inheritdoc IModelTerms
    function setAccess(uint256 modelId, Access access) external {
        _checkOwner(modelId);
        _setAccess(modelId, access);
    }

    /// @inheritdoc IModelTerms
    function setAllowed(uint256 modelId, address[] calldata accounts, bool allowed) external {
        _checkOwner(modelId);
        for (uint256 i; i < accounts.length; ++i) {
            _allowed[modelId][accounts[i]] = allowed;
            emit AllowanceSet(modelId, accounts[i], allowed);
        }
    }

    /// @inheritdoc IModelTerms
    function retire(uint256 modelId) external {
        _checkOwner(modelId);
        if (_core[modelId].retired) revert Retired(modelId);
        _core[modelId].retired = true;
        emit ModelRetired(modelId);
    }

    /// @inheritdoc IModelTerms
    function priceOf(uint256 modelId) public view returns (address token, uint256 price) {
        _requireOwned(modelId);
        Price storage stored = _prices[modelId];
        return (stored.token, stored.amount);
    }

    /// @inheritdoc IModelTerms
    function accessOf(uint256 modelId) public view returns (Access) {
        _requireOwned(modelId);
        return _core[modelId].access;
    }

    /// @inheritdoc IModelTerms
    function mayCall(uint256 modelId, address payer) external view returns (bool) {
        address owner = _requireOwned(modelId);
        return !_core[modelId].retired && _hasAccess(modelId, payer, owner);
    }

    /// @inheritdoc IModelTerms
    function isRetired(uint256 modelId) public view returns (bool) {
        _requireOwned(modelId);
        return _core[modelId].retired;
    }

    function _setPrice(uint256 modelId, address token, uint256 price) internal {
        if (price > type(uint96).max) revert PriceTooHigh(price, type(uint96).max);
        address gate = _gateOfModel(modelId);
        if (price != 0 && gate != Predeploys.INFERENCE_GATEWAY) {
            revert PriceNeedsGateway(modelId, gate);
        }
        if (token != address(0) && (token.code.length == 0 || Predeploys.includes(token))) {
            revert NotAToken(token);
        }
        // The cast loses nothing: checked above.
        // forge-lint: disable-next-line(unsafe-typecast)
        _prices[modelId] = Price(token, uint96(price));
        emit PriceSet(modelId, token, price);
    }

    function _setAccess(uint256 modelId, Access access) internal {
        address gate = _gateOfModel(modelId);
        if (access != Access.Open && gate != Predeploys.INFERENCE_GATEWAY) {
            revert AccessNeedsGateway(modelId, gate);
        }
        _core[modelId].access = access;
        emit AccessSet(modelId, access);
    }

    /// @dev Check: the model takes calls, from this payer.
    function _checkCall(uint256 modelId, address payer, address owner) internal view {
        if (_core[modelId].retired) revert Retired(modelId);
        if (!_hasAccess(modelId, payer, owner)) revert AccessDenied(modelId, payer);
    }

    function _hasAccess(uint256 modelId, address payer, address owner) private view returns (bool) {
        Access access = _core[modelId].access;
        if (access == Access.Open || payer == owner) return true;
        return access == Access.Listed && _allowed[modelId][payer];
    }
}
