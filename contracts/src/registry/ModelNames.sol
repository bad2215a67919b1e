// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IModelNames} from "../interfaces/IModelNames.sol";
import {StringIds} from "../libraries/StringIds.sol";
import {ModelCore} from "./ModelCore.sol";

/// @title Names, tags, and string ids
/// @notice See `IModelNames`.
abstract contract ModelNames is ModelCore {
    /// @inheritdoc IModelNames
    uint256 public constant MAX_NAME_LENGTH = 64;
    /// @inheritdoc IModelNames
    uint256 public constant MAX_TAGS = 8;
    /// @inheritdoc IModelNames
    uint256 public constant MAX_TAG_LENGTH = 32;

    mapping(uint256 modelId => string) private _names;
    mapping(uint256 modelId => string[]) private _tags;
    /// @dev Bindings are written once. The bare names' namespace is the zero address.
    mapping(address namespace => mapping(bytes32 nameHash => uint256 modelId)) private _bound;

    /// @inheritdoc IModelNames
    function setName(uint256 modelId, string calldata modelName) external {
        _checkOwner(modelId);
        _setName(modelId, modelName);
    }

    /// @inheritdoc IModelNames
    function setTags(uint256 modelId, string[] calldata tags) external {
        _checkOwner(modelId);
        _setTags(modelId, tags);
    }

    /// @inheritdoc IModelNames
    function nameOf(uint256 modelId) public view returns (string memory) {
        _requireOwned(modelId);
        return _names[modelId];
    }

    /// @inheritdoc IModelNames
    function tagsOf(uint256 modelId) public view returns (string[] memory) {
        _requireOwned(modelId);
        return _tags[modelId];
    }

    /// @inheritdoc IModelNames
    function resolve(string calldata id) external view returns (uint256 modelId, uint32 version) {
        StringIds.Parsed memory parsed = StringIds.parse(id);
        modelId = parsed.modelId;
        if (parsed.isName) modelId = _bound[parsed.namespace][keccak256(bytes(parsed.name))];
        version = parsed.version;
        if (!parsed.isValid || _ownerOf(modelId) == address(0)) revert UnknownName(id);
        if (version > _core[modelId].latestVersion) revert UnknownVersion(modelId, version);
    }

    function _setName(uint256 modelId, string calldata modelName) internal {
        _checkText(modelName, MAX_NAME_LENGTH);
        _names[modelId] = modelName;
        emit NameSet(modelId, modelName);
        if (_bind(address(0), modelName, modelId)) emit NameBound(modelId, modelName);
        if (_bind(msg.sender, modelName, modelId)) {
            emit QualifiedNameBound(modelId, msg.sender, modelName);
        }
    }

    function _setTags(uint256 modelId, string[] calldata tags) internal {
        if (tags.length > MAX_TAGS) revert TagCount(tags.length, MAX_TAGS);
        delete _tags[modelId];
        for (uint256 i; i < tags.length; ++i) {
            _checkText(tags[i], MAX_TAG_LENGTH);
            _tags[modelId].push(tags[i]);
        }
        emit TagsSet(modelId, tags);
    }

    function _bind(address namespace, string calldata modelName, uint256 modelId)
        private
        returns (bool bound)
    {
        bytes32 nameHash = keccak256(bytes(modelName));
        if (_bound[namespace][nameHash] != 0) return false;
        _bound[namespace][nameHash] = modelId;
        return true;
    }

    function _checkText(string calldata text, uint256 maxLength) private pure {
        uint256 length = bytes(text).length;
        if (length == 0 || length > maxLength) revert NameLength(length, maxLength);
        uint256 bad = StringIds.firstBadCharacter(text);
        if (bad < length) revert NameCharacter(bad);
    }
}
