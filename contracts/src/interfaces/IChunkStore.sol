// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Writes models into chain state
/// @notice A model is a root contract that lists chunk contracts; none of them can ever run or
/// change. Writing takes one transaction for each chunk and one for the root; writing the same
/// thing again costs a lookup, so an interrupted upload simply starts over.
/// @dev A chunk's address depends on its writer, and a root takes only chunks of its own writer.
/// The list of addresses is part of the root's code, so a model hash has exactly one possible
/// writer: nobody can write, and so nobody can register, somebody else's model by being faster.
/// The price of that: two writers who upload the same bytes pay for two copies.
interface IChunkStore {
    /// @notice A chunk was created.
    event ChunkWritten(
        address indexed chunk, address indexed writer, address indexed gate, uint256 dataLength
    );
    /// @notice A root was created; its model hash is the root's code hash.
    event RootWritten(
        address indexed root,
        address indexed writer,
        address indexed gate,
        bytes32 modelHash,
        bytes32 contentHash
    );

    /// @notice A chunk holds between one byte and `MAX_CHUNK_DATA`.
    error ChunkLength(uint256 got, uint256 max);
    /// @notice A root lists between one chunk and `MAX_CHUNKS`.
    error ChunkCount(uint256 got, uint256 max);
    /// @notice The chunk was not written here by this account.
    error NotYourChunk(address chunk, address writer);
    /// @notice The chunk carries another gate than the root is to have.
    error ChunkGate(address chunk, address got, address want);
    /// @notice All chunks but the last are full.
    error ChunkNotFull(address chunk, uint256 got, uint256 want);
    /// @notice The chunks' data together is not as long as the payload is said to be.
    error PayloadLength(uint256 got, uint256 want);

    /// @notice Writes part of a model, or finds it if the sender wrote the same before.
    /// @param gate The only account that may call the model, or zero for anyone.
    /// @param data At most `MAX_CHUNK_DATA` bytes; exactly that many unless it is the last chunk.
    /// @return chunk The chunk contract, whose code is `0x00 | gate | data`.
    function writeChunk(address gate, bytes calldata data) external returns (address chunk);

    /// @notice Writes the root of a model, or finds it if the sender wrote the same before.
    /// @dev Takes the chunks' lengths, gates and code hashes from their code. The content hash is
    /// checked when the model is activated, which a later transaction can do.
    /// @param gate The only account that may call the model, or zero for anyone; the chunks' gate.
    /// @param payloadLength Size of the model's bytes.
    /// @param contentHash keccak256 of the model's bytes.
    /// @param chunks The chunks in order, all written by the sender.
    /// @return root The root contract.
    function writeRoot(
        address gate,
        uint32 payloadLength,
        bytes32 contentHash,
        address[] calldata chunks
    ) external returns (address root);

    /// @notice Where `writeChunk` puts this chunk for this writer.
    function chunkAddress(address writer, address gate, bytes calldata data)
        external
        view
        returns (address chunk);

    /// @notice Where `writeRoot` puts this root.
    /// @dev Reads the chunks' code hashes: they have to be there.
    function rootAddress(
        address gate,
        uint32 payloadLength,
        bytes32 contentHash,
        address[] calldata chunks
    ) external view returns (address root);

    /// @notice Who wrote a chunk or a root here; zero if it was not written here.
    function writerOf(address chunkOrRoot) external view returns (address writer);

    /// @notice Most data bytes in one chunk.
    function MAX_CHUNK_DATA() external view returns (uint256);

    /// @notice Most chunks in one root.
    function MAX_CHUNKS() external view returns (uint256);
}
