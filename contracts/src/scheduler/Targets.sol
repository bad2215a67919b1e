// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Calls of contracts that nobody vouches for
/// @notice Exact gas, no value, and no more return data copied than asked for.
library Targets {
    /// @dev What lies between the check of gas and the call itself: a cold account and memory.
    uint256 private constant CALL_OVERHEAD = 10_000;

    /// @notice Gas that has to be left so that a call gets `gasLimit`: the EVM keeps back a 64th.
    function gasFor(uint256 gasLimit) internal pure returns (uint256) {
        return gasLimit + gasLimit / 63 + 1 + CALL_OVERHEAD;
    }

    /// @notice Calls a function without arguments.
    function run(address target, bytes4 selector, uint256 gasLimit) internal returns (bool ok) {
        assembly ("memory-safe") {
            mstore(0, selector)
            ok := call(gasLimit, target, 0, 0, 4, 0, 0)
        }
    }

    /// @notice The same statically.
    function read(address target, bytes4 selector, uint256 gasLimit)
        internal
        view
        returns (bool ok)
    {
        assembly ("memory-safe") {
            mstore(0, selector)
            ok := staticcall(gasLimit, target, 0, 4, 0, 0)
        }
    }

    /// @notice Sends value.
    function pay(address to, uint256 amountWei) internal returns (bool ok) {
        assembly ("memory-safe") {
            ok := call(gas(), to, amountWei, 0, 0, 0, 0)
        }
    }

    /// @notice Length of what the last call returned.
    function returnedLength() internal pure returns (uint256 length) {
        assembly ("memory-safe") {
            length := returndatasize()
        }
    }

    /// @notice What the last call returned, cut at `max` bytes.
    function returned(uint256 max) internal pure returns (bytes memory data) {
        uint256 length = returnedLength();
        if (length > max) length = max;
        data = new bytes(length);
        assembly ("memory-safe") {
            returndatacopy(add(data, 0x20), 0, length)
        }
    }

    /// @notice Whether data begins as the ABI encoding of one dynamic struct does: with its offset, 32.
    function isStruct(bytes memory data) internal pure returns (bool) {
        return data.length > 32 && bytes32(data) == bytes32(uint256(32));
    }

    /// @notice Ends the call by returning a list of structs, each given by its own encoding.
    /// @dev `bytes[]` and a list of dynamic structs are encoded alike: offsets, each from behind the
    /// list's length, then the elements. An element's encoding begins behind its length and its offset of
    /// 32; so each offset is moved by these two words.
    function returnAsStructs(bytes[] memory encodings) internal pure {
        bytes memory list = abi.encode(encodings);
        assembly ("memory-safe") {
            // Behind the length of `list`, the list's offset, and the list's length.
            let offset := add(list, 0x60)
            let end := add(offset, shl(5, mload(encodings)))
            for {} lt(offset, end) { offset := add(offset, 0x20) } {
                mstore(offset, add(mload(offset), 0x40))
            }
            return(add(list, 0x20), mload(list))
        }
    }
}
