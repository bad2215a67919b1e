// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Says what it does, as contracts in development do through the `console` of forge-std or Hardhat.
contract Chatter {
    address private constant CONSOLE = 0x000000000000000000636F6e736F6c652e6c6f67;

    uint256 public kept;

    function keep(uint256 value) external {
        say("to keep %d", value);
        kept = value;
        this.look();
    }

    function look() external view {
        say("has %d", kept);
    }

    function refuse() external view {
        say("about to refuse %d", kept);
        revert("enough said");
    }

    function say(string memory text, uint256 value) private view {
        (bool ok,) = CONSOLE.staticcall(abi.encodeWithSignature("log(string,uint256)", text, value));
        ok;
    }
}
