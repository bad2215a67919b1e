// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Paying in advance
/// @notice An account keeps a balance here and gives out budgets from it. Nothing is drawn from a
/// balance but within a budget that its holder set: for one caller, one model, one currency, so much in
/// all, so much for a single inference. A model whose price rises beyond that earns nothing from it.
/// @dev A budget for oneself lets `inferenceWith` and the others draw (`Order.prepaid`). A budget for
/// another account pays for what that account asks for through OpenGradient's interface, which knows
/// no payment: contracts written for it need not know the gateway. Such a call draws on the calling
/// contract's own budget, else on that of its **sponsor** for the model. An account becomes sponsor by
/// setting a budget for another account that could pay now, while no other sponsor's could. The
/// place can be held by who pays once in a while, or leaves just before each call; so who created the
/// calling contract can **name a sponsor**, who is asked before the place's holder, as far as the budget
/// goes that it set. `token` is zero for the chain's currency.
interface IGatewayPrepaid {
    /// @notice What may be drawn from a balance.
    /// @param amount In all; `type(uint128).max` is without end.
    /// @param maxPrice For one inference.
    struct Budget {
        uint128 amount;
        uint128 maxPrice;
    }

    /// @notice A balance has grown.
    event Deposited(
        address indexed account, address indexed token, address indexed from, uint256 amount
    );
    /// @notice A balance has been paid out to `to`, in part or whole.
    event PrepaidWithdrawn(
        address indexed account, address indexed token, address indexed to, uint256 amount
    );
    /// @notice A budget has been set.
    event BudgetSet(
        address indexed funder,
        address indexed caller,
        uint256 indexed modelId,
        address token,
        uint128 amount,
        uint128 maxPrice
    );
    /// @notice Calls of the model by `caller` are paid for by another sponsor.
    event SponsorSet(uint256 indexed modelId, address indexed caller, address indexed sponsor);
    /// @notice A caller's creator has named who is asked first to pay for its calls of the model.
    event SponsorNamed(uint256 indexed modelId, address indexed caller, address indexed sponsor);

    /// @notice The balance is lower than what is to be taken from it.
    error PrepaidTooLow(address account, address token, uint256 got, uint256 want);
    /// @notice No budget allows the price: not so much in all, or not for a single inference.
    error OverBudget(address funder, address caller, uint256 modelId, uint256 price);
    /// @notice The account is zero or one of the fixed addresses, which can't use a balance.
    error BadAccount(address account);
    /// @notice The sender's CREATE with this nonce did not make the caller.
    error NotCreator(address caller, address sender, uint64 nonce);

    /// @notice Adds the value sent to an account's balance.
    function deposit(address account) external payable;

    /// @notice Moves a token from the sender to an account's balance.
    /// @return received What arrived, which a token may make less than `amount`.
    function depositToken(address account, address token, uint256 amount)
        external
        returns (uint256 received);

    /// @notice Pays part of the sender's balance to an account.
    function withdrawPrepaid(address token, uint256 amount, address to) external;

    /// @notice Sets what `caller`'s calls of a model may draw from the sender's balance, and makes the
    /// sender the caller's sponsor for it if it is somebody else and the place is free.
    function setBudget(address caller, uint256 modelId, address token, Budget calldata budget)
        external;

    /// @notice Names who is asked first to pay for a model's calls by a contract that the sender
    /// created; zero takes the name back. The budget is the sponsor's to set: without one for this
    /// caller and model it pays nothing, and the place's holder is asked as before.
    /// @param nonce The sender's nonce when it created the contract.
    function nameSponsor(address caller, uint64 nonce, uint256 modelId, address sponsor) external;

    /// @notice An account's balance.
    function prepaidOf(address account, address token) external view returns (uint256 amount);

    /// @notice What is left of a budget.
    function budgetOf(address funder, address caller, uint256 modelId, address token)
        external
        view
        returns (Budget memory);

    /// @notice Who has the place: pays for a caller's calls of a model through OpenGradient's interface,
    /// if neither its own budget nor a named sponsor's does; zero if nobody.
    function sponsorOf(address caller, uint256 modelId) external view returns (address sponsor);

    /// @notice Whom the caller's creator named; zero if nobody.
    function namedSponsorOf(address caller, uint256 modelId) external view returns (address sponsor);
}
