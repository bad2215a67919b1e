//! Prices, one [`GasTable`] per fork, and the formulas over them.
//!
//! A price is what the work takes on the slowest supported kernels at 100 million gas a second:
//! 1 gas is 10 ns, 1 milligas is 10 ps. `docs/gas.md` says what was measured. A change of a price
//! is a new table at a fork, never an edit of one that blocks were made with.
//!
//! Formulas saturate; they never overflow, whatever a record or a caller says.

use crate::{
    meter::{COLD_ACCOUNT, COLD_SLOT},
    record::{READ_SLOTS, RECORD_SLOTS, Record},
    root::chunk_count,
};
use alloy_primitives::U256;
use fixpoint_runtime::work::WORK_CLASSES;

/// Prices of one fork. Milligas are thousandths of gas; a sum is rounded up once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GasTable {
    /// Every call: dispatch, decoding, reading and setting the load mark (two transient accesses).
    pub base: u64,
    /// Model load, per chunk: finding code by its hash in a database, as for a cold account.
    pub load_per_chunk: u64,
    /// Model load, per payload byte: read, hash, parse.
    pub load_milligas_per_byte: u64,
    /// Model load, per operator, constant and entry of a quantisation: check, plan.
    pub load_per_item: u64,
    /// Model load, per step of validation: a constant's element looked at and packed, a unit of
    /// work on constants alone.
    pub load_milligas_per_step: u64,
    /// Work of one inference, milligas per unit of each class, in the order of `Work::to_array`.
    pub work_milligas: [u64; WORK_CLASSES],
    /// Memory of one inference, per arena byte: obtained from the system and cleared.
    pub arena_milligas_per_byte: u64,
    /// A word of input or output: one exact conversion.
    pub word_milligas: u64,
    /// A raw byte of input or output: copied.
    pub raw_milligas_per_byte: u64,
    /// A word of what `modelInfo` returns.
    pub info_word_milligas: u64,
    /// Activation, per record slot: EIP-2929 and EIP-2200 for a slot that was zero.
    pub activate_per_slot: u64,
    /// The most that one inference may cost, its calldata included: a model above it is not
    /// activated. Leaves room for the transaction and a calling contract below EIP-7825's 16,777,216.
    pub max_call_gas: u64,
}

/// Which prices [`GENESIS`] has, as chain specifications name them.
pub const GAS_TABLE_VERSION: u16 = 4;

/// The prices, of records of version 4.
pub const GENESIS: GasTable = GasTable {
    base: 500,
    load_per_chunk: 2_600,
    load_milligas_per_byte: 500,
    load_per_item: 280,
    load_milligas_per_step: 700,
    work_milligas: [
        110_000, // operators
        5,       // macs_i8
        11,      // macs_i16x8
        17,      // macs_i16
        90,      // depthwise_macs_i8
        110,     // depthwise_macs_i16
        100,     // pool_elements
        110,     // elementwise
        100,     // multiply_i32
        800,     // divide
        280,     // rescale
        150,     // table
        110,     // reduce
        45,      // move_bytes
        6_500,   // gather
        1_500,   // runs
    ],
    arena_milligas_per_byte: 25,
    word_milligas: 24_000,
    raw_milligas_per_byte: 100,
    info_word_milligas: 3_000,
    activate_per_slot: 22_100,
    max_call_gas: 16_400_000,
};

/// How a call carries its tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// 18-decimal words.
    Words,
    /// The tensors' own integers.
    Raw,
}

/// EIP-2028: a non-zero byte of calldata.
const CALLDATA_BYTE: u64 = 16;

impl GasTable {
    /// Loading a model that no cache holds. Depends on the record alone, never on a cache.
    #[must_use]
    pub fn load(&self, record: &Record) -> u64 {
        let chunks = u64::from(chunk_count(record.payload_bytes));
        chunks
            .saturating_mul(self.load_per_chunk)
            .saturating_add(self.load_bytes(record.payload_bytes))
            .saturating_add(self.load_items(record.items))
            .saturating_add(self.load_steps(record.validation_steps))
    }

    /// The part of a load that the payload's length sets.
    #[must_use]
    pub fn load_bytes(&self, payload_bytes: u32) -> u64 {
        to_gas(u128::from(payload_bytes) * u128::from(self.load_milligas_per_byte))
    }

    /// The part of a load that the number of items sets.
    #[must_use]
    pub fn load_items(&self, items: u32) -> u64 {
        u64::from(items).saturating_mul(self.load_per_item)
    }

    /// The part of a load that the steps of validation set.
    #[must_use]
    pub fn load_steps(&self, steps: u64) -> u64 {
        to_gas(u128::from(steps) * u128::from(self.load_milligas_per_step))
    }

    /// The most steps of validation that `gas` pays for.
    #[must_use]
    pub fn steps_for(&self, gas: u64) -> u64 {
        let milligas = u128::from(gas) * 1_000;
        let steps = milligas.checked_div(u128::from(self.load_milligas_per_step));
        steps
            .and_then(|steps| u64::try_from(steps).ok())
            .unwrap_or(u64::MAX)
    }

    /// `runs` inferences, with their input and output but without the load.
    #[must_use]
    pub fn runs(&self, record: &Record, runs: u64, encoding: Encoding) -> u64 {
        let work: u128 =
            record.work.to_array().iter().zip(self.work_milligas).fold(
                0,
                |sum: u128, (count, price)| {
                    sum.saturating_add(u128::from(*count) * u128::from(price))
                },
            );
        let (units, price) = match encoding {
            Encoding::Words => (
                u128::from(record.input_elements) + u128::from(record.output_elements),
                self.word_milligas,
            ),
            Encoding::Raw => (
                u128::from(record.input_bytes) + u128::from(record.output_bytes),
                self.raw_milligas_per_byte,
            ),
        };
        let one_run = work.saturating_add(units * u128::from(price));
        let arena = u128::from(record.arena_bytes) * u128::from(self.arena_milligas_per_byte);
        to_gas(
            one_run
                .saturating_mul(u128::from(runs))
                .saturating_add(arena),
        )
    }

    /// What one call with one inference uses when nothing is warm: the transaction's first.
    #[must_use]
    pub fn first_call(&self, record: &Record, encoding: Encoding) -> u64 {
        self.base
            .saturating_add(COLD_ACCOUNT)
            .saturating_add(READ_SLOTS * COLD_SLOT)
            .saturating_add(self.load(record))
            .saturating_add(self.runs(record, 1, encoding))
    }

    /// A first call with raw tensors, with the calldata of its input: what
    /// [`Self::max_call_gas`] limits.
    #[must_use]
    pub fn first_raw_call_with_calldata(&self, record: &Record) -> u64 {
        self.first_call(record, Encoding::Raw)
            .saturating_add(u64::from(record.input_bytes).saturating_mul(CALLDATA_BYTE))
    }

    /// Writing a record.
    #[must_use]
    pub const fn record_write(&self) -> u64 {
        self.activate_per_slot.saturating_mul(RECORD_SLOTS)
    }

    /// Returning this many words of model information.
    #[must_use]
    pub fn info(&self, words: usize) -> u64 {
        let words = u64::try_from(words).unwrap_or(u64::MAX);
        to_gas(u128::from(words) * u128::from(self.info_word_milligas))
    }
}

/// A caller's count as a number of runs: a count that no gas could pay stays one.
#[must_use]
pub fn run_count(n: U256) -> u64 {
    n.saturating_to()
}

fn to_gas(milligas: u128) -> u64 {
    u64::try_from(milligas.div_ceil(1_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fixpoint_runtime::work::Work;

    fn record(counts: [u64; WORK_CLASSES], field: u32) -> Record {
        Record {
            version: crate::record::CURRENT_RECORD_VERSION,
            items: 7,
            payload_bytes: field,
            arena_bytes: field,
            input_elements: field,
            input_bytes: field,
            output_elements: field,
            output_bytes: field,
            work: Work::from_array(counts),
            validation_steps: 9,
        }
    }

    #[test]
    fn no_record_and_no_count_overflow() {
        let most = record([u64::MAX; WORK_CLASSES], u32::MAX);
        assert_eq!(GENESIS.runs(&most, u64::MAX, Encoding::Words), u64::MAX);
        assert_eq!(
            GENESIS.runs(&most, run_count(U256::MAX), Encoding::Raw),
            u64::MAX
        );
        assert_eq!(GENESIS.first_raw_call_with_calldata(&most), u64::MAX);
        assert!(GENESIS.load(&most) < u64::MAX);
        let unbounded = Record {
            validation_steps: u64::MAX,
            ..most
        };
        assert!(GENESIS.load(&unbounded) > u64::MAX / 1_000);
    }

    #[test]
    fn a_batch_pays_work_and_words_for_each_run_and_memory_once() {
        let record = record([1_000; WORK_CLASSES], 1_000);
        let [none, one, two] = [0, 1, 2].map(|runs| GENESIS.runs(&record, runs, Encoding::Words));
        assert_eq!(two - one, one - none);
        assert_eq!(none, 1_000 * GENESIS.arena_milligas_per_byte / 1_000);
    }

    #[test]
    fn every_class_has_a_price() {
        for class in 0..WORK_CLASSES {
            let mut counts = [0; WORK_CLASSES];
            counts[class] = 1_000;
            let gas = GENESIS.runs(&record(counts, 0), 1, Encoding::Raw);
            assert_eq!(gas, GENESIS.work_milligas[class], "class {class}");
            assert!(gas > 0, "class {class}");
        }
    }

    #[test]
    fn gas_pays_for_all_the_steps_that_it_is_said_to_and_no_more() {
        for gas in [0, 1, 2, 3, 999, 1_000_003] {
            let steps = GENESIS.steps_for(gas);
            assert!(GENESIS.load_steps(steps) <= gas);
            assert!(GENESIS.load_steps(steps + 1) > gas);
        }
    }

    #[test]
    fn sums_of_milligas_round_up_once() {
        let mut counts = [0; WORK_CLASSES];
        counts[1] = 1;
        counts[2] = 1;
        assert_eq!(GENESIS.runs(&record(counts, 0), 1, Encoding::Raw), 1);
    }
}
