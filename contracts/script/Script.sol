// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @dev The cheatcodes that scripts use.
interface ScriptVm {
    function envAddress(string calldata name) external view returns (address value);
    function envUint(string calldata name) external view returns (uint256 value);
    function envUint(string calldata name, string calldata delimiter)
        external
        view
        returns (uint256[] memory values);
    function startBroadcast() external;
    function stopBroadcast() external;
}

/// @title Base of all scripts
abstract contract Script {
    ScriptVm internal constant vm = ScriptVm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    bool public constant IS_SCRIPT = true;
}
