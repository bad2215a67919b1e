//! Which kind of file a model comes from, and which options go with it.

use super::Args;
use anyhow::{Result, bail, ensure};
use std::path::Path;

/// What a model's source is, told by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Onnx,
    Tflite,
    Tosa,
}

impl Source {
    /// Told by the file's ending.
    ///
    /// # Errors
    /// It has another.
    pub(super) fn of(path: &Path) -> Result<Self> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("onnx") => Ok(Self::Onnx),
            Some("tflite") => Ok(Self::Tflite),
            Some("tosa") => Ok(Self::Tosa),
            _ => bail!("{} is neither .onnx nor .tflite nor .tosa", path.display()),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Onnx => "an ONNX model",
            Self::Tflite => "a .tflite file",
            Self::Tosa => "a .tosa file",
        }
    }

    /// No option is ignored: one that says nothing about this kind of file is refused.
    ///
    /// # Errors
    /// One is given.
    pub(super) fn check_options(self, args: &Args) -> Result<()> {
        use Source::{Onnx, Tflite, Tosa};
        let has_scales = "it has its integers and scales already";
        let given: [(&str, bool, &[Self], &str); 9] = [
            ("--calib", args.calib.is_some(), &[Onnx], has_scales),
            (
                "--calibration",
                args.calibration.is_some(),
                &[Onnx],
                has_scales,
            ),
            ("--precision", args.precision.is_some(), &[Onnx], has_scales),
            ("--max-error", args.max_error.is_some(), &[Onnx], has_scales),
            (
                "--outputs",
                !args.outputs.is_empty(),
                &[Onnx],
                "it returns its own outputs",
            ),
            (
                "--shape",
                !args.shapes.is_empty(),
                &[Onnx, Tflite],
                "its shapes are fixed",
            ),
            (
                "--preprocess",
                !args.preprocess.is_empty(),
                &[Onnx],
                has_scales,
            ),
            (
                "--io",
                args.io.is_some(),
                &[Tosa],
                "it has names of its own",
            ),
            (
                "--keep-tosa",
                args.keep_tosa.is_some(),
                &[Tflite],
                "nothing is converted to TOSA first",
            ),
        ];
        for (option, is_given, sources, why) in given {
            ensure!(
                !is_given || sources.contains(&self),
                "{option} does not go with {}: {why}",
                self.name()
            );
        }
        Ok(())
    }
}
