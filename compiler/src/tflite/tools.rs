//! The two programs of TOSA's own that turn a `.tflite` file into a `.tosa` file: where they are, and
//! how they run.

use crate::error::CompileError;
use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The converter's program, and its package of the same name.
pub const CONVERTER: &str = "tosa-converter-for-tflite";
/// The version that this compiler is tested with.
pub const CONVERTER_VERSION: &str = "2026.2.0";
/// The serialiser's program.
pub const TOSA_OPT: &str = "tosa-opt";
/// Version of `tosa-tools`, the serialiser's package.
pub const TOSA_TOOLS_VERSION: &str = "2026.8.0";
/// Where the project's own commands install both, in the current directory.
pub const LOCAL_FOLDER: &str = ".venv-tosa/bin";

/// Longest part of a tool's own words that an error repeats.
const SAID_CHARACTERS: usize = 400;

/// The programs.
#[derive(Clone, Debug)]
pub struct Tools {
    /// `tosa-converter-for-tflite`.
    pub converter: PathBuf,
    /// `tosa-opt`.
    pub tosa_opt: PathBuf,
}

impl Tools {
    /// Finds the programs: in `folder` if one is named, else in `.venv-tosa/bin` below the current
    /// directory, else on the `PATH`.
    ///
    /// # Errors
    /// [`CompileError::ToolMissing`].
    pub fn find(folder: Option<&Path>) -> Result<Self, CompileError> {
        let folders = match folder {
            Some(folder) => vec![folder.to_owned()],
            None => {
                let path = env::var_os("PATH").unwrap_or_default();
                let path = env::split_paths(&path).collect::<Vec<_>>();
                [vec![PathBuf::from(LOCAL_FOLDER)], path].concat()
            }
        };
        let find = |tool: &str| {
            folders
                .iter()
                .map(|folder| folder.join(tool))
                .find(|path| path.is_file())
                .ok_or_else(|| CompileError::ToolMissing {
                    tool: tool.to_owned(),
                    place: match folder {
                        Some(folder) => format!("not in {}", folder.display()),
                        None => format!("neither in {LOCAL_FOLDER} nor on the PATH"),
                    },
                })
        };
        Ok(Self {
            converter: find(CONVERTER)?,
            tosa_opt: find(TOSA_OPT)?,
        })
    }
}

/// Runs a program to its end; returns the command and all that it printed.
///
/// # Errors
/// [`CompileError::Tool`] if it cannot be started or fails.
pub(super) fn run<S: AsRef<OsStr>>(
    program: &Path,
    arguments: &[S],
) -> Result<String, CompileError> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let shown = arguments
        .iter()
        .map(|argument| argument.as_ref().to_string_lossy());
    let shown: Vec<_> = [program.to_string_lossy()]
        .into_iter()
        .chain(shown)
        .collect();
    let shown = shown.join(" ");
    let failed = |said: String, log: String| CompileError::Tool {
        tool: program
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        said,
        log,
    };
    let output = command
        .output()
        .map_err(|error| failed(error.to_string(), shown.clone()))?;
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    let log = format!("{shown}\n{printed}").trim_end().to_owned();
    if output.status.success() {
        return Ok(log);
    }
    let said = match said(&printed) {
        said if said.is_empty() => output.status.to_string(),
        said => said,
    };
    Err(failed(said, log))
}

/// The lines of a tool that name an error, in one; its last line if none does.
fn said(printed: &str) -> String {
    let lines = || {
        printed
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
    };
    let of_error = |line: &'_ str| {
        let (_, after) = line
            .split_once("error: ")
            .or_else(|| line.split_once("[ERROR] "))?;
        Some(after.trim().to_owned())
    };
    let mut errors: Vec<String> = lines().filter_map(of_error).collect();
    if errors.is_empty() {
        errors.extend(lines().next_back().map(str::to_owned));
    }
    let joined = errors.join("; ");
    match joined.char_indices().nth(SAID_CHARACTERS) {
        Some((end, _)) => format!("{} ...", &joined[..end]),
        None => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_is_one_line() {
        let printed = "WARNING: logs\n\nloc(\"x\":0:0): error: couldn't parse flatbuffer\n[ERROR] Conversion failed: so.\n";
        assert_eq!(
            said(printed),
            "couldn't parse flatbuffer; Conversion failed: so."
        );
        assert_eq!(
            said("Traceback\nModuleNotFoundError: no\n"),
            "ModuleNotFoundError: no"
        );
        assert_eq!(said("\n"), "");
        assert!(said(&"é".repeat(1000)).ends_with("é ..."));
    }
}
