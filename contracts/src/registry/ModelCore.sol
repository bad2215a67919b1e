// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC2981} from "@openzeppelin/contracts/token/common/ERC2981.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IModelTerms} from "../interfaces/IModelTerms.sol";
import {Predeploys} from "../libraries/Predeploys.sol";

/// @title What all parts of the registry share
/// @notice Ownership, and the slot that every call of a model reads.
/// @dev The token's name and symbol, which OpenZeppelin's constructor would store, are overridden: a
/// predeploy has no constructor.
abstract contract ModelCore is ERC721("", ""), ERC2981, IModelRegistry {
    /// @dev One storage slot.
    struct Core {
        address latestRoot;
        uint32 latestVersion;
        uint16 validatorBps;
        uint16 contributorBps;
        uint8 contributorCount;
        uint8 ancestorCount;
        IModelTerms.Access access;
        bool retired;
    }

    /// @dev A whole, in basis points.
    uint256 internal constant WHOLE_BPS = 10_000;

    mapping(uint256 modelId => Core) internal _core;

    /// @notice The token collection's name.
    function name() public pure override returns (string memory) {
        return "Fixpoint Models";
    }

    /// @notice The token collection's symbol.
    function symbol() public pure override returns (string memory) {
        return "FXP";
    }

    /// @notice ERC-165: ERC-721 with metadata, ERC-2981.
    function supportsInterface(bytes4 interfaceId)
        public
        view
        override(ERC721, ERC2981)
        returns (bool)
    {
        return super.supportsInterface(interfaceId);
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

    function _checkOwner(uint256 modelId) internal view {
        address owner = _requireOwned(modelId);
        if (owner != msg.sender) revert NotModelOwner(modelId, msg.sender, owner);
    }

    /// @dev The gate of all of a model's versions.
    function _gateOfModel(uint256 modelId) internal view returns (address) {
        return _gateOf(_core[modelId].latestRoot);
    }

    /// @dev The gate in a root's code, which never changes: unlike the precompile's record, which a
    /// fork may put out of date, and then no owner could change a price.
    function _gateOf(address root) internal view returns (address gate) {
        assembly ("memory-safe") {
            // Scratch space: 20 bytes behind magic and version, right-aligned in a clean word.
            mstore(0, 0)
            extcodecopy(root, 12, 5, 20)
            gate := mload(0)
        }
    }
}
