//! Merkle proofs of a transaction's receipt against its block: what `ReceiptVerifier` checks.
//!
//! The proof is made here, from the block's header and receipts, so the node needs no method for it.
//! It is checked before anybody sees it: a node that leaves something out is found out here.

use alloy::{
    consensus::{Header, ReceiptEnvelope},
    eips::eip2718::Encodable2718 as _,
};
use alloy_primitives::{B256, Bytes};
use alloy_trie::{
    HashBuilder, Nibbles,
    proof::{ProofRetainer, ProofVerificationError, verify_proof},
    root::adjust_index_for_rlp,
};

/// A receipt's place in its block, and the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReceiptProof {
    /// RLP of the block's header; its keccak is the block's hash.
    pub(crate) header: Bytes,
    /// The transaction's place in the block.
    pub(crate) transaction_index: usize,
    /// Nodes of the receipts trie from the root to the receipt, RLP.
    pub(crate) nodes: Vec<Bytes>,
}

/// What a node said does not fit together.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProofError {
    /// The header is another block's, or has fields that this program does not know.
    #[error("the node's header of block {want} hashes to {got}")]
    HeaderHash {
        /// Of the header.
        got: B256,
        /// Of the block that was asked for.
        want: B256,
    },
    /// A receipt is missing, too many, or changed.
    #[error("the node's receipts have the root {got}, the block's header says {want}")]
    ReceiptsRoot {
        /// Of the receipts.
        got: B256,
        /// In the header.
        want: B256,
    },
    /// The block has no such transaction.
    #[error("the block has {count} receipts, none has index {index}")]
    NoSuchReceipt {
        /// Asked for.
        index: usize,
        /// Receipts in the block.
        count: usize,
    },
    /// The trie library does not accept its own proof.
    #[error("the proof does not lead to the receipt: {0}")]
    Unproved(#[from] ProofVerificationError),
}

/// Proves the receipt at `transaction_index` of the block with this hash, and checks the proof.
///
/// # Errors
/// Header, hash and receipts contradict each other, or there is no such receipt.
pub(crate) fn prove(
    block_hash: B256,
    header: &Header,
    receipts: &[ReceiptEnvelope],
    transaction_index: usize,
) -> Result<ReceiptProof, ProofError> {
    let encoded: Vec<Vec<u8>> = receipts.iter().map(|r| r.encoded_2718()).collect();
    let Some(receipt) = encoded.get(transaction_index) else {
        return Err(ProofError::NoSuchReceipt {
            index: transaction_index,
            count: encoded.len(),
        });
    };
    let got = header.hash_slow();
    if got != block_hash {
        return Err(ProofError::HeaderHash {
            got,
            want: block_hash,
        });
    }
    let key = key_of(transaction_index);
    let (root, nodes) = root_and_path(&encoded, key);
    if root != header.receipts_root {
        return Err(ProofError::ReceiptsRoot {
            got: root,
            want: header.receipts_root,
        });
    }
    verify_proof(root, key, Some(receipt.clone()), &nodes)?;
    Ok(ReceiptProof {
        header: alloy_rlp::encode(header).into(),
        transaction_index,
        nodes,
    })
}

/// Where the receipts trie keeps the receipt of a transaction.
fn key_of(transaction_index: usize) -> Nibbles {
    Nibbles::unpack(alloy_rlp::encode_fixed_size(&transaction_index))
}

/// The root of the trie of these receipts, and the nodes from it to the one under `key`.
fn root_and_path(encoded: &[Vec<u8>], key: Nibbles) -> (B256, Vec<Bytes>) {
    let mut builder = HashBuilder::default().with_proof_retainer(ProofRetainer::new(vec![key]));
    for position in 0..encoded.len() {
        // Keys have to come in their own order, which is not that of the indices.
        let index = adjust_index_for_rlp(position, encoded.len());
        if let Some(receipt) = encoded.get(index) {
            builder.add_leaf(key_of(index), receipt);
        }
    }
    let root = builder.root();
    let nodes = builder.take_proof_nodes().into_nodes_sorted();
    (root, nodes.into_iter().map(|(_, node)| node).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::consensus::{Eip658Value, Receipt, proofs::calculate_receipt_root};
    use alloy_primitives::{Address, Log};

    /// A block whose receipts differ in type, length and logs.
    fn block(count: usize) -> (Header, Vec<ReceiptEnvelope>) {
        let receipts: Vec<_> = (0..count)
            .map(|index| {
                let data = vec![index as u8; 3 * index];
                let log =
                    Log::new_unchecked(Address::repeat_byte(index as u8), vec![], data.into());
                let receipt = Receipt {
                    status: Eip658Value::Eip658(index % 3 != 0),
                    cumulative_gas_used: 21_000 * (index as u64 + 1),
                    logs: vec![log],
                }
                .with_bloom();
                match index % 3 {
                    0 => ReceiptEnvelope::Legacy(receipt),
                    1 => ReceiptEnvelope::Eip1559(receipt),
                    _ => ReceiptEnvelope::Eip7702(receipt),
                }
            })
            .collect();
        let header = Header {
            number: 7,
            receipts_root: calculate_receipt_root(&receipts),
            ..Header::default()
        };
        (header, receipts)
    }

    #[test]
    fn every_receipt_of_a_block_is_proved() {
        // 0x80 is where the keys change their length, 17 where the root becomes full.
        for count in [1, 2, 16, 17, 18, 127, 128, 129, 300] {
            let (header, receipts) = block(count);
            for index in 0..count {
                let proof = prove(header.hash_slow(), &header, &receipts, index).unwrap();
                assert_eq!(proof.transaction_index, index);
                assert!(!proof.nodes.is_empty());
                assert_eq!(
                    alloy_primitives::keccak256(&proof.header),
                    header.hash_slow()
                );
                let first = alloy_primitives::keccak256(&proof.nodes[0]);
                assert_eq!(first, header.receipts_root);
            }
        }
    }

    #[test]
    fn what_a_node_leaves_out_or_changes_is_noticed() {
        let (header, receipts) = block(20);
        let hash = header.hash_slow();
        let shown = |receipts: &[ReceiptEnvelope], index| prove(hash, &header, receipts, index);
        assert!(matches!(
            shown(&receipts[..19], 3),
            Err(ProofError::ReceiptsRoot { .. })
        ));
        let mut swapped = receipts.clone();
        swapped.swap(0, 3);
        assert!(matches!(
            shown(&swapped, 5),
            Err(ProofError::ReceiptsRoot { .. })
        ));
        assert!(matches!(
            shown(&receipts, 20),
            Err(ProofError::NoSuchReceipt {
                index: 20,
                count: 20
            })
        ));
        let other = Header {
            number: 8,
            ..header.clone()
        };
        assert!(matches!(
            prove(hash, &other, &receipts, 3),
            Err(ProofError::HeaderHash { .. })
        ));
    }

    #[test]
    fn a_proof_with_a_changed_byte_does_not_hold() {
        let (header, receipts) = block(20);
        let proof = prove(header.hash_slow(), &header, &receipts, 3).unwrap();
        let value = receipts[3].encoded_2718();
        for node in 0..proof.nodes.len() {
            let mut nodes = proof.nodes.clone();
            let mut bytes = nodes[node].to_vec();
            *bytes.last_mut().unwrap() ^= 1;
            nodes[node] = bytes.into();
            let checked =
                verify_proof(header.receipts_root, key_of(3), Some(value.clone()), &nodes);
            assert!(checked.is_err(), "node {node}");
        }
    }
}
