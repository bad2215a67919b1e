// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Inference} from "fixpoint/libraries/Inference.sol";
import {Digits} from "./models/Digits.sol";

/// @title Least ink: draw a digit with as little ink as a network still reads
/// @notice Each round asks for a digit, on paper with holes. Players stake the same, and commit to a scan
/// without showing it. Then they show it; of the scans that the model reads clearly as the digit, the
/// one with the least ink takes all stakes of the round.
/// @dev Rounds follow the clock: round `n` takes commitments in the `n`th period since the game was
/// deployed and reveals in the next one, while round `n + 1` takes commitments. A commitment binds its
/// player, and nobody can commit after the first reveal, so nothing is gained by copying. Nobody has a key.
contract DigitGame {
    /// @notice A round, as far as it has been played.
    /// @param players How many have staked.
    /// @param revealed How many have shown a scan that counts.
    /// @param ink The least ink of those.
    /// @param winner Who used it; of equals, who committed first.
    /// @param paid Whether the winner has been paid.
    struct Round {
        uint32 players;
        uint32 revealed;
        uint16 ink;
        address winner;
        bool paid;
    }

    /// @notice What a player has committed to.
    /// @param hash `commitmentOf` the scan; zero once it has been shown, or the stake taken back.
    /// @param order The number of players before.
    struct Entry {
        bytes32 hash;
        uint32 order;
    }

    /// @notice Pixels of a scan, eight rows of eight, and the ink of the darkest.
    uint256 public constant SCAN_LENGTH = Digits.INPUT_LENGTH;
    uint256 public constant MAX_INK = 16;
    /// @notice By how much the digit's score has to exceed every other. On white paper all are equal to
    /// within a quarter.
    int256 public constant MIN_MARGIN = 1e18;

    /// @notice Root contract of the classifier.
    address public immutable model;
    /// @notice What each player stakes, in wei.
    uint256 public immutable stakeWei;
    /// @notice Seconds to commit, and then to reveal.
    uint256 public immutable period;
    /// @notice When round 0 began.
    uint256 public immutable startedAt;

    /// @notice The rounds.
    mapping(uint256 round => Round) public rounds;
    /// @notice Who committed to what.
    mapping(uint256 round => mapping(address player => Entry)) public entries;

    /// @notice A player has staked.
    event Committed(uint256 indexed round, address indexed player, bytes32 commitment);
    /// @notice A scan has been read as the round's digit.
    event Revealed(
        uint256 indexed round, address indexed player, bytes scan, uint256 ink, bool leads
    );
    /// @notice The winner has all stakes.
    event Won(uint256 indexed round, address indexed winner, address to, uint256 amountWei);
    /// @notice A player of a round without a winner has the stake back.
    event Returned(uint256 indexed round, address indexed player, address to, uint256 amountWei);

    /// @notice A period has at least a minute.
    error PeriodTooShort(uint256 seconds_);
    /// @notice The stake is the same for all, and not nothing.
    error WrongStake(uint256 got, uint256 want);
    /// @notice Commitments are for the round that is open now.
    error NotOpen(uint256 round, uint256 current);
    /// @notice Once a round.
    error AlreadyCommitted(uint256 round, address player);
    /// @notice A commitment is not zero.
    error EmptyCommitment();
    /// @notice A round is revealed in the period after its own.
    error NotRevealing(uint256 round, uint256 current);
    /// @notice The player has not committed to this, or shown it before.
    error WrongCommitment(bytes32 got, bytes32 want);
    /// @notice A scan has `SCAN_LENGTH` pixels.
    error ScanLength(uint256 got, uint256 want);
    /// @notice A pixel has at most `MAX_INK`.
    error TooMuchInk(uint256 pixel, uint256 ink);
    /// @notice The round's paper has a hole there.
    error InkInHole(uint256 pixel);
    /// @notice The model does not read the round's digit clearly enough.
    error NotRead(uint8 want, uint8 read, int256 margin);
    /// @notice Stakes are paid after the reveals.
    error NotOver(uint256 round, uint256 current);
    /// @notice The sender has nothing of this round.
    error NothingToPay(uint256 round, address player);

    /// @param model_ Root contract of the classifier in `Digits`.
    /// @param stakeWei_ What each player stakes.
    /// @param period_ Seconds to commit, and then to reveal.
    constructor(address model_, uint256 stakeWei_, uint256 period_) {
        if (period_ < 1 minutes) revert PeriodTooShort(period_);
        if (stakeWei_ == 0) revert WrongStake(0, 1);
        Digits.check(model_);
        (model, stakeWei, period, startedAt) = (model_, stakeWei_, period_, block.timestamp);
    }

    /// @notice Stakes on a scan that stays hidden until the reveal. Send `stakeWei`.
    /// @param round The round that is open: a transaction that comes too late fails.
    /// @param commitment `commitmentOf` the scan, with a salt that nobody can guess.
    function commit(uint256 round, bytes32 commitment) external payable {
        // Check
        uint256 current = currentRound();
        if (round != current) revert NotOpen(round, current);
        if (msg.value != stakeWei) revert WrongStake(msg.value, stakeWei);
        if (commitment == 0) revert EmptyCommitment();
        Entry storage entry = entries[round][msg.sender];
        if (entry.hash != 0) revert AlreadyCommitted(round, msg.sender);
        // Effect
        (entry.hash, entry.order) = (commitment, rounds[round].players++);
        emit Committed(round, msg.sender, commitment);
    }

    /// @notice Shows a scan. Fails if the model does not read it as the round's digit: ask `read` first,
    /// before the commitment.
    /// @param round The round before the one that is open.
    /// @param scan A byte for each pixel, row by row: ink from 0 to `MAX_INK`.
    /// @param salt What the commitment was made with.
    function reveal(uint256 round, bytes calldata scan, bytes32 salt) external {
        // Check
        uint256 current = currentRound();
        if (round + 1 != current) revert NotRevealing(round, current);
        Entry storage entry = entries[round][msg.sender];
        bytes32 commitment = commitmentOf(round, msg.sender, scan, salt);
        if (entry.hash != commitment) revert WrongCommitment(commitment, entry.hash);
        uint256 ink = _checkPaper(round, scan);
        (uint8 digit, int256 margin) = read(scan);
        if (digit != digitOf(round) || margin < MIN_MARGIN) {
            revert NotRead(digitOf(round), digit, margin);
        }
        // Effect
        Round storage state = rounds[round];
        bool leads = state.revealed == 0 || ink < state.ink
            || (ink == state.ink && entry.order < entries[round][state.winner].order);
        entry.hash = 0;
        ++state.revealed;
        // At most 64 times 16.
        // forge-lint: disable-next-line(unsafe-typecast)
        if (leads) (state.ink, state.winner) = (uint16(ink), msg.sender);
        emit Revealed(round, msg.sender, scan, ink, leads);
    }

    /// @notice Pays all stakes of a round to its winner, who calls.
    /// @param to Who gets the money.
    function claim(uint256 round, address payable to) external {
        // Check
        _checkOver(round);
        Round storage state = rounds[round];
        if (state.winner != msg.sender || state.paid) revert NothingToPay(round, msg.sender);
        // Effect
        state.paid = true;
        uint256 amountWei = state.players * stakeWei;
        emit Won(round, msg.sender, to, amountWei);
        // Interaction
        Address.sendValue(to, amountWei);
    }

    /// @notice Gives a player, who calls, the stake back if nobody has won the round.
    /// @param to Who gets the money.
    function takeBack(uint256 round, address payable to) external {
        // Check
        _checkOver(round);
        Entry storage entry = entries[round][msg.sender];
        if (rounds[round].revealed != 0 || entry.hash == 0) {
            revert NothingToPay(round, msg.sender);
        }
        // Effect
        entry.hash = 0;
        emit Returned(round, msg.sender, to, stakeWei);
        // Interaction
        Address.sendValue(to, stakeWei);
    }

    /// @notice The round that takes commitments now.
    function currentRound() public view returns (uint256) {
        return (block.timestamp - startedAt) / period;
    }

    /// @notice The digit that a round asks for.
    function digitOf(uint256 round) public pure returns (uint8) {
        // Below ten.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint8(round % 10);
    }

    /// @notice Where a round's paper has holes: bit `i` is pixel `i`. A quarter of the paper, and other
    /// places in each round of each game, so that old scans do not fit.
    function holesOf(uint256 round) public view returns (uint64) {
        uint256 random = uint256(keccak256(abi.encode(address(this), round)));
        // The two numbers' low bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint64(random & (random >> 64));
    }

    /// @notice What to commit to.
    /// @param salt 32 bytes that nobody can guess: there are few good scans.
    function commitmentOf(uint256 round, address player, bytes calldata scan, bytes32 salt)
        public
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(block.chainid, address(this), round, player, scan, salt));
    }

    /// @notice What the model reads. To try a scan, call this off chain.
    /// @return digit 0 to 9.
    /// @return margin By how much its score exceeds the next best, with 18 decimals.
    function read(bytes calldata scan) public view returns (uint8 digit, int256 margin) {
        if (scan.length != SCAN_LENGTH) revert ScanLength(scan.length, SCAN_LENGTH);
        int256[] memory image = new int256[](SCAN_LENGTH);
        for (uint256 i; i < SCAN_LENGTH; ++i) {
            image[i] = int256(uint256(uint8(scan[i]))) * Inference.WAD;
        }
        int256[] memory scores = Digits.run(model, image);
        uint256 best = Inference.argmax(scores);
        int256 score = scores[best];
        scores[best] = type(int256).min;
        margin = score - scores[Inference.argmax(scores)];
        // Ten scores: the index fits.
        // forge-lint: disable-next-line(unsafe-typecast)
        digit = uint8(best);
    }

    /// @dev The scan's ink.
    function _checkPaper(uint256 round, bytes calldata scan) private view returns (uint256 ink) {
        if (scan.length != SCAN_LENGTH) revert ScanLength(scan.length, SCAN_LENGTH);
        uint64 holes = holesOf(round);
        for (uint256 i; i < SCAN_LENGTH; ++i) {
            uint256 level = uint8(scan[i]);
            if (level > MAX_INK) revert TooMuchInk(i, level);
            if (level != 0 && holes >> i & 1 != 0) revert InkInHole(i);
            ink += level;
        }
    }

    function _checkOver(uint256 round) private view {
        uint256 current = currentRound();
        if (round + 2 > current) revert NotOver(round, current);
    }
}
