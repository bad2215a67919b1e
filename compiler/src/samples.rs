//! Sample inputs: what calibration and the accuracy report run the models on.

use crate::{
    error::CompileError,
    npy::{Array, read_npz},
};
use std::{collections::BTreeMap, path::Path};

/// Every this many-th sample is held back for the report when there is no test set: 20 %.
const HELD_BACK_EVERY: usize = 5;

/// Arrays by input name, axis 0 counting samples. The empty name means the only input.
#[derive(Clone, Debug, Default)]
pub struct Samples(pub BTreeMap<String, Array>);

/// Samples matched with a model's inputs.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Number of samples.
    count: usize,
    /// Per input: all samples' elements.
    inputs: Vec<Vec<f32>>,
}

impl Samples {
    /// Reads an `.npz` archive (keys are input names) or an `.npy` file (for a single input).
    ///
    /// # Errors
    /// [`CompileError::Npy`].
    pub fn read(path: &Path) -> Result<Self, CompileError> {
        if path.extension().is_some_and(|extension| extension == "npy") {
            return Ok(Self(BTreeMap::from([(String::new(), Array::read(path)?)])));
        }
        Ok(Self(read_npz(path)?))
    }

    /// Whether there are no arrays at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Matches the arrays with a model's inputs.
    ///
    /// # Errors
    /// [`CompileError::Samples`], [`CompileError::NoSuchInput`].
    pub fn batch(&self, inputs: &[(String, Vec<usize>)]) -> Result<Batch, CompileError> {
        let mut batch = Batch {
            count: 0,
            inputs: Vec::new(),
        };
        for (index, (name, shape)) in inputs.iter().enumerate() {
            let bad = |reason| CompileError::Samples {
                input: name.clone(),
                reason,
            };
            let only = if inputs.len() == 1 {
                self.0.get("")
            } else {
                None
            };
            let array = self.0.get(name).or(only).ok_or_else(|| {
                let keys: Vec<_> = self.0.keys().map(String::as_str).collect();
                bad(format!("no array of that name; the file has {keys:?}"))
            })?;
            let count = array.shape.first().copied().unwrap_or(0);
            let per_sample: usize = shape.iter().product();
            if count == 0 || array.len() != count * per_sample {
                return Err(bad(format!(
                    "an array of shape {:?} is no list of samples of shape {shape:?}",
                    array.shape
                )));
            }
            if index > 0 && count != batch.count {
                return Err(bad(format!(
                    "{count} samples, another input has {}",
                    batch.count
                )));
            }
            let elements = array.to_f64();
            if let Some(at) = elements.iter().position(|element| element.is_nan()) {
                return Err(bad(format!(
                    "sample {} has a NaN, which no contract can give: fill in what is missing with a number, for training as well, and say in another feature that it was missing",
                    at / per_sample
                )));
            }
            batch.count = count;
            let singles = elements.into_iter().map(|element| element as f32);
            batch.inputs.push(singles.collect());
        }
        if let Some(name) = self
            .0
            .keys()
            .find(|name| !name.is_empty() && !inputs.iter().any(|(input, _)| input == *name))
        {
            return Err(CompileError::NoSuchInput {
                name: name.clone(),
                inputs: inputs
                    .iter()
                    .map(|(name, _)| name.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
            });
        }
        Ok(batch)
    }
}

impl Batch {
    /// Number of samples.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// One sample: a flat tensor per input.
    pub fn sample(&self, index: usize) -> Vec<Vec<f32>> {
        let of = |elements: &Vec<f32>| {
            let per_sample = elements.len() / self.count;
            elements[index * per_sample..(index + 1) * per_sample].to_vec()
        };
        self.inputs.iter().map(of).collect()
    }

    /// Splits off every fifth sample: what is kept, and what is held back (nothing of fewer than
    /// five samples).
    pub fn hold_back(&self) -> (Self, Self) {
        let (mut kept, mut held) = (self.empty(), self.empty());
        for index in 0..self.count {
            let target = if (index + 1) % HELD_BACK_EVERY == 0 {
                &mut held
            } else {
                &mut kept
            };
            for (slot, elements) in target.inputs.iter_mut().zip(self.sample(index)) {
                slot.extend(elements);
            }
            target.count += 1;
        }
        (kept, held)
    }

    /// At most so many of the samples, from all over.
    #[must_use]
    pub fn thinned(&self, most: usize) -> Self {
        let count = self.count.min(most);
        let mut thinned = self.empty();
        for index in 0..count {
            let sample = self.sample(index * self.count / count);
            for (slot, elements) in thinned.inputs.iter_mut().zip(sample) {
                slot.extend(elements);
            }
        }
        thinned.count = count;
        thinned
    }

    fn empty(&self) -> Self {
        Self {
            count: 0,
            inputs: vec![Vec::new(); self.inputs.len()],
        }
    }
}
