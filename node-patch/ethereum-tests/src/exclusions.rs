//! What is not run, and why. A test that is not named here runs, and counts if it fails.

/// A part of a path, and why no test below it can say anything.
const PATHS: &[(&str, &str)] = &[
    (
        "stEIP2537",
        "written for a draft of EIP-2537, whose prices and addresses the final one changed",
    ),
    (
        "stEOF",
        "of EOF, which was written for Prague and which no hardfork took",
    ),
    ("RevertInCreateInInit_Paris", STORAGE_WITHOUT_CODE),
    ("RevertInCreateInInitCreate2Paris", STORAGE_WITHOUT_CODE),
    ("create2collisionStorageParis", STORAGE_WITHOUT_CODE),
    ("dynamicAccountOverwriteEmpty_Paris", STORAGE_WITHOUT_CODE),
    ("InitCollisionParis", STORAGE_WITHOUT_CODE),
];

/// revm creates such a contract, EIP-7610 refuses to.
const STORAGE_WITHOUT_CODE: &str = "creates at an account with storage but neither code nor nonce (EIP-7610), \
     which no chain has had since EIP-161";

/// Networks of block tests whose blocks this node's import has no rules for.
const BEFORE_THE_MERGE: &str = "blocks from before the merge, which no chain of this node can have";

/// The reason for which a file is not run.
pub(crate) fn of_path(path: &str) -> Option<&'static str> {
    let found = PATHS.iter().find(|(part, _)| path.contains(part));
    found.map(|(_, reason)| *reason)
}

/// The reason for which block tests of a network are not run.
pub(crate) fn of_network(network: &str) -> Option<&'static str> {
    let first = network.split("To").next().unwrap_or(network);
    match first {
        "Paris" | "Shanghai" | "Cancun" | "Prague" | "Osaka" => None,
        _ => Some(BEFORE_THE_MERGE),
    }
}
