// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Sorting
/// @notice Heapsort: n log n steps for any input, where a quicksort's pivot lets some orders (prices
/// that rise) take n^2, and no memory of its own.
/// @dev In words of memory and without checks, since it is most of a median's gas. Every pointer stays
/// between the list's first word and `end`: a parent is one that was handed in or a child that was found
/// to be there.
library Sorting {
    /// @notice Sorts a list in place, the smallest first.
    function sort(int256[] memory list) internal pure {
        unchecked {
            uint256 length = list.length;
            for (uint256 i = length / 2; i > 0; --i) {
                _sink(list, i - 1, length);
            }
            for (uint256 end = length; end > 1; --end) {
                (list[0], list[end - 1]) = (list[end - 1], list[0]);
                _sink(list, 0, end - 1);
            }
        }
    }

    /// @dev Moves a number down below all that are larger, among the first `end`.
    function _sink(int256[] memory list, uint256 parent, uint256 end) private pure {
        assembly ("memory-safe") {
            let first := add(list, 0x20)
            let last := add(first, shl(5, end))
            let hole := add(first, shl(5, parent))
            let sinking := mload(hole)
            for {} 1 {} {
                // Child of i is 2 i + 1.
                let child := add(sub(shl(1, hole), first), 0x20)
                if iszero(lt(child, last)) { break }
                let larger := mload(child)
                let sibling := add(child, 0x20)
                if lt(sibling, last) {
                    let other := mload(sibling)
                    if sgt(other, larger) {
                        larger := other
                        child := sibling
                    }
                }
                if iszero(sgt(larger, sinking)) { break }
                mstore(hole, larger)
                hole := child
            }
            mstore(hole, sinking)
        }
    }
}
