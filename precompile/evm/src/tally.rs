//! How many inferences a node has answered, for those who watch it.
//!
//! Nothing that is counted here is read by the precompile.

use core::sync::atomic::{AtomicU64, Ordering};
use fixpoint_runtime::work::Work;

/// Counts the inferences that succeeded since it was made. Shared by all EVMs of a node.
#[derive(Debug, Default)]
pub struct Tally {
    runs: AtomicU64,
    recalls: AtomicU64,
    macs: AtomicU64,
}

/// What a tally has come to. Each number wraps around.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Inferences whose model ran.
    pub runs: u64,
    /// Inferences whose answer was known.
    pub recalls: u64,
    /// Multiply-accumulates of the models that ran, as gas counts them.
    pub macs: u64,
}

impl Tally {
    /// What was counted so far.
    pub fn totals(&self) -> Totals {
        Totals {
            runs: self.runs.load(Ordering::Relaxed),
            recalls: self.recalls.load(Ordering::Relaxed),
            macs: self.macs.load(Ordering::Relaxed),
        }
    }

    /// A model with this work has run.
    pub(crate) fn ran(&self, work: &Work) {
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.macs.fetch_add(work.macs(), Ordering::Relaxed);
    }

    /// An answer was known.
    pub(crate) fn recalled(&self) {
        self.recalls.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_add_their_macs_and_recalls_none() {
        let tally = Tally::default();
        let work = Work {
            macs_i8: 5,
            depthwise_macs_i16: 2,
            elementwise: 100,
            ..Work::default()
        };
        tally.ran(&work);
        tally.ran(&work);
        tally.recalled();
        let totals = Totals {
            runs: 2,
            recalls: 1,
            macs: 14,
        };
        assert_eq!(tally.totals(), totals);
    }
}
