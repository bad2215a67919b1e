//! The steps of a chain: one operator, sometimes with a constant.

use super::{Chain, MAX_ELEMENTS};
use crate::choices::Choices;
use fixpoint_runtime::{
    model::format::Signed32,
    ops::{
        Operator, add::Add, argmax::ArgMax, arithmetic_right_shift::ArithmeticRightShift,
        clamp::Clamp, clz::Clz, concat::Concat, gather::Gather, geometry::Margin,
        logical_left_shift::LogicalLeftShift, mul::Mul, pad::Pad, reduce_max::ReduceMax,
        reduce_sum::ReduceSum, rescale::Rescale, slice::Slice, sub::Sub, table::Table,
        transpose::Transpose,
    },
    tensor::DType,
};
use fixpoint_test_vectors::builder::rescale;

impl Chain {
    /// Operators that move elements.
    pub(super) fn moving(&mut self, choices: &mut Choices<'_>) {
        let (input, rank) = (self.value, self.shape.len());
        let mut shape = self.shape.clone();
        match choices.below(5) {
            0 if rank > 0 && self.elements() < MAX_ELEMENTS => {
                let axis = choices.below(rank);
                let count = 1 + choices.below(3);
                shape[axis] *= count as u32;
                let inputs = vec![input; count].try_into().expect("at most 64");
                self.push(
                    Operator::Concat(Concat {
                        inputs,
                        axis: axis as u8,
                    }),
                    self.dtype,
                    shape,
                );
            }
            1 if self.elements() < MAX_ELEMENTS => self.pad(choices),
            2 => {
                let start: Vec<_> = shape
                    .iter()
                    .map(|size| choices.below(*size as usize) as u32)
                    .collect();
                for (size, start) in shape.iter_mut().zip(&start) {
                    *size = 1 + choices.below((*size - start) as usize) as u32;
                }
                let slice = Slice {
                    input,
                    start: start.try_into().expect("one per axis"),
                    size: shape.clone().try_into().expect("one per axis"),
                };
                self.push(Operator::Slice(slice), self.dtype, shape);
            }
            3 => {
                let mut axes: Vec<_> = (0..rank as u8).collect();
                for at in 0..rank {
                    axes.swap(at, choices.below(rank));
                }
                let shape = axes
                    .iter()
                    .map(|axis| self.shape[usize::from(*axis)])
                    .collect();
                let permutation = axes.try_into().expect("one per axis");
                self.push(
                    Operator::Transpose(Transpose { input, permutation }),
                    self.dtype,
                    shape,
                );
            }
            _ => self.reshape(1 + choices.below(5)),
        }
    }

    fn pad(&mut self, choices: &mut Choices<'_>) {
        let (input, mut shape) = (self.value, self.shape.clone());
        let mut sides = Vec::new();
        for size in &mut shape {
            let margin = Margin {
                before: choices.below(3) as u32,
                after: choices.below(3) as u32,
            };
            *size += margin.before + margin.after;
            sides.push(margin);
        }
        let value = Signed32(choices.below(2) as i32);
        let padding = sides.try_into().expect("one per axis");
        self.push(
            Operator::Pad(Pad {
                input,
                padding,
                value,
            }),
            self.dtype,
            shape,
        );
    }

    pub(super) fn rescale(&mut self, choices: &mut Choices<'_>) {
        if self.dtype == DType::Bool {
            return self.reshape(2);
        }
        let to = choices.pick(&[DType::I8, DType::I16, DType::I32]);
        let mut op: Rescale = rescale(self.value, to, 0, 2);
        op.scale32 = self.dtype != DType::I48 && choices.below(4) > 0;
        op.double_round = op.scale32 && choices.flag();
        op.per_channel = !self.shape.is_empty() && choices.flag();
        let channels = if op.per_channel {
            self.shape.last().copied().unwrap_or(1)
        } else {
            1
        };
        let largest = if op.scale32 { i32::MAX } else { 0x7fff };
        let each: Vec<_> = (0..channels)
            .map(|_| {
                (
                    Signed32(choices.i32() & largest),
                    choices.pick(&[31, 32, 38, 20, 14, 40, 62]),
                )
            })
            .collect();
        op.multipliers = each
            .iter()
            .map(|(of, _)| *of)
            .collect::<Vec<_>>()
            .try_into()
            .expect("few");
        op.shifts_bits = each
            .iter()
            .map(|(_, of)| *of)
            .collect::<Vec<_>>()
            .try_into()
            .expect("few");
        if self.dtype == DType::I8 {
            op.input_zero_point = Signed32(i32::from(choices.byte() as i8));
        }
        if to == DType::I8 {
            op.output_zero_point = Signed32(i32::from(choices.byte() as i8));
        }
        self.push(Operator::Rescale(op), to, self.shape.clone());
    }

    pub(super) fn gather(&mut self, choices: &mut Choices<'_>) {
        self.reshape(3);
        let [batch, rows, channels] = self.shape[..] else {
            return;
        };
        let picks = 1 + choices.below(3) as u32;
        let indices = self.constant(
            choices,
            DType::I32,
            &[batch, picks],
            (0, i64::from(rows) - 1),
        );
        let gather = Gather {
            values: self.value,
            indices,
        };
        self.push(
            Operator::Gather(gather),
            self.dtype,
            vec![batch, picks, channels],
        );
    }

    pub(super) fn shift(&mut self, choices: &mut Choices<'_>) {
        let ones = vec![1; self.shape.len()];
        let most = 8 * self.dtype.size_bytes() as i64 - 1;
        let (a, b) = (
            self.value,
            self.constant(choices, self.dtype, &ones, (0, most)),
        );
        let operator = match choices.below(3) {
            0 => Operator::LogicalLeftShift(LogicalLeftShift { a, b }),
            // Mostly fails while running.
            1 => Operator::ArithmeticRightShift(ArithmeticRightShift {
                a: b,
                b: a,
                round: true,
            }),
            _ => Operator::ArithmeticRightShift(ArithmeticRightShift {
                a,
                b,
                round: choices.flag(),
            }),
        };
        self.push(operator, self.dtype, self.shape.clone());
    }

    /// Operators on 32 bits.
    pub(super) fn wide(&mut self, choices: &mut Choices<'_>) {
        let (input, mut shape) = (self.value, self.shape.clone());
        let axis = choices.below(shape.len().max(1));
        let operator = match choices.below(6) {
            0 => Operator::Clz(Clz { input }),
            kind @ 1..=2 if !shape.is_empty() => {
                shape[axis] = 1;
                let axis = axis as u8;
                if kind == 1 {
                    Operator::ReduceSum(ReduceSum { input, axis })
                } else {
                    Operator::ReduceMax(ReduceMax { input, axis })
                }
            }
            kind => {
                let mut own = shape.clone();
                if let Some(size) = own.get_mut(axis) {
                    *size = 1;
                }
                let b = self.constant(choices, DType::I32, &own, (-1_000_000, 2_000_000_000));
                match kind {
                    3 => Operator::Add(Add { a: input, b }),
                    4 => Operator::Sub(Sub { a: input, b }),
                    _ => Operator::Mul(Mul {
                        a: input,
                        b,
                        shift_bits: choices.byte() % 64,
                    }),
                }
            }
        };
        self.push(operator, DType::I32, shape);
    }

    /// Operators on 8 and 16 bits.
    pub(super) fn narrow(&mut self, choices: &mut Choices<'_>) {
        let (input, mut shape) = (self.value, self.shape.clone());
        let (lowest, highest) = self.dtype.range();
        match choices.below(4) {
            0 => {
                let min = Signed32(i32::from(choices.byte() as i8).min(0));
                let clamp = Clamp {
                    input,
                    min,
                    max: Signed32(highest as i32 / 2),
                };
                self.push(Operator::Clamp(clamp), self.dtype, shape);
            }
            1 if !shape.is_empty() => {
                let axis = choices.below(shape.len());
                shape.remove(axis);
                self.push(
                    Operator::ArgMax(ArgMax {
                        input,
                        axis: axis as u8,
                    }),
                    DType::I32,
                    shape,
                );
            }
            2 => {
                let (entries, to) = if self.dtype == DType::I8 {
                    (256, DType::I8)
                } else {
                    (513, DType::I32)
                };
                let range = if choices.flag() {
                    (lowest, highest)
                } else {
                    (lowest / 2, highest / 2)
                };
                let table = self.constant(choices, self.dtype, &[entries], range);
                self.push(Operator::Table(Table { input, table }), to, shape);
            }
            _ => self.push(
                Operator::Mul(Mul {
                    a: input,
                    b: input,
                    shift_bits: 0,
                }),
                DType::I32,
                shape,
            ),
        }
    }
}
