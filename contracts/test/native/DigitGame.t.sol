// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {DigitGame} from "../../examples/DigitGame.sol";
import {CompiledModel} from "./CompiledModel.sol";

/// @title The network that reads digits behind the game that is played against it
contract DigitGameNativeTest is CompiledModel {
    string private constant VECTORS = "contracts/test/vectors/examples.json";
    uint256 private constant STAKE = 1 ether;
    uint256 private constant PERIOD = 1 days;
    bytes32 private constant SALT = keccak256("salt");

    DigitGame private game;
    int256[] private inks;

    function setUp() public {
        address model = compileModel("digits", "int8", "cache/digit-game.fxp");
        game = new DigitGame(model, STAKE, PERIOD);
        inks = vm.parseJsonIntArray(vm.readFile(VECTORS), ".scans");
        vm.deal(ALICE, STAKE);
        vm.deal(BOB, STAKE);
    }

    function test_handwrittenDigitsAreRead() public view {
        for (uint256 want; want < 10; ++want) {
            (uint8 digit, int256 margin) = game.read(scanOf(want, 0));
            // The first 5 is the one of 360 scans that the float network, too, takes for another digit.
            vm.assertEq(uint256(digit), want == 5 ? 9 : want);
            if (want != 5) vm.assertGe(uint256(margin), 1e18);
        }
        // On white paper nothing is clear enough to count.
        (, int256 blank) = game.read(new bytes(64));
        vm.assertLt(uint256(blank), 0.25e18);
    }

    /// @dev Alice writes the digit. Bob rubs out what the network does not need.
    function test_lessInkWins() public {
        uint256 round = readableRound();
        vm.warp(block.timestamp + round * PERIOD);
        bytes memory written = scanOf(round % 10, game.holesOf(round));
        bytes memory rubbed = rubOut(round, scanOf(round % 10, game.holesOf(round)));
        vm.assertLt(inkOf(rubbed), inkOf(written));
        commit(ALICE, round, written);
        commit(BOB, round, rubbed);
        vm.warp(block.timestamp + PERIOD);
        vm.prank(BOB);
        game.reveal(round, rubbed, SALT);
        vm.prank(ALICE);
        game.reveal(round, written, SALT);
        vm.warp(block.timestamp + PERIOD);
        vm.prank(BOB);
        game.claim(round, payable(BOB));
        vm.assertEq(BOB.balance, 2 * STAKE);
    }

    /// @dev The least ink is none, and another digit needs less: neither is what was asked for.
    function test_aBlankOrAnotherDigitIsRefused() public {
        uint256 round = readableRound();
        vm.warp(block.timestamp + round * PERIOD);
        bytes memory another = scanOf((round + 1) % 10, game.holesOf(round));
        commit(ALICE, round, new bytes(64));
        commit(BOB, round, another);
        vm.warp(block.timestamp + PERIOD);
        vm.expectPartialRevert(DigitGame.NotRead.selector);
        vm.prank(ALICE);
        game.reveal(round, new bytes(64), SALT);
        vm.expectPartialRevert(DigitGame.NotRead.selector);
        vm.prank(BOB);
        game.reveal(round, another, SALT);
        // So nobody has won.
        vm.warp(block.timestamp + PERIOD);
        vm.prank(ALICE);
        game.takeBack(round, payable(ALICE));
        vm.prank(BOB);
        game.takeBack(round, payable(BOB));
    }

    /// @dev The first round on whose paper the handwritten digit is clear.
    function readableRound() private view returns (uint256 round) {
        for (; round < 20; ++round) {
            (uint8 digit, int256 margin) = game.read(scanOf(round % 10, game.holesOf(round)));
            if (digit == round % 10 && margin >= 1e18) return round;
        }
        vm.assertTrue(false, "no paper to write on");
    }

    /// @dev Without each pixel that it can be read without.
    function rubOut(uint256 round, bytes memory scan) private view returns (bytes memory) {
        for (uint256 i; i < 64; ++i) {
            bytes1 level = scan[i];
            if (level == 0) continue;
            scan[i] = 0;
            (uint8 digit, int256 margin) = game.read(scan);
            if (digit != round % 10 || margin < 1e18) scan[i] = level;
        }
        return scan;
    }

    function commit(address player, uint256 round, bytes memory scan) private {
        bytes32 commitment = game.commitmentOf(round, player, scan, SALT);
        vm.prank(player);
        game.commit{value: STAKE}(round, commitment);
    }

    /// @dev A handwritten digit, on paper with holes.
    function scanOf(uint256 digit, uint64 holes) private view returns (bytes memory scan) {
        scan = new bytes(64);
        for (uint256 i; i < 64; ++i) {
            if (holes >> i & 1 == 0) scan[i] = bytes1(uint8(uint256(inks[64 * digit + i])));
        }
    }

    function inkOf(bytes memory scan) private pure returns (uint256 ink) {
        for (uint256 i; i < 64; ++i) {
            ink += uint8(scan[i]);
        }
    }
}
