//! `.npy` and `.npz` files as the inputs of a model, one sample after another.
//!
//! An `.npz` holds one array per input, by name; a bare `.npy` serves a model with a single input.
//! Axis 0 counts samples; an array of exactly the input's shape is one sample.

use crate::{ports::Port, text, wad_value::wad_from_f64};
use alloy_primitives::I256;
use anyhow::{Context as _, Result, bail, ensure};
use fixpoint_compiler::npy::{Array, Data, read_npz};
use fixpoint_runtime::tensor::DType;
use std::path::Path;

/// Inputs for a number of runs.
pub(crate) struct Samples {
    /// Number of runs.
    pub(crate) count: usize,
    /// Per input of the model, in declared order.
    inputs: Vec<(Port, Array)>,
}

impl Samples {
    /// Reads a file for a model's inputs.
    ///
    /// # Errors
    /// The file can't be read, misses an input, or has another shape than the model.
    pub(crate) fn read(path: &Path, declared: &[Port]) -> Result<Self> {
        let shown = path.display();
        let mut arrays = if path.extension().is_some_and(|extension| extension == "npz") {
            read_npz(path).with_context(|| format!("can't read {shown}"))?
        } else {
            ensure!(
                declared.len() == 1,
                "the model has {} inputs: give an .npz with one array per input name",
                declared.len()
            );
            let array = Array::read(path).with_context(|| format!("can't read {shown}"))?;
            [(declared[0].name.clone(), array)].into()
        };
        if arrays.len() == 1 && declared.len() == 1 {
            // The name does not matter where nothing can be confused.
            let array = arrays.pop_first().map(|(_, array)| array);
            arrays.extend(array.map(|array| (declared[0].name.clone(), array)));
        }
        let mut inputs = Vec::new();
        let mut count = None;
        for port in declared {
            let name = &port.name;
            let Some(array) = arrays.remove(name) else {
                bail!("{shown} has no array named `{name}`, which the model needs");
            };
            let samples = count_samples(&array.shape, port)
                .with_context(|| format!("{shown}, array `{name}`"))?;
            ensure!(
                *count.get_or_insert(samples) == samples,
                "{shown}: the inputs have different numbers of samples"
            );
            inputs.push((port.clone(), array));
        }
        Ok(Self {
            count: count.unwrap_or(0),
            inputs,
        })
    }

    /// One sample as words of `inference()`: WAD for quantised inputs, plain integers for others.
    ///
    /// # Errors
    /// A value that no word can hold: NaN, an infinity, a fraction for an unquantised input.
    pub(crate) fn words(&self, sample: usize) -> Result<Vec<I256>> {
        let mut words = Vec::new();
        for (port, array) in &self.inputs {
            for index in sample * port.elements()..(sample + 1) * port.elements() {
                let word = if port.is_plain {
                    plain_word(&array.data, index)
                } else {
                    wad_word(&array.data, index)
                };
                words.push(word.with_context(|| {
                    format!("sample {sample}, `{}`: a value can't be passed", port.name)
                })?);
            }
        }
        Ok(words)
    }

    /// One sample as `inferenceRaw` takes it: the tensors' own integers, packed little-endian.
    ///
    /// # Errors
    /// A value that is not an integer of the input's type.
    pub(crate) fn raw(&self, sample: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for (port, array) in &self.inputs {
            let packed = pack(port, array, sample);
            bytes.extend(packed.with_context(|| format!("sample {sample}, `{}`", port.name))?);
        }
        Ok(bytes)
    }
}

/// One sample of an array as a port's own integers, packed little-endian.
///
/// # Errors
/// The array is too short, or a value is not an integer of the port's type.
pub(crate) fn pack(port: &Port, array: &Array, sample: usize) -> Result<Vec<u8>> {
    let elements = port.elements();
    ensure!(
        array.len() >= (sample + 1) * elements,
        "the array is too short"
    );
    let mut bytes = Vec::new();
    for index in sample * elements..(sample + 1) * elements {
        let value = integer(&array.data, index).filter(|value| in_range(*value, port.dtype));
        let value =
            value.with_context(|| format!("raw values are integers of type {:?}", port.dtype))?;
        bytes.extend_from_slice(&value.to_le_bytes()[..port.dtype.size_bytes()]);
    }
    Ok(bytes)
}

fn count_samples(shape: &[usize], port: &Port) -> Result<usize> {
    let is_one_sample = shape
        .iter()
        .copied()
        .eq(port.shape.iter().map(|&dimension| dimension as usize));
    if is_one_sample {
        return Ok(1);
    }
    let per_sample = shape.iter().skip(1).product::<usize>();
    ensure!(
        !shape.is_empty() && per_sample == port.elements(),
        "its shape is {shape:?}; a sample of this input has shape {}",
        text::shape(&port.shape)
    );
    Ok(shape[0])
}

fn in_range(value: i64, dtype: DType) -> bool {
    let (low, high) = dtype.range();
    (low..=high).contains(&value)
}

/// An element as an integer; `None` for a fraction or what no i64 holds.
pub(crate) fn integer(data: &Data, index: usize) -> Option<i64> {
    match data {
        Data::Bool(values) => Some(i64::from(values[index])),
        Data::U8(values) => Some(i64::from(values[index])),
        Data::I8(values) => Some(i64::from(values[index])),
        Data::I16(values) => Some(i64::from(values[index])),
        Data::I32(values) => Some(i64::from(values[index])),
        Data::I64(values) => Some(values[index]),
        Data::F32(_) | Data::F64(_) => {
            let value = float(data, index);
            // Exact in both directions below 2^53.
            (value.fract() == 0.0 && value.abs() < 9e15).then_some(value as i64)
        }
    }
}

fn float(data: &Data, index: usize) -> f64 {
    match data {
        Data::F32(values) => f64::from(values[index]),
        Data::F64(values) => values[index],
        _ => integer(data, index).unwrap_or(0) as f64,
    }
}

fn plain_word(data: &Data, index: usize) -> Option<I256> {
    integer(data, index).and_then(|value| I256::try_from(value).ok())
}

fn wad_word(data: &Data, index: usize) -> Option<I256> {
    match data {
        Data::F32(_) | Data::F64(_) => wad_from_f64(float(data, index)),
        _ => integer(data, index).and_then(|value| {
            I256::try_from(value)
                .ok()?
                .checked_mul(I256::try_from(10i64.pow(18)).ok()?)
        }),
    }
}
