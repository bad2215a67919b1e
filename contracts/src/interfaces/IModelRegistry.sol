// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IModelNames} from "./IModelNames.sol";
import {IModelRevenue} from "./IModelRevenue.sol";
import {IModelTerms} from "./IModelTerms.sol";

/// @title Who owns which model
/// @notice An ERC-721 token for each registered model; its owner names the model, publishes versions
/// of it, sets its terms and earns from its calls. Nobody else can: there is no administrator. The
/// token's id is the hash of the model's first version.
/// @dev Only the account that wrote a model's root through the chunk store can register it or publish
/// it as a version. Since a model hash has exactly one possible writer (see `IChunkStore`), nobody can
/// register it by being faster.
/// What a model earns waits in the gateway until it is withdrawn. So a contract that holds a token or
/// a share must be able to receive money, or to call the gateway's `withdrawTo`, or what it earns
/// stays in the gateway for ever. The registry refuses only the accounts that it knows cannot: the
/// precompile and the predeploys.
interface IModelRegistry is IModelNames, IModelRevenue, IModelTerms {
    /// @notice A registered model.
    /// @param root Root contract of the latest version, which the precompile takes.
    /// @param owner Owner of the token, who earns from calls.
    /// @param priceWei Price of one inference in wei; 0 if it is free or priced in a token.
    /// @param name The owner's name for the model. Names are not unique: the id is the identity.
    struct Model {
        address root;
        address owner;
        uint256 priceWei;
        string name;
    }

    /// @notice All terms of a model, to register it with.
    /// @param name What to call it.
    /// @param tags Tags, without rank.
    /// @param token What the price is in; zero for the chain's currency.
    /// @param price Price of one inference; 0 is free.
    /// @param access Who may call it.
    /// @param validatorBps Validators' share of the price.
    /// @param royaltyBps ERC-2981 royalty of the registrant on sales of the token.
    /// @param contributors Who else shares in the price.
    /// @param parents The models that this one was made from, and their shares of its price.
    struct Listing {
        string name;
        string[] tags;
        address token;
        uint256 price;
        Access access;
        uint16 validatorBps;
        uint16 royaltyBps;
        Contributor[] contributors;
        Share[] parents;
    }

    /// @notice A model has been registered.
    event ModelRegistered(
        uint256 indexed modelId, address indexed root, address indexed owner, string name
    );
    /// @notice A model has a version; the first one when it is registered.
    event VersionPublished(uint256 indexed modelId, uint32 indexed version, address indexed root);

    /// @notice Only the account that wrote the root through the chunk store may register it.
    error NotWriter(address root, address caller, address writer);
    /// @notice The root is registered already, as this model or as a version of it.
    error AlreadyRegistered(uint256 modelId);
    /// @notice Only the token's owner may change the model.
    error NotModelOwner(uint256 modelId, address caller, address owner);
    /// @notice The precompile and the predeploys cannot withdraw what a model earns, so none of them
    /// may own one.
    error CannotOwnModel(uint256 modelId, address account);
    /// @notice All versions of a model have the same gate: what a call costs depends on it.
    error VersionGate(address root, address gate, address want);
    /// @notice The model has no such version.
    error UnknownVersion(uint256 modelId, uint32 version);

    /// @notice Registers an activated model to the sender, who must have written its root.
    /// @param root The model's root contract.
    /// @param name What to call it.
    /// @param priceWei Price of one inference; 0 unless the model's gate is the gateway.
    /// @return modelId The model hash as a number.
    function register(address root, string calldata name, uint256 priceWei)
        external
        returns (uint256 modelId);

    /// @notice `register` with all terms. A model's lineage can be declared here only.
    function registerListing(address root, Listing calldata listing)
        external
        returns (uint256 modelId);

    /// @notice Publishes another activated root as the latest version of a model. The sender must
    /// have written it, and be the token's owner or approved for it.
    /// @return version Its number: versions count from 1.
    function publishVersion(uint256 modelId, address root) external returns (uint32 version);

    /// @notice A registered model.
    function modelOf(uint256 modelId) external view returns (Model memory);

    /// @notice Number of the latest version.
    function latestVersion(uint256 modelId) external view returns (uint32 version);

    /// @notice Root contract of a version; 0 for the latest.
    function rootOf(uint256 modelId, uint32 version) external view returns (address root);

    /// @notice The id that a root would have as a model of its own.
    function idOf(address root) external view returns (uint256 modelId);

    /// @notice The model that a root is a version of; 0 if it is not registered.
    function publishedAs(address root) external view returns (uint256 modelId);
}
