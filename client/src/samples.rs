//! Arrays as the inputs of a model, one sample after another.
//!
//! Axis 0 counts samples; an array of exactly the input's shape is one sample.

use crate::{ports::Port, text, wad_value::wad_from_f64};
use alloy_primitives::I256;
use fixpoint_compiler::npy::{Array, Data};
use fixpoint_runtime::tensor::DType;
use std::collections::BTreeMap;

/// Why arrays are no inputs of a model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// An input has no array.
    #[error("no array named `{input}`, which the model needs")]
    NoArray {
        /// The input.
        input: String,
    },
    /// An array of another shape.
    #[error(
        "array `{input}`: its shape is {got:?}; a sample of this input has shape {}",
        text::shape(.want)
    )]
    Shape {
        /// The input.
        input: String,
        /// The array's shape.
        got: Vec<usize>,
        /// The input's.
        want: Vec<u32>,
    },
    /// Arrays of different lengths.
    #[error("the inputs have different numbers of samples")]
    Counts,
    /// A value that no word can hold: NaN, an infinity, a fraction for an unquantised input.
    #[error("sample {sample}, `{input}`: a value can't be passed")]
    Value {
        /// The sample.
        sample: usize,
        /// The input.
        input: String,
        /// Which of the sample's elements.
        element: usize,
    },
    /// A raw value that is not an integer of the input's type.
    #[error("sample {sample}, `{input}`: raw values are integers of type {dtype:?}")]
    RawValue {
        /// The sample.
        sample: usize,
        /// The input.
        input: String,
        /// Which of the sample's elements.
        element: usize,
        /// The input's element type.
        dtype: DType,
    },
    /// An array that ends before the sample does.
    #[error("`{input}`: the array is too short")]
    TooShort {
        /// The input.
        input: String,
    },
}

/// Inputs for a number of runs.
pub struct Samples {
    /// Number of runs.
    pub count: usize,
    /// Per input of the model, in declared order.
    inputs: Vec<(Port, Array)>,
}

impl Samples {
    /// Matches arrays, by name, with a model's inputs. The name does not matter where there is one
    /// array and one input.
    ///
    /// # Errors
    /// An input has no array, or one of another shape than the model's.
    pub fn of(mut arrays: BTreeMap<String, Array>, declared: &[Port]) -> Result<Self, SampleError> {
        if arrays.len() == 1 && declared.len() == 1 {
            // Nothing can be confused.
            let array = arrays.pop_first().map(|(_, array)| array);
            arrays.extend(array.map(|array| (declared[0].name.clone(), array)));
        }
        let mut inputs = Vec::new();
        let mut count = None;
        for port in declared {
            let Some(array) = arrays.remove(&port.name) else {
                return Err(SampleError::NoArray {
                    input: port.name.clone(),
                });
            };
            let samples = count_samples(&array.shape, port)?;
            if *count.get_or_insert(samples) != samples {
                return Err(SampleError::Counts);
            }
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
    pub fn words(&self, sample: usize) -> Result<Vec<I256>, SampleError> {
        let mut words = Vec::new();
        for (port, array) in &self.inputs {
            for index in sample * port.elements()..(sample + 1) * port.elements() {
                let word = if port.is_plain {
                    plain_word(&array.data, index)
                } else {
                    wad_word(&array.data, index)
                };
                words.push(word.ok_or_else(|| SampleError::Value {
                    sample,
                    input: port.name.clone(),
                    element: index - sample * port.elements(),
                })?);
            }
        }
        Ok(words)
    }

    /// One sample as `inferenceRaw` takes it: the tensors' own integers, packed little-endian.
    ///
    /// # Errors
    /// A value that is not an integer of the input's type.
    pub fn raw(&self, sample: usize) -> Result<Vec<u8>, SampleError> {
        let mut bytes = Vec::new();
        for (port, array) in &self.inputs {
            bytes.extend(pack(port, array, sample)?);
        }
        Ok(bytes)
    }
}

/// One sample of an array as a port's own integers, packed little-endian.
///
/// # Errors
/// The array is too short, or a value is not an integer of the port's type.
pub fn pack(port: &Port, array: &Array, sample: usize) -> Result<Vec<u8>, SampleError> {
    let elements = port.elements();
    if array.len() < (sample + 1) * elements {
        return Err(SampleError::TooShort {
            input: port.name.clone(),
        });
    }
    let mut bytes = Vec::new();
    for element in 0..elements {
        let value = integer(&array.data, sample * elements + element);
        let value = value.filter(|value| in_range(*value, port.dtype));
        let value = value.ok_or_else(|| SampleError::RawValue {
            sample,
            input: port.name.clone(),
            element,
            dtype: port.dtype,
        })?;
        bytes.extend_from_slice(&value.to_le_bytes()[..port.dtype.size_bytes()]);
    }
    Ok(bytes)
}

fn count_samples(shape: &[usize], port: &Port) -> Result<usize, SampleError> {
    let is_one_sample = shape
        .iter()
        .copied()
        .eq(port.shape.iter().map(|&dimension| dimension as usize));
    if is_one_sample {
        return Ok(1);
    }
    let per_sample = shape.iter().skip(1).product::<usize>();
    if shape.is_empty() || per_sample != port.elements() {
        return Err(SampleError::Shape {
            input: port.name.clone(),
            got: shape.to_vec(),
            want: port.shape.clone(),
        });
    }
    Ok(shape[0])
}

fn in_range(value: i64, dtype: DType) -> bool {
    let (low, high) = dtype.range();
    (low..=high).contains(&value)
}

/// An element as an integer; `None` for a fraction or what no i64 holds.
pub fn integer(data: &Data, index: usize) -> Option<i64> {
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
