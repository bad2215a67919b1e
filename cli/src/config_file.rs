//! `fixpoint devnet --config FILE`: options of a node from a file instead of the command line.
//!
//! The file's keys are the names of the options; they are put before what the command line says, which
//! counts where both say something. What an option means, and whether it exists, is not known here.

use anyhow::{Context as _, Result, bail};
use std::{ffi::OsString, path::Path};
use toml::{Table, Value};

/// The command whose options a file may hold.
const COMMAND: &str = "devnet";
const OPTION: &str = "--config";

/// The arguments of this process, with those of the file that they name.
///
/// # Errors
/// The file cannot be read or is no table of strings, numbers and truth values.
pub(crate) fn arguments(given: impl Iterator<Item = OsString>) -> Result<Vec<OsString>> {
    let mut given: Vec<OsString> = given.collect();
    if given.get(1).is_none_or(|command| command != COMMAND) {
        return Ok(given);
    }
    if let Some(file) = named(&given) {
        let path = Path::new(&file);
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let options = options(&text).with_context(|| format!("{}", path.display()))?;
        given.splice(2..2, options.into_iter().map(OsString::from));
    }
    Ok(given)
}

/// The file that `--config FILE` or `--config=FILE` names.
fn named(given: &[OsString]) -> Option<OsString> {
    let mut given = given.iter();
    while let Some(argument) = given.next() {
        if argument == OPTION {
            return given.next().cloned();
        }
        let text = argument.to_str().and_then(|text| text.strip_prefix(OPTION));
        if let Some(file) = text.and_then(|text| text.strip_prefix('=')) {
            return Some(file.into());
        }
    }
    None
}

fn options(text: &str) -> Result<Vec<String>> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        // One line, as every error of this program.
        let line = error
            .span()
            .map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        anyhow::anyhow!("line {line}: {}", error.message())
    })?;
    let mut options = Vec::new();
    for (name, value) in table {
        let option = format!("--{}", name.replace('_', "-"));
        let value = match value {
            Value::Boolean(false) => continue,
            Value::Boolean(true) => {
                options.push(option);
                continue;
            }
            Value::String(text) => text,
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Array(_) | Value::Table(_) | Value::Datetime(_) => {
                bail!("{name} is {}, not a value", value.type_str())
            }
        };
        options.push(format!("{option}={value}"));
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_options() {
        let text =
            "port = 9545\nhost = \"0.0.0.0\"\nblock_time = 2.5\nverbose = true\nquiet = false\n";
        let want = [
            "--block-time=2.5",
            "--host=0.0.0.0",
            "--port=9545",
            "--verbose",
        ];
        let mut got = options(text).unwrap();
        got.sort();
        assert_eq!(got, want);
    }

    #[test]
    fn what_is_no_value_is_named() {
        let error = options("port = [1, 2]").unwrap_err().to_string();
        assert_eq!(error, "port is array, not a value");
        let error = options("port = 1\nport = 2").unwrap_err().to_string();
        assert!(error.starts_with("line 2: "), "{error}");
    }

    #[test]
    fn the_file_is_found_in_both_spellings_and_only_for_a_node() {
        let split = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert_eq!(
            named(&split("fixpoint devnet --config a.toml")),
            Some("a.toml".into())
        );
        assert_eq!(
            named(&split("fixpoint devnet --config=a.toml")),
            Some("a.toml".into())
        );
        let other = split("fixpoint run --config a.toml");
        assert_eq!(arguments(other.clone().into_iter()).unwrap(), other);
    }
}
