//! A call and what must come of it: the definition's answer, never the implementation's.

use crate::{
    reference::{self, Tensor},
    state::{State, call},
    words::{self, Port},
};
use alloy_primitives::{Address, I256, U256};
use alloy_sol_types::{SolCall as _, SolValue as _};
use fixpoint_evm::{
    offline::SandboxCall,
    precompile::abi::IInference::{self, IInferenceErrors},
};
use fixpoint_runtime::model::{Model, validate};

/// One vector without its gas.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// The call.
    pub call: SandboxCall,
    /// How it must end.
    pub expect: Expect,
}

/// How a call must end.
#[derive(Clone, Debug)]
pub enum Expect {
    /// With this return data.
    Return(Vec<u8>),
    /// With a record: return data holds gas, which belongs to the gas table.
    Succeeds,
    /// With this error.
    Error(IInferenceErrors),
    /// Without gas.
    OutOfGas,
}

impl Case {
    /// A call that must return this.
    #[must_use]
    pub fn returns(name: &str, call: SandboxCall, data: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            call,
            expect: Expect::Return(data),
        }
    }

    /// A call that must succeed.
    #[must_use]
    pub fn succeeds(name: &str, call: SandboxCall) -> Self {
        Self {
            name: name.to_owned(),
            call,
            expect: Expect::Succeeds,
        }
    }

    /// A call that must fail.
    #[must_use]
    pub fn fails(name: &str, call: SandboxCall, error: IInferenceErrors) -> Self {
        Self {
            name: name.to_owned(),
            call,
            expect: Expect::Error(error),
        }
    }

    /// The call, by somebody else.
    #[must_use]
    pub const fn from(mut self, caller: Address) -> Self {
        self.call.caller = caller;
        self
    }

    /// The call, as a STATICCALL.
    #[must_use]
    pub const fn statically(mut self) -> Self {
        self.call.is_static = true;
        self
    }
}

/// Cases of one model.
#[derive(Debug)]
pub struct Subject {
    address: Address,
    model: Model,
    inputs: Vec<Port>,
}

/// An address, as what its model does; the model need not be there.
impl Subject {
    /// The model of this name.
    #[must_use]
    pub fn new(state: &State, name: &str) -> Self {
        let deployed = state.model(name);
        let model = deployed.decoded();
        let inputs = model.inputs.iter().map(|input| Port {
            tensor: input.tensor.clone(),
            quantisation: input.quantisation.clone(),
            saturates: input.saturates,
        });
        let inputs = inputs.collect();
        Self {
            address: deployed.address,
            model,
            inputs,
        }
    }

    /// `inference` on these words, with the outcome that the definition gives.
    #[must_use]
    pub fn words(&self, name: &str, input: &[I256]) -> Case {
        let call = call(inference(self.address, input));
        Case {
            name: name.to_owned(),
            call,
            expect: self.expect(input),
        }
    }

    /// `inferenceBatch` on the words of `n` inferences.
    #[must_use]
    pub fn batch(&self, name: &str, n: u64, input: &[I256]) -> Case {
        let batch = IInference::inferenceBatchCall {
            model: self.address,
            n: U256::from(n),
            input: input.to_vec(),
        };
        Case {
            name: name.to_owned(),
            call: call(batch.abi_encode()),
            expect: self.expect(input),
        }
    }

    /// `inferenceRaw` on these bytes.
    #[must_use]
    pub fn raw(&self, name: &str, input: &[u8]) -> Case {
        let raw = IInference::inferenceRawCall {
            model: self.address,
            input: input.to_vec().into(),
        };
        let (mut rest, mut index) = (input, 0);
        let mut tensors = Vec::new();
        for port in &self.inputs {
            let (bytes, tail) = rest.split_at(port.tensor.size_bytes() as usize);
            match Tensor::from_bytes(&port.tensor, bytes) {
                Some(tensor) => tensors.push(tensor),
                None => {
                    let bad = bytes.iter().position(|byte| *byte > 1).expect("a bool");
                    return Case::fails(name, call(raw.abi_encode()), range(index + bad));
                }
            }
            rest = tail;
            index += port.tensor.elements() as usize;
        }
        let expect = match reference::run(&self.model, &tensors) {
            Ok(outputs) => {
                let bytes: Vec<u8> = outputs.iter().flat_map(Tensor::to_bytes).collect();
                Expect::Return((alloy_primitives::Bytes::from(bytes),).abi_encode_params())
            }
            Err(operator) => Expect::Error(execution(operator)),
        };
        Case {
            name: name.to_owned(),
            call: call(raw.abi_encode()),
            expect,
        }
    }

    /// What runs one after another on all words give.
    fn expect(&self, input: &[I256]) -> Expect {
        let elements = self
            .inputs
            .iter()
            .map(|port| port.tensor.elements() as usize);
        let per_run: usize = elements.sum();
        assert_eq!(input.len() % per_run, 0, "whole runs");
        let mut runs = Vec::new();
        // All words are converted before the first inference runs.
        for (run, words) in input.chunks(per_run).enumerate() {
            match words::tensors_of_words(&self.inputs, words) {
                Ok(tensors) => runs.push(tensors),
                Err(index) => return Expect::Error(range(run * per_run + index)),
            }
        }
        let mut output = Vec::new();
        for tensors in runs {
            match reference::run(&self.model, &tensors) {
                Ok(tensors) => {
                    for (port, tensor) in self.model.outputs.iter().zip(&tensors) {
                        output.extend(words::words_of_tensor(&port.quantisation, tensor));
                    }
                }
                Err(operator) => return Expect::Error(execution(operator)),
            }
        }
        Expect::Return(output.abi_encode())
    }

    /// `modelInfo` with what the payload says; gas and arena are the implementation's.
    #[must_use]
    pub fn info(&self, name: &str) -> Case {
        assert!(validate(self.model.clone()).is_ok(), "{name}");
        let info = IInference::modelInfoCall {
            model: self.address,
        };
        Case::succeeds(name, call(info.abi_encode()))
    }
}

/// Calldata of `inference`.
#[must_use]
pub fn inference(model: Address, input: &[I256]) -> Vec<u8> {
    IInference::inferenceCall {
        model,
        input: input.to_vec(),
    }
    .abi_encode()
}

/// Calldata of `activate`.
#[must_use]
pub fn activate(model: Address) -> Vec<u8> {
    IInference::activateCall { model }.abi_encode()
}

/// `InputRange`.
#[must_use]
pub fn range(index: usize) -> IInferenceErrors {
    IInferenceErrors::InputRange(IInference::InputRange {
        index: U256::from(index),
    })
}

/// `ExecutionFailed`.
#[must_use]
pub const fn execution(operator: u16) -> IInferenceErrors {
    IInferenceErrors::ExecutionFailed(IInference::ExecutionFailed {
        operatorIndex: operator,
    })
}

/// `InputLength`.
#[must_use]
pub fn length(got: usize, want: U256) -> IInferenceErrors {
    IInferenceErrors::InputLength(IInference::InputLength {
        got: U256::from(got),
        want,
    })
}

/// A word of this many units of 10^-18.
#[must_use]
pub fn units(units: i128) -> I256 {
    I256::try_from(units).expect("128 bits fit")
}

/// Words of these numbers of thousandths.
#[must_use]
pub fn milli(thousandths: &[i64]) -> Vec<I256> {
    thousandths
        .iter()
        .map(|number| units(i128::from(*number) * 1_000_000_000_000_000))
        .collect()
}

/// Words of these integers as they are.
#[must_use]
pub fn integers(integers: &[i64]) -> Vec<I256> {
    integers
        .iter()
        .map(|number| units(i128::from(*number)))
        .collect()
}
