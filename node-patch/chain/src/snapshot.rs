//! Reading the database as it was after one finalised block, while newer ones are written.

use std::{collections::BTreeMap, fmt, sync::Arc};

use alloy_consensus::{Header, transaction::Recovered};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rlp::Decodable;
use redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable};

use crate::{
    block::{ExecutedBlock, Receipt, SealedHeader, Transaction},
    diff::{Account, AccountDiff, StateDiff},
    prune,
    state_trie::StateTrie,
    store::{OpenError, Store, StoreError},
    tables::{self, ChangedKey},
};

/// The finalised chain and its state after one block. Later commits do not show.
pub(crate) struct Snapshot {
    head: SealedHeader,
    trie: StateTrie,
    /// The first block whose state is kept.
    oldest_state: u64,
    headers: ReadOnlyTable<u64, &'static [u8]>,
    numbers: ReadOnlyTable<[u8; 32], u64>,
    bodies: ReadOnlyTable<u64, &'static [u8]>,
    receipts: ReadOnlyTable<u64, &'static [u8]>,
    transactions: ReadOnlyTable<[u8; 32], [u8; 12]>,
    accounts: ReadOnlyTable<[u8; 20], [u8; 72]>,
    storage: ReadOnlyTable<[u8; 52], [u8; 32]>,
    code: ReadOnlyTable<[u8; 32], &'static [u8]>,
    account_history: ReadOnlyTable<[u8; 28], &'static [u8]>,
    storage_history: ReadOnlyTable<[u8; 60], [u8; 32]>,
    changes: ReadOnlyTable<u64, &'static [u8]>,
    /// Keeps the database open for as long as anyone reads.
    _database: Arc<Database>,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("number", &self.head.number)
            .finish_non_exhaustive()
    }
}

fn corrupt(table: &'static str, detail: impl fmt::Display) -> StoreError {
    StoreError::Corrupt {
        table,
        detail: detail.to_string(),
    }
}

impl Snapshot {
    /// The newest state on disk, its trie built from every account and slot and compared with the
    /// newest header.
    pub(crate) fn load(store: &Store) -> Result<Self, OpenError> {
        let mut snapshot = Self::open(store, StateTrie::default())?;
        snapshot.trie = snapshot.build_trie()?;
        let (found, expected) = (snapshot.trie.root(), snapshot.head.state_root);
        if found != expected {
            return Err(OpenError::StateRoot { found, expected });
        }
        Ok(snapshot)
    }

    /// The newest state on disk, whose trie the caller has.
    pub(crate) fn open(store: &Store, trie: StateTrie) -> Result<Self, StoreError> {
        let database = store.database().clone();
        let read = database.begin_read()?;
        let headers = read.open_table(tables::HEADERS)?;
        let head = match headers.last()? {
            Some((_, value)) => header_of(value.value())?,
            None => return Err(corrupt("headers", "no block at all")),
        };
        Ok(Self {
            head,
            trie,
            oldest_state: prune::oldest_state(&read.open_table(tables::META)?)?,
            numbers: read.open_table(tables::NUMBERS)?,
            bodies: read.open_table(tables::BODIES)?,
            receipts: read.open_table(tables::RECEIPTS)?,
            transactions: read.open_table(tables::TRANSACTIONS)?,
            accounts: read.open_table(tables::ACCOUNTS)?,
            storage: read.open_table(tables::STORAGE)?,
            code: read.open_table(tables::CODE)?,
            account_history: read.open_table(tables::ACCOUNT_HISTORY)?,
            storage_history: read.open_table(tables::STORAGE_HISTORY)?,
            changes: read.open_table(tables::CHANGES)?,
            headers,
            _database: database,
        })
    }

    /// The block after which this is the state.
    pub(crate) fn head(&self) -> &SealedHeader {
        &self.head
    }

    /// The trie of the head's state.
    pub(crate) fn trie(&self) -> &StateTrie {
        &self.trie
    }

    /// Whether the state after block `number` can be read.
    pub(crate) fn check_kept(&self, number: u64) -> Result<(), StoreError> {
        let oldest = self.oldest_state;
        if number < oldest {
            return Err(StoreError::Pruned { number, oldest });
        }
        Ok(())
    }

    fn build_trie(&self) -> Result<StateTrie, StoreError> {
        let mut trie = StateTrie::default();
        trie.apply(&self.state()?);
        Ok(trie)
    }

    /// The newest state on disk as changes to an empty one, without code.
    pub(crate) fn state(&self) -> Result<StateDiff, StoreError> {
        let mut diff = StateDiff::default();
        for row in self.accounts.iter()? {
            let (address, value) = row?;
            let account = Some(tables::account_of(&value.value()));
            let change = AccountDiff {
                account,
                ..AccountDiff::default()
            };
            diff.accounts.insert(Address::from(address.value()), change);
        }
        for row in self.storage.iter()? {
            let (key, value) = row?;
            let (address, slot) = tables::storage_key_parts(&key.value());
            let change = diff
                .accounts
                .get_mut(&address)
                .ok_or_else(|| corrupt("storage", format!("a slot of no account, {address}")))?;
            change
                .storage
                .insert(slot, U256::from_be_bytes(value.value()));
        }
        Ok(diff)
    }

    /// The trie after block `number`: the head's, with what later blocks changed put back.
    pub(crate) fn trie_at(&self, number: u64) -> Result<StateTrie, StoreError> {
        self.check_kept(number)?;
        let mut back: BTreeMap<Address, AccountDiff> = BTreeMap::new();
        for row in self
            .changes
            .range(number.saturating_add(1)..=self.head.number)?
        {
            for key in tables::changes_of(row?.1.value())? {
                let address = match key {
                    ChangedKey::Account(address) => {
                        back.entry(address).or_default();
                        address
                    }
                    ChangedKey::Slot(address, slot) => {
                        let value = self.slot(address, slot, number)?;
                        back.entry(address).or_default().storage.insert(slot, value);
                        address
                    }
                };
                let account = self.account(address, number)?;
                back.entry(address).or_default().account = account;
            }
        }
        let mut trie = self.trie.clone();
        trie.apply(&StateDiff {
            accounts: back,
            ..StateDiff::default()
        });
        Ok(trie)
    }

    /// An account after block `number`.
    pub(crate) fn account(
        &self,
        address: Address,
        number: u64,
    ) -> Result<Option<Account>, StoreError> {
        self.check_kept(number)?;
        if number < self.head.number {
            let rows = tables::account_history_key(address, number + 1)
                ..=tables::account_history_key(address, u64::MAX);
            if let Some(row) = self.account_history.range(rows)?.next() {
                return tables::past_account_of(row?.1.value());
            }
        }
        let value = self.accounts.get(address.into_array())?;
        Ok(value.map(|value| tables::account_of(&value.value())))
    }

    /// A storage word after block `number`.
    pub(crate) fn slot(
        &self,
        address: Address,
        slot: U256,
        number: u64,
    ) -> Result<U256, StoreError> {
        self.check_kept(number)?;
        if number < self.head.number {
            let rows = tables::storage_history_key(address, slot, number + 1)
                ..=tables::storage_history_key(address, slot, u64::MAX);
            if let Some(row) = self.storage_history.range(rows)?.next() {
                return Ok(U256::from_be_bytes(row?.1.value()));
            }
        }
        let value = self.storage.get(tables::storage_key(address, slot))?;
        Ok(value.map_or(U256::ZERO, |value| U256::from_be_bytes(value.value())))
    }

    /// Code by its hash; code is never removed.
    pub(crate) fn code(&self, hash: B256) -> Result<Option<Bytes>, StoreError> {
        Ok(self
            .code
            .get(hash.0)?
            .map(|code| Bytes::copy_from_slice(code.value())))
    }

    /// Number of a finalised block by its hash.
    pub(crate) fn number(&self, hash: B256) -> Result<Option<u64>, StoreError> {
        Ok(self.numbers.get(hash.0)?.map(|number| number.value()))
    }

    /// A finalised header.
    pub(crate) fn header(&self, number: u64) -> Result<Option<SealedHeader>, StoreError> {
        self.headers
            .get(number)?
            .map(|value| header_of(value.value()))
            .transpose()
    }

    /// A finalised block.
    pub(crate) fn block(&self, number: u64) -> Result<Option<ExecutedBlock>, StoreError> {
        let Some(header) = self.header(number)? else {
            return Ok(None);
        };
        let missing = |table| corrupt(table, format!("no row for block {number}"));
        let body = self.bodies.get(number)?.ok_or_else(|| missing("bodies"))?;
        let mut bytes = body.value();
        let damaged = |error| corrupt("bodies", error);
        let senders = Vec::<Address>::decode(&mut bytes).map_err(damaged)?;
        let transactions = Vec::<Transaction>::decode(&mut bytes).map_err(damaged)?;
        let receipts = self
            .receipts
            .get(number)?
            .ok_or_else(|| missing("receipts"))?;
        let receipts = Vec::<Receipt>::decode(&mut receipts.value())
            .map_err(|error| corrupt("receipts", error))?;
        if senders.len() != transactions.len() || receipts.len() != transactions.len() {
            return Err(corrupt(
                "bodies",
                format!("unequal list lengths in block {number}"),
            ));
        }
        let transactions = transactions
            .into_iter()
            .zip(senders)
            .map(|(transaction, sender)| Recovered::new_unchecked(transaction, sender))
            .collect();
        Ok(Some(ExecutedBlock {
            header,
            transactions,
            receipts,
        }))
    }

    /// Block number and index of a finalised transaction.
    pub(crate) fn place(&self, hash: B256) -> Result<Option<(u64, u32)>, StoreError> {
        Ok(self
            .transactions
            .get(hash.0)?
            .map(|place| tables::place_of(&place.value())))
    }
}

fn header_of(value: &[u8]) -> Result<SealedHeader, StoreError> {
    let damaged = |detail: &dyn fmt::Display| corrupt("headers", detail);
    let (hash, mut rlp) = value
        .split_first_chunk::<32>()
        .ok_or_else(|| damaged(&"a row without a hash"))?;
    let header = Header::decode(&mut rlp).map_err(|error| damaged(&error))?;
    Ok(SealedHeader::new_unchecked(header, B256::from(*hash)))
}
