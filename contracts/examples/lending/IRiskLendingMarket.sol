// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Lending against one collateral, by how risky a model thinks the market is
/// @notice Suppliers lend one asset, borrowers take it against another. How much may be borrowed on
/// collateral is the collateral factor, which follows a model: it sees how much is lent out, how
/// few the borrowers are, and how the price has moved.
/// @dev Amounts are in the units of their token, factors and rates have 18 decimals. Nobody has a key.
/// Tokens that take a fee, move less than they say or change balances by themselves are refused or
/// not for this market; what is sent to it without a call is nobody's.
interface IRiskLendingMarket {
    /// @notice Somebody has lent.
    event Supplied(address indexed supplier, uint256 assets, uint256 shares);
    /// @notice Somebody has taken back what they lent.
    event Withdrawn(address indexed supplier, address to, uint256 assets, uint256 shares);
    /// @notice Collateral has come in.
    event CollateralAdded(address indexed borrower, uint256 assets);
    /// @notice Collateral has gone out.
    event CollateralWithdrawn(address indexed borrower, address to, uint256 assets);
    /// @notice Somebody has borrowed.
    event Borrowed(address indexed borrower, address to, uint256 assets);
    /// @notice Debt has been paid back.
    event Repaid(address indexed payer, address indexed borrower, uint256 assets);
    /// @notice Debt has been paid for collateral. `writtenOff` is debt that has no collateral left:
    /// suppliers bear it.
    event Liquidated(
        address indexed liquidator,
        address indexed borrower,
        uint256 repaid,
        uint256 seized,
        uint256 writtenOff
    );
    /// @notice The model has answered.
    event FactorUpdated(uint256 targetWad, uint256 factorWad);

    /// @notice An amount is not zero.
    error ZeroAmount();
    /// @notice The market does not pay itself or nobody.
    error BadRecipient(address to);
    /// @notice A token has moved less than it was asked to.
    error WrongAmountReceived(uint256 got, uint256 want);
    /// @notice Collateral and debt are different tokens.
    error SameToken(address token);
    /// @notice A token has at most 18 decimals.
    error TooManyDecimals(address token, uint256 decimals);
    /// @notice Prices come in candles of an hour.
    error NotHourly(uint32 candleMinutes);
    /// @notice The feed has had no price in this candle or the one before.
    error StalePrice(uint256 lastPeriod, uint256 period);
    /// @notice The account has fewer shares.
    error NotEnoughShares(uint256 got, uint256 want);
    /// @notice The account has less collateral.
    error NotEnoughCollateral(uint256 got, uint256 want);
    /// @notice So much is not there now: it is lent out.
    error NotEnoughCash(uint256 got, uint256 want);
    /// @notice The supply is too small for a share.
    error NoShares(uint256 assets);
    /// @notice A loan has at least this size, so that it is worth liquidating.
    error DebtTooSmall(uint256 debt, uint256 min);
    /// @notice The debt would be more than the collateral allows.
    error AboveLimit(uint256 debt, uint256 limit);
    /// @notice The account has no debt.
    error NoDebt(address borrower);
    /// @notice The debt is within what the collateral still carries.
    error Healthy(uint256 debt, uint256 liquidationLimit);
    /// @notice The liquidator would get less than wanted.
    error SeizedTooLittle(uint256 seized, uint256 min);
    /// @notice The factor moves once an interval.
    error FactorNotDue(uint256 dueAt);

    /// @notice Lends: takes `assets` of the debt asset for shares of all that is lent.
    function supply(uint256 assets) external returns (uint256 shares);

    /// @notice Gives shares back for what they are worth, as long as that much is not lent out.
    function withdraw(uint256 shares, address to) external returns (uint256 assets);

    /// @notice Takes collateral in.
    function addCollateral(uint256 assets) external;

    /// @notice Gives collateral back. With debt, as `borrow`: within the limit, at this hour's factor.
    function withdrawCollateral(uint256 assets, address to) external;

    /// @notice Borrows within the limit. Asks the model first if its last answer is an hour old, and
    /// fails if it does not answer: no model, no new loans.
    function borrow(uint256 assets, address to) external;

    /// @notice Pays back debt of anybody, at most all of it. Needs neither price nor model.
    /// @return repaid What was taken.
    function repay(address borrower, uint256 assets) external returns (uint256 repaid);

    /// @notice Pays debt of an account beyond its liquidation limit, for collateral worth 5 % more. Takes at
    /// most what brings the account back to the factor. If all collateral goes, the rest of the debt is
    /// written off. Needs a price, no model: the last factor counts.
    /// @param borrower The account.
    /// @param maxRepaid The most to pay.
    /// @param minSeized The least collateral to get.
    function liquidate(address borrower, uint256 maxRepaid, uint256 minSeized)
        external
        returns (uint256 repaid, uint256 seized);

    /// @notice Asks the model, once an hour. Reverts if it does not answer or the feed has not enough
    /// candles: the last factor stays.
    function updateFactor() external;

    /// @notice What the shares of a supplier are worth now.
    function suppliedBy(address supplier) external view returns (uint256 assets);

    /// @notice What an account owes now.
    function debtOf(address borrower) external view returns (uint256 debt);

    /// @notice What an account's collateral is worth in the debt asset.
    function collateralValueOf(address borrower) external view returns (uint256 value);

    /// @notice What collateral and debt of an account allow: the most that it may owe to borrow, and the
    /// most that it may owe without being liquidated.
    function limitsOf(address borrower)
        external
        view
        returns (uint256 borrowLimit, uint256 liquidationLimit);
}
