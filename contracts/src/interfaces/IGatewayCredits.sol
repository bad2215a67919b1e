// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title What models have earned
/// @notice A call's price becomes credits at once: of the block's validator, of contributors and of
/// the owner, whoever they are at that moment. Credits stay until somebody withdraws them. Each
/// currency is kept apart, so a token that misbehaves harms only those who are paid in it.
/// @dev A share is its basis points of the price, rounded down. **All that rounding leaves belongs to
/// the owner.** A validator's share of a block without a beneficiary (`block.coinbase` is zero or one
/// of the fixed addresses) stays with the owner too.
/// An ancestor's share waits in that model's pot until anybody releases it: then it becomes credits of
/// whoever are its contributors and its owner by that time. So what a call costs in gas does not
/// depend on how many contributors the ancestors have. Who sells a model releases its pot before.
/// `token` is zero for the chain's currency.
interface IGatewayCredits {
    /// @notice An account has earned something from a call, or from a released pot, of this model.
    event Credited(
        uint256 indexed modelId, address indexed account, address indexed token, uint256 amount
    );
    /// @notice A model's pot has got its share of a descendant's price.
    event PotFilled(
        uint256 indexed ancestorId, uint256 indexed modelId, address indexed token, uint256 amount
    );
    /// @notice Credits have been paid out.
    event Withdrawn(
        address indexed account, address indexed token, address indexed to, uint256 amount
    );

    /// @notice The account has no credits in this currency.
    error NothingToWithdraw(address account);
    /// @notice The recipient is zero or one of the fixed addresses, where money would be lost, or refused
    /// it; another one can be named.
    error WithdrawalRefused(address to);
    /// @notice A token moved another amount than it was asked to.
    error TokenMoved(address token, uint256 got, uint256 want);

    /// @notice Pays the sender's credits in the chain's currency to the sender.
    /// @return amountWei What was paid out.
    function withdraw() external returns (uint256 amountWei);

    /// @notice Pays the sender's credits in the chain's currency to another account.
    /// @param to Who gets the money.
    /// @return amountWei What was paid out.
    function withdrawTo(address payable to) external returns (uint256 amountWei);

    /// @notice Pays the sender's credits in one currency to an account.
    /// @return amount What was paid out.
    function withdrawToken(address token, address to) external returns (uint256 amount);

    /// @notice Pays an account's credits in one currency to that account. Anybody may do that.
    /// @return amount What was paid out.
    function withdrawFor(address account, address token) external returns (uint256 amount);

    /// @notice Turns a model's pot into credits of its contributors and its owner. Anybody may do that.
    /// @return amount What was in it.
    function releasePot(uint256 modelId, address token) external returns (uint256 amount);

    /// @notice An account's credits in the chain's currency, in wei.
    function earnings(address account) external view returns (uint256 amountWei);

    /// @notice An account's credits in one currency.
    function earningsIn(address token, address account) external view returns (uint256 amount);

    /// @notice What a model has from its descendants' calls and nobody has released.
    function potOf(uint256 modelId, address token) external view returns (uint256 amount);
}
