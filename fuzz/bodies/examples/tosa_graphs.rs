//! Writes random graphs as tests of the official form, for `tosa_reference_model` to answer and
//! `fixpoint conformance` to compare.
//!
//! `cargo run --release -p fixpoint-fuzz-bodies --example tosa_graphs -- --directory D --graphs 300 --seed 1`

use fixpoint_compiler::{
    npy::{Array, Data},
    tosa,
};
use fixpoint_fuzz_bodies::graphs::answered_graph;
use fixpoint_runtime::{
    model::ValidModel,
    tensor::{DType, TensorType},
};
use std::{error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let directory = argument("--directory").ok_or("--directory is missing")?;
    let graphs: u64 = argument("--graphs").map_or(Ok(300), |text| text.parse())?;
    let first_seed: u64 = argument("--seed").map_or(Ok(1), |text| text.parse())?;
    let mut operators = 0;
    let mut written = 0;
    for seed in first_seed..first_seed + graphs {
        // A graph of which no operator is left says nothing.
        if let Some((valid, input)) = answered_graph(seed) {
            let folder = Path::new(&directory).join(format!("random_graph_{seed}"));
            write(&folder, &valid, &input)?;
            operators += valid.model().operators.len();
            written += 1;
        }
    }
    println!("{written} random graphs with {operators} operators");
    Ok(())
}

/// What follows a flag.
fn argument(flag: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != flag);
    arguments.nth(1)
}

/// One folder: `desc.json`, `test.tosa` and an array per input.
fn write(folder: &Path, valid: &ValidModel, input: &[u8]) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let model = valid.model();
    fs::write(folder.join("test.tosa"), tosa::export(model)?)?;
    let name = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    let inputs: Vec<_> = model.inputs.iter().map(|port| name(&port.name)).collect();
    let outputs: Vec<_> = model.outputs.iter().map(|port| name(&port.name)).collect();
    let files = |names: &[String], kind: &str| -> Vec<String> {
        names
            .iter()
            .map(|name| format!("{kind}{name}.npy"))
            .collect()
    };
    let input_files = files(&inputs, "");
    let mut rest = input;
    for (port, file) in model.inputs.iter().zip(&input_files) {
        let (bytes, tail) = rest.split_at(port.tensor.size_bytes() as usize);
        array(&port.tensor, bytes).write(&folder.join(file))?;
        rest = tail;
    }
    let description = serde_json::json!({
        "tosa_file": "test.tosa",
        "ifm_name": inputs,
        "ifm_file": input_files,
        "ofm_name": outputs,
        "ofm_file": files(&outputs, "ref-"),
        "expected_failure": false,
        "test_details": { "operator": "(random graphs)" },
    });
    fs::write(folder.join("desc.json"), description.to_string())?;
    Ok(())
}

/// Little-endian elements as an array.
fn array(tensor: &TensorType, bytes: &[u8]) -> Array {
    let data = match tensor.dtype {
        DType::Bool => Data::Bool(bytes.iter().map(|byte| *byte != 0).collect()),
        DType::I8 => Data::I8(bytes.iter().map(|byte| byte.cast_signed()).collect()),
        DType::I16 => Data::I16(elements(bytes, i16::from_le_bytes)),
        DType::I32 => Data::I32(elements(bytes, i32::from_le_bytes)),
        DType::I48 => Data::I64(elements(bytes, i64::from_le_bytes)),
    };
    Array {
        shape: tensor.shape.iter().map(|size| *size as usize).collect(),
        data,
    }
}

fn elements<T, const N: usize>(bytes: &[u8], from_bytes: fn([u8; N]) -> T) -> Vec<T> {
    bytes
        .as_chunks::<N>()
        .0
        .iter()
        .map(|chunk| from_bytes(*chunk))
        .collect()
}
