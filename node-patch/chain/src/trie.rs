//! A Merkle Patricia trie in memory whose versions share nodes.
//!
//! A clone costs a pointer; a change copies one path. So each unfinalised block keeps a whole trie,
//! siblings do not see each other, and a block costs its changes and not the state's size. Node
//! encodings and hashes are alloy-trie's; what a leaf holds is `state_trie.rs`'s matter.

use std::sync::{Arc, OnceLock};

use alloy_primitives::{B256, Bytes, keccak256};
use alloy_rlp::Encodable;
use alloy_trie::{
    EMPTY_ROOT_HASH, Nibbles, TrieMask,
    nodes::{BranchNodeRef, ExtensionNodeRef, LeafNodeRef, RlpNode},
};

/// What a leaf holds.
pub(crate) trait LeafValue: Clone {
    /// The value's bytes, as the trie commits to them.
    fn leaf_bytes(&self) -> Vec<u8>;
}

/// One version of a trie from 32-byte (hashed) keys to values.
#[derive(Debug, Clone)]
pub(crate) struct Trie<V> {
    root: Option<Arc<Node<V>>>,
}

#[derive(Debug, Clone)]
struct Node<V> {
    kind: Kind<V>,
    /// How a parent refers to this node: its RLP if short, else its hash. Made on first use.
    reference: OnceLock<RlpNode>,
}

#[derive(Debug, Clone)]
enum Kind<V> {
    Leaf {
        path: Nibbles,
        value: V,
    },
    Extension {
        path: Nibbles,
        child: Arc<Node<V>>,
    },
    Branch {
        children: Box<[Option<Arc<Node<V>>>; 16]>,
    },
}

impl<V> Default for Trie<V> {
    fn default() -> Self {
        Self { root: None }
    }
}

impl<V: LeafValue> Trie<V> {
    /// The value under `key`.
    pub(crate) fn get(&self, key: &B256) -> Option<&V> {
        let mut path = Nibbles::unpack(key);
        let mut node = self.root.as_deref()?;
        loop {
            node = match &node.kind {
                Kind::Leaf { path: rest, value } => return (*rest == path).then_some(value),
                Kind::Extension {
                    path: shared,
                    child,
                } => {
                    if !path.starts_with(shared) {
                        return None;
                    }
                    path = path.slice(shared.len()..);
                    child
                }
                Kind::Branch { children } => {
                    let child = children.get(usize::from(path.first()?))?.as_deref()?;
                    path = path.slice(1..);
                    child
                }
            }
        }
    }

    /// Sets the value under `key`.
    pub(crate) fn insert(&mut self, key: &B256, value: V) {
        self.root = Some(insert(self.root.take(), Nibbles::unpack(key), value));
    }

    /// Removes `key`; nothing happens if it is absent.
    pub(crate) fn remove(&mut self, key: &B256) {
        if self.get(key).is_none() {
            return;
        }
        self.root = self
            .root
            .take()
            .and_then(|root| remove(root, Nibbles::unpack(key)));
    }

    /// The root hash of this version.
    pub(crate) fn root(&self) -> B256 {
        match &self.root {
            None => EMPTY_ROOT_HASH,
            Some(node) => node
                .reference()
                .as_hash()
                .unwrap_or_else(|| keccak256(node.encode())),
        }
    }

    /// RLP nodes from the root towards `key`, as far as the path goes: they prove the value, or that
    /// there is none. Nodes that stand inside their parent are not repeated.
    pub(crate) fn proof(&self, key: &B256) -> Vec<Bytes> {
        let mut path = Nibbles::unpack(key);
        let mut nodes = Vec::new();
        let mut next = self.root.as_deref();
        while let Some(node) = next {
            if nodes.is_empty() || node.reference().is_hash() {
                nodes.push(Bytes::from(node.encode()));
            }
            next = match &node.kind {
                Kind::Leaf { .. } => None,
                Kind::Extension {
                    path: shared,
                    child,
                } => path.starts_with(shared).then(|| {
                    path = path.slice(shared.len()..);
                    child.as_ref()
                }),
                Kind::Branch { children } => path.first().and_then(|nibble| {
                    path = path.slice(1..);
                    children.get(usize::from(nibble))?.as_deref()
                }),
            };
        }
        nodes
    }
}

impl<V: LeafValue> Node<V> {
    fn new(kind: Kind<V>) -> Arc<Self> {
        Arc::new(Self {
            kind,
            reference: OnceLock::new(),
        })
    }

    fn leaf(path: Nibbles, value: V) -> Arc<Self> {
        Self::new(Kind::Leaf { path, value })
    }

    /// `child` under `path`, with no extension where the path is empty.
    fn extension(path: Nibbles, child: Arc<Self>) -> Arc<Self> {
        if path.is_empty() {
            child
        } else {
            Self::new(Kind::Extension { path, child })
        }
    }

    /// A branch that two different nibbles lead out of.
    fn fork(one: (u8, Arc<Self>), other: (u8, Arc<Self>)) -> Arc<Self> {
        let mut children: [Option<Arc<Self>>; 16] = Default::default();
        for (nibble, child) in [one, other] {
            children[usize::from(nibble)] = Some(child);
        }
        Self::new(Kind::Branch {
            children: Box::new(children),
        })
    }

    fn reference(&self) -> &RlpNode {
        self.reference
            .get_or_init(|| RlpNode::from_rlp(&self.encode()))
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match &self.kind {
            Kind::Leaf { path, value } => {
                LeafNodeRef::new(path, &value.leaf_bytes()).encode(&mut out);
            }
            Kind::Extension { path, child } => {
                ExtensionNodeRef::new(path, child.reference()).encode(&mut out);
            }
            Kind::Branch { children } => {
                let mut mask = TrieMask::default();
                let mut stack = Vec::new();
                for (nibble, child) in (0u8..).zip(children.iter()) {
                    if let Some(child) = child {
                        mask.set_bit(nibble);
                        stack.push(child.reference().clone());
                    }
                }
                BranchNodeRef::new(&stack, mask).encode(&mut out);
            }
        }
        out
    }
}

/// Puts `value` below `node` at the end of `path`. All keys have the same length, so a path never
/// ends inside a branch or an extension.
fn insert<V: LeafValue>(node: Option<Arc<Node<V>>>, path: Nibbles, value: V) -> Arc<Node<V>> {
    let Some(node) = node else {
        return Node::leaf(path, value);
    };
    match Arc::unwrap_or_clone(node).kind {
        Kind::Leaf {
            path: old_path,
            value: old_value,
        } => {
            if old_path == path {
                return Node::leaf(path, value);
            }
            let common = path.common_prefix_length(&old_path);
            let below = |rest: &Nibbles, value| {
                (
                    rest.get_unchecked(common),
                    Node::leaf(rest.slice(common + 1..), value),
                )
            };
            let fork = Node::fork(below(&old_path, old_value), below(&path, value));
            Node::extension(path.slice(..common), fork)
        }
        Kind::Extension {
            path: shared,
            child,
        } => {
            let common = path.common_prefix_length(&shared);
            if common == shared.len() {
                let child = insert(Some(child), path.slice(common..), value);
                return Node::extension(shared, child);
            }
            let old = (
                shared.get_unchecked(common),
                Node::extension(shared.slice(common + 1..), child),
            );
            let new = (
                path.get_unchecked(common),
                Node::leaf(path.slice(common + 1..), value),
            );
            Node::extension(path.slice(..common), Node::fork(old, new))
        }
        Kind::Branch { mut children } => {
            let slot = &mut children[usize::from(path.get_unchecked(0))];
            *slot = Some(insert(slot.take(), path.slice(1..), value));
            Node::new(Kind::Branch { children })
        }
    }
}

/// Takes the leaf at the end of `path`, which exists, out of `node`.
fn remove<V: LeafValue>(node: Arc<Node<V>>, path: Nibbles) -> Option<Arc<Node<V>>> {
    match Arc::unwrap_or_clone(node).kind {
        Kind::Leaf { .. } => None,
        Kind::Extension {
            path: shared,
            child,
        } => remove(child, path.slice(shared.len()..)).map(|child| prefixed(shared, child)),
        Kind::Branch { mut children } => {
            let slot = &mut children[usize::from(path.get_unchecked(0))];
            *slot = slot.take().and_then(|child| remove(child, path.slice(1..)));
            let mut left = (0u8..)
                .zip(children.iter_mut())
                .filter(|(_, child)| child.is_some());
            match (left.next(), left.next()) {
                (Some((nibble, only)), None) => only
                    .take()
                    .map(|only| prefixed(Nibbles::from_nibbles([nibble]), only)),
                _ => Some(Node::new(Kind::Branch { children })),
            }
        }
    }
}

/// `node` under `prefix`, merged with the path that the node itself may begin with.
fn prefixed<V: LeafValue>(prefix: Nibbles, node: Arc<Node<V>>) -> Arc<Node<V>> {
    match &node.kind {
        Kind::Leaf { path, value } => Node::leaf(prefix.join(path), value.clone()),
        Kind::Extension { path, child } => Node::extension(prefix.join(path), child.clone()),
        Kind::Branch { .. } => Node::extension(prefix, node),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::U256;
    use alloy_trie::{proof::verify_proof, root::storage_root};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    impl LeafValue for u16 {
        fn leaf_bytes(&self) -> Vec<u8> {
            alloy_rlp::encode(U256::from(*self))
        }
    }

    /// Keys that share long prefixes, so that extensions appear, split and merge.
    fn key(index: u8) -> B256 {
        let mut key = [0u8; 32];
        key[0] = index & 0x11;
        key[15] = index & 0xe0;
        key[31] = index & 0x0e;
        B256::new(key)
    }

    fn reference_root(content: &BTreeMap<B256, u16>) -> B256 {
        storage_root(
            content
                .iter()
                .map(|(key, value)| (*key, U256::from(*value))),
        )
    }

    proptest! {
        #[test]
        fn any_order_of_changes_gives_the_reference_root(
            steps in prop::collection::vec((any::<u8>(), any::<Option<u16>>()), 0..120),
        ) {
            let mut trie = Trie::default();
            let mut content = BTreeMap::new();
            for (index, value) in steps {
                let before = (trie.clone(), trie.root());
                match value {
                    Some(value) => {
                        trie.insert(&key(index), value);
                        content.insert(key(index), value);
                    }
                    None => {
                        trie.remove(&key(index));
                        content.remove(&key(index));
                    }
                }
                prop_assert_eq!(trie.root(), reference_root(&content));
                prop_assert_eq!(trie.get(&key(index)).copied(), value);
                // An older version does not move.
                prop_assert_eq!(before.0.root(), before.1);
            }
            for index in 0..=u8::MAX {
                let expected = content.get(&key(index)).map(LeafValue::leaf_bytes);
                let proof = trie.proof(&key(index));
                let path = Nibbles::unpack(key(index));
                prop_assert!(verify_proof(trie.root(), path, expected, &proof).is_ok());
            }
        }
    }

    #[test]
    fn an_empty_trie_has_the_empty_root_and_no_proof_nodes() {
        let mut trie = Trie::default();
        assert_eq!(trie.root(), EMPTY_ROOT_HASH);
        assert!(trie.proof(&key(1)).is_empty());
        trie.insert(&key(1), 7u16);
        assert_ne!(trie.root(), EMPTY_ROOT_HASH);
        trie.remove(&key(1));
        assert_eq!(trie.root(), EMPTY_ROOT_HASH);
    }

    #[test]
    fn a_proof_of_one_value_does_not_pass_for_another() {
        let mut trie = Trie::default();
        for index in 0..64u8 {
            trie.insert(&key(index), u16::from(index) + 1);
        }
        let path = Nibbles::unpack(key(3));
        let wrong = Some(999u16.leaf_bytes());
        assert!(verify_proof(trie.root(), path, wrong, &trie.proof(&key(3))).is_err());
    }
}
