//! The developer accounts: those of a mnemonic, by default the ten well-known ones of
//! "test test test test test test test test test test test junk", path m/44'/60'/0'/0/N.
//!
//! These keys are public. Only keys live here; balances are in [`crate::genesis`].

use alloy_primitives::{B256, b256};
use alloy_signer_local::{LocalSignerError, MnemonicBuilder, PrivateKeySigner};

/// The mnemonic that the keys are derived from.
pub const DEV_MNEMONIC: &str = "test test test test test test test test test test test junk";

/// The private keys, in derivation order.
pub const DEV_KEYS: [B256; 10] = [
    b256!("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
    b256!("0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"),
    b256!("0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"),
    b256!("0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6"),
    b256!("0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a"),
    b256!("0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba"),
    b256!("0x92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e"),
    b256!("0x4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356"),
    b256!("0xdbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97"),
    b256!("0x2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6"),
];

/// Where the keys are below a mnemonic; the account's number follows.
pub const DEV_DERIVATION_PATH: &str = "m/44'/60'/0'/0/";

/// The accounts that a devnet has money on and signs for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevWallet {
    /// BIP-39 words, in English.
    pub mnemonic: String,
    /// BIP-32 path, to which the account's number is added.
    pub derivation_path: String,
    /// How many accounts.
    pub count: u32,
}

impl Default for DevWallet {
    fn default() -> Self {
        Self {
            mnemonic: DEV_MNEMONIC.to_owned(),
            derivation_path: DEV_DERIVATION_PATH.to_owned(),
            count: 10,
        }
    }
}

impl DevWallet {
    /// The signers, in derivation order.
    ///
    /// # Errors
    /// When the words are no mnemonic or the path is no path.
    pub fn signers(&self) -> Result<Vec<PrivateKeySigner>, LocalSignerError> {
        (0..self.count).map(|index| self.signer(index)).collect()
    }

    fn signer(&self, index: u32) -> Result<PrivateKeySigner, LocalSignerError> {
        let well_known =
            self.mnemonic == DEV_MNEMONIC && self.derivation_path == DEV_DERIVATION_PATH;
        let key = usize::try_from(index).ok().and_then(|at| DEV_KEYS.get(at));
        // Deriving a key takes thousands of hashes, on purpose: a second of a debug build's start.
        if let (true, Some(key)) = (well_known, key) {
            return Ok(PrivateKeySigner::from_bytes(key)?);
        }
        MnemonicBuilder::english()
            .phrase(self.mnemonic.as_str())
            .derivation_path(format!("{}{index}", self.derivation_path))?
            .build()
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, address};

    use super::*;

    #[test]
    fn keys_give_the_well_known_addresses() {
        let want: [Address; 10] = [
            address!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
            address!("0x70997970C51812dc3A010C7d01b50e0d17dc79C8"),
            address!("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"),
            address!("0x90F79bf6EB2c4f870365E785982E1f101E93b906"),
            address!("0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"),
            address!("0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc"),
            address!("0x976EA74026E726554dB657fA54763abd0C3a0aa9"),
            address!("0x14dC79964da2C08b23698B3D3cc7Ca32193d9955"),
            address!("0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f"),
            address!("0xa0Ee7A142d267C1f36714E4a8F75612F20a79720"),
        ];
        assert_eq!(addresses(&DevWallet::default()), want);
        let three = DevWallet {
            count: 3,
            ..DevWallet::default()
        };
        assert_eq!(addresses(&three), want[..3]);
    }

    #[test]
    fn the_well_known_keys_are_those_that_the_mnemonic_derives() {
        // A path of another spelling is derived.
        let derived = DevWallet {
            derivation_path: DEV_DERIVATION_PATH.replace('\'', "h"),
            count: 2,
            ..DevWallet::default()
        };
        assert_eq!(addresses(&derived), addresses(&DevWallet::default())[..2]);
    }

    #[test]
    fn an_eleventh_account_is_derived() {
        let eleven = DevWallet {
            count: 11,
            ..DevWallet::default()
        };
        let last = address!("0xBcd4042DE499D14e55001CcbB24a551F3b954096");
        assert_eq!(addresses(&eleven).last(), Some(&last));
    }

    #[test]
    fn words_that_are_no_mnemonic_are_refused() {
        let wallet = DevWallet {
            mnemonic: "test test".to_owned(),
            ..DevWallet::default()
        };
        assert!(wallet.signers().is_err());
    }

    fn addresses(wallet: &DevWallet) -> Vec<Address> {
        let signers = wallet.signers().unwrap();
        signers.iter().map(PrivateKeySigner::address).collect()
    }
}
