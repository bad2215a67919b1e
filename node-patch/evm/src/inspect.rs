//! What a tracer can say of calls of the precompile: the model, hashes of input and output, the price
//! by part.
//!
//! An [`InferenceInspector`] runs beside any other inspector and only looks: it reads state from the
//! journal's map or from the database behind it, never through the journal, so nothing gets warm and
//! a traced transaction has the gas, the results and the state accesses of an untraced one. Prices are
//! worked out again from the record, as the precompile does before it starts.

use alloy_primitives::{Address, B256, Bytes, I256, U256, keccak256};
use alloy_sol_types::{SolCall as _, SolError as _};
use fixpoint_precompile::{
    abi::{
        self,
        IInference::{ExecutionFailed, InputRange, inferenceRawCall},
        Request,
    },
    address::PRECOMPILE,
    gas::{Encoding, GENESIS, GasTable, run_count},
    meter::Meter,
    record::Record,
    root::Root,
    state::{AccountCode, Accounts, CodeByHash, Load, LoadMarks, StateError, Storage},
};
use revm::{
    Database as _, Inspector,
    context_interface::{ContextTr, JournalTr as _},
    inspector::JournalExt,
    interpreter::{CallInputs, CallOutcome, CreateInputs, CreateOutcome, Interpreter},
};

/// Bytes in front of the elements of a returned array: its offset and its length.
const ARRAY_HEAD_BYTES: usize = 64;

/// The prices that the precompile is installed with.
const PRICES: &GasTable = &GENESIS;

/// One call of the precompile that names a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InferenceCall {
    /// Its place among all calls and creations of the transaction in the order in which they begin;
    /// the transaction itself is 0.
    pub ordinal: usize,
    /// The index of the instruction that makes the call, among all that the transaction executes.
    /// `None` if the transaction itself calls the precompile.
    pub step: Option<u64>,
    /// Name of the function.
    pub function: &'static str,
    /// The model's root contract.
    pub model: Address,
    /// The root's code hash. `None` if there is no root at that address.
    pub model_hash: Option<B256>,
    /// What is known of an inference; `None` for `activate` and `modelInfo`.
    pub inference: Option<InferenceDetail>,
}

/// What an inference got, gave and cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InferenceDetail {
    /// Inferences in the call.
    pub runs: u64,
    /// `keccak256` of the input's elements: words of 32 bytes, or packed bytes as `inferenceRaw` has
    /// them.
    pub input_hash: B256,
    /// `keccak256` of the output's elements. `None` if the call failed.
    pub output_hash: Option<B256>,
    /// The gas by part.
    pub gas: GasParts,
}

/// The gas of one inference call by what it is for. The parts add up to what the call used, unless it
/// ran out of gas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GasParts {
    /// Every call pays this: dispatch, decoding.
    pub call: u64,
    /// The root's account and the record's slots, at their EIP-2929 price. `None` if the call ran out
    /// of gas: then the other parts are what it would have taken, and all that it had is gone.
    pub reads: Option<u64>,
    /// Loading the model; zero if the transaction has paid for that before.
    pub load: u64,
    /// The work of the inferences and their memory.
    pub run: u64,
    /// Taking in the input and giving out the output.
    pub io: u64,
}

/// Notes every call of the precompile that names a model.
#[derive(Clone, Debug, Default)]
pub struct InferenceInspector {
    begun: usize,
    steps: u64,
    /// The call that runs at present: the precompile makes none itself.
    running: Option<(InferenceCall, Encoding)>,
    calls: Vec<InferenceCall>,
}

impl InferenceInspector {
    /// The calls so far, in the order in which they began.
    #[must_use]
    pub fn into_calls(self) -> Vec<InferenceCall> {
        self.calls
    }

    fn look<CTX: ContextTr<Journal: JournalExt>>(
        &self,
        context: &mut CTX,
        inputs: &CallInputs,
    ) -> Option<(InferenceCall, Encoding)> {
        let is_installed = context
            .journal_ref()
            .precompile_addresses()
            .contains(&PRECOMPILE);
        if inputs.bytecode_address != PRECOMPILE || !is_installed {
            return None;
        }
        let input = inputs.input.bytes(context);
        let asked = Asked::of(&abi::decode(&input).ok()?);
        let mut peek = Peek(context);
        let root = peek.code_of(asked.model);
        let root = root.filter(|(code, _)| Root::decode(code).is_some());
        let model_hash = root.map(|(_, hash)| hash);
        let inference = asked.input_hash.map(|input_hash| InferenceDetail {
            runs: asked.runs,
            input_hash,
            output_hash: None,
            gas: quote(&mut peek, model_hash, asked.runs, asked.encoding),
        });
        let call = InferenceCall {
            ordinal: self.begun,
            step: self.steps.checked_sub(1),
            function: asked.function,
            model: asked.model,
            model_hash,
            inference,
        };
        Some((call, asked.encoding))
    }
}

impl<CTX: ContextTr<Journal: JournalExt>> Inspector<CTX> for InferenceInspector {
    fn step(&mut self, _: &mut Interpreter, _: &mut CTX) {
        self.steps += 1;
    }

    fn call(&mut self, context: &mut CTX, inputs: &mut CallInputs) -> Option<CallOutcome> {
        self.running = self.look(context, inputs);
        self.begun += 1;
        None
    }

    fn call_end(&mut self, _: &mut CTX, _: &CallInputs, outcome: &mut CallOutcome) {
        if let Some((mut call, encoding)) = self.running.take() {
            if let Some(inference) = &mut call.inference {
                finish(inference, outcome, encoding);
            }
            self.calls.push(call);
        }
    }

    fn create(&mut self, _: &mut CTX, _: &mut CreateInputs) -> Option<CreateOutcome> {
        self.begun += 1;
        None
    }
}

/// What calldata asks for.
struct Asked {
    function: &'static str,
    model: Address,
    runs: u64,
    encoding: Encoding,
    /// `None` if it is not for an inference.
    input_hash: Option<B256>,
}

impl Asked {
    fn of(request: &Request<'_>) -> Self {
        let (function, model, runs, encoding, input_hash) = match *request {
            Request::Inference { model, words } => {
                let hash = hash_words(words.iter());
                ("inference", model, 1, Encoding::Words, Some(hash))
            }
            Request::InferenceBatch { model, n, words } => {
                let hash = hash_words(words.iter());
                let runs = run_count(n);
                ("inferenceBatch", model, runs, Encoding::Words, Some(hash))
            }
            Request::InferenceRaw { model, input } => {
                let hash = keccak256(input);
                ("inferenceRaw", model, 1, Encoding::Raw, Some(hash))
            }
            Request::Activate { model } => ("activate", model, 0, Encoding::Raw, None),
            Request::ModelInfo { model } => ("modelInfo", model, 0, Encoding::Raw, None),
        };
        Self {
            function,
            model,
            runs,
            encoding,
            input_hash,
        }
    }
}

fn hash_words(words: impl Iterator<Item = I256>) -> B256 {
    let bytes: Vec<u8> = words
        .flat_map(|word| word.into_raw().to_be_bytes::<32>())
        .collect();
    keccak256(bytes)
}

/// The price of `runs` inferences without the reads; of the call alone if the model has no record.
fn quote<CTX: ContextTr<Journal: JournalExt>>(
    peek: &mut Peek<'_, CTX>,
    model_hash: Option<B256>,
    runs: u64,
    encoding: Encoding,
) -> GasParts {
    let call_alone = GasParts {
        call: PRICES.base,
        ..GasParts::default()
    };
    let Some(model_hash) = model_hash else {
        return call_alone;
    };
    let record = Record::read(&mut Meter::new(u64::MAX), peek, model_hash);
    let Some(record) = record.ok().filter(Record::is_served) else {
        return call_alone;
    };
    let silent = Record {
        input_elements: 0,
        input_bytes: 0,
        output_elements: 0,
        output_bytes: 0,
        ..record
    };
    let run = PRICES.runs(&silent, runs, encoding);
    GasParts {
        load: if peek.is_marked(model_hash) {
            0
        } else {
            PRICES.load(&record)
        },
        run,
        io: PRICES.runs(&record, runs, encoding).saturating_sub(run),
        ..call_alone
    }
}

/// Completes what is known with how the call ended.
fn finish(inference: &mut InferenceDetail, outcome: &CallOutcome, encoding: Encoding) {
    let result = outcome.result.result;
    let output = &outcome.result.output;
    let used = outcome.result.gas.total_gas_spent();
    let gas = &mut inference.gas;
    if result.is_ok() {
        inference.output_hash = hash_output(output, encoding);
    } else if !result.is_revert() {
        return;
    } else if !is_revert_of_a_run(output) {
        // Refused before anything but the reads was charged.
        *gas = GasParts {
            call: gas.call.min(used),
            ..GasParts::default()
        };
    }
    let priced = gas.call + gas.load + gas.run + gas.io;
    gas.reads = Some(used.saturating_sub(priced));
}

/// Whether the model was paid for and started before the revert.
fn is_revert_of_a_run(output: &[u8]) -> bool {
    output.starts_with(&InputRange::SELECTOR) || output.starts_with(&ExecutionFailed::SELECTOR)
}

fn hash_output(output: &[u8], encoding: Encoding) -> Option<B256> {
    match encoding {
        Encoding::Words => output.get(ARRAY_HEAD_BYTES..).map(keccak256),
        Encoding::Raw => {
            let bytes = inferenceRawCall::abi_decode_returns(output).ok()?;
            Some(keccak256(bytes))
        }
    }
}

/// State as the call will find it, read without leaving a trace.
struct Peek<'a, CTX>(&'a mut CTX);

impl<CTX: ContextTr<Journal: JournalExt>> Peek<'_, CTX> {
    /// Code and its hash; `None` if there is no account, or the database fails: then the call fails
    /// too.
    fn code_of(&mut self, address: Address) -> Option<(Bytes, B256)> {
        let seen = self.0.journal_ref().evm_state().get(&address);
        let info = match seen {
            Some(account) => account.info.clone(),
            None => self.0.db_mut().basic(address).ok()??,
        };
        let code = match info.code {
            Some(code) => code,
            None => self.0.db_mut().code_by_hash(info.code_hash).ok()?,
        };
        Some((code.original_bytes(), info.code_hash))
    }

    fn slot(&mut self, slot: U256) -> Option<U256> {
        let own = self.0.journal_ref().evm_state().get(&PRECOMPILE);
        if let Some(seen) = own.and_then(|account| account.storage.get(&slot)) {
            return Some(seen.present_value);
        }
        // Some databases want the account asked for before its storage.
        self.0.db_mut().basic(PRECOMPILE).ok()?;
        self.0.db_mut().storage(PRECOMPILE, slot).ok()
    }
}

/// What nobody may ask of something that only looks.
fn only_looks() -> StateError {
    StateError::Database("a tracer changes nothing".into())
}

impl<CTX: ContextTr<Journal: JournalExt>> Accounts for Peek<'_, CTX> {
    fn code(&mut self, address: Address, _: bool) -> Result<Load<AccountCode>, StateError> {
        let (code, code_hash) = self.code_of(address).unwrap_or_default();
        Ok(Load {
            value: AccountCode {
                code,
                code_hash,
                is_created_in_transaction: false,
            },
            is_cold: false,
        })
    }
}

impl<CTX: ContextTr<Journal: JournalExt>> Storage for Peek<'_, CTX> {
    fn load_slot(&mut self, slot: U256, _: bool) -> Result<Load<U256>, StateError> {
        let value = self.slot(slot);
        let value = value.ok_or_else(|| StateError::Database(format!("no slot {slot}")))?;
        Ok(Load {
            value,
            is_cold: false,
        })
    }

    fn store_slot(&mut self, _: U256, _: U256) -> Result<(), StateError> {
        Err(only_looks())
    }
}

impl<CTX: ContextTr<Journal: JournalExt>> LoadMarks for Peek<'_, CTX> {
    fn is_marked(&mut self, model_hash: B256) -> bool {
        let mark = self.0.journal_mut().tload(PRECOMPILE, model_hash.into());
        !mark.is_zero()
    }

    fn mark(&mut self, _: B256) {}
}

impl<CTX: ContextTr<Journal: JournalExt>> CodeByHash for Peek<'_, CTX> {
    fn code_by_hash(&mut self, _: B256) -> Result<Bytes, StateError> {
        Err(only_looks())
    }
}
