//! What a model answered: as JSON, as arrays.

use crate::{ports::Port, wad_value::wad_to_f64};
use alloy_primitives::I256;
use fixpoint_compiler::npy::{Array, Data};
use fixpoint_runtime::tensor::DType;

/// An answer that does not fit the model's outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Another number of words.
    #[error("{got} words came back, not {want}")]
    Words {
        /// What came.
        got: usize,
        /// What the outputs need.
        want: usize,
    },
    /// Fewer bytes than the outputs have.
    #[error("the raw output is too short")]
    TooShort,
    /// More bytes than the outputs have.
    #[error("the raw output is too long")]
    TooLong,
}

/// Answers to a number of samples, all words or all raw integers.
#[derive(Clone, Debug)]
pub struct Answers {
    outputs: Vec<Port>,
    /// Per sample, all outputs one after another.
    rows: Vec<Vec<I256>>,
    /// Elements are the tensors' own integers.
    is_raw: bool,
}

impl Answers {
    /// No answers yet.
    pub fn new(outputs: &[Port], is_raw: bool) -> Self {
        Self {
            outputs: outputs.to_vec(),
            rows: Vec::new(),
            is_raw,
        }
    }

    /// Adds the words that answered one sample.
    ///
    /// # Errors
    /// Their number is not what the outputs need.
    pub fn push_words(&mut self, words: Vec<I256>) -> Result<(), AnswerError> {
        let want = self.outputs.iter().map(Port::elements).sum::<usize>();
        if words.len() != want {
            return Err(AnswerError::Words {
                got: words.len(),
                want,
            });
        }
        self.rows.push(words);
        Ok(())
    }

    /// Adds the packed integers that answered one sample.
    ///
    /// # Errors
    /// Their length is not what the outputs need.
    pub fn push_raw(&mut self, mut bytes: &[u8]) -> Result<(), AnswerError> {
        let mut row = Vec::new();
        for output in &self.outputs {
            for _ in 0..output.elements() {
                let size = output.dtype.size_bytes();
                let Some((element, rest)) = bytes.split_at_checked(size) else {
                    return Err(AnswerError::TooShort);
                };
                // Every i64 is an i256.
                row.push(I256::try_from(sign_extended(element)).unwrap_or_default());
                bytes = rest;
            }
        }
        if !bytes.is_empty() {
            return Err(AnswerError::TooLong);
        }
        self.rows.push(row);
        Ok(())
    }

    /// Per sample, an output's elements.
    pub fn output_rows(&self, index: usize) -> impl Iterator<Item = &[I256]> {
        let start = self.outputs[..index]
            .iter()
            .map(Port::elements)
            .sum::<usize>();
        let end = start + self.outputs[index].elements();
        self.rows.iter().map(move |row| &row[start..end])
    }

    /// The first output's values, one row per sample.
    pub fn first_output(&self) -> Vec<Vec<f64>> {
        let plain = self.is_raw || self.outputs[0].is_plain;
        self.output_rows(0)
            .map(|row| row.iter().map(|word| value(*word, plain)).collect())
            .collect()
    }

    /// Machine-readable form; words are decimal strings, exact.
    pub fn to_json(&self) -> serde_json::Value {
        let outputs = (0..self.outputs.len()).map(|index| {
            let rows = self
                .output_rows(index)
                .map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>())
                .collect::<Vec<_>>();
            (self.outputs[index].name.clone(), serde_json::json!(rows))
        });
        serde_json::json!({
            "samples": self.rows.len(),
            "raw": self.is_raw,
            "outputs": outputs.collect::<serde_json::Map<_, _>>(),
        })
    }

    /// Whether elements are the tensors' own integers.
    pub const fn is_raw(&self) -> bool {
        self.is_raw
    }

    /// How many samples were answered.
    pub fn samples(&self) -> usize {
        self.rows.len()
    }

    /// Name and values of each output, in declared order; axis 0 counts samples.
    pub fn arrays(&self) -> Vec<(String, Array)> {
        let outputs = self.outputs.iter().enumerate();
        outputs
            .map(|(index, output)| (output.name.clone(), self.array(index)))
            .collect()
    }

    /// The outputs, in declared order.
    pub fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    /// Whether an output's elements are integers of their own, not words.
    pub fn is_integers(&self, output: &Port) -> bool {
        self.is_raw || output.is_plain
    }

    fn array(&self, index: usize) -> Array {
        let output = &self.outputs[index];
        let shape = std::iter::once(self.rows.len())
            .chain(output.shape.iter().map(|&dimension| dimension as usize))
            .collect();
        let words = self.output_rows(index).flatten().copied();
        let data = if !self.is_raw && !output.is_plain {
            Data::F64(words.map(wad_to_f64).collect())
        } else {
            let integers = words.map(|word| i64::try_from(word).unwrap_or(i64::MAX));
            match output.dtype {
                DType::Bool => Data::Bool(integers.map(|value| value != 0).collect()),
                DType::I8 => Data::I8(integers.map(|value| value as i8).collect()),
                DType::I16 => Data::I16(integers.map(|value| value as i16).collect()),
                DType::I32 => Data::I32(integers.map(|value| value as i32).collect()),
                DType::I48 => Data::I64(integers.collect()),
            }
        };
        Array { shape, data }
    }
}

fn value(word: I256, plain: bool) -> f64 {
    if plain {
        i64::try_from(word).unwrap_or(i64::MAX) as f64
    } else {
        wad_to_f64(word)
    }
}

fn sign_extended(little_endian: &[u8]) -> i64 {
    let negative = little_endian.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut bytes = if negative { [0xff; 8] } else { [0; 8] };
    bytes[..little_endian.len()].copy_from_slice(little_endian);
    i64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(name: &str, dtype: DType, shape: &[u32]) -> Port {
        Port {
            name: name.into(),
            dtype,
            shape: shape.to_vec(),
            is_plain: false,
        }
    }

    #[test]
    fn raw_answers_keep_their_signs_and_outputs_their_places() {
        let outputs = [port("a", DType::I8, &[2]), port("b", DType::I16, &[1])];
        let mut answers = Answers::new(&outputs, true);
        answers.push_raw(&[0xff, 0x02, 0x00, 0x80]).unwrap();
        assert_eq!(
            answers.to_json()["outputs"],
            serde_json::json!({ "a": [["-1", "2"]], "b": [["-32768"]] })
        );
        assert!(answers.push_raw(&[0; 3]).is_err());
        assert!(answers.push_raw(&[0; 5]).is_err());
    }

    #[test]
    fn words_are_exact_in_json() {
        let mut answers = Answers::new(&[port("y", DType::I16, &[1])], false);
        answers
            .push_words(vec!["-1500000000000000001".parse().unwrap()])
            .unwrap();
        assert_eq!(
            answers.to_json()["outputs"]["y"][0][0],
            "-1500000000000000001"
        );
        assert!(answers.push_words(vec![]).is_err());
    }
}
