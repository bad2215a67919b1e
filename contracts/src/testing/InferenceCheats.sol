// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title The cheatcodes that inference in `forge test` needs
/// @notice Declared here, so that any version of forge-std fits beside it, or none.
interface InferenceCheats {
    /// @notice How a command ended.
    struct FfiResult {
        int32 exitCode;
        bytes stdout;
        bytes stderr;
    }

    function allowCheatcodes(address account) external;
    function envOr(string calldata name, string calldata otherwise)
        external
        view
        returns (string memory value);
    function etch(address target, bytes calldata code) external;
    function isFile(string calldata path) external view returns (bool result);
    function label(address account, string calldata name) external;
    function mockCall(address callee, bytes calldata data, bytes calldata returnData) external;
    function pauseGasMetering() external;
    function removeFile(string calldata path) external;
    function resumeGasMetering() external;
    function rpc(string calldata url, string calldata method, string calldata params)
        external
        returns (bytes memory result);
    function toString(address value) external pure returns (string memory text);
    function toString(bytes calldata value) external pure returns (string memory text);
    function toString(bytes32 value) external pure returns (string memory text);
    function toString(uint256 value) external pure returns (string memory text);
    function tryFfi(string[] calldata arguments) external returns (FfiResult memory result);
    function unixTime() external view returns (uint256 milliseconds);
    function writeFile(string calldata path, string calldata data) external;
}

/// @dev Where forge answers cheatcodes.
InferenceCheats constant INFERENCE_CHEATS =
    InferenceCheats(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
