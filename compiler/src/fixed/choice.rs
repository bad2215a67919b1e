//! Which element is the largest. ARGMAX takes 8 and 16 bits only; these are 32.

use super::{Emitted, Lane};
use fixpoint_runtime::model::format::ValueId;

impl Lane {
    /// Index `[1, 1]` of the first element of `[1, len]` that is at most `tolerance` units below
    /// the largest. `tolerance` above 0 needs elements that do not come within it of -2^31.
    pub(crate) fn first_largest(&mut self, value: ValueId, len: usize, tolerance: i64) -> Emitted {
        let mut floor = self.reduce_max(value, 1)?;
        if tolerance > 0 {
            let tolerance = self.scalar(2, tolerance)?;
            floor = self.sub(floor, tolerance)?;
        }
        let reaches = self.greater_equal(value, floor)?;
        let indices = self.constant(&[1, len], 0..len as i64)?;
        let beyond = self.scalar(2, len as i64 - 1)?;
        let candidates = self.select(reaches, indices, beyond)?;
        self.reduce_min(candidates, 1)
    }
}
