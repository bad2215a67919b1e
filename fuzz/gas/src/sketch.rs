//! A model of one operator, or of copies of it that run one after another, from decisions.

use crate::{
    draw::{Draw, Purpose},
    subject::{Mode, Subject},
};
use fixpoint_fuzz_bodies::choices::noise;
use fixpoint_runtime::{
    model::format::{Quantisation, ValueId},
    ops::Operator,
    tensor::DType,
};
use fixpoint_test_vectors::builder::{ModelBuilder, tensor};

/// Bytes of one tensor that are not exceeded.
const MAX_TENSOR_BYTES: u64 = 32 << 20;
/// Bytes of one constant that are not exceeded: packing takes time.
const MAX_CONSTANT_BYTES: u64 = 10 << 20;
/// Outputs of a model.
const MAX_OUTPUTS: usize = 32;
/// Random bytes before they repeat. A prime: repetitions do not meet anything.
const PERIOD: usize = 1_048_573;

/// What a tensor holds. Times depend on values where code branches on them or divides.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Values {
    /// Anything that the type holds.
    Any,
    /// From one to the other.
    Within(i64, i64),
    /// A number and its negative in turn.
    Alternating(i64),
    /// Growing, up to the limit, then again.
    Ascending(i64),
    /// The numbers below a limit, each once in a row of the last axis.
    Distinct(u32),
}

impl Values {
    /// Elements as they stand in an input.
    fn bytes(self, dtype: DType, shape: &[u32], seed: u64) -> Vec<u8> {
        let count = elements(shape) as usize;
        let size_bytes = dtype.size_bytes();
        let random = noise(seed, PERIOD.min(8 * count + 8));
        if matches!(self, Self::Any) && matches!(dtype, DType::I8 | DType::I16 | DType::I32) {
            let bytes = random.iter().copied().cycle();
            return bytes.take(count * size_bytes).collect();
        }
        let (lowest, highest) = dtype.range();
        let mut words = random.windows(8).step_by(5).cycle().map(|word| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(word);
            u64::from_le_bytes(bytes)
        });
        let mut between = |from: i64, to: i64| {
            let word = words.next().unwrap_or_default();
            from + (word % (to - from + 1).cast_unsigned()).cast_signed()
        };
        let row = shape.last().copied().unwrap_or(1).max(1) as usize;
        let mut distinct: Vec<i64> = Vec::new();
        let mut bytes = Vec::new();
        for at in 0..count {
            let element = match self {
                Self::Any => between(lowest, highest),
                Self::Within(from, to) => between(from.max(lowest), to.min(highest)),
                Self::Alternating(size) if at % 2 == 0 => size,
                Self::Alternating(size) => -size,
                Self::Ascending(limit) => at as i64 % limit.min(highest),
                Self::Distinct(limit) => {
                    if at % row == 0 {
                        distinct = (0..i64::from(limit)).collect();
                    }
                    let index = between(0, distinct.len() as i64 - 1) as usize;
                    distinct.swap_remove(index)
                }
            };
            bytes.extend_from_slice(&element.to_le_bytes()[..size_bytes]);
        }
        bytes
    }
}

/// An operand.
pub(crate) struct Operand {
    dtype: DType,
    shape: Vec<u32>,
    values: Values,
    is_constant: bool,
}

impl Operand {
    /// Its elements as they stand in an input; `None` if there are too many.
    pub(crate) fn bytes(&self, seed: u64) -> Option<Vec<u8>> {
        (1..=MAX_TENSOR_BYTES)
            .contains(&self.size_bytes())
            .then(|| self.values.bytes(self.dtype, &self.shape, seed))
    }

    fn size_bytes(&self) -> u64 {
        elements(&self.shape).saturating_mul(self.dtype.size_bytes() as u64)
    }
}

/// One that a caller supplies.
pub(crate) fn input(dtype: DType, shape: &[u32], values: Values) -> Operand {
    Operand {
        dtype,
        shape: shape.to_vec(),
        values,
        is_constant: false,
    }
}

/// One that stands in the model.
pub(crate) fn constant(dtype: DType, shape: &[u32], values: Values) -> Operand {
    Operand {
        is_constant: true,
        ..input(dtype, shape, values)
    }
}

/// Either.
pub(crate) fn either(draw: &mut Draw<'_>, dtype: DType, shape: &[u32], values: Values) -> Operand {
    Operand {
        is_constant: draw.flag(),
        ..input(dtype, shape, values)
    }
}

/// Elements of a shape. Saturates.
pub(crate) fn elements(shape: &[u32]) -> u64 {
    let sizes = shape.iter().map(|&size| u64::from(size));
    sizes.fold(1, u64::saturating_mul)
}

/// Copies of an operator on the same operands; `make` is given the number of the copy too. `None` if
/// a tensor would be too large.
pub(crate) fn copies(
    draw: &mut Draw<'_>,
    operands: &[Operand],
    note: String,
    make: impl Fn(&[ValueId], usize) -> Operator,
) -> Option<Subject> {
    let count = draw.pick(&[1, 1, 1, 2, 4, 8, 16, 32]);
    debug_assert!(count <= MAX_OUTPUTS);
    graph(draw, operands, note, |builder, ids| {
        (0..count)
            .map(|copy| builder.push(make(ids, copy)))
            .collect()
    })
}

/// Operators of which each reads what the one before gave. `make` is given all operands, of which the
/// first is that, and the number of the operator.
pub(crate) fn chain(
    draw: &mut Draw<'_>,
    operands: &[Operand],
    (length, note): (usize, String),
    make: impl Fn(&[ValueId], usize) -> Operator,
) -> Option<Subject> {
    graph(draw, operands, note, |builder, ids| {
        let mut ids = ids.to_vec();
        for link in 0..length {
            ids[0] = builder.push(make(&ids, link));
        }
        ids.truncate(1);
        ids
    })
}

/// Any operators on the operands; `add` gives the model's outputs.
pub(crate) fn graph(
    draw: &mut Draw<'_>,
    operands: &[Operand],
    note: String,
    add: impl FnOnce(&mut ModelBuilder, &[ValueId]) -> Vec<ValueId>,
) -> Option<Subject> {
    let mut sketch = Sketch::of(draw, operands)?;
    for (at, value) in add(&mut sketch.builder, &sketch.ids)
        .into_iter()
        .enumerate()
    {
        sketch
            .builder
            .output(&format!("y{at}"), value, Quantisation::None);
    }
    Some(Subject {
        model: sketch.builder.build(),
        input: sketch.input,
        mode: sketch.mode,
        note: format!("{note}{}", sketch.note),
    })
}

/// A model without operators yet.
struct Sketch {
    builder: ModelBuilder,
    /// Numbers of the operands.
    ids: Vec<ValueId>,
    input: Vec<u8>,
    mode: Mode,
    note: &'static str,
}

impl Sketch {
    fn of(draw: &mut Draw<'_>, operands: &[Operand]) -> Option<Self> {
        let is_load = draw.purpose == Purpose::Load;
        // Operators on constants alone are run when a model is loaded.
        let is_folded = is_load && draw.flag();
        let mode = match draw.pick(&[0, 0, 0, 0, 1, 2]) {
            _ if is_load => Mode::Load,
            1 => Mode::Call,
            2 => Mode::ColdCall,
            _ => Mode::Batch,
        };
        // Few tensors are larger than a cache.
        let limit = draw.pick(&[1 << 18, 1 << 20, 1 << 22, MAX_TENSOR_BYTES]);
        if operands.iter().any(|operand| operand.size_bytes() > limit) {
            return None;
        }
        let mut sketch = Self {
            builder: ModelBuilder::new(),
            ids: vec![0; operands.len()],
            input: Vec::new(),
            mode,
            note: if is_folded {
                ", on constants alone"
            } else {
                ""
            },
        };
        if is_folded {
            let flag = tensor(DType::Bool, &[1]);
            sketch.builder.input("flag", flag, Quantisation::None);
        }
        for is_constant in [false, true] {
            for (at, operand) in operands.iter().enumerate() {
                if (operand.is_constant || is_folded) == is_constant {
                    sketch.declare(at, operand, is_constant)?;
                }
            }
        }
        // Without an input, all would be folded.
        (is_folded || operands.iter().any(|operand| !operand.is_constant)).then_some(sketch)
    }

    fn declare(&mut self, at: usize, operand: &Operand, is_constant: bool) -> Option<()> {
        let bytes = operand.size_bytes();
        if bytes == 0 || (is_constant && bytes > MAX_CONSTANT_BYTES) {
            return None;
        }
        let of = tensor(operand.dtype, &operand.shape);
        let values = || {
            let seed = at as u64 + 1;
            operand.values.bytes(operand.dtype, &operand.shape, seed)
        };
        self.ids[at] = if is_constant {
            self.builder.constant_bytes(of, values())
        } else {
            if self.mode != Mode::Load {
                self.input.extend_from_slice(&values());
            }
            self.builder
                .input(&format!("x{at}"), of, Quantisation::None)
        };
        Some(())
    }
}
