// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";

/// @title Builds receipts tries
/// @notice What a node does for each block: values under the RLP of their index, and the nodes on the
/// way to one of them. Written from the definition (Yellow Paper, appendix D), not from a verifier.
contract ReceiptTrie {
    bytes[] private _keys;
    bytes[] private _values;
    bytes[] private _path;

    /// @notice Adds the next transaction's receipt.
    function push(bytes memory receipt) external {
        _keys.push(nibbles(RLP.encode(_keys.length)));
        _values.push(receipt);
    }

    /// @notice The root, and the nodes from it to a receipt.
    function prove(uint256 index) external returns (bytes32 root, bytes[] memory nodes) {
        delete _path;
        uint256[] memory all = new uint256[](_keys.length);
        for (uint256 i; i < all.length; ++i) {
            all[i] = i;
        }
        bytes memory top = node(all, 0, index);
        // The root is always a node of its own, however short.
        if (top.length < 32) _path.push(top);
        root = keccak256(top);
        nodes = new bytes[](_path.length);
        for (uint256 i; i < nodes.length; ++i) {
            nodes[i] = _path[nodes.length - 1 - i];
        }
    }

    /// @dev The node of some keys that agree in their first `depth` nibbles.
    function node(uint256[] memory members, uint256 depth, uint256 wanted)
        private
        returns (bytes memory encoded)
    {
        bytes memory first = _keys[members[0]];
        if (members.length == 1) {
            encoded =
                pair(hexPrefix(first, depth, first.length, true), RLP.encode(_values[members[0]]));
        } else {
            uint256 end = depth;
            while (agree(members, end)) ++end;
            encoded = branch(members, end, wanted);
            if (end != depth) {
                encoded = pair(hexPrefix(first, depth, end, false), linkTo(encoded));
                record(members, wanted, encoded);
                return encoded;
            }
            return encoded;
        }
        record(members, wanted, encoded);
    }

    function branch(uint256[] memory members, uint256 depth, uint256 wanted)
        private
        returns (bytes memory encoded)
    {
        bytes[] memory items = new bytes[](17);
        items[16] = RLP.encode(bytes(""));
        for (uint256 nibble; nibble < 16; ++nibble) {
            uint256[] memory below = select(members, depth, nibble);
            items[nibble] =
                below.length == 0 ? RLP.encode(bytes("")) : linkTo(node(below, depth + 1, wanted));
        }
        encoded = RLP.encode(items);
        record(members, wanted, encoded);
    }

    /// @dev Deepest first; nodes that are part of others are not listed.
    function record(uint256[] memory members, uint256 wanted, bytes memory encoded) private {
        if (encoded.length < 32) return;
        for (uint256 i; i < members.length; ++i) {
            if (members[i] == wanted) _path.push(encoded);
        }
    }

    function select(uint256[] memory members, uint256 depth, uint256 nibble)
        private
        view
        returns (uint256[] memory selected)
    {
        selected = new uint256[](members.length);
        uint256 count;
        for (uint256 i; i < members.length; ++i) {
            if (uint8(_keys[members[i]][depth]) == nibble) selected[count++] = members[i];
        }
        assembly ("memory-safe") {
            // Not longer than it was.
            mstore(selected, count)
        }
    }

    function agree(uint256[] memory members, uint256 depth) private view returns (bool) {
        for (uint256 i; i < members.length; ++i) {
            if (_keys[members[i]][depth] != _keys[members[0]][depth]) return false;
        }
        return true;
    }

    function pair(bytes memory path, bytes memory encodedValue)
        private
        pure
        returns (bytes memory)
    {
        bytes[] memory items = new bytes[](2);
        (items[0], items[1]) = (RLP.encode(path), encodedValue);
        return RLP.encode(items);
    }

    function linkTo(bytes memory encoded) private pure returns (bytes memory) {
        return encoded.length < 32 ? encoded : RLP.encode(keccak256(encoded));
    }

    function hexPrefix(bytes memory path, uint256 from, uint256 to, bool isLeaf)
        private
        pure
        returns (bytes memory packed)
    {
        uint256 length = to - from;
        packed = new bytes(length / 2 + 1);
        uint8 flag = isLeaf ? 2 : 0;
        if (length % 2 == 1) {
            packed[0] = bytes1((flag + 1) * 16 + uint8(path[from++]));
        } else {
            packed[0] = bytes1(flag * 16);
        }
        for (uint256 i = 1; i < packed.length; ++i) {
            packed[i] = bytes1(uint8(path[from]) * 16 + uint8(path[from + 1]));
            from += 2;
        }
    }

    function nibbles(bytes memory key) private pure returns (bytes memory list) {
        list = new bytes(2 * key.length);
        for (uint256 i; i < key.length; ++i) {
            (list[2 * i], list[2 * i + 1]) = (key[i] >> 4, key[i] & 0x0f);
        }
    }
}
