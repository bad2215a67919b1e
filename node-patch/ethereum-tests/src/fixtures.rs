//! The files below a directory, and the tests in them.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    block_tests, exclusions,
    report::{Outcome, Report},
    state_tests,
};

/// Adds all JSON files below `path`.
pub(crate) fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else if path
        .extension()
        .is_some_and(|extension| extension == "json")
    {
        files.push(path.to_path_buf());
    }
    Ok(())
}

/// Runs every test of a file.
pub(crate) fn run_file(file: &Path, report: &mut Report) {
    let path = file.display().to_string();
    let tests = fs::read(file)
        .map_err(|error| error.to_string())
        .and_then(|bytes| {
            serde_json::from_slice::<BTreeMap<String, Value>>(&bytes)
                .map_err(|error| error.to_string())
        });
    let tests = match tests {
        Ok(tests) => tests,
        Err(error) => return report.note("file", "", &path, Outcome::Failed(error)),
    };
    let excluded = exclusions::of_path(&path);
    for (name, test) in tests {
        let name = format!("{path} {name}");
        if test.get("blocks").is_some() {
            block_tests::run(&name, test, excluded, report);
        } else if test.get("post").is_some() {
            state_tests::run(&name, test, excluded, report);
        } else {
            let how = "neither a state test nor a block test".to_owned();
            report.note("file", "", &name, Outcome::Failed(how));
        }
    }
}
