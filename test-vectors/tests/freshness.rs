//! The committed files are what the generator writes.

use fixpoint_test_vectors::files;
use std::{collections::BTreeMap, fs, path::Path};

#[test]
fn files_are_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeMap::new();
    for directory in ["calls", "ops", "hostile", "payloads"] {
        for entry in fs::read_dir(root.join(directory)).expect("a directory of vectors") {
            let path = entry.expect("an entry").path();
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            let content = fs::read_to_string(&path).expect("text");
            found.insert(format!("{directory}/{name}"), content);
        }
    }
    let state = fs::read_to_string(root.join("models.json")).expect("models.json");
    found.insert("models.json".to_owned(), state);
    let want = files::all();
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&want), "run `make vectors`");
    for (name, content) in &want {
        assert!(
            found[name] == *content,
            "{name} is stale: run `make vectors`"
        );
    }
}
