// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title What models are called
/// @notice Every model has a display name and tags that its owner chooses. Display names are not
/// unique, but a name leads to one model, for ever.
/// @dev A name is 1 to `MAX_NAME_LENGTH` printable ASCII characters without slash and at sign, does not
/// begin or end with a space, and does not begin with `0x`. So no two names differ invisibly, and a name
/// can never be mistaken for the other forms of a string id:
///
/// | string id        | leads to                                                             |
/// |------------------|----------------------------------------------------------------------|
/// | `NAME`           | the model that was given the name first, whoever gave it             |
/// | `0xOWNER/NAME`   | the model to which this account, as its owner, first gave the name   |
/// | `0xID`           | the model with this id, 64 hexadecimal digits                        |
///
/// Behind any of them, an at sign and a decimal number pin a version; without, it is the latest.
///
/// **A binding is permanent.** A renamed model is still found under its earlier names, and nobody can
/// take one of them over. A bare name can be taken first by a stranger who sees it coming; the same
/// account's qualified name and the id cannot. So whoever depends on a model and cannot check first
/// uses one of those.
interface IModelNames {
    /// @notice A model has a new display name.
    event NameSet(uint256 indexed modelId, string name);
    /// @notice A bare name leads to this model from now on.
    event NameBound(uint256 indexed modelId, string name);
    /// @notice `namespace/name` leads to this model from now on.
    event QualifiedNameBound(uint256 indexed modelId, address indexed namespace, string name);
    /// @notice A model has new tags.
    event TagsSet(uint256 indexed modelId, string[] tags);

    /// @notice A name has between 1 and `MAX_NAME_LENGTH` bytes, a tag between 1 and
    /// `MAX_TAG_LENGTH`.
    error NameLength(uint256 got, uint256 max);
    /// @notice The first byte of a name or tag that may not be there.
    error NameCharacter(uint256 index);
    /// @notice A model has at most `MAX_TAGS` tags.
    error TagCount(uint256 got, uint256 max);
    /// @notice The string is none of the forms of a string id, or leads nowhere.
    error UnknownName(string id);

    /// @notice Renames a model. Binds the name to it where it is free, bare and qualified.
    function setName(uint256 modelId, string calldata name) external;

    /// @notice Replaces a model's tags; they follow the rules of names.
    function setTags(uint256 modelId, string[] calldata tags) external;

    /// @notice A model's display name.
    function nameOf(uint256 modelId) external view returns (string memory);

    /// @notice A model's tags.
    function tagsOf(uint256 modelId) external view returns (string[] memory);

    /// @notice The model that a string id leads to, by the table above.
    /// @return modelId The model.
    /// @return version The version that the string pins; 0 for the latest.
    function resolve(string calldata id) external view returns (uint256 modelId, uint32 version);

    /// @notice Most bytes in a name.
    function MAX_NAME_LENGTH() external view returns (uint256);

    /// @notice Most tags of a model.
    function MAX_TAGS() external view returns (uint256);

    /// @notice Most bytes in a tag.
    function MAX_TAG_LENGTH() external view returns (uint256);
}
