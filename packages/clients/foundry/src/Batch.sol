// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Code that an account delegates to (EIP-7702) to send several calls in one transaction.
contract Batch {
    struct Call {
        address to;
        uint256 value;
        bytes data;
    }

    event Executed(address indexed account, uint256 calls);

    error NotTheAccount(address caller);

    function execute(Call[] calldata calls) external payable {
        if (msg.sender != address(this)) revert NotTheAccount(msg.sender);
        for (uint256 i; i < calls.length; i++) {
            (bool done, bytes memory answer) =
                calls[i].to.call{value: calls[i].value}(calls[i].data);
            if (!done) {
                assembly {
                    revert(add(answer, 32), mload(answer))
                }
            }
        }
        emit Executed(address(this), calls.length);
    }

    receive() external payable {}
}
