//! A typed Solidity library for one model: what `inspect --solidity` writes.

use alloy_primitives::keccak256;
use anyhow::{Result, ensure};
use fixpoint_client::{
    model_file::{self, ModelFile},
    port_range::{Side, ranges},
    ports::Ports,
};
use fixpoint_precompile::ports::Port;
use fixpoint_runtime::model::format::Quantisation;
use std::fmt::Write as _;

/// The source of a library of this name.
///
/// # Errors
/// The name is not a Solidity identifier.
pub(crate) fn library(name: &str, file: &ModelFile, ports: &Ports) -> Result<String> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic());
    ensure!(
        starts_well && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'),
        "`{name}` is not a Solidity identifier: name the file like Digits.sol"
    );
    let inputs: usize = ports.inputs.iter().map(|port| port.elements()).sum();
    let outputs: usize = ports.outputs.iter().map(|port| port.elements()).sum();
    let mut source = format!(
        "// SPDX-License-Identifier: MIT\n\
         pragma solidity ^0.8.28;\n\n\
         import {{IInference}} from \"fixpoint/interfaces/IInference.sol\";\n\
         import {{Inference}} from \"fixpoint/libraries/Inference.sol\";\n\n\
         /// @title Calls the model {name}\n\
         /// @notice Written by `fixpoint inspect --solidity`. Numbers have 18 decimals unless a\n\
         /// comment says integers.\n\
         library {name} {{\n\
         \x20   /// @notice keccak256 of the model's bytes.\n\
         \x20   bytes32 internal constant CONTENT_HASH =\n\
         \x20       {};\n\
         \x20   /// @notice Words that go in.\n\
         \x20   uint256 internal constant INPUT_LENGTH = {inputs};\n\
         \x20   /// @notice Words that come out.\n\
         \x20   uint256 internal constant OUTPUT_LENGTH = {outputs};\n",
        keccak256(&file.payload),
    );
    for (side, ports) in [("INPUT", &ports.inputs), ("OUTPUT", &ports.outputs)] {
        let mut offset = 0;
        for port in ports {
            let kind = if port.is_plain { ", integers" } else { "" };
            let constant = constant_name(&port.name);
            write!(
                source,
                "    /// @notice First word of `{}`, shape {:?}{kind}.\n\
                 \x20   uint256 internal constant {side}_{constant} = {offset};\n",
                port.name, port.shape,
            )?;
            offset += port.elements();
        }
    }
    write_input_ranges(&mut source, file)?;
    source.push_str(
        "\n    /// @notice The model at this address has other bytes than this library was written for.\n\
         \x20   error WrongModel(address model, bytes32 got);\n\
         \x20   /// @notice The input has another length.\n\
         \x20   error WrongInputLength(uint256 got);\n\n\
         \x20   /// @notice Makes sure that a root contract holds this model. Check once, when the\n\
         \x20   /// address is stored: code does not change.\n\
         \x20   function check(address model) internal view {\n\
         \x20       IInference.ModelInfo memory info = Inference.info(model);\n\
         \x20       if (info.contentHash != CONTENT_HASH) revert WrongModel(model, info.contentHash);\n\
         \x20   }\n\n\
         \x20   /// @notice Runs the model.\n\
         \x20   /// @param model Its root contract.\n\
         \x20   /// @param input `INPUT_LENGTH` words.\n\
         \x20   /// @return output `OUTPUT_LENGTH` words.\n\
         \x20   function run(address model, int256[] memory input)\n\
         \x20       internal\n\
         \x20       view\n\
         \x20       returns (int256[] memory output)\n\
         \x20   {\n\
         \x20       if (input.length != INPUT_LENGTH) revert WrongInputLength(input.length);\n\
         \x20       return Inference.run(model, input);\n\
         \x20   }\n\
         }\n",
    );
    Ok(source)
}

/// The smallest and the largest word that each quantised input accepts.
fn write_input_ranges(source: &mut String, file: &ModelFile) -> Result<()> {
    for port in Port::inputs_of(&file.model) {
        let name = model_file::name(&port.name);
        match &port.quantisation {
            Quantisation::None => continue,
            Quantisation::PerElement(_) => writeln!(
                source,
                "    // `{name}` has a range per element: see `fixpoint inspect --json`."
            )?,
            Quantisation::PerTensor(_) => {
                let beyond = if port.saturates {
                    "becomes it"
                } else {
                    "reverts with InputRange"
                };
                for range in ranges(&port, Side::Input) {
                    for (end, word) in [("MIN", range.min), ("MAX", range.max)] {
                        let constant = constant_name(&name);
                        write!(
                            source,
                            "    /// @notice Last word in the range of `{name}`; a word beyond {beyond}.\n\
                             \x20   int256 internal constant INPUT_{constant}_{end} = {word};\n",
                        )?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// A tensor's name as part of a Solidity constant.
fn constant_name(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect()
}
