// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {RevenueSplit} from "../../src/libraries/RevenueSplit.sol";

/// @title Why the owner's part of a price never falls below zero
/// @notice `make halmos` proves each function for all arguments within its `require`s.
/// @dev By induction over the payees: if the first have `taken <= part(amount, sum)`, then with one
/// more of `bps` they have at most `part(amount, sum) + part(amount, bps)`, which is at most
/// `part(amount, sum + bps)`: a part is a quotient (0), products add up (1), and two quotients, rounded
/// down, are no more than the quotient of the sum (2). In the end the shares are no more than a whole,
/// so all of them have no more than the amount (3). Nothing on the way overflows (4).
contract RevenueSplitProofs {
    uint256 private constant WHOLE = RevenueSplit.WHOLE_BPS;
    /// @dev The largest amount that `part` takes.
    uint256 private constant MAX_AMOUNT = type(uint256).max / WHOLE;

    /// @dev 0.
    function check_aPartIsAQuotient(uint256 amount, uint16 bps) external pure {
        require(amount <= MAX_AMOUNT && bps <= WHOLE);
        unchecked {
            assert(RevenueSplit.part(amount, bps) == amount * bps / WHOLE);
        }
    }

    /// @dev 1.
    function check_productsAddUp(uint256 amount, uint16 sum, uint16 bps) external pure {
        require(amount <= MAX_AMOUNT && uint256(sum) + bps <= WHOLE);
        unchecked {
            uint256 apart = amount * sum + amount * bps;
            assert(amount * (uint256(sum) + bps) == apart);
        }
    }

    /// @dev 2.
    function check_twoQuotientsAreNoMoreThanOne(uint256 first, uint256 second) external pure {
        require(first <= type(uint256).max - second);
        assert(first / WHOLE + second / WHOLE <= (first + second) / WHOLE);
    }

    /// @dev 3.
    function check_aPartIsNoMoreThanTheAmount(uint256 amount, uint16 bps) external pure {
        require(amount <= MAX_AMOUNT && bps <= WHOLE);
        assert(RevenueSplit.part(amount, bps) <= amount);
    }

    /// @dev 4.
    function check_aPartDoesNotOverflow(uint256 amount, uint16 bps) external view {
        require(amount <= MAX_AMOUNT && bps <= WHOLE);
        try this.part(amount, bps) {}
        catch {
            assert(false);
        }
    }

    /// @notice A call frame of its own, to see it fail.
    function part(uint256 amount, uint256 bps) external pure returns (uint256) {
        return RevenueSplit.part(amount, bps);
    }
}
