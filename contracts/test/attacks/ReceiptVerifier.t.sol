// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {BlockHeader} from "@openzeppelin/contracts/utils/BlockHeader.sol";
import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {IReceiptVerifier} from "../../src/interfaces/IReceiptVerifier.sol";
import {Log} from "../Harness.sol";
import {CodeBorrower} from "../mocks/Attackers.sol";
import {ReceiptHarness} from "../ReceiptHarness.sol";

/// @title Attempts to prove an inference that there was not, or to keep one from being proved
contract ReceiptVerifierAttacksTest is ReceiptHarness {
    using RLP for *;

    /// @dev Of the second log of one of 150 transactions.
    bytes32 private root140;
    IReceiptVerifier.Proof private proof140;

    function setUp() public override {
        super.setUp();
        (root140, proof140) = proved(150, 140, 1, 1);
    }

    /// @dev The gateway's own code writes the log, but in the attacker's account.
    function test_theGatewaysCodeInAnotherAccount() public {
        address root = deployModel(CAROL, address(0), "an open model");
        vm.prank(CAROL);
        uint256 open = REGISTRY.register(root, "open", 0);
        CodeBorrower impostor = new CodeBorrower(address(GATEWAY));
        vm.recordLogs();
        (bool ok,) = address(impostor).call(abi.encodeCall(GATEWAY.inference, (open, words(1, 2))));
        vm.assertTrue(ok, "impersonated");
        Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs[0].topics[0], log.topics[0]);
        log = logs[0];
        (bytes32 trie, IReceiptVerifier.Proof memory proof) = proved(3, 1, 0, 1);
        expectRefused(
            trie,
            proof,
            abi.encodeWithSelector(IReceiptVerifier.NotTheGateway.selector, address(impostor))
        );
    }

    /// @dev A contract logs the bytes of a receipt, of a leaf, and of a list of the gateway's logs: what
    /// is in a log's data stays data.
    function test_receiptsInsideOfALog() public {
        bytes memory genuine = receiptOf(0, 1, 0);
        bytes[] memory leaf = new bytes[](2);
        (leaf[0], leaf[1]) = (RLP.encode(bytes(hex"2080")), RLP.encode(genuine));
        bytes[] memory forged = new bytes[](1);
        forged[0] = logOf(log.emitter, log.topics, log.data);
        bytes[3] memory inside = [genuine, RLP.encode(leaf), RLP.encode(forged)];
        for (uint256 i; i < inside.length; ++i) {
            (log.emitter, log.data) = (BOB, inside[i]);
            (bytes32 root, IReceiptVerifier.Proof memory proof) = proved(3, 1, 0, 1);
            expectRefused(
                root, proof, abi.encodeWithSelector(IReceiptVerifier.NotTheGateway.selector, BOB)
            );
            // Nor do they lead on as nodes.
            bytes[] memory longer = new bytes[](proof.nodes.length + 1);
            for (uint256 j; j < proof.nodes.length; ++j) {
                longer[j] = proof.nodes[j];
            }
            longer[proof.nodes.length] = inside[i];
            proof.nodes = longer;
            expectTrieError(root, proof);
        }
    }

    /// @dev A root of another kind: accounts and withdrawals have four fields too, transactions more,
    /// storage a word.
    function test_whatOtherTriesHoldIsNoReceipt() public {
        bytes[] memory account = new bytes[](4);
        (account[0], account[1]) = (RLP.encode(uint256(1)), RLP.encode(uint256(10 ** 18)));
        (account[2], account[3]) = (RLP.encode(keccak256("storage")), RLP.encode(keccak256("code")));
        bytes[] memory withdrawal = new bytes[](4);
        (withdrawal[0], withdrawal[1]) = (RLP.encode(uint256(1)), RLP.encode(uint256(77)));
        (withdrawal[2], withdrawal[3]) = (RLP.encode(CAROL), RLP.encode(uint256(32 gwei)));
        bytes[] memory transaction = new bytes[](9);
        for (uint256 i; i < transaction.length; ++i) {
            transaction[i] = RLP.encode(i + 1);
        }
        // The logs where the transaction has its data.
        bytes[] memory logs = new bytes[](1);
        logs[0] = logOf(log.emitter, log.topics, log.data);
        transaction[5] = RLP.encode(RLP.encode(logs));
        bytes[6] memory values = [
            RLP.encode(account),
            RLP.encode(withdrawal),
            RLP.encode(transaction),
            bytes.concat(bytes1(0x02), RLP.encode(transaction)),
            RLP.encode(keccak256("a word of storage")),
            RLP.encode(uint256(1))
        ];
        for (uint256 i; i < values.length; ++i) {
            (bytes32 root, IReceiptVerifier.Proof memory proof) = provedValue(3, 1, values[i]);
            bytes4 refusal = i == 2 || i == 3
                ? IReceiptVerifier.MalformedReceipt.selector
                : RLP.RLPInvalidEncoding.selector;
            expectRefused(root, proof, abi.encodeWithSelector(refusal));
        }
    }

    /// @dev Bytes behind or in front of a receipt, as in no block; and ones that are cut off.
    function test_fuzz_aReceiptIsAllThereIs(bytes calldata more, uint256 cut) public {
        vm.assume(more.length != 0 && more.length < 100);
        bytes memory genuine = receiptOf(0, 1, 0);
        bytes memory shorter = new bytes(bound(cut, 1, genuine.length - 1));
        for (uint256 i; i < shorter.length; ++i) {
            shorter[i] = genuine[i];
        }
        bytes[4] memory values = [
            bytes.concat(genuine, more),
            bytes.concat(hex"0202", genuine),
            bytes.concat(hex"80", genuine),
            shorter
        ];
        for (uint256 i; i < values.length; ++i) {
            (bytes32 root, IReceiptVerifier.Proof memory proof) = provedValue(1, 0, values[i]);
            vm.expectRevert();
            VERIFIER.verify(root, proof);
        }
    }

    /// @dev One proof says one thing: of all places, only the one that it was made for.
    function test_fuzz_noOtherPlaceHasTheReceipt(uint256 place, uint256 logPlace) public {
        vm.assume(place != 140 && logPlace != 1);
        (bytes32 root, IReceiptVerifier.Proof memory proof) = (root140, proof140);
        checkReceipt(VERIFIER.verify(root, proof));
        proof.logIndex = logPlace;
        vm.expectRevert();
        VERIFIER.verify(root, proof);
        (proof.transactionIndex, proof.logIndex) = (place, 1);
        vm.expectRevert();
        VERIFIER.verify(root, proof);
        // Of those that there are, each.
        proof.transactionIndex = place % 150 == 140 ? 0 : place % 150;
        vm.expectRevert();
        VERIFIER.verify(root, proof);
    }

    /// @dev RLP writes 0 as 0x80 and 128 as 0x8180.
    function test_zeroIsNotOneHundredAndTwentyEight() public {
        (bytes32 root, IReceiptVerifier.Proof memory proof) = proved(130, 0, 0, 1);
        proof.transactionIndex = 128;
        expectTrieError(root, proof);
        (root, proof) = proved(130, 128, 0, 1);
        proof.transactionIndex = 0;
        expectTrieError(root, proof);
    }

    /// @dev Nodes in another order, left out, twice.
    function test_nodesAreInTheirOrder() public {
        (bytes32 root, IReceiptVerifier.Proof memory proof) = (root140, proof140);
        bytes[] memory nodes = proof.nodes;
        vm.assertGe(nodes.length, 3);
        for (uint256 i; i < nodes.length; ++i) {
            proof.nodes = without(nodes, i);
            expectTrieError(root, proof);
            for (uint256 j; j < nodes.length; ++j) {
                proof.nodes = with(nodes, i, nodes[j]);
                expectTrieError(root, proof);
                if (j == i) continue;
                proof.nodes = with(without(nodes, i), j, nodes[i]);
                expectTrieError(root, proof);
            }
        }
    }

    /// @dev A header with a byte changed, behind it or less; one with fewer fields; one of another chain
    /// at the same height, or ahead of this chain.
    function test_fuzz_noOtherHeader(uint256 place, uint8 what) public {
        vm.assume(what != 0);
        (bytes32 root, IReceiptVerifier.Proof memory proof) = (root140, proof140);
        bytes memory header = headerOf(root, 77, 1234);
        vm.roll(100);
        vm.setBlockhash(77, keccak256(header));
        bytes32 blockHash = keccak256(header);
        bytes memory changed = bytes.concat(header);
        place = place % changed.length;
        changed[place] = changed[place] ^ bytes1(what);
        bytes[2] memory headers = [changed, bytes.concat(header, bytes1(what))];
        for (uint256 i; i < headers.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IReceiptVerifier.HeaderMismatch.selector, keccak256(headers[i]), blockHash
                )
            );
            VERIFIER.verifyInBlock(blockHash, headers[i], proof);
            vm.expectRevert();
            VERIFIER.verifyRecent(headers[i], proof);
        }
        // Whoever gives the hash of what is no header gets no answer either.
        vm.expectRevert(RLP.RLPInvalidEncoding.selector);
        VERIFIER.verifyInBlock(keccak256(headers[1]), headers[1], proof);
    }

    function test_headersThatAreNone() public {
        (bytes32 root, IReceiptVerifier.Proof memory proof) = proved(3, 1, 0, 1);
        bytes[] memory fields = new bytes[](6);
        for (uint256 i; i < fields.length; ++i) {
            fields[i] = RLP.encode(root);
        }
        bytes memory short = RLP.encode(fields);
        vm.expectRevert(
            abi.encodeWithSelector(
                BlockHeader.FieldNotPresentInBlockHeader.selector, BlockHeader.HeaderField.Number
            )
        );
        VERIFIER.verifyInBlock(keccak256(short), short, proof);
        // Of blocks to come and of blocks long gone this chain knows no hash.
        uint256[3] memory numbers = [uint256(100), 101, type(uint256).max];
        vm.roll(100);
        for (uint256 i; i < numbers.length; ++i) {
            bytes memory header = headerOf(root, numbers[i], 1234);
            vm.expectRevert(
                abi.encodeWithSelector(IReceiptVerifier.NotARecentBlock.selector, numbers[i])
            );
            VERIFIER.verifyRecent(header, proof);
        }
    }

    /// @dev Succeeds: one receipt, two calldatas. Whoever counts receipts goes by block and place.
    function test_aProofHasManyEncodings() public {
        (bytes32 root, IReceiptVerifier.Proof memory proof) = proved(3, 1, 0, 1);
        bytes memory call = abi.encodeCall(VERIFIER.verify, (root, proof));
        (bool ok, bytes memory first) = address(VERIFIER).staticcall(call);
        vm.assertTrue(ok, "as encoded");
        bytes memory second;
        (ok, second) = address(VERIFIER).staticcall(bytes.concat(call, "ignored"));
        vm.assertTrue(ok, "with more behind it");
        vm.assertEq(first, second);
    }

    /// @dev Succeeds: receipts do not say whose they are, so two blocks with the same calls may have the
    /// same receipts, and one root. Only the block's hash tells them apart.
    function test_twoBlocksMayHaveOneRoot() public {
        (bytes32 root, IReceiptVerifier.Proof memory proof) = proved(1, 0, 0, 1);
        Log memory before = log;
        vm.recordLogs();
        vm.roll(block.number + 1);
        vm.prank(BOB);
        GATEWAY.inference{value: 100}(modelId, words(1, 2));
        Log[] memory logs = vm.getRecordedLogs();
        log = logs[logs.length - 1];
        vm.assertEq(abi.encode(log), abi.encode(before));
        (bytes32 again,) = proved(1, 0, 0, 1);
        vm.assertEq(again, root);
        bytes memory header = headerOf(root, 77, 1234);
        bytes memory later = headerOf(root, 78, 1235);
        (, uint256 number,) = VERIFIER.verifyInBlock(keccak256(header), header, proof);
        (, uint256 laterNumber,) = VERIFIER.verifyInBlock(keccak256(later), later, proof);
        vm.assertEq(number, 77);
        vm.assertEq(laterNumber, 78);
    }

    function without(bytes[] memory list, uint256 place) private pure returns (bytes[] memory got) {
        got = new bytes[](list.length - 1);
        for (uint256 i; i < got.length; ++i) {
            got[i] = list[i < place ? i : i + 1];
        }
    }

    function with(bytes[] memory list, uint256 place, bytes memory item)
        private
        pure
        returns (bytes[] memory got)
    {
        got = new bytes[](list.length + 1);
        for (uint256 i; i < got.length; ++i) {
            got[i] = i == place ? item : list[i < place ? i : i - 1];
        }
    }
}
