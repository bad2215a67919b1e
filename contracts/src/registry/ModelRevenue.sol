// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IModelRevenue} from "../interfaces/IModelRevenue.sol";
import {Predeploys} from "../libraries/Predeploys.sol";
import {ModelCore} from "./ModelCore.sol";

/// @title Contributors, lineage, validators' share, royalty
/// @notice See `IModelRevenue`.
abstract contract ModelRevenue is ModelCore {
    /// @inheritdoc IModelRevenue
    uint256 public constant MAX_PARENTS = 4;
    /// @inheritdoc IModelRevenue
    uint256 public constant MAX_ANCESTORS = 8;
    /// @inheritdoc IModelRevenue
    uint256 public constant MAX_CONTRIBUTORS = 8;
    /// @inheritdoc IModelRevenue
    uint256 public constant MAX_VALIDATOR_BPS = 2000;
    /// @inheritdoc IModelRevenue
    uint256 public constant MAX_LINEAGE_BPS = 5000;
    /// @inheritdoc IModelRevenue
    uint256 public constant MAX_ROYALTY_BPS = 1000;

    /// @dev How many are in use is in the model's core.
    mapping(uint256 modelId => Contributor[MAX_CONTRIBUTORS]) private _contributors;
    mapping(uint256 modelId => Share[MAX_ANCESTORS]) private _ancestors;
    mapping(uint256 modelId => Share[]) private _parents;

    /// @inheritdoc IModelRevenue
    function setContributors(uint256 modelId, Contributor[] calldata contributors) external {
        _checkOwner(modelId);
        _checkLocks(modelId, contributors);
        _setContributors(modelId, contributors);
    }

    /// @inheritdoc IModelRevenue
    function moveShare(uint256 modelId, address to) external {
        // Check: the sender has a share, the other account has none.
        Contributor[] memory contributors = contributorsOf(modelId);
        uint256 own = contributors.length;
        for (uint256 i; i < contributors.length; ++i) {
            address account = contributors[i].account;
            if (account == to) revert BadContributor(to);
            if (account == msg.sender) own = i;
        }
        if (own == contributors.length) revert NotContributor(modelId, msg.sender);
        _checkPayable(to);

        // Effect: the same share, the same lock.
        _contributors[modelId][own].account = to;
        emit ShareMoved(modelId, msg.sender, to);
    }

    /// @inheritdoc IModelRevenue
    function setValidatorShare(uint256 modelId, uint16 bps) external {
        _checkOwner(modelId);
        _setValidatorShare(modelId, bps);
    }

    /// @inheritdoc IModelRevenue
    function setRoyalty(uint256 modelId, address receiver, uint16 bps) external {
        (address current,) = royaltyInfo(modelId, 0);
        address owner = _requireOwned(modelId);
        bool raised = bps > _royaltyBps(modelId);
        if (msg.sender != current || (raised && msg.sender != owner)) {
            revert NotRoyaltyReceiver(modelId, msg.sender);
        }
        _setRoyalty(modelId, receiver, bps);
    }

    /// @inheritdoc IModelRevenue
    function payeesOf(uint256 modelId)
        external
        view
        returns (address owner, Contributor[] memory contributors)
    {
        return (_requireOwned(modelId), contributorsOf(modelId));
    }

    /// @inheritdoc IModelRevenue
    function parentsOf(uint256 modelId) external view returns (Share[] memory) {
        _requireOwned(modelId);
        return _parents[modelId];
    }

    /// @inheritdoc IModelRevenue
    function ancestorsOf(uint256 modelId) public view returns (Share[] memory ancestors) {
        _requireOwned(modelId);
        ancestors = new Share[](_core[modelId].ancestorCount);
        for (uint256 i; i < ancestors.length; ++i) {
            ancestors[i] = _ancestors[modelId][i];
        }
    }

    /// @dev A model's contributors, in the order in which they were named.
    function contributorsOf(uint256 modelId) internal view returns (Contributor[] memory list) {
        list = new Contributor[](_core[modelId].contributorCount);
        for (uint256 i; i < list.length; ++i) {
            list[i] = _contributors[modelId][i];
        }
    }

    /// @dev Parents are registered before their children, so nobody's ancestor is its descendant; only
    /// the model itself, whose token exists by now, has to be refused.
    function _setLineage(uint256 modelId, Share[] calldata parents) internal {
        if (parents.length > MAX_PARENTS) revert TooManyShares(parents.length, MAX_PARENTS);
        // One more than there may be, for each parent: room to count what is too many.
        Share[] memory flat = new Share[](MAX_PARENTS * (MAX_ANCESTORS + 1));
        uint256 count;
        uint256 total;
        for (uint256 i; i < parents.length; ++i) {
            _requireOwned(parents[i].modelId);
            if (parents[i].modelId == modelId) revert OwnParent(modelId);
            for (uint256 j; j < i; ++j) {
                if (parents[j].modelId == parents[i].modelId) {
                    revert DuplicateParent(parents[i].modelId);
                }
            }
            total += parents[i].bps;
            if (total > MAX_LINEAGE_BPS) revert ShareTooLarge(total, MAX_LINEAGE_BPS);
            count = _flatten(flat, count, parents[i]);
            _parents[modelId].push(parents[i]);
        }
        if (count > MAX_ANCESTORS) revert TooManyShares(count, MAX_ANCESTORS);
        for (uint256 i; i < count; ++i) {
            _ancestors[modelId][i] = flat[i];
        }
        // At most MAX_ANCESTORS.
        // forge-lint: disable-next-line(unsafe-typecast)
        _core[modelId].ancestorCount = uint8(count);
        emit LineageSet(modelId, parents);
    }

    function _setContributors(uint256 modelId, Contributor[] calldata list) internal {
        if (list.length > MAX_CONTRIBUTORS) revert TooManyShares(list.length, MAX_CONTRIBUTORS);
        uint256 total;
        for (uint256 i; i < list.length; ++i) {
            _checkPayable(list[i].account);
            if (list[i].bps == 0) revert BadContributor(list[i].account);
            for (uint256 j; j < i; ++j) {
                if (list[j].account == list[i].account) revert BadContributor(list[i].account);
            }
            total += list[i].bps;
            _contributors[modelId][i] = list[i];
        }
        _checkSum(modelId, _core[modelId].validatorBps, total);
        // At most MAX_CONTRIBUTORS, and at most WHOLE_BPS.
        // forge-lint: disable-next-line(unsafe-typecast)
        _core[modelId].contributorCount = uint8(list.length);
        // forge-lint: disable-next-line(unsafe-typecast)
        _core[modelId].contributorBps = uint16(total);
        emit ContributorsSet(modelId, list);
    }

    function _setValidatorShare(uint256 modelId, uint16 bps) internal {
        if (bps > MAX_VALIDATOR_BPS) revert ShareTooLarge(bps, MAX_VALIDATOR_BPS);
        _checkSum(modelId, bps, _core[modelId].contributorBps);
        _core[modelId].validatorBps = bps;
        emit ValidatorShareSet(modelId, bps);
    }

    function _setRoyalty(uint256 modelId, address receiver, uint16 bps) internal {
        if (bps > MAX_ROYALTY_BPS) revert ShareTooLarge(bps, MAX_ROYALTY_BPS);
        _setTokenRoyalty(modelId, receiver, bps);
        emit RoyaltySet(modelId, receiver, bps);
    }

    /// @dev Splits a parent's share between it and its ancestors, as its own price is split. Rounding
    /// down leaves the parent what it does not pass on. Returns how many entries there are.
    function _flatten(Share[] memory flat, uint256 count, Share calldata parent)
        private
        view
        returns (uint256)
    {
        if (parent.bps == 0) return count;
        Share[] memory above = ancestorsOf(parent.modelId);
        uint256 rest = parent.bps;
        for (uint256 i; i < above.length; ++i) {
            uint256 passedOn = uint256(parent.bps) * above[i].bps / WHOLE_BPS;
            rest -= passedOn;
            count = _add(flat, count, above[i].modelId, passedOn);
        }
        return _add(flat, count, parent.modelId, rest);
    }

    function _add(Share[] memory flat, uint256 count, uint256 modelId, uint256 bps)
        private
        pure
        returns (uint256)
    {
        if (bps == 0) return count;
        uint256 i;
        while (i < count && flat[i].modelId != modelId) ++i;
        flat[i].modelId = modelId;
        // All of them together are at most MAX_LINEAGE_BPS.
        // forge-lint: disable-next-line(unsafe-typecast)
        flat[i].bps += uint16(bps);
        return i == count ? count + 1 : count;
    }

    /// @dev Check: what has been promised is still there.
    function _checkLocks(uint256 modelId, Contributor[] calldata list) private view {
        Contributor[] memory old = contributorsOf(modelId);
        for (uint256 i; i < old.length; ++i) {
            if (old[i].lockedUntil <= block.timestamp) continue;
            uint256 j;
            while (j < list.length && list[j].account != old[i].account) ++j;
            if (
                j == list.length || list[j].bps < old[i].bps
                    || list[j].lockedUntil < old[i].lockedUntil
            ) {
                revert ShareLocked(modelId, old[i].account, old[i].lockedUntil);
            }
        }
    }

    function _checkSum(uint256 modelId, uint256 validatorBps, uint256 contributorBps) private view {
        uint256 total = validatorBps + contributorBps;
        Share[] memory ancestors = ancestorsOf(modelId);
        for (uint256 i; i < ancestors.length; ++i) {
            total += ancestors[i].bps;
        }
        if (total > WHOLE_BPS) revert SharesExceedPrice(total);
    }

    function _checkPayable(address account) private pure {
        if (account == address(0) || Predeploys.includes(account)) revert BadContributor(account);
    }

    function _royaltyBps(uint256 modelId) private view returns (uint256 bps) {
        (, bps) = royaltyInfo(modelId, WHOLE_BPS);
    }
}
