// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// The cheatcodes that this project uses, under forge-std's names.
interface Vm {
    function assertEq(address, address) external pure;
    function assertEq(uint256, uint256) external pure;
    function assertEq(string calldata, string calldata) external pure;
    function createSelectFork(string calldata urlOrAlias) external returns (uint256);
    function createSelectFork(string calldata urlOrAlias, uint256 blockNumber)
        external
        returns (uint256);
    function deal(address, uint256) external;
    function envAddress(string calldata) external view returns (address);
    function expectEmit() external;
    function expectRevert(bytes calldata) external;
    function prank(address) external;
    function rpc(string calldata method, string calldata params) external returns (bytes memory);
    function startBroadcast() external;
    function stopBroadcast() external;
    function warp(uint256) external;
}

Vm constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
