//! What an activation leaves in the precompile's storage: all that a call's price depends on.
//!
//! A model with hash `h` has the slots from `keccak256("fixpoint.record" ++ h)` on; big-endian
//! fields from the slot's most significant byte:
//!
//! | Slot | Fields |
//! |---|---|
//! | 0 | version u16, items u32, payload bytes u32, arena bytes u32, input elements u32, input bytes u32, output elements u32, output bytes u32, 2 zero bytes |
//! | 1 to 3 | work classes, six u40 a slot, in the order of [`Work::to_array`], and behind them the validation steps; what is left is zero |
//! | 4 | content hash, for readers of the storage; a call does not read it |
//!
//! A u40 holds every count of a model that `activate` accepts: a unit costs a milligas at least, and
//! 2^40 of them are far over the limit on one inference.

use crate::{error::Failure, meter::Meter, state::State};
use alloc::vec::Vec;
use alloy_primitives::{B256, U256, keccak256};
use fixpoint_runtime::work::{WORK_CLASSES, Work};

/// The record version that `activate` writes.
pub const CURRENT_RECORD_VERSION: u16 = 4;
/// The oldest record version that is served. A fork that adds a work class or tightens validation
/// raises it; older records then need `activate` again.
pub const MIN_RECORD_VERSION: u16 = 4;
/// Slots of one record.
pub const RECORD_SLOTS: u64 = READ_SLOTS + 1;
/// Slots that a call reads: all but the content hash.
pub const READ_SLOTS: u64 = 1 + WORK_SLOTS;

const WORK_SLOTS: u64 = COUNTS.div_ceil(COUNTS_PER_SLOT) as u64;
/// Work classes and validation steps.
const COUNTS: usize = WORK_CLASSES + 1;
const COUNTS_PER_SLOT: usize = 6;
/// Bits of one count.
const COUNT_BITS: usize = 40;
/// Zero bits behind the counts of a slot.
const UNUSED_BITS: usize = 256 - COUNTS_PER_SLOT * COUNT_BITS;
const MAX_COUNT: u64 = (1 << COUNT_BITS) - 1;

/// A model's measures, as activation found them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The record version it was written with; 0 stands for no record.
    pub version: u16,
    /// Operators, constants and entries of quantisations: what takes time to load beside bytes.
    pub items: u32,
    /// Length of the payload.
    pub payload_bytes: u32,
    /// Memory of one inference.
    pub arena_bytes: u32,
    /// Elements of all inputs together.
    pub input_elements: u32,
    /// Packed bytes of all inputs together.
    pub input_bytes: u32,
    /// Elements of all outputs together.
    pub output_elements: u32,
    /// Packed bytes of all outputs together.
    pub output_bytes: u32,
    /// Work of one inference.
    pub work: Work,
    /// Steps of validation, which a load takes again.
    pub validation_steps: u64,
}

impl Record {
    /// Reads a model's record, at the price of its slots. The version is judged by the caller;
    /// the slots behind the first are read only if there is a record that is served.
    ///
    /// # Errors
    /// [`Failure::OutOfGas`], [`Failure::Database`].
    pub fn read(
        meter: &mut Meter,
        state: &mut dyn State,
        model_hash: B256,
    ) -> Result<Self, Failure> {
        let base = base_slot(model_hash);
        let mut record = Self::from_header(meter.read_slot(state, base)?);
        if record.is_served() {
            let mut counts = [0; COUNTS];
            for (index, slot_counts) in (1u64..).zip(counts.chunks_mut(COUNTS_PER_SLOT)) {
                let slot = meter.read_slot(state, base.wrapping_add(U256::from(index)))?;
                for (at, count) in slot_counts.iter_mut().enumerate() {
                    *count = slot.wrapping_shr(count_shift_bits(at)).as_limbs()[0] & MAX_COUNT;
                }
            }
            let [work @ .., validation_steps] = counts;
            record.work = Work::from_array(work);
            record.validation_steps = validation_steps;
        }
        Ok(record)
    }

    /// Writes the record. The caller has paid for it.
    ///
    /// # Errors
    /// [`Failure::Database`].
    pub fn write(
        &self,
        state: &mut dyn State,
        model_hash: B256,
        content_hash: B256,
    ) -> Result<(), Failure> {
        let mut counts = self.work.to_array().to_vec();
        counts.push(self.validation_steps);
        let mut slots: Vec<U256> = Vec::new();
        slots.push(self.to_header());
        slots.extend(counts.chunks(COUNTS_PER_SLOT).map(|slot_counts| {
            let counts = slot_counts.iter().enumerate();
            counts.fold(U256::ZERO, |slot, (at, &count)| {
                slot | U256::from(count.min(MAX_COUNT)).wrapping_shl(count_shift_bits(at))
            })
        }));
        slots.push(content_hash.into());
        let base = base_slot(model_hash);
        for (index, slot) in (0u64..).zip(slots) {
            state.store_slot(base.wrapping_add(U256::from(index)), slot)?;
        }
        Ok(())
    }

    /// Whether there is a record at all.
    #[must_use]
    pub const fn exists(&self) -> bool {
        self.version != 0
    }

    /// Whether calls are served with this record.
    #[must_use]
    pub const fn is_served(&self) -> bool {
        self.version >= MIN_RECORD_VERSION
    }

    fn to_header(self) -> U256 {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&self.version.to_be_bytes());
        for field in [
            self.items,
            self.payload_bytes,
            self.arena_bytes,
            self.input_elements,
            self.input_bytes,
            self.output_elements,
            self.output_bytes,
        ] {
            bytes.extend_from_slice(&field.to_be_bytes());
        }
        bytes.extend_from_slice(&[0; 2]);
        U256::from_be_slice(&bytes)
    }

    fn from_header(slot: U256) -> Self {
        let field_u16 =
            |offset: usize| slot.wrapping_shr(256 - 8 * (offset + 2)).as_limbs()[0] as u16;
        let field_u32 =
            |offset: usize| slot.wrapping_shr(256 - 8 * (offset + 4)).as_limbs()[0] as u32;
        Self {
            version: field_u16(0),
            items: field_u32(2),
            payload_bytes: field_u32(6),
            arena_bytes: field_u32(10),
            input_elements: field_u32(14),
            input_bytes: field_u32(18),
            output_elements: field_u32(22),
            output_bytes: field_u32(26),
            work: Work::default(),
            validation_steps: 0,
        }
    }
}

/// Bits below the count at this place of a slot.
const fn count_shift_bits(at: usize) -> usize {
    UNUSED_BITS + (COUNTS_PER_SLOT - 1 - at) * COUNT_BITS
}

/// The first slot of a model's record.
#[must_use]
pub fn base_slot(model_hash: B256) -> U256 {
    keccak256([b"fixpoint.record".as_slice(), model_hash.as_slice()].concat()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        meter::{COLD_SLOT, WARM_READ},
        state::{AccountCode, Accounts, CodeByHash, Load, LoadMarks, StateError, Storage},
    };
    use alloc::collections::{BTreeMap, BTreeSet};
    use alloy_primitives::{Address, Bytes};

    /// Storage alone; nothing else is reached from here.
    #[derive(Default)]
    struct Slots {
        values: BTreeMap<U256, U256>,
        warm: BTreeSet<U256>,
    }

    impl Storage for Slots {
        fn load_slot(&mut self, slot: U256, skip_cold: bool) -> Result<Load<U256>, StateError> {
            let is_cold = !self.warm.contains(&slot);
            if is_cold && skip_cold {
                return Err(StateError::ColdLoadSkipped);
            }
            self.warm.insert(slot);
            Ok(Load {
                value: self.values.get(&slot).copied().unwrap_or_default(),
                is_cold,
            })
        }
        fn store_slot(&mut self, slot: U256, value: U256) -> Result<(), StateError> {
            self.values.insert(slot, value);
            Ok(())
        }
    }
    impl Accounts for Slots {
        fn code(&mut self, _: Address, _: bool) -> Result<Load<AccountCode>, StateError> {
            unreachable!()
        }
    }
    impl LoadMarks for Slots {
        fn is_marked(&mut self, _: B256) -> bool {
            unreachable!()
        }
        fn mark(&mut self, _: B256) {
            unreachable!()
        }
    }
    impl CodeByHash for Slots {
        fn code_by_hash(&mut self, _: B256) -> Result<Bytes, StateError> {
            unreachable!()
        }
    }

    const HASH: B256 = B256::repeat_byte(3);

    fn sample() -> Record {
        let mut counts = [0; WORK_CLASSES];
        for (count, value) in counts.iter_mut().zip(1u64..) {
            *count = MAX_COUNT - value;
        }
        Record {
            version: CURRENT_RECORD_VERSION,
            items: 0xfffe_0002,
            payload_bytes: 4,
            arena_bytes: 5,
            input_elements: 6,
            input_bytes: 7,
            output_elements: 8,
            output_bytes: u32::MAX - 9,
            work: Work::from_array(counts),
            validation_steps: MAX_COUNT,
        }
    }

    #[test]
    fn what_is_written_is_read_at_the_price_of_its_slots() {
        let mut slots = Slots::default();
        sample()
            .write(&mut slots, HASH, B256::repeat_byte(9))
            .unwrap();
        assert_eq!(slots.values.len() as u64, RECORD_SLOTS);
        let mut meter = Meter::new(READ_SLOTS * COLD_SLOT);
        assert_eq!(Record::read(&mut meter, &mut slots, HASH), Ok(sample()));
        assert_eq!(meter.used(), READ_SLOTS * COLD_SLOT);
        let mut warm = Meter::new(READ_SLOTS * WARM_READ);
        assert_eq!(Record::read(&mut warm, &mut slots, HASH), Ok(sample()));
        let other = Record::read(&mut Meter::new(u64::MAX), &mut slots, B256::ZERO).unwrap();
        assert!(!other.exists());
    }

    #[test]
    fn a_slot_that_cannot_be_paid_is_not_touched() {
        let mut slots = Slots::default();
        sample().write(&mut slots, HASH, B256::ZERO).unwrap();
        let mut meter = Meter::new(2 * COLD_SLOT - 1);
        assert_eq!(
            Record::read(&mut meter, &mut slots, HASH),
            Err(Failure::OutOfGas)
        );
        assert_eq!(slots.warm.len(), 1);
    }
}
