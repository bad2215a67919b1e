//! Inferences in traces: the JSON of one, and its place in each kind of trace.
//!
//! A field of its own, `inference`, stands beside the fields that Ethereum's tools know; a trace
//! without inferences is what it is on any other node.

use std::{iter::Peekable, vec};

use alloy_primitives::{Address, B256, U64};
use alloy_rpc_types_trace::{
    geth::{CallFrame, DefaultFrame, GethTrace},
    parity::{Action, LocalizedTransactionTrace, TransactionTrace},
};
use fixpoint_evm::{
    inspect::{GasParts, InferenceCall, InferenceDetail},
    precompile::address::PRECOMPILE,
};
use revm_inspectors::tracing::types::CallTraceNode;
use serde::Serialize;

/// A call of the precompile that names a model.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InferenceTrace {
    function: &'static str,
    model: Address,
    model_hash: Option<B256>,
    #[serde(flatten)]
    detail: Option<DetailTrace>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DetailTrace {
    runs: U64,
    input_hash: B256,
    output_hash: Option<B256>,
    gas: GasTrace,
}

#[derive(Clone, Debug, Serialize)]
struct GasTrace {
    call: U64,
    reads: Option<U64>,
    load: U64,
    run: U64,
    io: U64,
}

impl From<&InferenceCall> for InferenceTrace {
    fn from(call: &InferenceCall) -> Self {
        Self {
            function: call.function,
            model: call.model,
            model_hash: call.model_hash,
            detail: call.inference.as_ref().map(DetailTrace::from),
        }
    }
}

impl From<&InferenceDetail> for DetailTrace {
    fn from(detail: &InferenceDetail) -> Self {
        Self {
            runs: U64::from(detail.runs),
            input_hash: detail.input_hash,
            output_hash: detail.output_hash,
            gas: detail.gas.into(),
        }
    }
}

impl From<GasParts> for GasTrace {
    fn from(gas: GasParts) -> Self {
        Self {
            call: U64::from(gas.call),
            reads: gas.reads.map(U64::from),
            load: U64::from(gas.load),
            run: U64::from(gas.run),
            io: U64::from(gas.io),
        }
    }
}

/// A trace of geth's kinds.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Trace {
    /// `callTracer`
    Calls(Box<Frame>),
    /// Struct logs.
    Steps(Steps),
    /// `flatCallTracer`
    Flat(Vec<FlatTrace<LocalizedTransactionTrace>>),
    /// A trace that shows no calls, or one without inferences.
    Plain(Box<GethTrace>),
}

/// A call, and what it infers.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Frame {
    /// Without its calls.
    #[serde(flatten)]
    frame: CallFrame,
    #[serde(skip_serializing_if = "Option::is_none")]
    inference: Option<InferenceTrace>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    calls: Vec<Self>,
}

/// Steps, and the inferences that some of them are.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Steps {
    #[serde(flatten)]
    frame: DefaultFrame,
    inferences: Vec<StepInference>,
}

#[derive(Clone, Debug, Serialize)]
struct StepInference {
    /// Index in `structLogs`.
    step: Option<u64>,
    #[serde(flatten)]
    inference: InferenceTrace,
}

/// A call in a list of calls, and what it infers.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FlatTrace<T> {
    #[serde(flatten)]
    pub(crate) trace: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    inference: Option<InferenceTrace>,
}

/// Puts inferences where their calls are. `nodes` are those of the tracer that made a flat trace.
pub(crate) fn annotate(
    trace: GethTrace,
    inferences: Vec<InferenceCall>,
    nodes: &[CallTraceNode],
) -> Trace {
    if inferences.is_empty() {
        return Trace::Plain(Box::new(trace));
    }
    match trace {
        GethTrace::CallTracer(frame) => {
            let mut inferences = inferences.into_iter().peekable();
            Trace::Calls(Box::new(annotate_frame(frame, &mut 0, &mut inferences)))
        }
        GethTrace::Default(frame) => {
            let inferences = inferences.iter().map(|call| StepInference {
                step: call.step,
                inference: call.into(),
            });
            Trace::Steps(Steps {
                inferences: inferences.collect(),
                frame,
            })
        }
        GethTrace::FlatCallTracer(traces) => Trace::Flat(annotate_flat(traces, inferences, nodes)),
        other => Trace::Plain(Box::new(other)),
    }
}

/// Calls nest in the order in which they begin; a destroyed contract's frame is none of a call.
fn annotate_frame(
    mut frame: CallFrame,
    ordinal: &mut usize,
    inferences: &mut Peekable<vec::IntoIter<InferenceCall>>,
) -> Frame {
    let inference = if frame.typ == "SELFDESTRUCT" {
        None
    } else {
        let here = *ordinal;
        *ordinal += 1;
        inferences.next_if(|call| call.ordinal == here)
    };
    let calls = std::mem::take(&mut frame.calls);
    Frame {
        inference: inference.as_ref().map(InferenceTrace::from),
        calls: calls
            .into_iter()
            .map(|call| annotate_frame(call, ordinal, inferences))
            .collect(),
        frame,
    }
}

/// Traces in parity's form leave calls of precompiles out; shows those of this one again.
pub(crate) fn show_inferences(nodes: &mut [CallTraceNode]) {
    for index in 0..nodes.len() {
        let Some(node) = nodes.get_mut(index) else {
            return;
        };
        if !node.is_precompile() || node.trace.address != PRECOMPILE {
            continue;
        }
        node.trace.maybe_precompile = Some(false);
        // The calls of a node are in the order of their nodes.
        let parent = node.parent.and_then(|parent| nodes.get_mut(parent));
        if let Some(parent) = parent {
            let place = parent.children.partition_point(|child| *child < index);
            parent.children.insert(place, index);
        }
    }
}

/// A trace that may be of a call.
pub(crate) trait OfAction {
    /// What is traced.
    fn action(&self) -> &Action;
}

impl OfAction for TransactionTrace {
    fn action(&self) -> &Action {
        &self.action
    }
}

impl OfAction for LocalizedTransactionTrace {
    fn action(&self) -> &Action {
        &self.trace.action
    }
}

/// Puts inferences beside their calls. `nodes` are those that the traces were made of.
pub(crate) fn annotate_flat<T: OfAction>(
    traces: Vec<T>,
    inferences: Vec<InferenceCall>,
    nodes: &[CallTraceNode],
) -> Vec<FlatTrace<T>> {
    let mut shown = nodes.iter().filter(|node| !node.is_precompile());
    let mut inferences = inferences.into_iter().peekable();
    let annotated = traces.into_iter().map(|trace| {
        // Destroyed contracts have traces without a call of their own.
        let node = match trace.action() {
            Action::Selfdestruct(_) => None,
            _ => shown.next(),
        };
        let call = node.and_then(|node| inferences.next_if(|call| call.ordinal == node.idx));
        FlatTrace {
            trace,
            inference: call.as_ref().map(InferenceTrace::from),
        }
    });
    annotated.collect()
}
