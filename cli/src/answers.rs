//! What a model answered: as JSON, as text, as arrays.

use crate::{output::out, ports::Port, wad_value::wad_to_f64};
use alloy_primitives::I256;
use anyhow::{Context as _, Result, bail, ensure};
use fixpoint_compiler::npy::{Array, Data, npz_to_bytes};
use fixpoint_runtime::tensor::DType;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Samples printed as text before the rest is only counted.
const SHOWN_SAMPLES: usize = 10;

/// Answers to a number of samples, all words or all raw integers.
pub(crate) struct Answers {
    outputs: Vec<Port>,
    /// Per sample, all outputs one after another.
    rows: Vec<Vec<I256>>,
    /// Elements are the tensors' own integers.
    is_raw: bool,
}

impl Answers {
    /// No answers yet.
    pub(crate) fn new(outputs: &[Port], is_raw: bool) -> Self {
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
    pub(crate) fn push_words(&mut self, words: Vec<I256>) -> Result<()> {
        let want = self.outputs.iter().map(Port::elements).sum::<usize>();
        ensure!(
            words.len() == want,
            "{} words came back, not {want}",
            words.len()
        );
        self.rows.push(words);
        Ok(())
    }

    /// Adds the packed integers that answered one sample.
    ///
    /// # Errors
    /// Their length is not what the outputs need.
    pub(crate) fn push_raw(&mut self, mut bytes: &[u8]) -> Result<()> {
        let mut row = Vec::new();
        for output in &self.outputs {
            for _ in 0..output.elements() {
                let size = output.dtype.size_bytes();
                let Some((element, rest)) = bytes.split_at_checked(size) else {
                    bail!("the raw output is too short");
                };
                row.push(I256::try_from(sign_extended(element)).context("an element")?);
                bytes = rest;
            }
        }
        ensure!(bytes.is_empty(), "the raw output is too long");
        self.rows.push(row);
        Ok(())
    }

    /// Per sample, an output's elements.
    pub(crate) fn output_rows(&self, index: usize) -> impl Iterator<Item = &[I256]> {
        let start = self.outputs[..index]
            .iter()
            .map(Port::elements)
            .sum::<usize>();
        let end = start + self.outputs[index].elements();
        self.rows.iter().map(move |row| &row[start..end])
    }

    /// The first output's values, one row per sample.
    pub(crate) fn first_output(&self) -> Vec<Vec<f64>> {
        let plain = self.is_raw || self.outputs[0].is_plain;
        self.output_rows(0)
            .map(|row| row.iter().map(|word| value(*word, plain)).collect())
            .collect()
    }

    /// Machine-readable form; words are decimal strings, exact.
    pub(crate) fn to_json(&self) -> serde_json::Value {
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

    /// Writes them to `output` if it is given, and prints them: as JSON, or for a person where no
    /// file takes them.
    ///
    /// # Errors
    /// The file can't be written.
    pub(crate) fn deliver(&self, output: Option<&Path>, json: bool) -> Result<()> {
        if let Some(path) = output {
            self.write(path)?;
        }
        if json {
            out!("{}", self.to_json());
        } else if output.is_none() {
            self.print();
        }
        Ok(())
    }

    /// Prints the first samples for a person.
    pub(crate) fn print(&self) {
        for sample in 0..self.rows.len().min(SHOWN_SAMPLES) {
            for (index, output) in self.outputs.iter().enumerate() {
                let Some(row) = self.output_rows(index).nth(sample) else {
                    continue;
                };
                let plain = self.is_raw || output.is_plain;
                let values = row
                    .iter()
                    .map(|word| {
                        if plain {
                            word.to_string()
                        } else {
                            format!("{:.6}", wad_to_f64(*word))
                        }
                    })
                    .collect::<Vec<_>>()
                    .join(" ");
                out!("{sample}  {}: {values}", output.name);
            }
        }
        if self.rows.len() > SHOWN_SAMPLES {
            out!(
                "... {} samples in all; --json or --output for the rest",
                self.rows.len()
            );
        }
    }

    /// Writes an `.npy` file (one output) or an `.npz` (any number).
    ///
    /// # Errors
    /// The file can't be written, or several outputs meet an `.npy`.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let arrays = (0..self.outputs.len())
            .map(|index| (self.outputs[index].name.clone(), self.array(index)))
            .collect::<BTreeMap<_, _>>();
        let bytes = if has_extension(path, "npz") {
            npz_to_bytes(&arrays)?
        } else {
            let mut arrays = arrays.into_values();
            let (Some(array), None) = (arrays.next(), arrays.next()) else {
                bail!("the model has several outputs: write an .npz");
            };
            array.to_bytes()
        };
        std::fs::write(path, bytes).with_context(|| format!("can't write {}", path.display()))
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

/// An `--output`, refused before any work if it is no file that [`Answers::write`] can write.
///
/// # Errors
/// It ends neither in `.npy` nor in `.npz`.
pub(crate) fn parse_output(text: &str) -> Result<PathBuf> {
    let path = PathBuf::from(text);
    ensure!(
        has_extension(&path, "npy") || has_extension(&path, "npz"),
        "answers are written as .npy or .npz"
    );
    Ok(path)
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
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
