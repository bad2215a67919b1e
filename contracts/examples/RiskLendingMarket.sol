// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ICandleRecorder} from "fixpoint/interfaces/ICandleRecorder.sol";
import {Predeploys} from "fixpoint/libraries/Predeploys.sol";
import {IRiskLendingMarket} from "./lending/IRiskLendingMarket.sol";
import {RiskFactor} from "./lending/RiskFactor.sol";

/// @title A lending market whose collateral factor follows a tree-ensemble risk model
/// @notice See `IRiskLendingMarket`. `LendingPool` has the books, `RiskFactor` asks the model.
/// @dev Whoever feeds the price is trusted with everything here, as in any market with an oracle.
contract RiskLendingMarket is RiskFactor, ReentrancyGuard {
    using Math for uint256;
    using SafeERC20 for IERC20;

    /// @notice What is lent and owed.
    IERC20 public immutable debtAsset;
    /// @notice What is pledged.
    IERC20 public immutable collateralAsset;
    /// @notice The smallest debt that a loan may leave an account with.
    uint256 public immutable minDebt;

    /// @notice All collateral, and each account's.
    uint256 public totalCollateral;
    mapping(address borrower => uint256) public collateralOf;

    /// @dev A price `p` makes `c` of the collateral worth `c * p * _valueUnit / _priceUnit`.
    uint256 private immutable _valueUnit;
    uint256 private immutable _priceUnit;

    /// @param debtAsset_ What is lent, with at most 18 decimals, as the collateral.
    /// @param collateralAsset_ What is pledged.
    /// @param minDebt_ The smallest loan.
    /// @param model_ Root contract of the model in `Risk`.
    /// @param feedId_ An hourly feed: how many whole units of the debt asset one of the collateral costs.
    constructor(
        IERC20Metadata debtAsset_,
        IERC20Metadata collateralAsset_,
        uint256 minDebt_,
        address model_,
        bytes32 feedId_
    ) RiskFactor(model_, feedId_) {
        if (address(debtAsset_) == address(collateralAsset_)) {
            revert SameToken(address(debtAsset_));
        }
        (debtAsset, collateralAsset, minDebt) = (debtAsset_, collateralAsset_, minDebt_);
        uint8 priceDecimals =
            ICandleRecorder(Predeploys.CANDLE_RECORDER).feedOf(feedId_).priceDecimals;
        _valueUnit = 10 ** _decimalsOf(debtAsset_);
        _priceUnit = 10 ** (_decimalsOf(collateralAsset_) + priceDecimals);
    }

    /// @inheritdoc IRiskLendingMarket
    function supply(uint256 assets) external nonReentrant returns (uint256 shares) {
        // Check
        _checkAmount(assets);
        // Effect
        _accrue();
        shares = _addSupply(msg.sender, assets);
        emit Supplied(msg.sender, assets, shares);
        // Interaction
        _pull(debtAsset, assets);
    }

    /// @inheritdoc IRiskLendingMarket
    function withdraw(uint256 shares, address to) external nonReentrant returns (uint256 assets) {
        // Check
        _checkAmount(shares);
        _checkRecipient(to);
        // Effect
        _accrue();
        assets = _removeSupply(msg.sender, shares);
        emit Withdrawn(msg.sender, to, assets, shares);
        // Interaction
        debtAsset.safeTransfer(to, assets);
    }

    /// @inheritdoc IRiskLendingMarket
    function addCollateral(uint256 assets) external nonReentrant {
        // Check
        _checkAmount(assets);
        // Effect
        // Less than 2^112 in all: times a price of 80 bits and 18 decimals, its value cannot overflow.
        totalCollateral = SafeCast.toUint112(totalCollateral + assets);
        collateralOf[msg.sender] += assets;
        emit CollateralAdded(msg.sender, assets);
        // Interaction
        _pull(collateralAsset, assets);
    }

    /// @inheritdoc IRiskLendingMarket
    function withdrawCollateral(uint256 assets, address to) external nonReentrant {
        // Check
        _checkAmount(assets);
        _checkRecipient(to);
        // Effect
        _takeCollateral(msg.sender, assets);
        if (scaledDebtOf[msg.sender] != 0) {
            _accrue();
            _refreshFactor();
            _checkLimit(msg.sender);
        }
        emit CollateralWithdrawn(msg.sender, to, assets);
        // Interaction
        collateralAsset.safeTransfer(to, assets);
    }

    /// @inheritdoc IRiskLendingMarket
    function borrow(uint256 assets, address to) external nonReentrant {
        // Check
        _checkAmount(assets);
        _checkRecipient(to);
        // Effect
        _accrue();
        _refreshFactor();
        _addDebt(msg.sender, assets);
        uint256 debt = _checkLimit(msg.sender);
        if (debt < minDebt) revert DebtTooSmall(debt, minDebt);
        emit Borrowed(msg.sender, to, assets);
        // Interaction
        debtAsset.safeTransfer(to, assets);
    }

    /// @inheritdoc IRiskLendingMarket
    function repay(address borrower, uint256 assets)
        external
        nonReentrant
        returns (uint256 repaid)
    {
        // Check
        _checkAmount(assets);
        _accrue();
        uint256 debt = debtOf(borrower);
        if (debt == 0) revert NoDebt(borrower);
        // Effect
        repaid = Math.min(assets, debt);
        _removeDebt(borrower, repaid);
        emit Repaid(msg.sender, borrower, repaid);
        // Interaction
        _pull(debtAsset, repaid);
    }

    /// @inheritdoc IRiskLendingMarket
    function liquidate(address borrower, uint256 maxRepaid, uint256 minSeized)
        external
        nonReentrant
        returns (uint256 repaid, uint256 seized)
    {
        // Check
        _accrue();
        (repaid, seized) = _liquidation(borrower, maxRepaid);
        if (seized < minSeized) revert SeizedTooLittle(seized, minSeized);
        // Effect
        if (repaid != 0) _removeDebt(borrower, repaid);
        _takeCollateral(borrower, seized);
        uint256 writtenOff = collateralOf[borrower] == 0 ? _writeOff(borrower) : 0;
        emit Liquidated(msg.sender, borrower, repaid, seized, writtenOff);
        // Interaction
        if (repaid != 0) _pull(debtAsset, repaid);
        if (seized != 0) collateralAsset.safeTransfer(msg.sender, seized);
    }

    /// @inheritdoc IRiskLendingMarket
    function updateFactor() external nonReentrant {
        _accrue();
        _updateFactor();
    }

    /// @inheritdoc IRiskLendingMarket
    function collateralValueOf(address borrower) public view returns (uint256 value) {
        return collateralOf[borrower].mulDiv(price() * _valueUnit, _priceUnit);
    }

    /// @inheritdoc IRiskLendingMarket
    function limitsOf(address borrower)
        public
        view
        returns (uint256 borrowLimit, uint256 liquidationLimit)
    {
        uint256 value = collateralValueOf(borrower);
        borrowLimit = value.mulDiv(borrowFactor(), WAD);
        liquidationLimit = value.mulDiv(factor + LIQUIDATION_GAP, WAD);
    }

    /// @dev What a liquidation takes and gives now.
    function _liquidation(address borrower, uint256 maxRepaid)
        private
        view
        returns (uint256 repaid, uint256 seized)
    {
        uint256 debt = debtOf(borrower);
        uint256 value = collateralValueOf(borrower);
        uint256 limit = value.mulDiv(factor + LIQUIDATION_GAP, WAD);
        if (debt <= limit) revert Healthy(debt, limit);

        uint256 collateral = collateralOf[borrower];
        // What all collateral pays for.
        uint256 payable_ = value.mulDiv(WAD, WAD + LIQUIDATION_BONUS, Math.Rounding.Ceil);
        // Paying `x` leaves `debt - x` on `value - x * (1 + bonus)`: at the factor, that is
        uint256 excess = debt - value.mulDiv(factor, WAD);
        uint256 enough = excess.mulDiv(
            WAD, WAD - factor.mulDiv(WAD + LIQUIDATION_BONUS, WAD), Math.Rounding.Ceil
        );
        uint256 most = Math.min(enough, debt);
        if (most >= payable_ && maxRepaid >= payable_) return (payable_, collateral);
        repaid = Math.min(most, maxRepaid);
        _checkAmount(repaid);
        seized = collateral.mulDiv(repaid.mulDiv(WAD + LIQUIDATION_BONUS, WAD), value);
    }

    /// @dev What an account owes, if that is within its limit.
    function _checkLimit(address borrower) private view returns (uint256 debt) {
        debt = debtOf(borrower);
        (uint256 limit,) = limitsOf(borrower);
        if (debt > limit) revert AboveLimit(debt, limit);
    }

    function _takeCollateral(address borrower, uint256 assets) private {
        uint256 owned = collateralOf[borrower];
        if (assets > owned) revert NotEnoughCollateral(owned, assets);
        collateralOf[borrower] = owned - assets;
        totalCollateral -= assets;
    }

    /// @dev Takes tokens of the sender, all that it asks for.
    function _pull(IERC20 token, uint256 assets) private {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), assets);
        uint256 got = token.balanceOf(address(this)) - before;
        if (got != assets) revert WrongAmountReceived(got, assets);
    }

    function _decimalsOf(IERC20Metadata token) private view returns (uint256 decimals) {
        decimals = token.decimals();
        if (decimals > 18) revert TooManyDecimals(address(token), decimals);
    }

    function _checkAmount(uint256 amount) private pure {
        if (amount == 0) revert ZeroAmount();
    }

    function _checkRecipient(address to) private view {
        if (to == address(0) || to == address(this)) revert BadRecipient(to);
    }
}
