// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title A contract whose only point is who created it
contract Created {
    receive() external payable {}
}
