// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IChunkStore} from "./interfaces/IChunkStore.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {Inference} from "./libraries/Inference.sol";
import {Predeploys} from "./libraries/Predeploys.sol";

/// @title Model registry
/// @notice See `IModelRegistry`. A predeploy: genesis has its code and no storage, so nothing may
/// depend on a constructor. The token's name and symbol, which OpenZeppelin's constructor would
/// store, are overridden.
contract ModelRegistry is ERC721("", ""), IModelRegistry {
    /// @dev One storage slot.
    struct Terms {
        address root;
        uint96 priceWei;
    }

    /// @inheritdoc IModelRegistry
    uint256 public constant MAX_NAME_LENGTH = 64;

    mapping(uint256 modelId => Terms) private _terms;
    mapping(uint256 modelId => string) private _names;

    /// @inheritdoc IModelRegistry
    function register(address root, string calldata modelName, uint256 priceWei)
        external
        returns (uint256 modelId)
    {
        // Check: written by the sender, activated (the precompile reverts otherwise), new.
        address writer = IChunkStore(Predeploys.CHUNK_STORE).writerOf(root);
        if (writer != msg.sender) revert NotWriter(root, msg.sender, writer);
        modelId = uint256(Inference.info(root).modelHash);
        if (_ownerOf(modelId) != address(0)) revert AlreadyRegistered(modelId);

        // Effect: token, terms, name. Minting calls nobody.
        _mint(msg.sender, modelId);
        _terms[modelId].root = root;
        emit ModelRegistered(modelId, root, msg.sender, modelName);
        _setName(modelId, modelName);
        _setPrice(modelId, priceWei);
    }

    /// @inheritdoc IModelRegistry
    function setPrice(uint256 modelId, uint256 priceWei) external {
        _checkOwner(modelId);
        _setPrice(modelId, priceWei);
    }

    /// @inheritdoc IModelRegistry
    function setName(uint256 modelId, string calldata modelName) external {
        _checkOwner(modelId);
        _setName(modelId, modelName);
    }

    /// @inheritdoc IModelRegistry
    function modelOf(uint256 modelId) external view returns (Model memory) {
        (address root, address owner, uint256 priceWei) = termsOf(modelId);
        return Model(root, owner, priceWei, _names[modelId]);
    }

    /// @inheritdoc IModelRegistry
    function termsOf(uint256 modelId)
        public
        view
        returns (address root, address owner, uint256 priceWei)
    {
        owner = _requireOwned(modelId);
        Terms storage terms = _terms[modelId];
        (root, priceWei) = (terms.root, terms.priceWei);
    }

    /// @inheritdoc IModelRegistry
    function idOf(address root) external view returns (uint256 modelId) {
        return uint256(root.codehash);
    }

    /// @notice The token collection's name.
    function name() public pure override returns (string memory) {
        return "Fixpoint Models";
    }

    /// @notice The token collection's symbol.
    function symbol() public pure override returns (string memory) {
        return "FXP";
    }

    /// @dev All mints and transfers pass here.
    function _update(address to, uint256 modelId, address auth)
        internal
        override
        returns (address from)
    {
        if (Predeploys.includes(to)) revert CannotOwnModel(modelId, to);
        return super._update(to, modelId, auth);
    }

    function _checkOwner(uint256 modelId) private view {
        address owner = _requireOwned(modelId);
        if (owner != msg.sender) revert NotModelOwner(modelId, msg.sender, owner);
    }

    function _setPrice(uint256 modelId, uint256 priceWei) private {
        if (priceWei > type(uint96).max) revert PriceTooHigh(priceWei, type(uint96).max);
        address gate = _gateOf(_terms[modelId].root);
        if (priceWei != 0 && gate != Predeploys.INFERENCE_GATEWAY) {
            revert PriceNeedsGateway(modelId, gate);
        }
        // The cast loses nothing: checked above.
        // forge-lint: disable-next-line(unsafe-typecast)
        _terms[modelId].priceWei = uint96(priceWei);
        emit PriceSet(modelId, priceWei);
    }

    function _setName(uint256 modelId, string calldata modelName) private {
        uint256 length = bytes(modelName).length;
        if (length == 0 || length > MAX_NAME_LENGTH) revert NameLength(length, MAX_NAME_LENGTH);
        _names[modelId] = modelName;
        emit NameSet(modelId, modelName);
    }

    /// @dev The gate in a root's code, which never changes: unlike the precompile's record, which a
    /// fork may put out of date, and then no owner could change a price.
    function _gateOf(address root) private view returns (address gate) {
        assembly ("memory-safe") {
            // Scratch space: 20 bytes behind magic and version, right-aligned in a clean word.
            mstore(0, 0)
            extcodecopy(root, 12, 5, 20)
            gate := mload(0)
        }
    }
}
