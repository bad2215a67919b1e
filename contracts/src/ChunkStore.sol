// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";
import {IChunkStore} from "./interfaces/IChunkStore.sol";

/// @title Chunk store
/// @notice See `IChunkStore`. A predeploy: it has neither constructor nor immutables.
contract ChunkStore is IChunkStore {
    /// @dev EIP-170.
    uint256 private constant MAX_CODE_LENGTH = 24_576;
    /// @dev STOP, so that a chunk never runs.
    bytes1 private constant CHUNK_KIND = 0x00;
    /// @dev Kind and gate.
    uint256 private constant CHUNK_PREFIX_LENGTH = 21;
    /// @dev Magic, version, gate, payload length, content hash, chunk count.
    uint256 private constant ROOT_PREFIX_LENGTH = 63;
    /// @dev Address and code hash.
    uint256 private constant ROOT_ENTRY_LENGTH = 52;

    /// @dev Starts with 0xFE (INVALID), so that a root never runs.
    bytes4 private constant ROOT_MAGIC = 0xfe465850;
    uint8 private constant ROOT_VERSION = 1;

    /// @inheritdoc IChunkStore
    uint256 public constant MAX_CHUNK_DATA = MAX_CODE_LENGTH - CHUNK_PREFIX_LENGTH;
    /// @inheritdoc IChunkStore
    uint256 public constant MAX_CHUNKS = (MAX_CODE_LENGTH - ROOT_PREFIX_LENGTH) / ROOT_ENTRY_LENGTH;

    /// @inheritdoc IChunkStore
    mapping(address chunkOrRoot => address writer) public writerOf;

    /// @inheritdoc IChunkStore
    function writeChunk(address gate, bytes calldata data) external returns (address chunk) {
        // Check: a length that leaves room for the prefix.
        bytes memory code = _chunkCode(gate, data);

        // Effect: the account, unless it exists.
        bool created;
        (chunk, created) = _write(code, _saltOf(msg.sender));
        if (created) emit ChunkWritten(chunk, msg.sender, gate, data.length);
    }

    /// @inheritdoc IChunkStore
    function writeRoot(
        address gate,
        uint32 payloadLength,
        bytes32 contentHash,
        address[] calldata chunks
    ) external returns (address root) {
        // Check: chunks of this writer and this gate, as long as announced.
        bytes memory code = _rootCode(gate, payloadLength, contentHash, chunks);
        _checkChunks(gate, payloadLength, chunks);

        // Effect: the account, unless it exists.
        bool created;
        (root, created) = _write(code, 0);
        if (created) emit RootWritten(root, msg.sender, gate, keccak256(code), contentHash);
    }

    /// @inheritdoc IChunkStore
    function chunkAddress(address writer, address gate, bytes calldata data)
        external
        view
        returns (address chunk)
    {
        return _addressOf(_creationCode(_chunkCode(gate, data)), _saltOf(writer));
    }

    /// @inheritdoc IChunkStore
    function rootAddress(
        address gate,
        uint32 payloadLength,
        bytes32 contentHash,
        address[] calldata chunks
    ) external view returns (address root) {
        return _addressOf(_creationCode(_rootCode(gate, payloadLength, contentHash, chunks)), 0);
    }

    /// @dev Creates an account with this code, or finds it.
    function _write(bytes memory code, bytes32 salt)
        private
        returns (address account, bool created)
    {
        bytes memory creationCode = _creationCode(code);
        account = _addressOf(creationCode, salt);
        if (account.code.length == 0) {
            writerOf[account] = msg.sender;
            Create2.deploy(0, salt, creationCode);
            created = true;
        }
    }

    function _checkChunks(address gate, uint256 payloadLength, address[] calldata chunks)
        private
        view
    {
        uint256 total;
        for (uint256 i; i < chunks.length; ++i) {
            address chunk = chunks[i];
            (bytes1 kind, address chunkGate) = _prefixOf(chunk);
            // Written here and no root: a chunk, with its prefix and at least one byte of data.
            if (writerOf[chunk] != msg.sender || kind != CHUNK_KIND) {
                revert NotYourChunk(chunk, msg.sender);
            }
            if (chunkGate != gate) revert ChunkGate(chunk, chunkGate, gate);
            uint256 dataLength = chunk.code.length - CHUNK_PREFIX_LENGTH;
            if (dataLength != MAX_CHUNK_DATA && i + 1 != chunks.length) {
                revert ChunkNotFull(chunk, dataLength, MAX_CHUNK_DATA);
            }
            total += dataLength;
        }
        if (total != payloadLength) revert PayloadLength(total, payloadLength);
    }

    function _chunkCode(address gate, bytes calldata data) private pure returns (bytes memory) {
        if (data.length == 0 || data.length > MAX_CHUNK_DATA) {
            revert ChunkLength(data.length, MAX_CHUNK_DATA);
        }
        return bytes.concat(CHUNK_KIND, bytes20(gate), data);
    }

    function _rootCode(
        address gate,
        uint32 payloadLength,
        bytes32 contentHash,
        address[] calldata chunks
    ) private view returns (bytes memory code) {
        if (chunks.length == 0 || chunks.length > MAX_CHUNKS) {
            revert ChunkCount(chunks.length, MAX_CHUNKS);
        }
        code = new bytes(ROOT_PREFIX_LENGTH + ROOT_ENTRY_LENGTH * chunks.length);
        bytes memory prefix = abi.encodePacked(
            ROOT_MAGIC, ROOT_VERSION, gate, payloadLength, contentHash, uint16(chunks.length)
        );
        assembly ("memory-safe") {
            // Prefix and entries lie within `code`, whose length is their sum.
            let position := add(code, 0x20)
            mcopy(position, add(prefix, 0x20), ROOT_PREFIX_LENGTH)
            position := add(position, ROOT_PREFIX_LENGTH)
            for { let i := 0 } lt(i, chunks.length) { i := add(i, 1) } {
                let chunk := calldataload(add(chunks.offset, shl(5, i)))
                // The address's 12 high bytes fall out; the hash overwrites its 12 low ones.
                mstore(position, shl(96, chunk))
                mstore(add(position, 20), extcodehash(chunk))
                position := add(position, ROOT_ENTRY_LENGTH)
            }
        }
    }

    /// @dev Code that creates a contract with the given code, which it carries behind itself:
    /// PUSH2 length, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN.
    function _creationCode(bytes memory code) private pure returns (bytes memory) {
        return bytes.concat(hex"61", bytes2(uint16(code.length)), hex"80600a5f395ff3", code);
    }

    function _addressOf(bytes memory creationCode, bytes32 salt) private view returns (address) {
        return Create2.computeAddress(salt, keccak256(creationCode));
    }

    function _saltOf(address writer) private pure returns (bytes32) {
        return bytes32(uint256(uint160(writer)));
    }

    /// @dev The first 21 bytes of a chunk's code.
    function _prefixOf(address chunk) private view returns (bytes1 kind, address gate) {
        assembly ("memory-safe") {
            // Scratch space, cleaned first: a short or empty code leaves zeros.
            mstore(0, 0)
            extcodecopy(chunk, 0, 0, CHUNK_PREFIX_LENGTH)
            let prefix := mload(0)
            kind := and(prefix, shl(248, 0xff))
            gate := shr(96, shl(8, prefix))
        }
    }
}
