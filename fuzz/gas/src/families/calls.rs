//! Calls that do little but read and write tensors, and models that do little but be loaded.

use super::{Family, sizes};
use crate::{
    class::Class,
    draw::{Draw, Purpose},
    sketch::{Values, input},
    subject::{Mode, Subject},
};
use fixpoint_runtime::{
    model::format::{Affine, Quantisation, ValueId},
    ops::{Operator, identity::Identity},
    tensor::DType,
};
use fixpoint_test_vectors::builder::{ModelBuilder, affine, per_element, tensor};

pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "raw call",
        classes: &[Class::RAW, Class::CALL],
        member: |draw| call(draw, Mode::Raw),
    },
    Family {
        name: "call with words",
        classes: &[Class::WORDS, Class::CALL],
        member: |draw| call(draw, Mode::Words),
    },
    Family {
        name: "arena",
        classes: &[Class::ARENA],
        member: arena,
    },
    Family {
        name: "ports",
        classes: &[Class::LOAD_ITEMS, Class::LOAD_BYTES],
        member: ports,
    },
];

const TYPES: &[DType] = &[DType::I8, DType::Bool, DType::I16, DType::I32, DType::I48];

/// Scales that take long: to show coprime, to multiply, to divide by.
fn scale(draw: &mut Draw<'_>) -> Affine {
    let (numerator, denominator) = draw.pick(&[
        (1, 1),
        (u64::MAX, u64::MAX - 1),
        (1, u64::MAX),
        (u64::MAX, 1),
        (1, 1_000_000_007),
        // Consecutive Fibonacci numbers: the most steps of Euclid's algorithm.
        (12_200_160_415_121_876_738, 7_540_113_804_746_346_429),
        (7_540_113_804_746_346_429, 12_200_160_415_121_876_738),
        (1 << 32, (1 << 33) - 1),
    ]);
    affine(numerator, denominator, draw.pick(&[0, 3, -128]))
}

fn quantisation(draw: &mut Draw<'_>, dtype: DType, shape: &[u32]) -> Quantisation {
    let scale = scale(draw);
    let kind = draw.below(4);
    let axis = draw.below(shape.len().max(1));
    let is_plain = matches!(dtype, DType::Bool | DType::I48);
    match kind {
        1 | 2 if !is_plain => Quantisation::PerTensor(scale),
        3 if !is_plain => {
            let entries = shape.get(axis).copied().unwrap_or(1).min(65_536);
            per_element(axis as u8, &vec![scale; entries as usize])
        }
        _ => Quantisation::None,
    }
}

fn call(draw: &mut Draw<'_>, mode: Mode) -> Option<Subject> {
    if draw.purpose != Purpose::Run {
        return None;
    }
    let elements = match mode {
        Mode::Words => sizes::budget(draw).min(64 << 10),
        _ => sizes::budget(draw),
    };
    let shape = sizes::any_shape(draw, elements);
    let dtype = draw.pick(TYPES);
    let outputs = draw.pick(&[1, 0, 2, 8, 31]);
    let values = draw.pick(&[Values::Any, Values::Within(0, 1), Values::Within(-128, 127)]);
    let mut model = ModelBuilder::new();
    let scale = quantisation(draw, dtype, &shape);
    let flag = model.input("flag", tensor(DType::Bool, &[1]), Quantisation::None);
    let x = model.input("x", tensor(dtype, &shape), scale);
    let copies = [(flag, 1), (x, outputs)];
    for (at, (of, count)) in copies.into_iter().enumerate() {
        for copy in 0..count {
            let value = model.push(Operator::Identity(Identity { input: of }));
            let scale = match at {
                0 => Quantisation::None,
                _ => quantisation(draw, dtype, &shape),
            };
            model.output(&format!("y{at}{copy}"), value, scale);
        }
    }
    let mut bytes = vec![1];
    bytes.extend(input(dtype, &shape, values).bytes(7)?);
    let kind = match mode {
        Mode::Words => "words",
        _ => "raw",
    };
    Some(Subject {
        model: model.build(),
        input: bytes,
        mode,
        note: format!("{kind}, {dtype:?}{shape:?} in, {outputs} times out"),
    })
}

/// Tensors that are written once, in memory that nobody had before.
fn arena(draw: &mut Draw<'_>) -> Option<Subject> {
    if draw.purpose != Purpose::Run {
        return None;
    }
    // The call's own price pays for small ones.
    let bytes: u32 = draw.pick(&[32_768, 65_536, 1 << 18, 1 << 20, 1 << 22, 3 << 20]);
    let copies = draw.pick(&[0, 1, 4, 16]);
    let mut model = ModelBuilder::new();
    let x = model.input("x", tensor(DType::I8, &[bytes]), Quantisation::None);
    let clamp = |input: ValueId| {
        Operator::Clamp(fixpoint_runtime::ops::clamp::Clamp {
            input,
            min: fixpoint_runtime::model::format::Signed32(0),
            max: fixpoint_runtime::model::format::Signed32(9),
        })
    };
    for copy in 0..=copies {
        let value = match copy {
            0 => model.push(Operator::Identity(Identity { input: x })),
            _ => model.push(clamp(x)),
        };
        model.output(&format!("y{copy}"), value, Quantisation::None);
    }
    Some(Subject {
        model: model.build(),
        input: vec![0; bytes as usize],
        mode: Mode::Arena,
        note: String::new(),
    })
}

/// Ports with many scales.
fn ports(draw: &mut Draw<'_>) -> Option<Subject> {
    if draw.purpose != Purpose::Load {
        return None;
    }
    let count = draw.pick(&[1, 2, 8, 32]);
    let entries = draw.pick(&[1, 16, 1024, 10_000, 60_000]);
    let scale = scale(draw);
    let mut model = ModelBuilder::new();
    let scales = per_element(0, &vec![scale; entries as usize]);
    for at in 0..count {
        model.input(
            &format!("x{at}"),
            tensor(DType::I8, &[entries]),
            scales.clone(),
        );
    }
    let value = model.push(Operator::Identity(Identity { input: 0 }));
    model.output("y", value, scales);
    let shown = scale.scale;
    Some(Subject {
        model: model.build(),
        input: Vec::new(),
        mode: Mode::Load,
        note: format!(
            "{count} inputs of {entries} scales {}/{}",
            shown.numerator, shown.denominator
        ),
    })
}
