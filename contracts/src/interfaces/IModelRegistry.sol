// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Who owns which model
/// @notice An ERC-721 token for each registered model; the token's id is the model's hash, and its
/// owner names the model, sets its price and earns from its calls. Nobody else can: there is no
/// administrator.
/// @dev Only the account that wrote a model's root through the chunk store can register it. Since a
/// model hash has exactly one possible writer (see `IChunkStore`), nobody can register it by being
/// faster.
/// What a model earns waits in the gateway until its owner calls `IInferenceGateway.withdraw` or
/// `withdrawTo`. So a contract that holds a token must be able to call one of them, or what the model
/// earns meanwhile stays in the gateway for ever. The registry refuses only the accounts that it
/// knows cannot: the precompile and the predeploys.
interface IModelRegistry {
    /// @notice A registered model.
    /// @param root The model's root contract, which the precompile takes.
    /// @param owner Owner of the token, who earns from calls.
    /// @param priceWei Price of one inference; 0 is free.
    /// @param name The owner's name for the model. Names are not unique: the id is the identity.
    struct Model {
        address root;
        address owner;
        uint256 priceWei;
        string name;
    }

    /// @notice A model has been registered.
    event ModelRegistered(
        uint256 indexed modelId, address indexed root, address indexed owner, string name
    );
    /// @notice A model has a new price.
    event PriceSet(uint256 indexed modelId, uint256 priceWei);
    /// @notice A model has a new name.
    event NameSet(uint256 indexed modelId, string name);

    /// @notice Only the account that wrote the root through the chunk store may register it.
    error NotWriter(address root, address caller, address writer);
    /// @notice The model is registered already.
    error AlreadyRegistered(uint256 modelId);
    /// @notice Only the token's owner may change the model.
    error NotModelOwner(uint256 modelId, address caller, address owner);
    /// @notice The precompile and the predeploys cannot withdraw what a model earns, so none of them
    /// may own one.
    error CannotOwnModel(uint256 modelId, address account);
    /// @notice A model can have a price only if its gate is the gateway: else anyone calls it free.
    error PriceNeedsGateway(uint256 modelId, address gate);
    /// @notice The price does not fit its field.
    error PriceTooHigh(uint256 priceWei, uint256 maxPriceWei);
    /// @notice A name has between 1 and `MAX_NAME_LENGTH` bytes.
    error NameLength(uint256 got, uint256 max);

    /// @notice Registers an activated model to the sender, who must have written its root.
    /// @param root The model's root contract.
    /// @param name What to call it.
    /// @param priceWei Price of one inference; 0 unless the model's gate is the gateway.
    /// @return modelId The model hash as a number.
    function register(address root, string calldata name, uint256 priceWei)
        external
        returns (uint256 modelId);

    /// @notice Sets the price of one inference, from the next call on.
    function setPrice(uint256 modelId, uint256 priceWei) external;

    /// @notice Renames a model.
    function setName(uint256 modelId, string calldata name) external;

    /// @notice A registered model.
    function modelOf(uint256 modelId) external view returns (Model memory);

    /// @notice What the gateway needs to know: where the model is, who earns, what a call costs.
    function termsOf(uint256 modelId)
        external
        view
        returns (address root, address owner, uint256 priceWei);

    /// @notice The id that a root has or would have.
    function idOf(address root) external view returns (uint256 modelId);

    /// @notice Most bytes in a name.
    function MAX_NAME_LENGTH() external view returns (uint256);
}
