// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {TrieProof} from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";
import {IReceiptVerifier} from "../src/interfaces/IReceiptVerifier.sol";
import {ReceiptVerifier} from "../src/ReceiptVerifier.sol";
import {Predeploys} from "../src/libraries/Predeploys.sol";
import {Harness, Log} from "./Harness.sol";
import {ReceiptTrie} from "./mocks/ReceiptTrie.sol";

contract ReceiptVerifierTest is Harness {
    using RLP for *;

    ReceiptVerifier private immutable VERIFIER = new ReceiptVerifier();
    uint256 private modelId;
    /// @dev The gateway's own log, as the EVM recorded it.
    Log private log;

    function setUp() public {
        placePredeploys();
        modelId = listModel(ALICE, 100);
        vm.deal(BOB, 1 ether);
        vm.recordLogs();
        vm.prank(BOB);
        GATEWAY.inference{value: 100}(modelId, words(1, 2));
        Log[] memory logs = vm.getRecordedLogs();
        log = logs[logs.length - 1];
    }

    /// @dev The receipt of transaction `index` of `count`, with `extra` logs before it.
    function test_fuzz_aReceiptIsProvedWhereverItIs(uint8 count, uint8 index, uint8 extra) public {
        count = uint8(bound(count, 1, 200));
        index = index % count;
        extra = extra % 3;
        (bytes32 root, IReceiptVerifier.Proof memory proof) = proved(count, index, extra, 1);
        checkReceipt(VERIFIER.verify(root, proof));

        // Nowhere else.
        proof.logIndex = extra + 1;
        expectRefused(
            root,
            proof,
            abi.encodeWithSelector(
                IReceiptVerifier.NoSuchLog.selector, uint256(extra) + 1, uint256(extra) + 1
            )
        );
        if (extra != 0) {
            proof.logIndex = 0;
            expectRefused(
                root, proof, abi.encodeWithSelector(IReceiptVerifier.NotTheGateway.selector, ALICE)
            );
        }
    }

    /// @dev Roots that another implementation found for the same receipts: PyPI's trie 4.0.0 and
    /// rlp 5.0.0.
    function test_theTrieIsTheStandards() public {
        vm.assertEq(
            rootOfNumbers(1), 0xba9cf7530d54d34aff16279c0d686b4f0beeefebd282d65b0948e2bfb2ab6193
        );
        vm.assertEq(
            rootOfNumbers(3), 0x620cd37ef2a21b184f7bc6f27e7f64eafaf09be6e9813ac3e0c36721caa38617
        );
        vm.assertEq(
            rootOfNumbers(200), 0x388dcef3205c1e8aeb0d80948ad71ff447b057c73202803063e6d59d6a84e11f
        );
    }

    function test_anotherRootOrPlaceIsRefused() public {
        (bytes32 root, IReceiptVerifier.Proof memory proof) = proved(20, 7, 0, 1);
        expectTrieError(~root, proof);
        proof.transactionIndex = 8;
        expectTrieError(root, proof);
        proof.transactionIndex = 7;
        proof.nodes = new bytes[](0);
        expectTrieError(root, proof);
    }

    function test_fuzz_noByteOfAProofCanBeChanged(uint256 where, uint8 what) public {
        vm.assume(what != 0);
        (bytes32 root, IReceiptVerifier.Proof memory proof) = proved(20, 7, 0, 1);
        bytes memory changed = proof.nodes[where % proof.nodes.length];
        uint256 place = where / 7 % changed.length;
        changed[place] = changed[place] ^ bytes1(what);
        vm.expectRevert();
        VERIFIER.verify(root, proof);
    }

    function test_aFailedTransactionProvesNothing() public {
        (bytes32 root, IReceiptVerifier.Proof memory proof) = proved(5, 3, 0, 0);
        expectRefused(
            root, proof, abi.encodeWithSelector(IReceiptVerifier.TransactionFailed.selector)
        );
    }

    function test_anotherContractsLogIsNone() public {
        log.emitter = BOB;
        checkLogRefused(abi.encodeWithSelector(IReceiptVerifier.NotTheGateway.selector, BOB));
    }

    function test_theGatewaysOtherEventsAreNone() public {
        bytes memory refusal = abi.encodeWithSelector(IReceiptVerifier.NotAReceipt.selector);
        bytes32 selector = log.topics[0];
        log.topics[0] = keccak256("Another(uint256)");
        checkLogRefused(refusal);
        log.topics[0] = selector;
        log.topics.pop();
        checkLogRefused(refusal);
        log.topics.push(0);
        log.data = abi.encodePacked(log.data, uint8(0));
        checkLogRefused(refusal);
    }

    function test_whatIsNoReceiptIsRefused() public {
        ReceiptTrie trie = new ReceiptTrie();
        bytes[] memory fields = new bytes[](3);
        (fields[0], fields[1], fields[2]) =
        (RLP.encode(uint256(1)), RLP.encode(new bytes(100)), RLP.encode(uint256(3)));
        trie.push(RLP.encode(fields));
        IReceiptVerifier.Proof memory proof;
        bytes32 root;
        (root, proof.nodes) = trie.prove(0);
        expectRefused(
            root, proof, abi.encodeWithSelector(IReceiptVerifier.MalformedReceipt.selector)
        );
    }

    function test_whatIsNoLogIsRefused() public {
        ReceiptTrie trie = new ReceiptTrie();
        bytes[] memory twoFields = new bytes[](2);
        (twoFields[0], twoFields[1]) =
        (RLP.encode(Predeploys.INFERENCE_GATEWAY), RLP.encode(new bytes(1)));
        bytes[] memory logs = new bytes[](1);
        logs[0] = RLP.encode(twoFields);
        bytes[] memory fields = new bytes[](4);
        (fields[0], fields[1], fields[2], fields[3]) =
        (
            RLP.encode(uint256(1)),
            RLP.encode(uint256(3)),
            RLP.encode(new bytes(100)),
            RLP.encode(logs)
        );
        trie.push(RLP.encode(fields));
        IReceiptVerifier.Proof memory proof;
        bytes32 root;
        (root, proof.nodes) = trie.prove(0);
        expectRefused(
            root, proof, abi.encodeWithSelector(IReceiptVerifier.MalformedReceipt.selector)
        );
    }

    function test_aHeaderLeadsToTheReceipts() public {
        (bytes32 root, IReceiptVerifier.Proof memory proof) = proved(3, 1, 1, 1);
        bytes memory header = headerOf(root, 77, 1234);
        (IReceiptVerifier.Receipt memory receipt, uint256 number, uint256 timestamp) =
            VERIFIER.verifyInBlock(keccak256(header), header, proof);
        checkReceipt(receipt);
        vm.assertEq(number, 77);
        vm.assertEq(timestamp, 1234);
        bytes32 other = keccak256("another block");
        vm.expectRevert(
            abi.encodeWithSelector(
                IReceiptVerifier.HeaderMismatch.selector, keccak256(header), other
            )
        );
        VERIFIER.verifyInBlock(other, header, proof);
    }

    function test_onlyBlocksOfThisChainAreRecent() public {
        (bytes32 root, IReceiptVerifier.Proof memory proof) = proved(3, 1, 0, 1);
        bytes memory header = headerOf(root, 77, 1234);
        vm.roll(100);
        vm.expectRevert(abi.encodeWithSelector(IReceiptVerifier.NotARecentBlock.selector, 77));
        VERIFIER.verifyRecent(header, proof);
        vm.setBlockhash(77, keccak256(header));
        (IReceiptVerifier.Receipt memory receipt,,) = VERIFIER.verifyRecent(header, proof);
        checkReceipt(receipt);
    }

    function proved(uint256 count, uint256 index, uint256 extra, uint256 status)
        private
        returns (bytes32 root, IReceiptVerifier.Proof memory proof)
    {
        ReceiptTrie trie = new ReceiptTrie();
        for (uint256 i; i < count; ++i) {
            trie.push(i == index ? receiptOf(extra, status, uint8(i % 5)) : otherReceipt(i));
        }
        (proof.transactionIndex, proof.logIndex) = (index, extra);
        (root, proof.nodes) = trie.prove(index);
    }

    /// @dev A receipt with the log after `extra` others; of each type of transaction.
    function receiptOf(uint256 extra, uint256 status, uint8 kind)
        private
        view
        returns (bytes memory)
    {
        bytes[] memory logs = new bytes[](extra + 1);
        bytes32[] memory none = new bytes32[](0);
        for (uint256 i; i < extra; ++i) {
            logs[i] = logOf(ALICE, none, abi.encode(i));
        }
        logs[extra] = logOf(log.emitter, log.topics, log.data);
        bytes[] memory fields = new bytes[](4);
        fields[0] = RLP.encode(status);
        fields[1] = RLP.encode(uint256(21_000));
        fields[2] = RLP.encode(new bytes(256));
        fields[3] = RLP.encode(logs);
        bytes memory encoded = RLP.encode(fields);
        return kind == 0 ? encoded : bytes.concat(bytes1(kind), encoded);
    }

    function logOf(address emitter, bytes32[] memory topics, bytes memory data)
        private
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

    function otherReceipt(uint256 i) private pure returns (bytes memory) {
        return abi.encodePacked("another receipt of more than thirty-one bytes", i);
    }

    /// @dev A header as of Prague: 21 fields.
    function headerOf(bytes32 receiptsRoot, uint256 number, uint256 timestamp)
        private
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

    function checkReceipt(IReceiptVerifier.Receipt memory receipt) private view {
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

    function checkLogRefused(bytes memory refusal) private {
        (bytes32 root, IReceiptVerifier.Proof memory proof) = proved(3, 1, 0, 1);
        expectRefused(root, proof, refusal);
    }

    function expectRefused(bytes32 root, IReceiptVerifier.Proof memory proof, bytes memory refusal)
        private
    {
        vm.expectRevert(refusal);
        VERIFIER.verify(root, proof);
    }

    function expectTrieError(bytes32 root, IReceiptVerifier.Proof memory proof) private {
        vm.expectPartialRevert(TrieProof.TrieProofTraversalError.selector);
        VERIFIER.verify(root, proof);
    }

    function rootOfNumbers(uint256 count) private returns (bytes32 root) {
        ReceiptTrie trie = new ReceiptTrie();
        for (uint256 i; i < count; ++i) {
            trie.push(otherReceipt(i));
        }
        (root,) = trie.prove(0);
    }
}
