//! Where every tensor of a running model lies: one block of memory, places reused as soon as the
//! tensor in them is no longer read.
//!
//! The layout is consensus data (its size is recorded and priced). It depends on the model alone:
//! not on kernels, nor on the machine.

use crate::{
    buffer::ALIGNMENT,
    model::{Model, format::ValueId, validate::Values},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec,
    vec::Vec,
};

/// A place in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    /// First byte; a multiple of [`ALIGNMENT`].
    pub(crate) offset: u64,
    /// Bytes of the tensor that lies there.
    pub(crate) len: u64,
}

/// Places of all values that are not constant.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    regions: Vec<Option<Region>>,
    bytes: u64,
}

impl Layout {
    /// Places values in the order in which they come to be: inputs, then operators' outputs. An
    /// output takes the smallest free gap that holds it (the lowest of equals), else new memory at
    /// the end. After an operator, the places of what it was the last to read are free.
    pub(crate) fn new(model: &Model, values: &Values) -> Self {
        let root = |value: ValueId| values.alias(value).unwrap_or(value);
        let mut dying = last_reads(model, root);
        let mut regions: Vec<Option<Region>> = vec![None; values.len()];
        let mut memory = Memory::default();
        let first_output = model.inputs.len() + model.constants.len();
        let outputs = (first_output..values.len()).zip(0_usize..);
        let inputs = (0..model.inputs.len()).map(|value| (value, None));
        for (value, operator) in inputs.chain(outputs.map(|(value, at)| (value, Some(at)))) {
            let number = value as ValueId;
            regions[value] = if let Some(source) = values.alias(number) {
                regions[usize::from(source)]
            } else if values.constant(number).is_none() {
                let len = values.tensor(number).size_bytes();
                let offset = memory.take(reserved(len));
                Some(Region { offset, len })
            } else {
                None
            };
            let dead: Vec<ValueId> = match operator {
                Some(at) => core::mem::take(&mut dying[at]),
                None => Vec::new(),
            };
            for value in dead {
                if let Some(region) = regions[usize::from(value)] {
                    memory.release(region.offset, reserved(region.len));
                }
            }
        }
        Self {
            regions,
            bytes: memory.end,
        }
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
