// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IModelRevenue} from "./IModelRevenue.sol";

/// @title What a call of a model costs, and who may make one
/// @notice The owner sets a price in the chain's currency or in an ERC-20 token, and who may call.
/// Both bind calls through the gateway, so a model that has either needs the gateway as its gate.
interface IModelTerms {
    /// @notice Who may call a model through the gateway.
    enum Access {
        /// Everybody.
        Open,
        /// The owner and the accounts that the owner allows.
        Listed,
        /// The owner.
        Private
    }

    /// @notice All that the gateway needs to know about a call.
    /// @param root Root contract of the version.
    /// @param version The version; never 0.
    /// @param validatorBps The validator's share of the price.
    /// @param owner Who gets what the others leave.
    /// @param token What the price is in; zero for the chain's currency.
    /// @param price Price of one inference, in the token's smallest unit.
    struct CallTerms {
        address root;
        uint32 version;
        uint16 validatorBps;
        address owner;
        address token;
        uint256 price;
        IModelRevenue.Contributor[] contributors;
        IModelRevenue.Share[] ancestors;
    }

    /// @notice A model has a new price; `token` is zero for the chain's currency.
    event PriceSet(uint256 indexed modelId, address indexed token, uint256 price);
    /// @notice Another kind of callers may call the model.
    event AccessSet(uint256 indexed modelId, Access access);
    /// @notice An account may call the model while its access is `Listed`, or may not.
    event AllowanceSet(uint256 indexed modelId, address indexed account, bool allowed);
    /// @notice The model takes no more calls through the gateway, for ever.
    event ModelRetired(uint256 indexed modelId);

    /// @notice A model can have a price only if its gate is the gateway: else anyone calls it free.
    error PriceNeedsGateway(uint256 modelId, address gate);
    /// @notice Access can be restricted only if the model's gate is the gateway.
    error AccessNeedsGateway(uint256 modelId, address gate);
    /// @notice The price does not fit its field.
    error PriceTooHigh(uint256 price, uint256 maxPrice);
    /// @notice No contract, or one of the fixed addresses: not a token.
    error NotAToken(address token);
    /// @notice The payer may not call this model.
    error AccessDenied(uint256 modelId, address payer);
    /// @notice The model's owner has retired it.
    error Retired(uint256 modelId);

    /// @notice Sets the price of one inference in wei, from the next call on; 0 is free.
    function setPrice(uint256 modelId, uint256 priceWei) external;

    /// @notice Sets the price of one inference in an ERC-20 token, from the next call on.
    /// @dev Choose a token that moves what it says it moves: one that takes a fee on the way to the
    /// gateway cannot pay for a call, and one whose balances shrink cannot pay out all credits.
    function setTokenPrice(uint256 modelId, address token, uint256 price) external;

    /// @notice Sets who may call.
    function setAccess(uint256 modelId, Access access) external;

    /// @notice Lets accounts call a model whose access is `Listed`, or no more.
    function setAllowed(uint256 modelId, address[] calldata accounts, bool allowed) external;

    /// @notice Takes a model out of service for ever. Token, name, bytes and credits stay.
    function retire(uint256 modelId) external;

    /// @notice The price of one inference; `token` is zero for the chain's currency.
    function priceOf(uint256 modelId) external view returns (address token, uint256 price);

    /// @notice Who may call a model.
    function accessOf(uint256 modelId) external view returns (Access);

    /// @notice Whether an account may call a model through the gateway now.
    function mayCall(uint256 modelId, address payer) external view returns (bool);

    /// @notice Whether a model has been retired.
    function isRetired(uint256 modelId) external view returns (bool);

    /// @notice The terms of one call. Reverts if the model is retired or the payer may not call it.
    /// @param modelId The model.
    /// @param version The version; 0 for the latest.
    /// @param payer Who is going to pay.
    function callTerms(uint256 modelId, uint32 version, address payer)
        external
        view
        returns (CallTerms memory);
}
