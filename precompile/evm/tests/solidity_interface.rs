//! `IInference.sol`, which contracts compile against, says the same as the interface that the
//! precompile decodes with.

const SOLIDITY: &str = include_str!("../../../contracts/src/interfaces/IInference.sol");
const RUST: &str = include_str!("../src/abi.rs");

/// Declarations of the interface, in order, each with its whitespace made uniform.
fn declarations(source: &str) -> Vec<String> {
    let code: String = source
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join(" ");
    let body = code
        .split_once("interface IInference {")
        .expect("the interface")
        .1;
    let mut declarations = Vec::new();
    let mut depth = 0;
    let mut current = String::new();
    for character in body.chars() {
        current.push(character);
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 && (character == ';' || character == '}') {
            declarations.push(current.split_whitespace().collect::<Vec<_>>().join(" "));
            current.clear();
        }
    }
    declarations.sort();
    declarations
}

#[test]
fn both_declare_the_same() {
    let solidity = declarations(SOLIDITY);
    assert!(solidity.len() >= 24, "{solidity:#?}");
    assert_eq!(solidity, declarations(RUST));
}
