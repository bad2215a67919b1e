//! `modelInfo`: what an activated model is, for people and for contracts that adapt to models.

use crate::{
    abi::IInference::{self, ModelInfo, TensorInfo},
    context::Context,
    error::Failure,
    gas::{Encoding, GasTable},
    load::LoadedModel,
    ports::Port,
    record::Record,
    served::{self, Located},
};
use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};
use alloy_primitives::Address;
use alloy_sol_types::SolCall as _;
use fixpoint_runtime::model::format::{Affine, Quantisation};

/// `modelInfo(address)`. Answers anyone, whatever the gate: all of it can be read from the chain.
pub(crate) fn model_info(context: &mut Context<'_>, model: Address) -> Result<Vec<u8>, Failure> {
    let located = served::locate(context, model)?;
    let record = served::record(context, &located)?;
    let loaded = served::charge_and_load(context, &located, &record, 0)?;
    let gas = context.environment.gas;
    context.meter.charge(gas.info(words(&loaded)))?;
    let info = describe(gas, &located, &record, &loaded);
    Ok(IInference::modelInfoCall::abi_encode_returns(&info))
}

/// An upper bound of the words that describe a model.
fn words(model: &LoadedModel) -> usize {
    let fixed = WORDS_PER_MODEL;
    model
        .inputs
        .iter()
        .chain(&model.outputs)
        .fold(fixed, |sum, port| {
            sum.saturating_add(WORDS_PER_PORT)
                .saturating_add(port.tensor.shape.len())
                .saturating_add(affines(port).len().saturating_mul(3))
        })
}

/// Fields, offsets and lengths of a `ModelInfo`, and its work classes.
const WORDS_PER_MODEL: usize = 32;
/// Fields, offsets and lengths of a `TensorInfo`, and its name.
const WORDS_PER_PORT: usize = 18;

fn describe(gas: &GasTable, located: &Located, record: &Record, model: &LoadedModel) -> ModelInfo {
    ModelInfo {
        modelHash: located.model_hash,
        contentHash: located.root.content_hash,
        gate: located.root.gate,
        recordVersion: record.version,
        inferenceGas: gas.first_call(record, Encoding::Words),
        loadGas: gas.load(record),
        payloadBytes: record.payload_bytes,
        arenaBytes: u64::from(record.arena_bytes),
        work: record.work.to_array().to_vec(),
        inputs: model.inputs.iter().map(tensor_info).collect(),
        outputs: model.outputs.iter().map(tensor_info).collect(),
    }
}

fn tensor_info(port: &Port) -> TensorInfo {
    let (quantisation, axis) = match &port.quantisation {
        Quantisation::None => (0, 0),
        Quantisation::PerTensor(_) => (1, 0),
        Quantisation::PerElement(per_element) => (2, per_element.axis),
    };
    let affines = affines(port);
    TensorInfo {
        name: name(&port.name),
        dtype: port.tensor.dtype as u8,
        shape: port.tensor.shape.to_vec(),
        quantisation,
        axis,
        scaleNumerator: affines
            .iter()
            .map(|affine| affine.scale.numerator)
            .collect(),
        scaleDenominator: affines
            .iter()
            .map(|affine| affine.scale.denominator)
            .collect(),
        zeroPoint: affines.iter().map(|affine| affine.zero_point.0).collect(),
        saturates: port.saturates,
    }
}

fn affines(port: &Port) -> &[Affine] {
    match &port.quantisation {
        Quantisation::None => &[],
        Quantisation::PerTensor(affine) => core::slice::from_ref(affine),
        Quantisation::PerElement(per_element) => &per_element.entries,
    }
}

/// Validation has proved names to be printable ASCII.
fn name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_string()
}
