// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {DigitGame} from "../../examples/DigitGame.sol";
import {Digits} from "../../examples/models/Digits.sol";
import {IInference} from "../../src/interfaces/IInference.sol";

/// @title A precompile that reads the digit that it is told to
contract DigitStub {
    uint8 private _digit;
    int256 private _margin;
    bool private _fails;

    function set(uint8 digit, int256 margin, bool fails) external {
        (_digit, _margin, _fails) = (digit, margin, fails);
    }

    function modelInfo(address model) external pure returns (IInference.ModelInfo memory info) {
        if (model != address(0xBAD)) info.contentHash = Digits.CONTENT_HASH;
    }

    function inference(address model, int256[] calldata)
        external
        view
        returns (int256[] memory scores)
    {
        if (_fails) revert IInference.NotActivated(model);
        scores = new int256[](10);
        for (uint256 i; i < 10; ++i) {
            scores[i] = -1e18;
        }
        scores[_digit] = _margin - 1e18;
    }
}

/// @title A player who is a contract, and calls back when it is paid
contract GreedyPlayer {
    DigitGame private immutable GAME;
    uint256 private _round;
    bool public refuses;
    uint256 public refusedCalls;

    constructor(DigitGame game) payable {
        GAME = game;
    }

    function setRefuses(bool refuses_) external {
        refuses = refuses_;
    }

    function commit(uint256 round, bytes32 commitment) external {
        _round = round;
        GAME.commit{value: GAME.stakeWei()}(round, commitment);
    }

    function reveal(bytes calldata scan, bytes32 salt) external {
        GAME.reveal(_round, scan, salt);
    }

    function claim(address payable to) external {
        GAME.claim(_round, to);
    }

    function takeBack(address payable to) external {
        GAME.takeBack(_round, to);
    }

    receive() external payable {
        require(!refuses, "refused");
        try GAME.claim(_round, payable(this)) {}
        catch {
            ++refusedCalls;
        }
        try GAME.takeBack(_round, payable(this)) {}
        catch {
            ++refusedCalls;
        }
    }
}
