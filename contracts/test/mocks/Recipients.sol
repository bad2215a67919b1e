// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IInferenceGateway} from "../../src/interfaces/IInferenceGateway.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";

/// @title An owner that cannot receive money
contract NonPayableOwner {
    IInferenceGateway private constant GATEWAY = IInferenceGateway(Predeploys.INFERENCE_GATEWAY);

    function withdraw() external {
        GATEWAY.withdraw();
    }

    function withdrawTo(address payable to) external {
        GATEWAY.withdrawTo(to);
    }
}

/// @title An owner that asks for its money again while it is being paid
contract ReentrantOwner {
    IInferenceGateway private constant GATEWAY = IInferenceGateway(Predeploys.INFERENCE_GATEWAY);

    /// @notice What the inner withdrawal failed with.
    bytes public innerFailure;

    receive() external payable {
        try GATEWAY.withdraw() {
            innerFailure = "";
        } catch (bytes memory failure) {
            innerFailure = failure;
        }
    }

    function withdraw() external {
        GATEWAY.withdraw();
    }
}
