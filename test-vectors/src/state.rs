//! The state that every call starts from: models in their chunks, and contracts made wrong.

use crate::{builder::ModelBuilder, models};
use alloy_primitives::{Address, Bytes, address};
use fixpoint_evm::{
    offline::{Sandbox, SandboxCall},
    precompile::{
        Status,
        root::{Root, chunk_codes},
    },
};
use fixpoint_runtime::{kernels::Isa, model::Model};

/// The gated models' gate.
pub const GATE: Address = address!("0x00000000000000000000000000000000006a7e00");
/// Who calls unless a case says otherwise.
pub const CALLER: Address = address!("0x00000000000000000000000000000000ca11e700");

/// A model at an address.
#[derive(Clone, Debug)]
pub struct Deployed {
    /// Name of its payload file too.
    pub name: &'static str,
    /// Its root.
    pub address: Address,
    /// Zero for none.
    pub gate: Address,
    /// Model bytes.
    pub payload: Vec<u8>,
    /// Whether it was activated, in a transaction before.
    pub is_activated: bool,
}

/// A contract at an address.
#[derive(Clone, Debug)]
pub struct Account {
    /// What it is.
    pub name: &'static str,
    /// Where it is.
    pub address: Address,
    /// Its code.
    pub code: Vec<u8>,
}

/// All there is before a call.
#[derive(Clone, Debug)]
pub struct State {
    /// Models, in order of their addresses.
    pub models: Vec<Deployed>,
    /// Other contracts. They replace what a model has at the same address.
    pub accounts: Vec<Account>,
}

impl State {
    /// The state of the vectors.
    #[must_use]
    pub fn new() -> Self {
        let mut state = Self {
            models: Vec::new(),
            accounts: Vec::new(),
        };
        for (name, model) in models::all() {
            state.add(name, &model, Address::ZERO, true);
        }
        state.add("gated", &models::clamp(2), GATE, true);
        state.add("inactive", &models::clamp(3), Address::ZERO, false);
        state.add(
            "too-expensive",
            &models::clamp(1_050_000),
            Address::ZERO,
            false,
        );
        state.add(
            "forward-reference",
            &models::forward_reference(),
            Address::ZERO,
            false,
        );
        let broken = [
            "chunk-gate",
            "chunk-missing",
            "chunk-changed",
            "chunk-short",
            "content-hash",
        ];
        for (name, elements) in broken.into_iter().zip(11..) {
            state.add(name, &models::clamp(elements), Address::ZERO, false);
        }
        state.push(
            "trailing-byte",
            [models::clamp(4).payload(), vec![0]].concat(),
            Address::ZERO,
            false,
        );
        state.break_models();
        state
    }

    fn add(&mut self, name: &'static str, model: &ModelBuilder, gate: Address, is_activated: bool) {
        self.push(name, model.payload(), gate, is_activated);
    }

    fn push(&mut self, name: &'static str, payload: Vec<u8>, gate: Address, is_activated: bool) {
        let address = Address::with_last_byte(self.models.len() as u8 + 0x40);
        self.models.push(Deployed {
            name,
            address,
            gate,
            payload,
            is_activated,
        });
    }
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn break_models(&mut self) {
        let chunk = |model: &Deployed| {
            (
                model.chunks()[0],
                chunk_codes(&model.payload, model.gate).remove(0),
            )
        };
        let (address, mut code) = chunk(self.model("chunk-gate"));
        // A root that lists the chunk with its own code hash, but the chunk has another gate.
        code[1..21].copy_from_slice(GATE.as_slice());
        let model = self.model("chunk-gate");
        let mut root = model.root();
        root.chunks[0].code_hash = alloy_primitives::keccak256(&code);
        self.accounts.push(Account {
            name: "chunk of another gate",
            address,
            code,
        });
        let at = self.model("chunk-gate").address;
        self.accounts.push(Account {
            name: "root of a chunk of another gate",
            address: at,
            code: root.encode(),
        });

        let (address, _) = chunk(self.model("chunk-missing"));
        self.accounts.push(Account {
            name: "no chunk",
            address,
            code: Vec::new(),
        });
        let (address, mut code) = chunk(self.model("chunk-changed"));
        *code.last_mut().expect("a chunk") ^= 1;
        self.accounts.push(Account {
            name: "chunk with a changed byte",
            address,
            code,
        });

        let model = self.model("chunk-short");
        let (address, mut code) = chunk(model);
        let mut root = model.root();
        code.pop();
        root.chunks[0].code_hash = alloy_primitives::keccak256(&code);
        let at = model.address;
        self.accounts.push(Account {
            name: "chunk without its last byte",
            address,
            code,
        });
        self.accounts.push(Account {
            name: "root of a short chunk",
            address: at,
            code: root.encode(),
        });

        let model = self.model("content-hash");
        let (mut root, address) = (model.root(), model.address);
        root.content_hash.0[0] ^= 1;
        self.accounts.push(Account {
            name: "root with another content hash",
            address,
            code: root.encode(),
        });

        let good = self.model("halves").root().encode();
        let mut next = 0x80;
        let mut add = |name, code| {
            self.accounts.push(Account {
                name,
                address: Address::with_last_byte(next),
                code,
            });
            next += 1;
        };
        add("runnable code", vec![0x60, 0, 0x60, 0, 0xf3]);
        add("root cut short", good[..good.len() - 1].to_vec());
        add("root with a trailing byte", [&good[..], &[0]].concat());
        add("root of version 2", {
            let mut code = good.clone();
            code[4] = 2;
            code
        });
        add("root with a wrong chunk count", {
            let mut code = good;
            code[62] = 2;
            code
        });
    }

    /// The model of this name.
    #[must_use]
    pub fn model(&self, name: &str) -> &Deployed {
        let model = self.models.iter().find(|model| model.name == name);
        model.unwrap_or_else(|| panic!("no model {name}"))
    }

    /// The account of this name.
    #[must_use]
    pub fn account(&self, name: &str) -> &Account {
        let account = self.accounts.iter().find(|account| account.name == name);
        account.unwrap_or_else(|| panic!("no account {name}"))
    }

    /// All code, by address.
    #[must_use]
    pub fn codes(&self) -> Vec<(Address, Vec<u8>)> {
        let mut codes = Vec::new();
        for model in &self.models {
            codes.extend(
                model
                    .chunks()
                    .into_iter()
                    .zip(chunk_codes(&model.payload, model.gate)),
            );
            codes.push((model.address, model.root().encode()));
        }
        codes.extend(
            self.accounts
                .iter()
                .map(|account| (account.address, account.code.clone())),
        );
        codes
    }

    /// A chain in this state.
    #[must_use]
    pub fn sandbox(&self, isa: Isa) -> Sandbox {
        let mut sandbox = Sandbox::new().with_isa(isa);
        for (address, code) in self.codes() {
            sandbox.set_code(address, Bytes::from(code));
        }
        for model in self.models.iter().filter(|model| model.is_activated) {
            let outcome = sandbox.activate(model.address).expect("a sound state");
            assert_eq!(
                outcome.status,
                Status::Success,
                "{}: {}",
                model.name,
                outcome.output
            );
        }
        sandbox
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

impl Deployed {
    /// Where its chunks are.
    #[must_use]
    pub fn chunks(&self) -> Vec<Address> {
        let count = chunk_codes(&self.payload, self.gate).len();
        (0..count)
            .map(|index| Sandbox::chunk_address(self.address, index))
            .collect()
    }

    /// Its root, as it should be.
    #[must_use]
    pub fn root(&self) -> Root {
        Root::of_payload(&self.payload, self.gate, &self.chunks()).expect("few chunks")
    }

    /// The model, decoded.
    #[must_use]
    pub fn decoded(&self) -> Model {
        fixpoint_runtime::model::parse(&self.payload).expect("a model")
    }
}

/// A call of the vectors.
#[must_use]
pub fn call(input: Vec<u8>) -> SandboxCall {
    SandboxCall {
        input: input.into(),
        caller: CALLER,
        gas: 10_000_000,
        is_static: false,
    }
}
