//! Writes the vectors again: `make vectors`.

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for directory in ["calls", "ops", "hostile", "payloads"] {
        let path = root.join(directory);
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir_all(&path)?;
    }
    let files = fixpoint_test_vectors::files::all();
    for (name, content) in &files {
        fs::write(root.join(name), content)?;
    }
    println!("{} files", files.len());
    Ok(())
}
