// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {GoodToken} from "./Tokens.sol";

/// @title A recipient that answers with a megabyte
contract BombRecipient {
    receive() external payable {
        assembly {
            return(0, 0x100000)
        }
    }
}

/// @title A recipient that needs gas to be paid
contract SlowRecipient {
    uint256 public received;

    receive() external payable {
        uint256 start = gasleft();
        while (start - gasleft() < 100_000) {}
        received += msg.value;
    }
}

/// @title A token whose permits burn all gas
contract BurningPermitToken is GoodToken {
    function permit(address, address, uint256, uint256, uint8, bytes32, bytes32)
        public
        pure
        override
    {
        assembly {
            invalid()
        }
    }
}

/// @title A token that has two addresses, with the same balances behind both
contract TwinToken {
    TwinToken private immutable ledger;
    mapping(address account => uint256) private _balances;

    /// @param ledger_ The other address, which has the balances; zero for the one that has them.
    constructor(TwinToken ledger_) {
        ledger = address(ledger_) == address(0) ? this : ledger_;
    }

    function mint(address to, uint256 amount) external {
        _balances[to] += amount;
    }

    /// @notice For the twin, which is trusted here.
    function move(address from, address to, uint256 amount) public {
        _balances[from] -= amount;
        _balances[to] += amount;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        ledger.move(msg.sender, to, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        ledger.move(from, to, amount);
        return true;
    }

    function balanceOf(address account) external view returns (uint256) {
        return address(ledger) == address(this) ? _balances[account] : ledger.balanceOf(account);
    }
}

/// @title An account that runs somebody else's code as its own
contract CodeBorrower {
    address private immutable LENDER;

    constructor(address lender) {
        LENDER = lender;
    }

    fallback() external payable {
        address lender = LENDER;
        assembly {
            calldatacopy(0, 0, calldatasize())
            let ok := delegatecall(gas(), lender, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if ok { return(0, returndatasize()) }
            revert(0, returndatasize())
        }
    }
}
