//! What can be said of the package without an interpreter. That there is a test at all has `cargo test`
//! build the extension module, with the features that everything else of the workspace is built with:
//! `scripts/python_package.py` puts it into the wheel that is tested.

use std::{fs, path::Path};

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The names that `src/lib.rs` exports from its module.
fn exported() -> Vec<String> {
    let source = read("src/lib.rs");
    let (_, exports) = source.split_once("use super::{").unwrap();
    let (exports, _) = exports.split_once("};").unwrap();
    let words = exports.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let modules = ["compile::", "model::", "network::"];
    let names = words.filter(|word| !word.is_empty());
    let names = names.filter(|word| !modules.contains(&format!("{word}::").as_str()));
    names.map(str::to_owned).collect()
}

#[test]
fn the_stub_declares_what_the_module_exports() {
    let stub = read("python/fixpoint/_native.pyi");
    for name in exported() {
        let is_declared = stub.lines().any(|line| {
            line.starts_with(&format!("def {name}(")) || line == format!("class {name}:")
        });
        assert!(is_declared, "{name}");
    }
    assert!(stub.lines().any(|line| line.starts_with("def compile(")));
}

#[test]
fn the_package_is_pinned_to_the_maturin_that_the_makefile_installs() {
    let project = read("pyproject.toml");
    let line = project.lines().find(|line| line.starts_with("requires ="));
    let pinned = line.unwrap().split('"').nth(1).unwrap();
    let script = read("../../scripts/python_package.py");
    assert!(script.contains(&format!("\"{pinned}\"")), "{pinned}");
}
