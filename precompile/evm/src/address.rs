//! Fixed addresses and the constants that make up the precompile's own account.

use alloy_primitives::{Address, Bytes, address};

/// The inference precompile.
pub const PRECOMPILE: Address = address!("0x0000000000000000000000000000000000000F1E");
/// Predeploy: the model registry.
pub const MODEL_REGISTRY: Address = address!("0x0000000000000000000000000000000000000F20");
/// Predeploy: the payment gateway, the gate of priced models.
pub const INFERENCE_GATEWAY: Address = address!("0x0000000000000000000000000000000000000F21");
/// Predeploy: writes chunks and roots.
pub const CHUNK_STORE: Address = address!("0x0000000000000000000000000000000000000F22");

/// Code of the precompile's account: one INVALID byte, so that Solidity's code-size check passes.
/// Together with [`PRECOMPILE_NONCE`] it keeps the account from being empty, whose storage EIP-161
/// would drop.
pub const PRECOMPILE_CODE: Bytes = Bytes::from_static(&[0xfe]);
/// Nonce of the precompile's account.
pub const PRECOMPILE_NONCE: u64 = 1;
