// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Credits} from "../../src/gateway/Credits.sol";
import {IModelRevenue} from "../../src/interfaces/IModelRevenue.sol";
import {IModelTerms} from "../../src/interfaces/IModelTerms.sol";

/// @title Splits are the price, to the unit
/// @notice `make halmos` proves it on the gateway's own code. That the split goes through at all is
/// proved in `RevenueSplitProofs`.
contract CreditsProofs is Credits {
    address private constant OWNER = address(0x1001);
    address private constant FIRST = address(0x1002);
    address private constant SECOND = address(0x1003);
    uint256 private constant MODEL = 1;
    uint256 private constant PARENT = 2;
    uint256 private constant GRANDPARENT = 3;

    function check_splitsAreThePrice(uint96 price, uint16[5] calldata bps, address token) external {
        IModelTerms.CallTerms memory terms;
        (terms.owner, terms.token, terms.validatorBps) = (OWNER, token, bps[0]);
        terms.contributors = new IModelRevenue.Contributor[](2);
        terms.contributors[0] = IModelRevenue.Contributor(FIRST, bps[1], 0);
        terms.contributors[1] = IModelRevenue.Contributor(SECOND, bps[2], 0);
        terms.ancestors = new IModelRevenue.Share[](2);
        terms.ancestors[0] = IModelRevenue.Share(PARENT, bps[3]);
        terms.ancestors[1] = IModelRevenue.Share(GRANDPARENT, bps[4]);

        uint256 before = sum(token);
        _split(MODEL, terms, price);
        unchecked {
            assert(sum(token) - before == price);
        }
    }

    function sum(address token) private view returns (uint256) {
        unchecked {
            return this.earningsIn(token, OWNER) + this.earningsIn(token, FIRST)
                + this.earningsIn(token, SECOND) + this.earningsIn(token, block.coinbase)
                + this.potOf(PARENT, token) + this.potOf(GRANDPARENT, token);
        }
    }
}
