// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IChunkStore} from "./interfaces/IChunkStore.sol";
import {IInference} from "./interfaces/IInference.sol";
import {IModelCard} from "./interfaces/IModelCard.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {IModelTerms} from "./interfaces/IModelTerms.sol";
import {Inference} from "./libraries/Inference.sol";
import {Predeploys} from "./libraries/Predeploys.sol";
import {ModelNames} from "./registry/ModelNames.sol";
import {ModelRevenue} from "./registry/ModelRevenue.sol";
import {ModelTerms} from "./registry/ModelTerms.sol";

/// @title Model registry
/// @notice See `IModelRegistry`. A predeploy: genesis has its code and no storage, so nothing may
/// depend on a constructor.
/// @dev It calls nobody but other predeploys and the precompile, all statically, and the receiver of a
/// safe transfer, after everything is done.
contract ModelRegistry is ModelNames, ModelRevenue, ModelTerms {
    mapping(uint256 modelId => mapping(uint32 version => address root)) private _roots;
    /// @dev Keyed by model hash: copies of a root are the same model.
    mapping(bytes32 modelHash => uint256 modelId) private _publishedAs;

    /// @inheritdoc IModelRegistry
    function register(address root, string calldata modelName, uint256 priceWei)
        external
        returns (uint256 modelId)
    {
        modelId = _register(root, modelName);
        _setPrice(modelId, address(0), priceWei);
        _setRoyalty(modelId, msg.sender, 0);
    }

    /// @inheritdoc IModelRegistry
    function registerListing(address root, Listing calldata listing)
        external
        returns (uint256 modelId)
    {
        modelId = _register(root, listing.name);
        _setTags(modelId, listing.tags);
        _setPrice(modelId, listing.token, listing.price);
        _setAccess(modelId, listing.access);
        _setRoyalty(modelId, msg.sender, listing.royaltyBps);
        // Lineage first: the others may have only what it leaves.
        _setLineage(modelId, listing.parents);
        _setValidatorShare(modelId, listing.validatorBps);
        _setContributors(modelId, listing.contributors);
    }

    /// @inheritdoc IModelRegistry
    function publishVersion(uint256 modelId, address root) external returns (uint32 version) {
        // Check: the owner's business, or that of someone who could make himself the owner; a root
        // of the same gate as the others.
        address owner = _requireOwned(modelId);
        if (!_isAuthorized(owner, msg.sender, modelId)) {
            revert NotModelOwner(modelId, msg.sender, owner);
        }
        _checkRoot(root);
        (address gate, address want) = (_gateOf(root), _gateOfModel(modelId));
        if (gate != want) revert VersionGate(root, gate, want);

        // Effect: the latest version.
        return _publish(modelId, root);
    }

    /// @inheritdoc IModelRegistry
    function modelOf(uint256 modelId) external view returns (Model memory) {
        (address token, uint256 price) = priceOf(modelId);
        if (token != address(0)) price = 0;
        return Model(_core[modelId].latestRoot, _ownerOf(modelId), price, nameOf(modelId));
    }

    /// @inheritdoc IModelRegistry
    function latestVersion(uint256 modelId) external view returns (uint32 version) {
        _requireOwned(modelId);
        return _core[modelId].latestVersion;
    }

    /// @inheritdoc IModelRegistry
    function rootOf(uint256 modelId, uint32 version) external view returns (address root) {
        _requireOwned(modelId);
        (root,) = _version(modelId, version);
    }

    /// @inheritdoc IModelRegistry
    function idOf(address root) external view returns (uint256 modelId) {
        return uint256(root.codehash);
    }

    /// @inheritdoc IModelRegistry
    function publishedAs(address root) external view returns (uint256 modelId) {
        return _publishedAs[root.codehash];
    }

    /// @inheritdoc IModelTerms
    function callTerms(uint256 modelId, uint32 version, address payer)
        external
        view
        returns (CallTerms memory terms)
    {
        (terms.token, terms.price) = priceOf(modelId);
        terms.owner = _ownerOf(modelId);
        _checkCall(modelId, payer, terms.owner);
        (terms.root, terms.version) = _version(modelId, version);
        terms.validatorBps = _core[modelId].validatorBps;
        terms.contributors = contributorsOf(modelId);
        terms.ancestors = ancestorsOf(modelId);
    }

    /// @notice The token's metadata as a data URI: see `IModelCard`.
    function tokenURI(uint256 modelId) public view override returns (string memory) {
        return IModelCard(Predeploys.MODEL_CARD).uriOf(modelId);
    }

    function _register(address root, string calldata modelName) private returns (uint256 modelId) {
        // Check: written by the sender, activated, new.
        bytes32 modelHash = _checkRoot(root);
        modelId = uint256(modelHash);

        // Effect: token, first version, name. Minting calls nobody.
        _mint(msg.sender, modelId);
        emit ModelRegistered(modelId, root, msg.sender, modelName);
        _publish(modelId, root);
        _setName(modelId, modelName);
    }

    function _publish(uint256 modelId, address root) private returns (uint32 version) {
        Core storage core = _core[modelId];
        version = core.latestVersion + 1;
        (core.latestRoot, core.latestVersion) = (root, version);
        _roots[modelId][version] = root;
        _publishedAs[root.codehash] = modelId;
        emit VersionPublished(modelId, version, root);
    }

    /// @dev Check: written by the sender, activated (the precompile reverts otherwise), new.
    function _checkRoot(address root) private view returns (bytes32 modelHash) {
        address writer = IChunkStore(Predeploys.CHUNK_STORE).writerOf(root);
        if (writer != msg.sender) revert NotWriter(root, msg.sender, writer);
        // The answer, with all of the model's shapes, is not decoded: it takes too much code.
        Address.functionStaticCall(
            address(Inference.precompile()), abi.encodeCall(IInference.modelInfo, (root))
        );
        modelHash = root.codehash;
        uint256 registered = _publishedAs[modelHash];
        if (registered != 0) revert AlreadyRegistered(registered);
    }

    function _version(uint256 modelId, uint32 version)
        private
        view
        returns (address root, uint32 resolved)
    {
        Core storage core = _core[modelId];
        if (version == 0 || version == core.latestVersion) {
            return (core.latestRoot, core.latestVersion);
        }
        root = _roots[modelId][version];
        if (root == address(0)) revert UnknownVersion(modelId, version);
        return (root, version);
    }
}
