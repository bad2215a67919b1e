//! `fixpoint devnet --repair`.

use std::fs;

use fixpoint_node::{DevnetConfig, Node};

use crate::support::{assert_contains, error, ok, run, shown};

#[test]
fn a_damaged_directory_is_refused_with_advice_and_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let directory = shown(folder.path());
    let config = DevnetConfig {
        port: 0,
        data_dir: Some(folder.path().to_path_buf()),
        ..DevnetConfig::default()
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { Node::start(&config).await.unwrap().shutdown().await });
    let file = folder.path().join("chain.redb");
    let whole = fs::read(&file).unwrap();

    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let said = error(&["devnet", "--port", "0", "--data-dir", &directory]);
    assert_contains(&said, &["cannot open the chain", "--repair"]);
    let said = error(&["devnet", "--data-dir", &directory, "--repair"]);
    assert_contains(&said, &["cannot repair", "--import-blocks"]);
    assert_eq!(fs::read(&file).unwrap().len(), whole.len() / 2, "as it was");

    fs::write(&file, &whole).unwrap();
    let told = ok(&["devnet", "--data-dir", &directory, "--repair"]);
    assert_contains(&told, &["kept blocks 0 to 0 of 0", "chain.redb.damaged-1"]);
    let said = error(&[
        "devnet",
        "--data-dir",
        &format!("{directory}/none"),
        "--repair",
    ]);
    assert_contains(&said, &["holds no chain"]);
    let output = run(&["devnet", "--prune-history", "3"]);
    assert_eq!(output.status.code(), Some(2));
    assert_contains(&String::from_utf8_lossy(&output.stderr), &["64"]);
}
