// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Holds ether until a time, for its owner.
contract Lockbox {
    event Opened(address indexed owner, uint256 amount);

    error NotTheOwner(address caller);
    error TooEarly(uint256 time, uint256 opens);

    address payable public immutable owner;
    uint256 public immutable opens;

    constructor(uint256 opens_) payable {
        require(opens_ > block.timestamp, "opens in the past");
        opens = opens_;
        owner = payable(msg.sender);
    }

    function open() external {
        if (block.timestamp < opens) revert TooEarly(block.timestamp, opens);
        if (msg.sender != owner) revert NotTheOwner(msg.sender);
        uint256 amount = address(this).balance;
        emit Opened(owner, amount);
        (bool sent,) = owner.call{value: amount}("");
        require(sent, "the owner refused");
    }
}
