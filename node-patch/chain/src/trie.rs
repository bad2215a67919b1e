//! A Merkle Patricia trie whose versions share nodes.
