// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ITaskScheduler} from "../../src/interfaces/ITaskScheduler.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";

/// @title A target that counts, and answers what it is told to
contract CountingExecutor {
    uint256 public runs;
    address public runner;
    bytes private _answer;

    function run() external virtual {
        ++runs;
        runner = msg.sender;
    }

    /// @notice Answers this, as encoded.
    function setAnswer(bytes calldata answer) external {
        _answer = answer;
    }

    /// @notice As `IModelExecutor.getInferenceResult`, by its bytes.
    function getInferenceResult() external view virtual {
        bytes memory data = _answer;
        assembly ("memory-safe") {
            return(add(data, 0x20), mload(data))
        }
    }
}

/// @title A target that fails in every way that there is
contract BadExecutor is CountingExecutor {
    enum Way {
        Well,
        Revert,
        LongReason,
        BurnGas,
        ResultReverts,
        ResultBurnsGas,
        ResultTooLong
    }

    error Broken(uint256 value);

    Way public way;

    function setWay(Way way_) external {
        way = way_;
    }

    function run() external override {
        if (way == Way.Revert) revert Broken(7);
        if (way == Way.LongReason) {
            assembly {
                // Zeros.
                revert(0x10000, 100000)
            }
        }
        if (way == Way.BurnGas) {
            assembly {
                invalid()
            }
        }
        ++runs;
    }

    function getInferenceResult() external view override {
        if (way == Way.ResultReverts) revert Broken(8);
        if (way == Way.ResultBurnsGas) {
            assembly {
                invalid()
            }
        }
        uint256 length = way == Way.ResultTooLong ? 4128 : 64;
        assembly {
            mstore(0, 32)
            return(0, length)
        }
    }
}

/// @title A target that goes on without its model when there is too little gas
/// @notice The case that the gas limit is for.
contract ForgivingExecutor is CountingExecutor {
    uint256 public fallbacks;
    uint256 public gasSeen;

    function run() external override {
        gasSeen = gasleft();
        try this.work() {
            ++runs;
        } catch {
            ++fallbacks;
        }
    }

    /// @notice Needs some 300,000 gas.
    function work() external view {
        uint256 start = gasleft();
        while (start - gasleft() < 300_000) {}
    }
}

/// @title A target, recipient and owner that comes back in
contract ReentrantExecutor is CountingExecutor {
    ITaskScheduler private constant SCHEDULER = ITaskScheduler(Predeploys.TASK_SCHEDULER);

    bytes[] public failures;
    bytes[] private _calls;

    receive() external payable {
        if (_calls.length != 0) _attack();
    }

    /// @notice What to call from within.
    function setCalls(bytes[] calldata calls) external {
        delete _calls;
        for (uint256 i; i < calls.length; ++i) {
            _calls.push(calls[i]);
        }
    }

    function own(uint256 endTime, uint256 frequency) external payable returns (bytes32) {
        return SCHEDULER.registerTask{value: msg.value}(address(this), endTime, frequency);
    }

    function stop() external {
        SCHEDULER.stopTask(address(this));
    }

    function run() external override {
        ++runs;
        _attack();
    }

    function failureCount() external view returns (uint256) {
        return failures.length;
    }

    function _attack() private {
        delete failures;
        for (uint256 i; i < _calls.length; ++i) {
            (bool ok, bytes memory data) = Predeploys.TASK_SCHEDULER.call(_calls[i]);
            failures.push(ok ? bytes("went through") : data);
        }
    }
}

/// @title A recipient that refuses, or burns all gas
contract BadRecipient {
    bool public burns;

    constructor(bool burns_) {
        burns = burns_;
    }

    receive() external payable {
        if (burns) {
            assembly {
                invalid()
            }
        }
        revert("no money");
    }
}
