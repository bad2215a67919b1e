//! What is measured: a model with an input, and what came of it.

use crate::class::Class;
use fixpoint_runtime::model::{Model, ValidModel};

/// What is done with a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One run of a batch: the arena is there and paid for.
    Batch,
    /// The only run of a call, with an arena of its own.
    Call,
    /// The same, with nothing in any cache but the input.
    ColdCall,
    /// What an arena of its own adds to a run.
    Arena,
    /// A whole call of `inferenceRaw` on a loaded model.
    Raw,
    /// The same of `inference`.
    Words,
    /// A load.
    Load,
}

impl Mode {
    const fn note(self) -> &'static str {
        match self {
            Self::Batch | Self::Raw | Self::Words => "",
            Self::Call => ", one call",
            Self::ColdCall => ", one call, caches cold",
            Self::Arena => ", what its arena adds",
            Self::Load => ", loaded",
        }
    }
}

/// What is to be measured.
pub(crate) struct Subject {
    pub(crate) model: Model,
    /// Packed tensors.
    pub(crate) input: Vec<u8>,
    pub(crate) mode: Mode,
    /// What shapes do not say.
    pub(crate) note: String,
}

/// What it took.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// The class for which it pays most.
    pub(crate) class: Class,
    pub(crate) gas: f64,
    pub(crate) ns: f64,
    /// In words.
    pub(crate) what: String,
}

impl Measured {
    /// Million gas a second.
    pub(crate) fn mgas_per_second(&self) -> f64 {
        self.gas / self.ns * 1e3
    }
}

/// The first operator with the types that it reads and gives, and how many there are.
pub(crate) fn describe(valid: &ValidModel, subject: &Subject) -> String {
    let model = valid.model();
    let inputs = model.inputs.len();
    let constants = inputs..inputs + model.constants.len();
    let types = valid.value_types();
    let show = |value: usize| {
        let of = &types[value];
        let dtype = format!("{:?}", of.dtype).to_lowercase();
        let sizes: Vec<_> = of.shape.iter().map(u32::to_string).collect();
        let constant = if constants.contains(&value) {
            " constant"
        } else {
            ""
        };
        format!("{dtype}[{}]{constant}", sizes.join(","))
    };
    let Some(first) = model.operators.first() else {
        return String::new();
    };
    let mut operands: Vec<_> = first.operands().iter().map(|&of| show(of.into())).collect();
    if operands.len() > 4 {
        let others = operands.len() - 3;
        operands.truncate(3);
        operands.push(format!("{others} more"));
    }
    let copies = match model.operators.len() {
        1 => String::new(),
        count => format!(", {count} operators"),
    };
    let note = match subject.note.as_str() {
        "" => String::new(),
        note => format!(", {note}"),
    };
    format!(
        "{} {} to {}{note}{copies}{}",
        first.name(),
        operands.join(" "),
        show(constants.end),
        subject.mode.note()
    )
}
