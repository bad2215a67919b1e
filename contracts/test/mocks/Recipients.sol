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

/// @title A buyer that takes no money back
contract NoRefundBuyer {
    IInferenceGateway internal constant GATEWAY = IInferenceGateway(Predeploys.INFERENCE_GATEWAY);

    function buy(IInferenceGateway.Order calldata order, uint256 valueWei) external {
        int256[] memory input = new int256[](2);
        GATEWAY.inferenceWith{value: valueWei}(order, input);
    }
}

/// @title A buyer that buys again while it gets its refund
contract ReentrantBuyer is NoRefundBuyer {
    IInferenceGateway.Order private _order;

    /// @notice What buying again failed with.
    bytes public innerFailure;

    receive() external payable {
        try GATEWAY.inferenceWith{value: msg.value}(_order, new int256[](2)) {
            innerFailure = "";
        } catch (bytes memory failure) {
            innerFailure = failure;
        }
    }

    function setOrder(IInferenceGateway.Order calldata order) external {
        _order = order;
    }
}
