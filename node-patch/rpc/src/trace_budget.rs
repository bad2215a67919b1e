//! How much one trace may keep in memory.
//!
//! Gas bounds time, not memory: a step of one gas may be recorded with a stack of 32 KiB, and a
//! call of 100 gas with a megabyte of input. Only counting lives here; the tracers record.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, U256};
use alloy_rpc_types_trace::geth::GethDefaultTracingOptions;
use revm::{
    Inspector,
    bytecode::opcode::{SLOAD, SSTORE},
    context_interface::{ContextTr, context::ContextError},
    interpreter::{CallInputs, CallOutcome, Interpreter, interpreter_types::Jumps as _},
};
use revm_inspectors::tracing::DebugInspector;

use crate::error::RpcError;

/// Most steps that one answer records.
const MAX_STEPS: u64 = 1_000_000;
/// Most bytes that one answer records: stacks, memories, storage and inputs of calls.
const MAX_BYTES: u64 = 256 << 20;
/// A stack slot as a tracer keeps it.
const WORD_BYTES: u64 = 32;
/// A storage entry as a tracer keeps it: two words, and its part of the map.
const SLOT_BYTES: u64 = 100;
/// What a tracer keeps of a call besides its input.
const CALL_BYTES: u64 = 1 << 10;

/// What a tracer keeps.
#[derive(Clone, Copy, Debug, Default)]
struct Recorded {
    /// Calls and their inputs.
    calls: bool,
    /// This many steps of each transaction; the ones after are executed but not recorded.
    steps: u64,
    stack: bool,
    memory: bool,
    storage: bool,
}

impl Recorded {
    fn by(inspector: &DebugInspector) -> Self {
        let calls = Self {
            calls: true,
            ..Self::default()
        };
        match inspector {
            DebugInspector::Default(_, options) => Self {
                calls: true,
                ..Self::of_steps(options)
            },
            DebugInspector::Erc7562Tracer(..) => Self {
                calls: true,
                steps: u64::MAX,
                stack: true,
                memory: true,
                storage: false,
            },
            DebugInspector::CallTracer(..)
            | DebugInspector::FlatCallTracer(_)
            | DebugInspector::Mux(..) => calls,
            _ => Self::default(),
        }
    }

    fn of_steps(options: &GethDefaultTracingOptions) -> Self {
        Self {
            calls: false,
            // Zero means no limit.
            steps: options.limit.filter(|limit| *limit > 0).unwrap_or(u64::MAX),
            stack: options.is_stack_enabled(),
            memory: options.is_memory_enabled(),
            storage: options.is_storage_enabled(),
        }
    }
}

/// Counts what a tracer beside it records in one or more transactions, and ends the execution when
/// that becomes too much.
#[derive(Debug, Default)]
pub(crate) struct TraceBudget {
    recorded: Recorded,
    steps: u64,
    steps_of_transaction: u64,
    bytes: u64,
    /// The slots that each recorded storage access of an account repeats.
    slots: BTreeMap<Address, BTreeSet<U256>>,
}

impl TraceBudget {
    /// From now on `inspector` records, another transaction than before.
    pub(crate) fn begin(&mut self, inspector: &DebugInspector) {
        self.begin_recording(Recorded::by(inspector));
    }

    /// From now on calls are recorded and no steps, of another transaction than before.
    pub(crate) fn begin_calls(&mut self) {
        self.begin_recording(Recorded {
            calls: true,
            ..Recorded::default()
        });
    }

    fn begin_recording(&mut self, recorded: Recorded) {
        self.recorded = recorded;
        self.steps_of_transaction = 0;
        self.slots.clear();
    }

    /// # Errors
    /// [`RpcError::Limit`] if more was recorded than one answer may hold.
    pub(crate) fn check(&self) -> Result<(), RpcError> {
        let (what, got, limit) = if self.steps > MAX_STEPS {
            let what = "number of recorded steps (the option `limit` stops recording earlier)";
            (what, self.steps, MAX_STEPS)
        } else if self.bytes > MAX_BYTES {
            let what = "size of the trace in bytes (options such as `disableStack` make it less)";
            (what, self.bytes, MAX_BYTES)
        } else {
            return Ok(());
        };
        Err(RpcError::Limit { what, got, limit })
    }

    fn count(&mut self, interpreter: &Interpreter) {
        if self.steps_of_transaction >= self.recorded.steps {
            return;
        }
        self.steps_of_transaction += 1;
        self.steps += 1;
        if self.recorded.stack {
            self.add(interpreter.stack.len() as u64 * WORD_BYTES);
        }
        if self.recorded.memory {
            self.add(interpreter.memory.len() as u64);
        }
        if self.recorded.storage
            && matches!(interpreter.bytecode.opcode(), SLOAD | SSTORE)
            && let Some(slot) = interpreter.stack.data().last()
        {
            let slots = self
                .slots
                .entry(interpreter.input.target_address)
                .or_default();
            slots.insert(*slot);
            let copied = slots.len() as u64 * SLOT_BYTES;
            self.add(copied);
        }
    }

    fn add(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

impl<CTX: ContextTr> Inspector<CTX> for TraceBudget {
    fn step(&mut self, interpreter: &mut Interpreter, context: &mut CTX) {
        self.count(interpreter);
        if let Err(error) = self.check() {
            *context.error() = Err(ContextError::Custom(error.to_string()));
            interpreter.halt_fatal();
        }
    }

    fn call(&mut self, _: &mut CTX, inputs: &mut CallInputs) -> Option<CallOutcome> {
        if self.recorded.calls {
            self.add(inputs.input.len() as u64 + CALL_BYTES);
        }
        None
    }
}
