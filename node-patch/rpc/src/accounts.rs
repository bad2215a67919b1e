//! Keys that the node holds for its users: developer accounts and nothing else.
//!
//! Signing lives here; choosing nonces, fees and gas for a transaction does not.

use std::collections::BTreeMap;

use alloy_consensus::{SignableTransaction, TxEnvelope, TypedTransaction};
use alloy_dyn_abi::TypedData;
use alloy_primitives::{Address, B256, Signature};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;

use crate::error::RpcError;

/// The accounts that `eth_accounts` lists and `eth_sendTransaction` signs for.
#[derive(Clone, Debug, Default)]
pub struct DevAccounts {
    order: Vec<Address>,
    signers: BTreeMap<Address, PrivateKeySigner>,
}

impl DevAccounts {
    /// Holds the keys of `signers`, listed in the order given.
    pub fn new(signers: impl IntoIterator<Item = PrivateKeySigner>) -> Self {
        let mut accounts = Self::default();
        for signer in signers {
            let address = signer.address();
            if accounts.signers.insert(address, signer).is_none() {
                accounts.order.push(address);
            }
        }
        accounts
    }

    /// The accounts, in the order they were given.
    pub fn addresses(&self) -> &[Address] {
        &self.order
    }

    /// Whether the node can sign for `address`.
    pub fn contains(&self, address: &Address) -> bool {
        self.signers.contains_key(address)
    }

    /// Signs `transaction` with the key of `from`.
    pub fn sign_transaction(
        &self,
        from: Address,
        transaction: TypedTransaction,
    ) -> Result<TxEnvelope, RpcError> {
        let hash = match &transaction {
            TypedTransaction::Legacy(tx) => tx.signature_hash(),
            TypedTransaction::Eip2930(tx) => tx.signature_hash(),
            TypedTransaction::Eip1559(tx) => tx.signature_hash(),
            TypedTransaction::Eip4844(tx) => tx.signature_hash(),
            TypedTransaction::Eip7702(tx) => tx.signature_hash(),
        };
        let signature = self.sign_hash(from, &hash)?;
        Ok(transaction.into_envelope(signature))
    }

    /// Signs an EIP-191 personal message.
    pub fn sign_message(&self, from: Address, message: &[u8]) -> Result<Signature, RpcError> {
        self.signer(from)?
            .sign_message_sync(message)
            .map_err(RpcError::internal)
    }

    /// Signs EIP-712 typed data.
    pub fn sign_typed_data(&self, from: Address, data: &TypedData) -> Result<Signature, RpcError> {
        let hash = data
            .eip712_signing_hash()
            .map_err(|e| RpcError::InvalidParams(e.to_string()))?;
        self.sign_hash(from, &hash)
    }

    fn sign_hash(&self, from: Address, hash: &B256) -> Result<Signature, RpcError> {
        self.signer(from)?
            .sign_hash_sync(hash)
            .map_err(RpcError::internal)
    }

    fn signer(&self, address: Address) -> Result<&PrivateKeySigner, RpcError> {
        self.signers
            .get(&address)
            .ok_or(RpcError::UnknownAccount(address))
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::address;

    use super::*;

    #[test]
    fn signs_for_known_accounts_only() {
        let signer = PrivateKeySigner::from_bytes(&B256::repeat_byte(7)).unwrap();
        let own = signer.address();
        let accounts = DevAccounts::new([signer.clone(), signer]);
        assert_eq!(accounts.addresses(), [own]);
        let signature = accounts.sign_message(own, b"hello").unwrap();
        assert_eq!(signature.recover_address_from_msg(b"hello").unwrap(), own);
        let stranger = address!("0x00000000000000000000000000000000000000aa");
        assert!(matches!(
            accounts.sign_message(stranger, b"hello"),
            Err(RpcError::UnknownAccount(a)) if a == stranger
        ));
    }
}
