// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Proves who got which answer from which model
/// @notice The gateway writes a receipt for every call (`IInferenceGateway.InferenceReceipt`), and every
/// block commits to its receipts. So whoever knows a block's hash, or only its receipts root, can check
/// a receipt without asking anybody: another chain behind a bridge or light client, or a contract of
/// the same chain. `fixpoint receipt` makes the proofs.
/// @dev The verifier holds nothing and belongs to nobody; anybody can deploy it, on any chain. It cannot
/// know whether a block is part of the chain that its caller means: that is for the caller to know, or,
/// on that chain itself, for `verifyRecent`.
///
/// Whoever may act on a receipt only once goes by the block's hash, `transactionIndex` and `logIndex`. Not
/// by the proof, which has as many encodings as the ABI allows, and not by the receipts root: receipts do not
/// say in which block they are, so two blocks can have the same root.
interface IReceiptVerifier {
    /// @notice What a receipt says; see `IInferenceGateway.InferenceReceipt`.
    struct Receipt {
        uint256 modelId;
        address payer;
        address caller;
        uint32 version;
        bytes32 inputHash;
        bytes32 outputHash;
        bool raw;
        address token;
        uint256 price;
    }

    /// @notice Where a receipt is, and the way to it.
    /// @param transactionIndex The transaction's place in its block.
    /// @param logIndex The log's place among the transaction's logs. Not the `logIndex` of JSON-RPC,
    /// which counts through the block.
    /// @param nodes The nodes of the receipts trie from the root to the transaction's receipt, RLP.
    struct Proof {
        uint256 transactionIndex;
        uint256 logIndex;
        bytes[] nodes;
    }

    /// @notice The header is not that of the block with this hash.
    error HeaderMismatch(bytes32 got, bytes32 want);
    /// @notice The header is not that of a block of this chain, or of one too old to know (EIP-2935).
    error NotARecentBlock(uint256 number);
    /// @notice What the proof leads to is not a transaction's receipt.
    error MalformedReceipt();
    /// @notice The transaction failed: it has no logs.
    error TransactionFailed();
    /// @notice The transaction has fewer logs.
    error NoSuchLog(uint256 logIndex, uint256 count);
    /// @notice The log is another contract's.
    error NotTheGateway(address emitter);
    /// @notice The log is the gateway's, but not a receipt.
    error NotAReceipt();

    /// @notice The receipt in a block with this receipts root. Reverts if the proof does not hold.
    function verify(bytes32 receiptsRoot, Proof calldata proof)
        external
        pure
        returns (Receipt memory);

    /// @notice The receipt in the block with this hash. Reverts if the proof does not hold.
    /// @param header The block's header, RLP.
    /// @return receipt What it says.
    /// @return number The block's number.
    /// @return timestamp The block's time, unix seconds.
    function verifyInBlock(bytes32 blockHash, bytes calldata header, Proof calldata proof)
        external
        pure
        returns (Receipt memory receipt, uint256 number, uint256 timestamp);

    /// @notice The receipt in one of this chain's last 8,191 blocks. Reverts if the proof does not hold.
    function verifyRecent(bytes calldata header, Proof calldata proof)
        external
        view
        returns (Receipt memory receipt, uint256 number, uint256 timestamp);
}
