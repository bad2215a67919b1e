// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {BlockHeader} from "@openzeppelin/contracts/utils/BlockHeader.sol";
import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";
import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {TrieProof} from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";
import {IInferenceGateway} from "./interfaces/IInferenceGateway.sol";
import {IReceiptVerifier} from "./interfaces/IReceiptVerifier.sol";
import {Predeploys} from "./libraries/Predeploys.sol";

/// @title Receipt verifier
/// @notice See `IReceiptVerifier`. Trie and RLP are OpenZeppelin's; this knows receipts (EIP-658,
/// EIP-2718) and what the gateway writes.
contract ReceiptVerifier is IReceiptVerifier {
    using RLP for Memory.Slice;
    using Memory for bytes;
    using Memory for Memory.Slice;

    /// @dev The largest type of a typed transaction; beyond, a byte begins an RLP list.
    uint8 private constant MAX_TRANSACTION_TYPE = 0x7f;
    /// @dev Status, gas, bloom, logs.
    uint256 private constant RECEIPT_FIELDS = 4;
    /// @dev Emitter, topics, data.
    uint256 private constant LOG_FIELDS = 3;
    /// @dev The event and its three indexed parameters.
    uint256 private constant TOPICS = 4;
    /// @dev The parameters that are not indexed, a word each.
    uint256 private constant DATA_LENGTH = 6 * 32;

    /// @inheritdoc IReceiptVerifier
    function verify(bytes32 receiptsRoot, Proof calldata proof)
        external
        pure
        returns (Receipt memory)
    {
        return _verify(receiptsRoot, proof);
    }

    /// @inheritdoc IReceiptVerifier
    function verifyInBlock(bytes32 blockHash, bytes calldata header, Proof calldata proof)
        external
        pure
        returns (Receipt memory receipt, uint256 number, uint256 timestamp)
    {
        bytes32 got = keccak256(header);
        if (got != blockHash) revert HeaderMismatch(got, blockHash);
        return _verifyIn(header, proof);
    }

    /// @inheritdoc IReceiptVerifier
    function verifyRecent(bytes calldata header, Proof calldata proof)
        external
        view
        returns (Receipt memory receipt, uint256 number, uint256 timestamp)
    {
        if (!BlockHeader.verifyBlockHeader(header)) {
            revert NotARecentBlock(BlockHeader.getNumber(header));
        }
        return _verifyIn(header, proof);
    }

    function _verifyIn(bytes memory header, Proof calldata proof)
        private
        pure
        returns (Receipt memory receipt, uint256 number, uint256 timestamp)
    {
        receipt = _verify(BlockHeader.getReceiptsRoot(header), proof);
        return (receipt, BlockHeader.getNumber(header), BlockHeader.getTimestamp(header));
    }

    function _verify(bytes32 receiptsRoot, Proof calldata proof)
        private
        pure
        returns (Receipt memory)
    {
        bytes memory key = RLP.encode(proof.transactionIndex);
        return _read(TrieProof.traverse(receiptsRoot, key, proof.nodes), proof.logIndex);
    }

    /// @dev A transaction's receipt, with the byte of its type in front if it has one.
    function _read(bytes memory encoded, uint256 logIndex) private pure returns (Receipt memory) {
        Memory.Slice body = encoded.asSlice();
        if (uint8(encoded[0]) <= MAX_TRANSACTION_TYPE) body = body.slice(1);
        Memory.Slice[] memory fields = body.readList();
        if (fields.length != RECEIPT_FIELDS) revert MalformedReceipt();
        // Before EIP-658 this was a state root, which is not 1.
        if (fields[0].readUint256() != 1) revert TransactionFailed();

        Memory.Slice[] memory logs = fields[3].readList();
        if (logIndex >= logs.length) revert NoSuchLog(logIndex, logs.length);
        Memory.Slice[] memory log = logs[logIndex].readList();
        if (log.length != LOG_FIELDS) revert MalformedReceipt();
        return _decode(log[0].readAddress(), log[1].readList(), log[2].readBytes());
    }

    function _decode(address emitter, Memory.Slice[] memory topics, bytes memory data)
        private
        pure
        returns (Receipt memory receipt)
    {
        if (emitter != Predeploys.INFERENCE_GATEWAY) revert NotTheGateway(emitter);
        if (
            topics.length != TOPICS || data.length != DATA_LENGTH
                || topics[0].readBytes32() != IInferenceGateway.InferenceReceipt.selector
        ) revert NotAReceipt();
        receipt.modelId = topics[1].readUint256();
        receipt.payer = _address(topics[2]);
        receipt.caller = _address(topics[3]);
        (
            receipt.version,
            receipt.inputHash,
            receipt.outputHash,
            receipt.raw,
            receipt.token,
            receipt.price
        ) = abi.decode(data, (uint32, bytes32, bytes32, bool, address, uint256));
    }

    /// @dev The gateway writes the upper bytes as zeros.
    function _address(Memory.Slice topic) private pure returns (address) {
        return address(uint160(topic.readUint256()));
    }
}
