// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title A model's token as wallets show it
interface IModelCard {
    /// @notice ERC-721 metadata as a `data:` URI: JSON with name, picture (a small SVG) and attributes
    /// (root, version, price, access, whether retired, tags). All of it comes from the registry.
    function uriOf(uint256 modelId) external view returns (string memory uri);
}
