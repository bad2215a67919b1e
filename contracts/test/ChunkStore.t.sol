// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IChunkStore} from "../src/interfaces/IChunkStore.sol";
import {Predeploys} from "../src/libraries/Predeploys.sol";
import {Harness} from "./Harness.sol";

contract ChunkStoreTest is Harness {
    uint32 private constant FULL = 24_555;
    uint32 private constant MOST_CHUNKS = 471;

    function setUp() public {
        placePredeploys();
    }

    function test_limits() public view {
        vm.assertEq(STORE.MAX_CHUNK_DATA(), FULL);
        vm.assertEq(STORE.MAX_CHUNKS(), MOST_CHUNKS);
    }

    function test_fuzz_chunkIsWhereAndWhatItShouldBe(
        address writer,
        address gate,
        bytes calldata data
    ) public {
        vm.assume(data.length != 0);
        address predicted = STORE.chunkAddress(writer, gate, data);
        vm.assertEq(predicted.code.length, 0);
        vm.expectEmit(address(STORE));
        emit IChunkStore.ChunkWritten(predicted, writer, gate, data.length);
        vm.prank(writer);
        address chunk = STORE.writeChunk(gate, data);
        vm.assertEq(chunk, predicted);
        vm.assertEq(chunk.code, abi.encodePacked(bytes1(0x00), gate, data));
        vm.assertEq(STORE.writerOf(chunk), writer);
    }

    function test_fullChunkFitsAndNoMore() public {
        bytes memory data = filled(FULL, 0xab);
        address chunk = STORE.writeChunk(ALICE, data);
        vm.assertEq(chunk.code.length, 24_576);
        vm.assertEq(keccak256(chunk.code), keccak256(abi.encodePacked(bytes1(0), ALICE, data)));

        vm.expectRevert(abi.encodeWithSelector(IChunkStore.ChunkLength.selector, FULL + 1, FULL));
        STORE.writeChunk(ALICE, filled(FULL + 1, 0xab));
    }

    function test_emptyChunkIsRefused() public {
        vm.expectRevert(abi.encodeWithSelector(IChunkStore.ChunkLength.selector, 0, FULL));
        STORE.writeChunk(ALICE, "");
    }

    /// @dev Fewer runs: each writes a full chunk.
    /// forge-config: ci.fuzz.runs = 1000
    function test_fuzz_sameChunkIsFoundAgainForLittleGas(address gate) public {
        bytes memory data = filled(10_000, 7);
        uint256 gasBefore = gasleft();
        address first = STORE.writeChunk(gate, data);
        uint256 gasFirst = gasBefore - gasleft();
        gasBefore = gasleft();
        address second = STORE.writeChunk(gate, data);
        uint256 gasSecond = gasBefore - gasleft();
        vm.assertEq(first, second);
        vm.assertLt(gasSecond * 20, gasFirst);
    }

    function test_fuzz_chunksOfOtherWritersGatesAndDataAreElsewhere(
        address writer,
        address otherWriter,
        address gate,
        address otherGate
    ) public view {
        vm.assume(writer != otherWriter && gate != otherGate);
        address chunk = STORE.chunkAddress(writer, gate, "data");
        vm.assertTrue(chunk != STORE.chunkAddress(otherWriter, gate, "data"), "writer");
        vm.assertTrue(chunk != STORE.chunkAddress(writer, otherGate, "data"), "gate");
        vm.assertTrue(chunk != STORE.chunkAddress(writer, gate, "dat"), "data");
    }

    function test_aFasterWriterDoesNotTakeTheChunk() public {
        vm.prank(BOB);
        STORE.writeChunk(ALICE, "weights");
        vm.prank(ALICE);
        address chunk = STORE.writeChunk(ALICE, "weights");
        vm.assertEq(STORE.writerOf(chunk), ALICE);
    }

    /// @dev The encoding written out by hand, field by field.
    function test_rootBytes() public {
        address gate = 0x1111111111111111111111111111111111111111;
        bytes32 contentHash = keccak256("content");
        address[] memory chunks = new address[](2);
        chunks[0] = STORE.writeChunk(gate, filled(FULL, 1));
        chunks[1] = STORE.writeChunk(gate, hex"0203");
        address root = STORE.writeRoot(gate, FULL + 2, contentHash, chunks);
        bytes memory want = bytes.concat(
            hex"fe465850", // magic
            hex"01", // version
            hex"1111111111111111111111111111111111111111", // gate
            hex"00005fed", // 24,557 bytes
            contentHash,
            hex"0002", // chunks
            bytes20(chunks[0]),
            chunks[0].codehash,
            bytes20(chunks[1]),
            chunks[1].codehash
        );
        vm.assertEq(root.code, want);
        vm.assertEq(root.code.length, 63 + 52 * 2);
        vm.assertEq(STORE.rootAddress(gate, FULL + 2, contentHash, chunks), root);
        vm.assertEq(STORE.writerOf(root), address(this));
    }

    function test_rootIsAnnouncedOnceAndFoundAgain() public {
        (address[] memory chunks, bytes memory data) = oneChunk(ALICE, address(0));
        address predicted =
            STORE.rootAddress(address(0), uint32(data.length), keccak256(data), chunks);
        bytes32 modelHash = keccak256(
            abi.encodePacked(
                hex"fe46585001",
                address(0),
                uint32(data.length),
                keccak256(data),
                uint16(1),
                chunks[0],
                chunks[0].codehash
            )
        );
        vm.expectEmit(address(STORE));
        emit IChunkStore.RootWritten(predicted, ALICE, address(0), modelHash, keccak256(data));
        address root = writeRoot(ALICE, address(0), data, chunks);
        vm.assertEq(root, predicted);
        vm.assertEq(root.codehash, modelHash);
        vm.assertEq(writeRoot(ALICE, address(0), data, chunks), root);
    }

    function test_largestRootFitsAndNoMore() public {
        address[] memory chunks = new address[](MOST_CHUNKS);
        address full = STORE.writeChunk(BOB, filled(FULL, 9));
        for (uint256 i; i < MOST_CHUNKS; ++i) {
            chunks[i] = full;
        }
        address root = STORE.writeRoot(BOB, FULL * MOST_CHUNKS, 0, chunks);
        vm.assertEq(root.code.length, 24_555);

        chunks = new address[](MOST_CHUNKS + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IChunkStore.ChunkCount.selector, MOST_CHUNKS + 1, MOST_CHUNKS)
        );
        STORE.writeRoot(BOB, 0, 0, chunks);
    }

    function test_rootWithoutChunksIsRefused() public {
        vm.expectRevert(abi.encodeWithSelector(IChunkStore.ChunkCount.selector, 0, MOST_CHUNKS));
        STORE.writeRoot(BOB, 0, 0, new address[](0));
    }

    function test_rootOfForeignChunkIsRefused() public {
        (address[] memory chunks, bytes memory data) = oneChunk(ALICE, address(0));
        vm.expectRevert(abi.encodeWithSelector(IChunkStore.NotYourChunk.selector, chunks[0], BOB));
        writeRoot(BOB, address(0), data, chunks);
    }

    function test_rootOfAnythingElseIsRefused() public {
        (address[] memory chunks, bytes memory data) = oneChunk(ALICE, address(0));
        // A root of the same writer, then a contract not written here, then nothing.
        address[3] memory strangers =
            [writeRoot(ALICE, address(0), data, chunks), address(this), address(0xdead)];
        for (uint256 i; i < strangers.length; ++i) {
            chunks[0] = strangers[i];
            vm.expectRevert(
                abi.encodeWithSelector(IChunkStore.NotYourChunk.selector, strangers[i], ALICE)
            );
            writeRoot(ALICE, address(0), data, chunks);
        }
    }

    function test_fuzz_rootOfAnotherGateIsRefused(address gate, address chunkGate) public {
        vm.assume(gate != chunkGate);
        (address[] memory chunks, bytes memory data) = oneChunk(ALICE, chunkGate);
        vm.expectRevert(
            abi.encodeWithSelector(IChunkStore.ChunkGate.selector, chunks[0], chunkGate, gate)
        );
        writeRoot(ALICE, gate, data, chunks);
    }

    function test_rootWithAShortChunkInTheMiddleIsRefused() public {
        address[] memory chunks = new address[](2);
        chunks[0] = STORE.writeChunk(BOB, filled(FULL - 1, 1));
        chunks[1] = STORE.writeChunk(BOB, hex"02");
        vm.expectRevert(
            abi.encodeWithSelector(IChunkStore.ChunkNotFull.selector, chunks[0], FULL - 1, FULL)
        );
        STORE.writeRoot(BOB, FULL, 0, chunks);
    }

    function test_fuzz_rootOfAnotherLengthIsRefused(uint32 length) public {
        (address[] memory chunks, bytes memory data) = oneChunk(address(this), BOB);
        vm.assume(length != data.length);
        vm.expectRevert(
            abi.encodeWithSelector(IChunkStore.PayloadLength.selector, data.length, length)
        );
        STORE.writeRoot(BOB, length, 0, chunks);
    }

    function test_chunkAndRootNeverRun() public {
        (address[] memory chunks, bytes memory data) = oneChunk(ALICE, address(0));
        (bool ok, bytes memory output) = chunks[0].call("");
        vm.assertTrue(ok && output.length == 0, "a chunk stops at its first byte");
        (ok,) = writeRoot(ALICE, address(0), data, chunks).call{gas: 10_000}("");
        vm.assertTrue(!ok, "a root is invalid code");
    }

    function test_moneyIsRefused() public {
        vm.deal(address(this), 1);
        (bool ok,) = Predeploys.CHUNK_STORE.call{value: 1}("");
        vm.assertTrue(!ok, "plain transfer");
    }

    function oneChunk(address writer, address gate)
        private
        returns (address[] memory chunks, bytes memory data)
    {
        data = "a small model";
        chunks = new address[](1);
        vm.prank(writer);
        chunks[0] = STORE.writeChunk(gate, data);
    }

    function writeRoot(address writer, address gate, bytes memory data, address[] memory chunks)
        private
        returns (address)
    {
        vm.prank(writer);
        return STORE.writeRoot(gate, uint32(data.length), keccak256(data), chunks);
    }

    function filled(uint256 length, uint8 value) private pure returns (bytes memory data) {
        data = new bytes(length);
        for (uint256 i; i < length; ++i) {
            data[i] = bytes1(value);
        }
    }
}
