// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {DigitGame} from "../../examples/DigitGame.sol";
import {Digits} from "../../examples/models/Digits.sol";
import {IInference} from "../../src/interfaces/IInference.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {Harness} from "../Harness.sol";
import {DigitStub, GreedyPlayer} from "../mocks/DigitBench.sol";

contract DigitGameTest is Harness {
    DigitStub private constant STUB = DigitStub(Predeploys.INFERENCE);
    address private constant MODEL = address(0xD1617);
    uint256 private constant STAKE = 1 ether;
    uint256 private constant PERIOD = 1 days;
    bytes32 private constant SALT = keccak256("salt");

    DigitGame private game;

    function setUp() public {
        vm.etch(Predeploys.INFERENCE, type(DigitStub).runtimeCode);
        vm.warp(1_000_000);
        game = new DigitGame(MODEL, STAKE, PERIOD);
        STUB.set(0, 2e18, false);
        for (uint256 i; i < 3; ++i) {
            vm.deal(player(i), 10 ether);
        }
    }

    function test_theLeastInkTakesAllStakes() public {
        play(0, 90);
        play(1, 70);
        play(2, 80);
        nextPeriod();
        show(0, 90);
        show(1, 70);
        show(2, 80);
        (uint32 players, uint32 revealed, uint16 ink, address winner,) = game.rounds(0);
        vm.assertEq(uint256(players), 3);
        vm.assertEq(uint256(revealed), 3);
        vm.assertEq(uint256(ink), 70);
        vm.assertEq(winner, player(1));
        nextPeriod();
        vm.expectEmit(address(game));
        emit DigitGame.Won(0, player(1), CAROL, 3 * STAKE);
        uint256 before = CAROL.balance;
        vm.prank(player(1));
        game.claim(0, payable(CAROL));
        vm.assertEq(CAROL.balance - before, 3 * STAKE);
        vm.assertEq(address(game).balance, 0);
        expectNothing(0, 1);
        expectNothing(0, 0);
    }

    /// @dev Whoever reveals first.
    function test_ofEqualsTheFirstToCommitWins() public {
        play(2, 70);
        play(0, 70);
        play(1, 70);
        nextPeriod();
        show(1, 70);
        show(0, 70);
        show(2, 70);
        (,,, address winner,) = game.rounds(0);
        vm.assertEq(winner, player(2));
        vm.assertEq(address(game).balance, 3 * STAKE);
    }

    function test_whoDoesNotRevealLosesTheStakeToTheWinner() public {
        play(0, 10);
        play(1, 70);
        nextPeriod();
        show(1, 70);
        nextPeriod();
        expectNothing(0, 0);
        vm.prank(player(1));
        game.claim(0, payable(player(1)));
        vm.assertEq(player(1).balance, 11 ether);
    }

    function test_withoutAWinnerAllStakesGoBack() public {
        play(0, 10);
        play(1, 20);
        nextPeriod();
        STUB.set(7, 2e18, false);
        vm.expectRevert(
            abi.encodeWithSelector(DigitGame.NotRead.selector, uint8(0), uint8(7), int256(2e18))
        );
        show(0, 10);
        // The stakes are of round 0; another round's are not touched.
        play(2, 10);
        nextPeriod();
        for (uint256 i; i < 2; ++i) {
            vm.prank(player(i));
            game.takeBack(0, payable(player(i)));
            vm.assertEq(player(i).balance, 10 ether);
            expectNothing(0, i);
        }
        expectNothing(0, 2);
        vm.assertEq(address(game).balance, STAKE);
    }

    function test_aScanThatIsNotReadClearlyDoesNotCount() public {
        play(0, 10);
        nextPeriod();
        STUB.set(0, 1e18 - 1, false);
        vm.expectPartialRevert(DigitGame.NotRead.selector);
        show(0, 10);
        STUB.set(0, 1e18, true);
        vm.expectRevert(abi.encodeWithSelector(IInference.NotActivated.selector, MODEL));
        show(0, 10);
        // Once the model answers, the same scan counts.
        STUB.set(0, 1e18, false);
        show(0, 10);
    }

    function test_anothersScanOrCommitmentIsWorthNothing() public {
        bytes32 commitment = play(0, 50);
        // A copy of what is in the pool.
        vm.prank(player(1));
        game.commit{value: STAKE}(0, commitment);
        nextPeriod();
        show(0, 50);
        // Everybody knows scan and salt now.
        vm.expectPartialRevert(DigitGame.WrongCommitment.selector);
        show(1, 50);
        // It is too late to commit to it.
        bytes32 own = game.commitmentOf(0, player(2), scanOf(0, 49), SALT);
        vm.expectRevert(abi.encodeWithSelector(DigitGame.NotOpen.selector, 0, 1));
        vm.prank(player(2));
        game.commit{value: STAKE}(0, own);
    }

    function test_eachStepHasItsTime() public {
        play(0, 50);
        vm.expectRevert(abi.encodeWithSelector(DigitGame.NotRevealing.selector, 0, 0));
        show(0, 50);
        vm.expectRevert(abi.encodeWithSelector(DigitGame.NotOver.selector, 0, 0));
        game.claim(0, payable(BOB));
        vm.warp(1_000_000 + PERIOD - 1);
        play(1, 50);
        vm.warp(1_000_000 + 2 * PERIOD - 1);
        show(0, 50);
        vm.expectRevert(abi.encodeWithSelector(DigitGame.NotOver.selector, 0, 1));
        vm.prank(player(0));
        game.claim(0, payable(BOB));
        vm.warp(1_000_000 + 2 * PERIOD);
        vm.expectRevert(abi.encodeWithSelector(DigitGame.NotRevealing.selector, 0, 2));
        show(1, 50);
        vm.prank(player(0));
        game.claim(0, payable(BOB));
    }

    function test_aStakeIsExactAndOnceARound() public {
        bytes32 commitment = keccak256("c");
        vm.expectRevert(abi.encodeWithSelector(DigitGame.WrongStake.selector, STAKE - 1, STAKE));
        vm.prank(player(0));
        game.commit{value: STAKE - 1}(0, commitment);
        vm.expectRevert(abi.encodeWithSelector(DigitGame.EmptyCommitment.selector));
        vm.prank(player(0));
        game.commit{value: STAKE}(0, 0);
        play(0, 20);
        vm.expectRevert(abi.encodeWithSelector(DigitGame.AlreadyCommitted.selector, 0, player(0)));
        vm.prank(player(0));
        game.commit{value: STAKE}(0, commitment);
        nextPeriod();
        show(0, 20);
        // Not twice, and not in the next round.
        vm.expectPartialRevert(DigitGame.WrongCommitment.selector);
        show(0, 20);
    }

    function test_onlyTheRoundsPaperCounts() public {
        bytes memory short = new bytes(63);
        expectRefused(short, abi.encodeWithSelector(DigitGame.ScanLength.selector, 63, 64));
        bytes memory dark = scanOf(0, 5);
        uint256 place = placeOf(0, false);
        dark[place] = bytes1(uint8(17));
        expectRefused(dark, abi.encodeWithSelector(DigitGame.TooMuchInk.selector, place, 17));
        bytes memory holed = scanOf(0, 5);
        place = placeOf(0, true);
        holed[place] = bytes1(uint8(1));
        expectRefused(holed, abi.encodeWithSelector(DigitGame.InkInHole.selector, place));
    }

    function test_theHolesAreAQuarterAndElsewhereEachRound() public {
        uint256 holes;
        for (uint256 round; round < 100; ++round) {
            uint64 bits = game.holesOf(round);
            vm.assertEq(uint256(bits), holesIn(round));
            vm.assertTrue(bits != game.holesOf(round + 10), "again");
            for (; bits != 0; bits &= bits - 1) {
                ++holes;
            }
        }
        vm.assertTrue(holes > 1400 && holes < 1800, "a quarter of 6,400");
        DigitGame other = new DigitGame(MODEL, STAKE, PERIOD);
        vm.assertTrue(other.holesOf(0) != game.holesOf(0), "another game");
    }

    function test_onlyAGameThatMakesSenseIsBuilt() public {
        vm.expectPartialRevert(DigitGame.PeriodTooShort.selector);
        new DigitGame(MODEL, STAKE, 59);
        vm.expectPartialRevert(DigitGame.WrongStake.selector);
        new DigitGame(MODEL, 0, PERIOD);
        vm.expectPartialRevert(Digits.WrongModel.selector);
        new DigitGame(address(0xBAD), STAKE, PERIOD);
    }

    function test_callingBackWhilePaidGainsNothing() public {
        GreedyPlayer greedy = new GreedyPlayer{value: STAKE}(game);
        play(0, 50);
        bytes memory scan = scanOf(0, 40);
        greedy.commit(0, game.commitmentOf(0, address(greedy), scan, SALT));
        nextPeriod();
        greedy.reveal(scan, SALT);
        // Another round's stake is there to be had.
        play(2, 10);
        nextPeriod();
        greedy.claim(payable(greedy));
        vm.assertEq(greedy.refusedCalls(), 2);
        vm.assertEq(address(greedy).balance, 2 * STAKE);
        vm.assertEq(address(game).balance, STAKE);
    }

    /// @dev It can name somebody else, and no other player waits for it.
    function test_aPlayerWhoRefusesMoneyLocksNobodysNorItsOwn() public {
        GreedyPlayer stubborn = new GreedyPlayer{value: STAKE}(game);
        stubborn.setRefuses(true);
        stubborn.commit(0, keccak256("nothing"));
        play(0, 50);
        nextPeriod();
        nextPeriod();
        vm.expectRevert();
        stubborn.takeBack(payable(stubborn));
        vm.prank(player(0));
        game.takeBack(0, payable(player(0)));
        stubborn.takeBack(payable(CAROL));
        vm.assertEq(CAROL.balance, 11 ether);
        vm.assertEq(address(game).balance, 0);
    }

    /// @dev Whatever is played: what comes in goes out, and no more.
    function test_fuzz_everyRoundPaysOutWhatItTook(uint8[3] memory inks, uint8 shown) public {
        uint256 least = type(uint256).max;
        uint256 best;
        for (uint256 i; i < 3; ++i) {
            play(i, bound(inks[i], 1, 200));
        }
        nextPeriod();
        for (uint256 i; i < 3; ++i) {
            if (shown >> i & 1 == 0) continue;
            uint256 ink = bound(inks[i], 1, 200);
            show(i, ink);
            if (ink < least) (least, best) = (ink, i);
        }
        nextPeriod();
        if (least == type(uint256).max) {
            for (uint256 i; i < 3; ++i) {
                vm.prank(player(i));
                game.takeBack(0, payable(player(i)));
                vm.assertEq(player(i).balance, 10 ether);
            }
        } else {
            for (uint256 i; i < 3; ++i) {
                if (i != best) expectNothing(0, i);
            }
            vm.prank(player(best));
            game.claim(0, payable(player(best)));
            expectNothing(0, best);
            vm.assertEq(player(best).balance, 12 ether);
        }
        vm.assertEq(address(game).balance, 0);
    }

    function player(uint256 i) private pure returns (address) {
        return [ALICE, BOB, CAROL][i];
    }

    function nextPeriod() private {
        vm.warp(block.timestamp + PERIOD);
    }

    /// @dev Commits to a scan with so much ink, in the round that is open.
    function play(uint256 i, uint256 ink) private returns (bytes32 commitment) {
        uint256 round = game.currentRound();
        commitment = game.commitmentOf(round, player(i), scanOf(round, ink), SALT);
        vm.prank(player(i));
        game.commit{value: STAKE}(round, commitment);
    }

    /// @dev Reveals in round 0.
    function show(uint256 i, uint256 ink) private {
        bytes memory scan = scanOf(0, ink);
        vm.prank(player(i));
        game.reveal(0, scan, SALT);
    }

    /// @dev Neither the stakes nor a stake.
    function expectNothing(uint256 round, uint256 i) private {
        bytes memory nothing =
            abi.encodeWithSelector(DigitGame.NothingToPay.selector, round, player(i));
        vm.expectRevert(nothing);
        vm.prank(player(i));
        game.claim(round, payable(player(i)));
        vm.expectRevert(nothing);
        vm.prank(player(i));
        game.takeBack(round, payable(player(i)));
    }

    /// @dev The scan cannot be revealed, even by who has committed to it.
    function expectRefused(bytes memory scan, bytes memory failure) private {
        uint256 round = game.currentRound();
        address someone = address(uint160(uint256(keccak256(scan))));
        vm.deal(someone, STAKE);
        bytes32 commitment = game.commitmentOf(round, someone, scan, SALT);
        vm.prank(someone);
        game.commit{value: STAKE}(round, commitment);
        vm.warp(block.timestamp + PERIOD);
        vm.expectRevert(failure);
        vm.prank(someone);
        game.reveal(round, scan, SALT);
        vm.warp(block.timestamp - PERIOD);
    }

    function placeOf(uint256 round, bool hole) private view returns (uint256 place) {
        while ((holesIn(round) >> place & 1 != 0) != hole) ++place;
    }

    /// @dev `holesOf`, written again: a call would be the one that a test expects to fail.
    function holesIn(uint256 round) private view returns (uint256) {
        uint256 random = uint256(keccak256(abi.encode(address(game), round)));
        return random & (random >> 64) & type(uint64).max;
    }

    /// @dev So much ink on a round's paper.
    function scanOf(uint256 round, uint256 ink) private view returns (bytes memory scan) {
        scan = new bytes(64);
        uint256 holes = holesIn(round);
        for (uint256 i; ink != 0; ++i) {
            if (holes >> i & 1 != 0) continue;
            uint256 level = ink < 16 ? ink : 16;
            scan[i] = bytes1(uint8(level));
            ink -= level;
        }
    }
}
