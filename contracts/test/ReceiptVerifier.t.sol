// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {IReceiptVerifier} from "../src/interfaces/IReceiptVerifier.sol";
import {Predeploys} from "../src/libraries/Predeploys.sol";
import {ReceiptHarness} from "./ReceiptHarness.sol";
import {ReceiptTrie} from "./mocks/ReceiptTrie.sol";

contract ReceiptVerifierTest is ReceiptHarness {
    using RLP for *;

    /// @dev Of one of 20 transactions.
    bytes32 private root7;
    IReceiptVerifier.Proof private proof7;

    function setUp() public override {
        super.setUp();
        (root7, proof7) = proved(20, 7, 0, 1);
    }

    /// @dev The receipt of transaction `index` of `count`, with `extra` logs before it.
    /// Fewer runs: each builds a trie of up to 200 receipts.
    /// forge-config: ci.fuzz.runs = 1000
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
        (bytes32 root, IReceiptVerifier.Proof memory proof) = (root7, proof7);
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

    function checkLogRefused(bytes memory refusal) private {
        (bytes32 root, IReceiptVerifier.Proof memory proof) = proved(3, 1, 0, 1);
        expectRefused(root, proof, refusal);
    }

    function rootOfNumbers(uint256 count) private returns (bytes32 root) {
        ReceiptTrie trie = new ReceiptTrie();
        for (uint256 i; i < count; ++i) {
            trie.push(otherReceipt(i));
        }
        (root,) = trie.prove(0);
    }
}
