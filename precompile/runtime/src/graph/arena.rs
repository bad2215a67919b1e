//! Where every tensor of a running model lies: one block of memory, places reused as soon as the
//! tensor in them is no longer read.
//!
//! The layout of operators that run one by one is consensus data (its size is recorded and priced). It
//! depends on the model alone: not on kernels, nor on the machine. A plan that runs some together has
//! a layout of its own.

use crate::{
    buffer::ALIGNMENT,
    model::{Model, format::ValueId, validate::Values},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec,
    vec::Vec,
};
use core::ops::Range;

/// A place in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    /// First byte; a multiple of [`ALIGNMENT`].
    pub(crate) offset: u64,
    /// Bytes of the tensor that lies there.
    pub(crate) len: u64,
}

/// Operators that are run together, rows of their results at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stage {
    /// Their indices.
    pub(crate) operators: Range<usize>,
    /// Rows that they all have.
    pub(crate) rows: usize,
    /// Rows at a time.
    pub(crate) block_rows: usize,
}

impl Stage {
    /// An operator alone, all at once.
    pub(crate) const fn alone(operator: usize) -> Self {
        Self {
            operators: operator..operator + 1,
            rows: 1,
            block_rows: 1,
        }
    }
}

/// Places of all values that are not constant.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    regions: Vec<Option<Region>>,
    is_block: Vec<bool>,
    bytes: u64,
}

impl Layout {
    /// The layout of operators that run one after another: consensus data.
    pub(crate) fn new(model: &Model, values: &Values) -> Self {
        let alone: Vec<Stage> = (0..model.operators.len()).map(Stage::alone).collect();
        Self::of_stages(model, values, &alone, |_| false)
    }

    /// Places values in the order in which they come to be: inputs, then operators' outputs. An
    /// output takes the smallest free gap that holds it (the lowest of equals), else new memory at
    /// the end. After a stage, the places of what it was the last to read are free. What is read only
    /// in the stage where it is written has a place for one block of rows, until it was read last. What an
    /// operator hands on to the next inside a step has none.
    pub(crate) fn of_stages(
        model: &Model,
        values: &Values,
        stages: &[Stage],
        hands_on: impl Fn(usize) -> bool,
    ) -> Self {
        let root = |value: ValueId| values.alias(value).unwrap_or(value);
        let mut dying = last_reads(model, root);
        let mut layout = Self {
            regions: vec![None; values.len()],
            is_block: vec![false; values.len()],
            bytes: 0,
        };
        let mut memory = Memory::default();
        let first_output = model.inputs.len() + model.constants.len();
        for input in 0..model.inputs.len() {
            layout.place(&mut memory, values, input as ValueId, None);
        }
        for stage in stages {
            let outputs = first_output + stage.operators.start..first_output + stage.operators.end;
            for value in stage
                .operators
                .clone()
                .flat_map(|at| dying[at].iter().copied())
            {
                layout.is_block[usize::from(value)] = outputs.contains(&usize::from(value));
            }
            for value in outputs.clone() {
                if !layout.is_block[usize::from(root(value as ValueId))] {
                    layout.place(&mut memory, values, value as ValueId, None);
                }
            }
            let mut dead = Vec::new();
            let mut read = Vec::new();
            for operator in stage.operators.clone() {
                read.append(&mut dying[operator]);
                if hands_on(operator) {
                    continue;
                }
                let value = first_output + operator;
                if layout.is_block[usize::from(root(value as ValueId))] {
                    layout.place(&mut memory, values, value as ValueId, Some(stage));
                }
                for value in read.drain(..) {
                    if layout.is_block[usize::from(value)] {
                        layout.release(&mut memory, value);
                    } else {
                        dead.push(value);
                    }
                }
            }
            for value in dead {
                layout.release(&mut memory, value);
            }
        }
        layout.bytes = memory.end;
        layout
    }

    fn place(
        &mut self,
        memory: &mut Memory,
        values: &Values,
        value: ValueId,
        block: Option<&Stage>,
    ) {
        self.regions[usize::from(value)] = if let Some(source) = values.alias(value) {
            self.regions[usize::from(source)]
        } else if values.constant(value).is_none() {
            let bytes = values.tensor(value).size_bytes();
            let len = match block {
                Some(stage) => bytes / stage.rows as u64 * stage.block_rows as u64,
                None => bytes,
            };
            let offset = memory.take(reserved(len));
            Some(Region { offset, len })
        } else {
            None
        };
    }

    fn release(&self, memory: &mut Memory, value: ValueId) {
        if let Some(region) = self.regions[usize::from(value)] {
            memory.release(region.offset, reserved(region.len));
        }
    }

    /// Whether a value's place holds one block of its rows.
    pub(crate) fn is_block(&self, value: ValueId) -> bool {
        self.is_block[usize::from(value)]
    }

    /// Bytes of the arena.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The place of a value; `None` for constants.
    pub(crate) fn region(&self, value: ValueId) -> Option<Region> {
        self.regions[usize::from(value)]
    }
}

/// For each operator, the values that it is the last to read, each once. Outputs of the model and
/// values that nothing reads are in no list: they keep their places.
fn last_reads(model: &Model, root: impl Fn(ValueId) -> ValueId) -> Vec<Vec<ValueId>> {
    let mut is_seen = BTreeSet::new();
    for output in model.outputs.iter() {
        is_seen.insert(root(output.value));
    }
    let mut lists = Vec::new();
    for operator in model.operators.iter().rev() {
        let mut list = Vec::new();
        for operand in operator.operands() {
            if is_seen.insert(root(operand)) {
                list.push(root(operand));
            }
        }
        lists.push(list);
    }
    lists.reverse();
    lists
}

/// Bytes that a tensor takes up.
const fn reserved(len: u64) -> u64 {
    len.next_multiple_of(ALIGNMENT as u64)
}

/// Memory that grows at the end, and its free gaps.
#[derive(Debug, Default)]
struct Memory {
    end: u64,
    /// Length by offset. No two gaps touch.
    gaps: BTreeMap<u64, u64>,
    /// The same as (length, offset): the best fit is the first that is large enough.
    by_len: BTreeSet<(u64, u64)>,
}

impl Memory {
    fn take(&mut self, len: u64) -> u64 {
        if let Some(&(gap, offset)) = self.by_len.range((len, 0)..).next() {
            self.remove(offset, gap);
            if gap > len {
                self.insert(offset + len, gap - len);
            }
            return offset;
        }
        // Nothing is large enough: grow, starting with a gap at the end if there is one.
        let last = self.gaps.iter().next_back().map(|(&at, &gap)| (at, gap));
        let offset = match last {
            Some((at, gap)) if at + gap == self.end => {
                self.remove(at, gap);
                at
            }
            _ => self.end,
        };
        self.end = offset + len;
        offset
    }

    fn release(&mut self, mut offset: u64, mut len: u64) {
        let before = self.gaps.range(..offset).next_back();
        if let Some((at, gap)) = before.map(|(&at, &gap)| (at, gap))
            && at + gap == offset
        {
            self.remove(at, gap);
            offset = at;
            len += gap;
        }
        if let Some(&gap) = self.gaps.get(&(offset + len)) {
            self.remove(offset + len, gap);
            len += gap;
        }
        self.insert(offset, len);
    }

    fn insert(&mut self, offset: u64, len: u64) {
        self.gaps.insert(offset, len);
        self.by_len.insert((len, offset));
    }

    fn remove(&mut self, offset: u64, len: u64) {
        self.gaps.remove(&offset);
        self.by_len.remove(&(len, offset));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_gap_that_holds_it_is_taken_and_gaps_merge() {
        let mut memory = Memory::default();
        let places: Vec<u64> = [128, 64, 256, 64].map(|len| memory.take(len)).to_vec();
        assert_eq!(places, [0, 128, 192, 448]);
        memory.release(0, 128);
        memory.release(192, 256);
        assert_eq!(memory.take(64), 0, "the smaller gap");
        assert_eq!(memory.take(192), 192);
        assert_eq!(memory.end, 512);
        memory.release(128, 64);
        assert_eq!(memory.take(128), 64, "two gaps that touch are one");
    }

    #[test]
    fn memory_grows_from_a_gap_at_its_end() {
        let mut memory = Memory::default();
        memory.take(64);
        let last = memory.take(64);
        memory.release(last, 64);
        assert_eq!(memory.take(192), 64);
        assert_eq!(memory.end, 256);
    }
}
