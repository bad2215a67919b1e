//! What is priced: the classes of work, and the parts of a call and of a load.

use fixpoint_precompile::{
    gas::{Encoding, GENESIS},
    meter::WARM_READ,
    record::{READ_SLOTS, Record},
    root::chunk_count,
};
use fixpoint_runtime::work::{WORK_CLASS_NAMES, WORK_CLASSES};

/// Something with a price: a class of work, or one of [`BESIDE_WORK`] behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Class(usize);

/// What a call and a load have beside work.
const BESIDE_WORK: [&str; 8] = [
    "arena_bytes",
    "raw_bytes",
    "words",
    "call",
    "load_bytes",
    "load_items",
    "load_steps",
    "load_chunks",
];

/// Number of classes.
const CLASSES: usize = WORK_CLASSES + BESIDE_WORK.len();

impl Class {
    pub(crate) const OPERATORS: Self = Self(0);
    pub(crate) const MACS_I8: Self = Self(1);
    pub(crate) const MACS_I16X8: Self = Self(2);
    pub(crate) const MACS_I16: Self = Self(3);
    pub(crate) const DEPTHWISE_I8: Self = Self(4);
    pub(crate) const DEPTHWISE_I16: Self = Self(5);
    pub(crate) const POOL: Self = Self(6);
    pub(crate) const ELEMENTWISE: Self = Self(7);
    pub(crate) const MULTIPLY: Self = Self(8);
    pub(crate) const DIVIDE: Self = Self(9);
    pub(crate) const RESCALE: Self = Self(10);
    pub(crate) const TABLE: Self = Self(11);
    pub(crate) const REDUCE: Self = Self(12);
    pub(crate) const MOVE: Self = Self(13);
    pub(crate) const GATHER: Self = Self(14);
    pub(crate) const RUNS: Self = Self(15);
    pub(crate) const ARENA: Self = Self(16);
    pub(crate) const RAW: Self = Self(17);
    pub(crate) const WORDS: Self = Self(18);
    pub(crate) const CALL: Self = Self(19);
    pub(crate) const LOAD_BYTES: Self = Self(20);
    pub(crate) const LOAD_ITEMS: Self = Self(21);
    pub(crate) const LOAD_STEPS: Self = Self(22);
    pub(crate) const LOAD_CHUNKS: Self = Self(23);

    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..CLASSES).map(Self)
    }

    /// Its name, that of the field of `Work` if it is one.
    pub(crate) const fn name(self) -> &'static str {
        match self.0.checked_sub(WORK_CLASSES) {
            Some(beside) => BESIDE_WORK[beside],
            None => WORK_CLASS_NAMES[self.0],
        }
    }

    /// Whether it is paid for by a load.
    pub(crate) const fn is_load(self) -> bool {
        self.0 >= Self::LOAD_BYTES.0
    }

    /// Whether it is a class of work.
    #[cfg(test)]
    pub(crate) const fn is_work(self) -> bool {
        self.0 < WORK_CLASSES
    }

    /// Whether it is that of operators, whatever their size.
    pub(crate) const fn is_operators(self) -> bool {
        self.0 == Self::OPERATORS.0
    }

    /// The class of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::all().find(|class| class.name() == name)
    }
}

/// What is paid, by class.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bill([f64; CLASSES]);

impl Bill {
    /// Nothing.
    pub(crate) const fn new() -> Self {
        Self([0.0; CLASSES])
    }

    /// With as much gas more for a class.
    pub(crate) fn with(mut self, class: Class, gas: u64) -> Self {
        self.0[class.0] += gas as f64;
        self
    }

    /// The work of one run, without what input and output cost.
    pub(crate) fn work(record: &Record) -> Self {
        let mut bill = Self::new();
        let prices = record
            .work
            .to_array()
            .into_iter()
            .zip(GENESIS.work_milligas);
        for (sum, (count, price)) in bill.0.iter_mut().zip(prices) {
            *sum = count as f64 * price as f64 / 1e3;
        }
        bill
    }

    /// A run with its arena, input and output.
    pub(crate) fn run(record: &Record, encoding: Encoding) -> Self {
        let io = match encoding {
            Encoding::Words => Class::WORDS,
            Encoding::Raw => Class::RAW,
        };
        let io_free = Record {
            input_elements: 0,
            input_bytes: 0,
            output_elements: 0,
            output_bytes: 0,
            ..*record
        };
        let arena = Record {
            work: Default::default(),
            ..io_free
        };
        let without_io = GENESIS.runs(&io_free, 1, encoding);
        Self::work(record)
            .with(Class::ARENA, GENESIS.runs(&arena, 1, encoding))
            .with(io, GENESIS.runs(record, 1, encoding) - without_io)
    }

    /// A call on a model that this transaction has loaded, all reads warm.
    pub(crate) fn call(record: &Record, encoding: Encoding) -> Self {
        let reads = (1 + READ_SLOTS) * WARM_READ;
        Self::run(record, encoding).with(Class::CALL, GENESIS.base + reads)
    }

    /// A load.
    pub(crate) fn load(record: &Record) -> Self {
        let chunks = u64::from(chunk_count(record.payload_bytes));
        Self::new()
            .with(Class::LOAD_CHUNKS, chunks * GENESIS.load_per_chunk)
            .with(Class::LOAD_BYTES, GENESIS.load_bytes(record.payload_bytes))
            .with(Class::LOAD_ITEMS, GENESIS.load_items(record.items))
            .with(
                Class::LOAD_STEPS,
                GENESIS.load_steps(record.validation_steps),
            )
    }

    /// All of it.
    pub(crate) fn gas(&self) -> f64 {
        self.0.iter().sum()
    }

    /// The class for which most is paid.
    pub(crate) fn main_class(&self) -> Class {
        let largest = |most: Class, class: Class| {
            if self.0[class.0] > self.0[most.0] {
                class
            } else {
                most
            }
        };
        Class::all().fold(Class(0), largest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fixpoint_runtime::work::Work;

    fn record() -> Record {
        Record {
            version: 1,
            items: 7,
            payload_bytes: 100_000,
            arena_bytes: 1_003,
            input_elements: 11,
            input_bytes: 13,
            output_elements: 17,
            output_bytes: 19,
            work: Work::from_array(std::array::from_fn(|at| 1_001 + at as u64)),
            validation_steps: 23,
        }
    }

    #[test]
    fn names_of_work_are_those_of_its_fields_in_their_order() {
        let debug = format!("{:?}", Work::default());
        let fields = debug.split(['{', ',']).skip(1);
        let fields = fields.filter_map(|field| Some(field.split_once(':')?.0.trim()));
        let names = Class::all().take(WORK_CLASSES).map(Class::name);
        assert!(fields.eq(names), "{debug}");
    }

    #[test]
    fn shares_add_up_to_what_the_precompile_charges() {
        let record = record();
        for encoding in [Encoding::Words, Encoding::Raw] {
            let charged = GENESIS.runs(&record, 1, encoding) as f64;
            let shares = Bill::run(&record, encoding).gas();
            // Each share of gas that is not work is rounded up.
            assert!((shares - charged).abs() <= 3.0, "{shares} {charged}");
        }
        let charged = GENESIS.load(&record) as f64;
        assert!((Bill::load(&record).gas() - charged).abs() < 1e-9);
    }
}
