//! What tensors hold: values at which arithmetic breaks, more often than not.

use crate::choices::{Choices, noise};
use fixpoint_runtime::tensor::{DType, TensorType};

/// How the elements of a tensor are drawn.
#[derive(Clone, Copy, Debug)]
pub enum Fill {
    /// The ends of the type, 0, 1, -1, powers of two and their neighbours.
    Edges,
    /// -9 to 9.
    Small,
    /// Anything.
    Any,
    /// From one number to another, the ends more often.
    Within(i64, i64),
    /// A shuffle of the numbers below this one in each row of the last axis, sometimes spoilt.
    Shuffled(u32),
}

impl Fill {
    /// One of those that any operator can do with.
    pub(super) fn pick(choices: &mut Choices<'_>) -> Self {
        choices.pick(&[Self::Small, Self::Any, Self::Edges, Self::Small])
    }

    /// Elements for a tensor, from a seed.
    #[must_use]
    pub fn elements(self, of: &TensorType, seed: u64) -> Vec<i64> {
        let words = noise(seed, 8 * of.elements() as usize);
        let words: Vec<_> = words
            .as_chunks::<8>()
            .0
            .iter()
            .map(|word| u64::from_le_bytes(*word))
            .collect();
        if let Self::Shuffled(limit) = self {
            return shuffled(of, limit, seed, &words);
        }
        words
            .iter()
            .map(|word| self.element(of.dtype, *word))
            .collect()
    }

    fn element(self, dtype: DType, word: u64) -> i64 {
        let (lowest, highest) = dtype.range();
        let (kind, word) = (word % 8, word / 8);
        let any = |from: i64, to: i64| from + (word % (to - from + 1) as u64) as i64;
        let element = match (self, kind) {
            (Self::Edges, 0) => lowest,
            (Self::Edges, 1) => highest,
            (Self::Edges, 2) => any(-1, 1),
            (Self::Edges, 3..=6) => {
                let power = 1_i64 << (word % 48);
                let sign = if kind % 2 == 0 { 1 } else { -1 };
                sign * power + ((word >> 8) % 3) as i64 - 1
            }
            (Self::Small, _) => any(-9, 9),
            (Self::Within(from, _), 0) => from,
            (Self::Within(_, to), 1) => to,
            (Self::Within(from, to), _) => any(from, to),
            _ => any(lowest, highest),
        };
        element.clamp(lowest, highest)
    }
}

/// One in eight tensors has a number that is taken twice, or that is not below the limit.
fn shuffled(of: &TensorType, limit: u32, seed: u64, words: &[u64]) -> Vec<i64> {
    let width = of.shape.last().copied().unwrap_or(1) as usize;
    let mut elements = Vec::new();
    for row in words.chunks(width) {
        let mut numbers: Vec<_> = (0..i64::from(limit)).collect();
        for word in row {
            let at = (word % numbers.len().max(1) as u64) as usize;
            elements.push(if numbers.is_empty() {
                0
            } else {
                numbers.swap_remove(at)
            });
        }
    }
    if seed.is_multiple_of(8) {
        let at = (seed / 8) as usize % elements.len();
        elements[at] = i64::from(limit) * i64::from(seed.is_multiple_of(16));
    }
    elements
}
