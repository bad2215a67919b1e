//! What a model answered, to a file or to the terminal.

use crate::output::out;
use anyhow::{Context as _, Result, bail, ensure};
use fixpoint_client::{answers::Answers, wad_value::wad_to_f64};
use fixpoint_compiler::npy::npz_to_bytes;
use std::path::{Path, PathBuf};

/// Samples printed as text before the rest is only counted.
const SHOWN_SAMPLES: usize = 10;

/// Writes answers to `output` if it is given, and prints them: as JSON, or for a person where no
/// file takes them.
///
/// # Errors
/// The file can't be written.
pub(crate) fn deliver(answers: &Answers, output: Option<&Path>, json: bool) -> Result<()> {
    if let Some(path) = output {
        write(answers, path)?;
    }
    if json {
        out!("{}", answers.to_json());
    } else if output.is_none() {
        print(answers);
    }
    Ok(())
}

/// Prints the first samples for a person.
fn print(answers: &Answers) {
    for sample in 0..answers.samples().min(SHOWN_SAMPLES) {
        for (index, output) in answers.outputs().iter().enumerate() {
            let Some(row) = answers.output_rows(index).nth(sample) else {
                continue;
            };
            let integers = answers.is_integers(output);
            let values = row
                .iter()
                .map(|word| {
                    if integers {
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
    if answers.samples() > SHOWN_SAMPLES {
        out!(
            "... {} samples in all; --json or --output for the rest",
            answers.samples()
        );
    }
}

/// Writes an `.npy` file (one output) or an `.npz` (any number).
///
/// # Errors
/// The file can't be written, or several outputs meet an `.npy`.
fn write(answers: &Answers, path: &Path) -> Result<()> {
    let arrays = answers.arrays();
    let bytes = if has_extension(path, "npz") {
        npz_to_bytes(&arrays.into_iter().collect())?
    } else {
        let [(_, array)] = &arrays[..] else {
            bail!("the model has several outputs: write an .npz");
        };
        array.to_bytes()
    };
    std::fs::write(path, bytes).with_context(|| format!("can't write {}", path.display()))
}

/// An `--output`, refused before any work if it is no file that [`deliver`] can write.
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
