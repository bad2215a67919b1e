// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IRiskLendingMarket} from "./IRiskLendingMarket.sol";

/// @title The books of what is lent
/// @notice Debts are kept divided by an index that grows with interest; what suppliers own is the cash
/// and all debts, in shares. Every rounding is in the suppliers' favour.
/// @dev Moves no tokens. Also keeps how much was lent out, and how concentrated debts were, over
/// time: what stands for no time at all, such as a flash loan, counts nothing.
abstract contract LendingPool is IRiskLendingMarket {
    using Math for uint256;

    /// @notice Interest of a year if nothing is lent out, and what all of it lent out adds.
    uint256 public constant BASE_RATE = 0.02e18;
    uint256 public constant SLOPE_RATE = 0.2e18;

    uint256 internal constant WAD = 1e18;
    /// @dev The index has 27 decimals.
    uint256 internal constant RAY = 1e27;
    /// @dev As if somebody had supplied a unit for so many shares: nobody can make a share dear by
    /// supplying a unit first.
    uint256 private constant VIRTUAL_SHARES = 1e6;

    /// @notice The debt asset that is here and not lent out.
    uint256 public cash;
    /// @notice All suppliers' shares, and each one's.
    uint256 public totalShares;
    mapping(address supplier => uint256) public sharesOf;

    /// @notice All debts, and each one's, divided by the index.
    uint256 public totalScaledDebt;
    mapping(address borrower => uint256) public scaledDebtOf;
    /// @notice The sum of the squares of `scaledDebtOf`.
    uint256 public squaredScaledDebt;

    /// @dev As of `_accruedAt`.
    uint256 private _index = RAY;
    uint256 private _accruedAt = block.timestamp;
    /// @dev Sums over seconds, 18 decimals, since the means were last taken.
    uint256 private _utilisationSeconds;
    uint256 private _concentrationSeconds;

    /// @inheritdoc IRiskLendingMarket
    function suppliedBy(address supplier) external view returns (uint256 assets) {
        return _assetsFor(sharesOf[supplier]);
    }

    /// @inheritdoc IRiskLendingMarket
    function debtOf(address borrower) public view returns (uint256 debt) {
        return scaledDebtOf[borrower].mulDiv(index(), RAY, Math.Rounding.Ceil);
    }

    /// @notice What all debts are now.
    function totalDebt() public view returns (uint256) {
        return totalScaledDebt.mulDiv(index(), RAY);
    }

    /// @notice What suppliers own now.
    function totalSupplied() public view returns (uint256) {
        return cash + totalDebt();
    }

    /// @notice What a debt of 1 at the beginning is now, with 27 decimals.
    function index() public view returns (uint256) {
        uint256 elapsed = block.timestamp - _accruedAt;
        if (elapsed == 0) return _index;
        uint256 rate = BASE_RATE + SLOPE_RATE * utilisation() / WAD;
        return _index + _index.mulDiv(rate * elapsed, WAD * 365 days);
    }

    /// @notice The part that is lent out, since something last changed.
    function utilisation() public view returns (uint256) {
        uint256 debt = totalScaledDebt.mulDiv(_index, RAY);
        return debt == 0 ? 0 : debt.mulDiv(WAD, cash + debt);
    }

    /// @notice The sum of the squares of each borrower's part of all debt: one for a single borrower.
    function concentration() public view returns (uint256) {
        uint256 total = totalScaledDebt;
        return total == 0 ? 0 : squaredScaledDebt.mulDiv(WAD, total * total);
    }

    /// @dev Brings interest and sums up to now. First in whatever changes a debt or the cash.
    function _accrue() internal {
        uint256 elapsed = block.timestamp - _accruedAt;
        if (elapsed == 0) return;
        _utilisationSeconds += utilisation() * elapsed;
        _concentrationSeconds += concentration() * elapsed;
        _index = index();
        _accruedAt = block.timestamp;
    }

    /// @dev Means since they were last taken, `elapsed` seconds ago.
    function _takeMeans(uint256 elapsed)
        internal
        returns (uint256 meanUtilisation, uint256 meanConcentration)
    {
        meanUtilisation = _utilisationSeconds / elapsed;
        meanConcentration = _concentrationSeconds / elapsed;
        (_utilisationSeconds, _concentrationSeconds) = (0, 0);
    }

    function _addSupply(address supplier, uint256 assets) internal returns (uint256 shares) {
        shares = assets.mulDiv(totalShares + VIRTUAL_SHARES, totalSupplied() + 1);
        if (shares == 0) revert NoShares(assets);
        (cash, totalShares) = (cash + assets, totalShares + shares);
        sharesOf[supplier] += shares;
    }

    function _removeSupply(address supplier, uint256 shares) internal returns (uint256 assets) {
        uint256 owned = sharesOf[supplier];
        if (shares > owned) revert NotEnoughShares(owned, shares);
        assets = _assetsFor(shares);
        _takeCash(assets);
        sharesOf[supplier] = owned - shares;
        totalShares -= shares;
    }

    function _addDebt(address borrower, uint256 assets) internal {
        _takeCash(assets);
        uint256 scaled = scaledDebtOf[borrower];
        _setScaledDebt(borrower, scaled + assets.mulDiv(RAY, _index, Math.Rounding.Ceil));
    }

    /// @dev Needs a debt. `assets` is at most all of it.
    function _removeDebt(address borrower, uint256 assets) internal {
        uint256 scaled = scaledDebtOf[borrower];
        uint256 left = assets == debtOf(borrower) ? 0 : scaled - assets.mulDiv(RAY, _index);
        cash += assets;
        _setScaledDebt(borrower, left);
    }

    /// @dev Suppliers bear it.
    function _writeOff(address borrower) internal returns (uint256 debt) {
        debt = debtOf(borrower);
        _setScaledDebt(borrower, 0);
    }

    function _assetsFor(uint256 shares) private view returns (uint256) {
        return shares.mulDiv(totalSupplied() + 1, totalShares + VIRTUAL_SHARES);
    }

    function _takeCash(uint256 assets) private {
        if (assets > cash) revert NotEnoughCash(cash, assets);
        cash -= assets;
    }

    /// @dev With all debts below 2^128, no square overflows.
    function _setScaledDebt(address borrower, uint256 scaled) private {
        uint256 before = scaledDebtOf[borrower];
        totalScaledDebt = SafeCast.toUint128(totalScaledDebt - before + scaled);
        squaredScaledDebt = squaredScaledDebt - before * before + scaled * scaled;
        scaledDebtOf[borrower] = scaled;
    }
}
