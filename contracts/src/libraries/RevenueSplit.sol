// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title How an amount is shared
/// @notice Everybody but the last gets basis points of the whole, rounded down; the last gets what is
/// left. So the parts are the whole to the unit, as long as the shares are no more than a whole.
library RevenueSplit {
    /// @notice A whole, in basis points.
    uint256 internal constant WHOLE_BPS = 10_000;

    /// @notice Part of an amount, rounded down.
    /// @param amount At most 2^256 / 10,000; reverts beyond.
    /// @param bps Basis points of it.
    function part(uint256 amount, uint256 bps) internal pure returns (uint256) {
        return amount * bps / WHOLE_BPS;
    }
}
