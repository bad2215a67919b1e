// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Keeps ether for its depositors. It has one of everything that clients have to deal with: constructor
/// arguments, events with and without indexed fields, custom errors, and every way to fail.
contract Purse {
    event Deposited(address indexed owner, uint256 amount, string note);
    event Withdrawn(address indexed owner, address indexed to, uint256 amount);

    error InsufficientBalance(address owner, uint256 available, uint256 required);
    error Locked(uint256 until);

    enum Failure {
        Reason,
        Panic,
        Empty,
        AllGas
    }

    struct Account {
        uint256 balance;
        uint64 lockedUntil;
        bool seen;
    }

    /// Slot 0.
    uint256 public total;
    /// Slot 1.
    mapping(address owner => uint256 balance) public balanceOf;
    /// Slot 2.
    mapping(address owner => uint64 time) public lockedUntil;
    /// Slot 3.
    string public name;

    constructor(string memory name_) payable {
        name = name_;
        total = msg.value;
        balanceOf[msg.sender] = msg.value;
    }

    receive() external payable {
        deposit("");
    }

    function deposit(string memory note) public payable {
        balanceOf[msg.sender] += msg.value;
        total += msg.value;
        emit Deposited(msg.sender, msg.value, note);
    }

    /// Nothing can be withdrawn for some seconds from now on.
    function lock(uint64 time) external {
        lockedUntil[msg.sender] = uint64(block.timestamp) + time;
    }

    function withdraw(address payable to, uint256 amount) external {
        uint256 until = lockedUntil[msg.sender];
        if (block.timestamp < until) revert Locked(until);
        uint256 available = balanceOf[msg.sender];
        if (available < amount) revert InsufficientBalance(msg.sender, available, amount);
        balanceOf[msg.sender] = available - amount;
        total -= amount;
        emit Withdrawn(msg.sender, to, amount);
        (bool sent,) = to.call{value: amount}("");
        require(sent, "the recipient refused");
    }

    function accountOf(address owner) external view returns (Account memory) {
        return Account(balanceOf[owner], lockedUntil[owner], balanceOf[owner] != 0);
    }

    function fail(Failure failure) external pure {
        if (failure == Failure.Reason) revert("as asked");
        if (failure == Failure.Panic) assert(false);
        if (failure == Failure.Empty) {
            assembly {
                revert(0, 0)
            }
        }
        assembly {
            invalid()
        }
    }
}
