// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title A contract that signs what it has agreed to
contract ContractSigner is IERC1271 {
    mapping(bytes32 digest => bool) private _agreed;

    function agree(bytes32 digest) external {
        _agreed[digest] = true;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return _agreed[digest] ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}
