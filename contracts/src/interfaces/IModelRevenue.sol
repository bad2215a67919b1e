// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Who shares in what a model earns
/// @notice Shares are in basis points of a call's price. The block's validator gets `validatorBps`,
/// each ancestor and each contributor its own, the owner all the rest, with what rounding down leaves.
/// @dev An ancestor's share is income of that model: its contributors have their basis points of it
/// too, its owner the rest. Shares that a model passes on to its ancestors were taken out before: a
/// model's lineage is flattened when it is registered, and never changes. A parent is registered
/// before its child, so no model is its own ancestor.
interface IModelRevenue {
    /// @notice Somebody who gets part of what a model earns.
    /// @param account Who.
    /// @param bps Basis points of each call's price.
    /// @param lockedUntil Until this time (unix seconds) no owner can remove the share or lower it.
    struct Contributor {
        address account;
        uint16 bps;
        uint64 lockedUntil;
    }

    /// @notice What another model gets of each call's price, in basis points.
    struct Share {
        uint256 modelId;
        uint16 bps;
    }

    /// @notice A model's lineage, as declared by its registrant; it never changes.
    event LineageSet(uint256 indexed modelId, Share[] parents);
    /// @notice A model's contributors have changed.
    event ContributorsSet(uint256 indexed modelId, Contributor[] contributors);
    /// @notice A contributor's share has moved to another account.
    event ShareMoved(uint256 indexed modelId, address indexed from, address indexed to);
    /// @notice The validators' share of a model's price has changed.
    event ValidatorShareSet(uint256 indexed modelId, uint256 bps);
    /// @notice The ERC-2981 royalty on sales of a model's token has changed.
    event RoyaltySet(uint256 indexed modelId, address indexed receiver, uint256 bps);

    /// @notice Validators, lineage and contributors together get more than the whole price.
    error SharesExceedPrice(uint256 totalBps);
    /// @notice More than a share's published bound.
    error ShareTooLarge(uint256 bps, uint256 maxBps);
    /// @notice Too many parents, ancestors that get a share, or contributors.
    error TooManyShares(uint256 got, uint256 max);
    /// @notice An account is named twice, is zero or cannot withdraw; or its share is nothing.
    error BadContributor(address account);
    /// @notice The same parent is named twice.
    error DuplicateParent(uint256 modelId);
    /// @notice A model is not its own parent.
    error OwnParent(uint256 modelId);
    /// @notice The owner has promised this share until `lockedUntil`.
    error ShareLocked(uint256 modelId, address account, uint64 lockedUntil);
    /// @notice The sender is not a contributor of this model.
    error NotContributor(uint256 modelId, address account);
    /// @notice Only the receiver of the royalty may change it, and raise it only while it owns the
    /// token.
    error NotRoyaltyReceiver(uint256 modelId, address account);

    /// @notice Replaces a model's contributors. A locked share can only be raised or locked longer.
    function setContributors(uint256 modelId, Contributor[] calldata contributors) external;

    /// @notice Moves the sender's share of a model, with its lock, to another account.
    function moveShare(uint256 modelId, address to) external;

    /// @notice Sets which part of the price goes to `block.coinbase`: at most `MAX_VALIDATOR_BPS`,
    /// and at most what lineage and contributors leave.
    function setValidatorShare(uint256 modelId, uint16 bps) external;

    /// @notice Sets the ERC-2981 royalty. Its receiver, at first the registrant, may lower it and hand
    /// it on; to raise it, the receiver must own the token too.
    function setRoyalty(uint256 modelId, address receiver, uint16 bps) external;

    /// @notice The owner and the contributors, who share a model's income.
    function payeesOf(uint256 modelId)
        external
        view
        returns (address owner, Contributor[] memory contributors);

    /// @notice The parents that a model's registrant declared, with the shares declared for them.
    function parentsOf(uint256 modelId) external view returns (Share[] memory);

    /// @notice Who gets what of a model's price, parents and their ancestors, each once.
    function ancestorsOf(uint256 modelId) external view returns (Share[] memory);

    /// @notice Most parents of a model.
    function MAX_PARENTS() external view returns (uint256);

    /// @notice Most ancestors that get a share of a model's price. A parent that is declared with a
    /// share of 0 adds none, so a line of descent can be of any length.
    function MAX_ANCESTORS() external view returns (uint256);

    /// @notice Most contributors of a model.
    function MAX_CONTRIBUTORS() external view returns (uint256);

    /// @notice Largest share of validators.
    function MAX_VALIDATOR_BPS() external view returns (uint256);

    /// @notice Largest share of all ancestors together.
    function MAX_LINEAGE_BPS() external view returns (uint256);

    /// @notice Largest ERC-2981 royalty.
    function MAX_ROYALTY_BPS() external view returns (uint256);
}
