//! Every file of `tests/vectors`: what the official TOSA reference model answers, this runtime
//! answers, on every set of kernels. `vectors/generate.py` says how the files come about.

use fixpoint_runtime::{
    error::RunError,
    graph::{Arena, Plan},
    kernels::Isa,
    model,
};
use std::{fs, path::Path};

struct Vector<'a> {
    name: &'a str,
    model: Vec<u8>,
    input: Vec<u8>,
    /// `None` if the reference model refuses.
    output: Option<Vec<u8>>,
}

impl<'a> Vector<'a> {
    fn parse(line: &'a str) -> Self {
        let fields: Vec<&str> = line.split(' ').collect();
        let [name, model, input, output] = fields[..] else {
            panic!("four fields: {line:.80}");
        };
        Self {
            name,
            model: bytes(model),
            input: bytes(input),
            output: (output != "fails").then(|| bytes(output)),
        }
    }

    /// What is wrong, if anything is.
    fn check(&self) -> Result<(), String> {
        let model = model::parse(&self.model).map_err(|error| error.to_string())?;
        if model::encode(&model) != self.model {
            return Err("encodes differently".into());
        }
        let valid = model::validate(model).map_err(|error| error.to_string())?;
        let mut output = vec![0; valid.output_bytes() as usize];
        for isa in [Isa::portable(), Isa::detect()] {
            let plan = Plan::new(&valid, isa);
            let result = plan.run(&mut Arena::new(&plan), &self.input, &mut output);
            match (&self.output, result) {
                (Some(expected), Ok(())) if *expected == output => {}
                (Some(expected), Ok(())) => {
                    let at = expected.iter().zip(&output).position(|(a, b)| a != b);
                    return Err(format!("{}: output differs from byte {at:?}", isa.name()));
                }
                (None, Err(RunError::Execution(_))) => {}
                (expected, result) => {
                    let expected = expected.as_ref().map(Vec::len);
                    return Err(format!("{}: {result:?}, not {expected:?}", isa.name()));
                }
            }
        }
        Ok(())
    }
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits = hexadecimal.as_bytes().chunks_exact(2);
    let byte = |pair| u8::from_str_radix(str::from_utf8(pair).expect("ASCII"), 16);
    digits
        .map(|pair| byte(pair).expect("hexadecimal"))
        .collect()
}

#[test]
fn answers_are_those_of_the_reference_model() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut failures = Vec::new();
    let mut checked = 0;
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("readable").path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("readable");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        for line in lines.step_by(if cfg!(miri) { 10 } else { 1 }) {
            let vector = Vector::parse(line);
            checked += 1;
            if let Err(reason) = vector.check() {
                failures.push(format!("{}: {reason}", vector.name));
            }
        }
    }
    println!("vectors: {checked} of the reference model");
    assert!(checked > 0, "no vectors");
    assert!(
        failures.is_empty(),
        "{} of {checked} fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
