// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";

/// @title Who created a contract
/// @notice A contract's address proves it, if the creator used CREATE or a transaction: an account that
/// knows with which nonce can act for a contract that knows nothing of us.
library Creation {
    using RLP for RLP.Encoder;

    /// @notice What an account's CREATE with a nonce makes: the last 20 bytes of
    /// keccak256(RLP([creator, nonce])).
    function addressOf(address creator, uint64 nonce) internal pure returns (address) {
        bytes memory list = RLP.encoder().push(creator).push(uint256(nonce)).encode();
        return address(uint160(uint256(keccak256(list))));
    }
}
