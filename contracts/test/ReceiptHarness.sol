// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {TrieProof} from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";
import {IReceiptVerifier} from "../src/interfaces/IReceiptVerifier.sol";
import {ReceiptVerifier} from "../src/ReceiptVerifier.sol";
import {Harness, Log} from "./Harness.sol";
import {ReceiptTrie} from "./mocks/ReceiptTrie.sol";

/// @title Base of tests with blocks' receipts
/// @notice One inference, its log as the EVM recorded it, and receipts, tries and headers around it.
abstract contract ReceiptHarness is Harness {
    using RLP for *;

    ReceiptVerifier internal immutable VERIFIER = new ReceiptVerifier();
    uint256 internal modelId;
    /// @dev The gateway's own log, as the EVM recorded it.
    Log internal log;

    function setUp() public virtual {
        placePredeploys();
        modelId = listModel(ALICE, 100);
        vm.deal(BOB, 1 ether);
        vm.recordLogs();
        vm.prank(BOB);
        GATEWAY.inference{value: 100}(modelId, words(1, 2));
        Log[] memory logs = vm.getRecordedLogs();
        log = logs[logs.length - 1];
    }

    /// @dev The log after `extra` others, in the receipt of transaction `index` of `count`.
    function proved(uint256 count, uint256 index, uint256 extra, uint256 status)
        internal
        returns (bytes32 root, IReceiptVerifier.Proof memory proof)
    {
        (root, proof) = provedValue(count, index, receiptOf(extra, status, uint8(index % 5)));
        proof.logIndex = extra;
    }

    /// @dev The first log of what stands where the receipt of transaction `index` of `count` does.
    function provedValue(uint256 count, uint256 index, bytes memory value)
        internal
        returns (bytes32 root, IReceiptVerifier.Proof memory proof)
    {
        ReceiptTrie trie = new ReceiptTrie();
        for (uint256 i; i < count; ++i) {
            trie.push(i == index ? value : otherReceipt(i));
        }
        proof.transactionIndex = index;
        (root, proof.nodes) = trie.prove(index);
    }

    /// @dev A receipt with the log after `extra` others; of each type of transaction.
    function receiptOf(uint256 extra, uint256 status, uint8 kind)
        internal
        view
        returns (bytes memory)
    {
        bytes[] memory logs = new bytes[](extra + 1);
        bytes32[] memory none = new bytes32[](0);
        for (uint256 i; i < extra; ++i) {
            logs[i] = logOf(ALICE, none, abi.encode(i));
        }
        logs[extra] = logOf(log.emitter, log.topics, log.data);
        bytes memory encoded = receiptWith(status, logs);
        return kind == 0 ? encoded : bytes.concat(bytes1(kind), encoded);
    }

    function receiptWith(uint256 status, bytes[] memory encodedLogs)
        internal
        pure
        returns (bytes memory)
    {
        bytes[] memory fields = new bytes[](4);
        fields[0] = RLP.encode(status);
        fields[1] = RLP.encode(uint256(21_000));
        fields[2] = RLP.encode(new bytes(256));
        fields[3] = RLP.encode(encodedLogs);
        return RLP.encode(fields);
    }

    function logOf(address emitter, bytes32[] memory topics, bytes memory data)
        internal
        pure
        returns (bytes memory)
    {
        bytes[] memory encodedTopics = new bytes[](topics.length);
        for (uint256 i; i < topics.length; ++i) {
            encodedTopics[i] = RLP.encode(topics[i]);
        }
        bytes[] memory fields = new bytes[](3);
        // Twenty bytes, zeros and all, which `RLP.encode(address)` would not strip either.
        fields[0] = RLP.encode(abi.encodePacked(emitter));
        fields[1] = RLP.encode(encodedTopics);
        fields[2] = RLP.encode(data);
        return RLP.encode(fields);
    }

    function otherReceipt(uint256 i) internal pure returns (bytes memory) {
        return abi.encodePacked("another receipt of more than thirty-one bytes", i);
    }

    /// @dev A header as of Prague: 21 fields.
    function headerOf(bytes32 receiptsRoot, uint256 number, uint256 timestamp)
        internal
        pure
        returns (bytes memory)
    {
        bytes[] memory fields = new bytes[](21);
        for (uint256 i; i < fields.length; ++i) {
            fields[i] = RLP.encode(keccak256(abi.encode(i)));
        }
        fields[5] = RLP.encode(receiptsRoot);
        fields[8] = RLP.encode(number);
        fields[11] = RLP.encode(timestamp);
        return RLP.encode(fields);
    }

    function checkReceipt(IReceiptVerifier.Receipt memory receipt) internal view {
        vm.assertEq(receipt.modelId, modelId);
        vm.assertEq(receipt.payer, BOB);
        vm.assertEq(receipt.caller, BOB);
        vm.assertEq(receipt.version, 1);
        vm.assertEq(receipt.inputHash, keccak256(abi.encode(1, 2)));
        vm.assertEq(receipt.outputHash, keccak256(abi.encode(3, int256(-1))));
        vm.assertEq(receipt.raw, false);
        vm.assertEq(receipt.token, address(0));
        vm.assertEq(receipt.price, 100);
    }

    function expectRefused(bytes32 root, IReceiptVerifier.Proof memory proof, bytes memory refusal)
        internal
    {
        vm.expectRevert(refusal);
        VERIFIER.verify(root, proof);
    }

    function expectTrieError(bytes32 root, IReceiptVerifier.Proof memory proof) internal {
        vm.expectPartialRevert(TrieProof.TrieProofTraversalError.selector);
        VERIFIER.verify(root, proof);
    }
}
