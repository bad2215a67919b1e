//! LSTM, GRU and RNN, step by step: the length of the sequence is fixed.

use super::source::{Added, Converted, Source};
use crate::{
    CompileError,
    ir::{Binary, Dense, Op, Tensor, Unary, ValueIndex},
};

/// Longest sequence: each step has its own operators.
const MAX_STEPS: usize = 512;

/// One direction's constants and functions.
struct Cell {
    /// `[gates * hidden, inputs]` and both biases.
    input: Dense,
    /// `[gates * hidden, hidden]`; has the recurrent bias where that must stay apart.
    recurrent: Dense,
    peepholes: Option<Vec<f64>>,
    functions: Vec<String>,
    hidden: usize,
    linear_before_reset: bool,
}

/// State between steps: `[batch, hidden]` each.
struct State {
    hidden: ValueIndex,
    cell: ValueIndex,
}

impl Source<'_> {
    pub(super) fn recurrent(&mut self) -> Converted {
        let mut x = self.value(0)?;
        let batch_first = self.integer("layout", 0) != 0;
        if batch_first {
            x = self.transpose(x, &[1, 0, 2])?;
        }
        let &[steps, batch, _] = self.shape(x).as_slice() else {
            return Err(self.unsupported("its input must be [steps, batch, features]"));
        };
        if steps > MAX_STEPS {
            return Err(
                self.unsupported(format!("{steps} steps: at most {MAX_STEPS} are supported"))
            );
        }
        if self.integer("input_forget", 0) != 0 {
            return Err(self.unsupported("input_forget is not supported"));
        }
        if let Some(lengths) = self.optional_integers(4, "sequence lengths")?
            && lengths.iter().any(|&length| length != steps as i64)
        {
            return Err(self.unsupported("sequences of unequal length: pad them all to one length"));
        }
        let backwards: Vec<bool> = match self.text("direction").as_str() {
            "reverse" => vec![true],
            "bidirectional" => vec![false, true],
            _ => vec![false],
        };
        let (mut sequences, mut hidden, mut cells) = (Vec::new(), Vec::new(), Vec::new());
        for (direction, &reverse) in backwards.iter().enumerate() {
            let cell = self.cell(direction, backwards.len())?;
            let start = self.start(direction, batch, cell.hidden, batch_first)?;
            let (sequence, last) = self.unrolled(x, &cell, start, reverse)?;
            sequences.push(sequence);
            hidden.push(last.hidden);
            cells.push(last.cell);
        }
        self.outputs(&sequences, &hidden, &cells, batch_first)
    }

    /// Y, Y_h and Y_c from what each direction gave.
    fn outputs(
        &mut self,
        sequences: &[Vec<ValueIndex>],
        hidden: &[ValueIndex],
        cells: &[ValueIndex],
        batch_first: bool,
    ) -> Converted {
        let shape = self.shape(hidden[0]);
        let (batch, size, directions) = (shape[0], shape[1], hidden.len());
        let steps = sequences[0].len();
        let mut all = Vec::new();
        if self.is_wanted(0) {
            for step in 0..steps {
                for sequence in sequences {
                    all.push(self.reshape(sequence[step], &[1, batch, size])?);
                }
            }
        }
        let mut outputs = Vec::new();
        let mut y = hidden[0];
        if self.is_wanted(0) {
            y = self.joined(&all)?;
            y = self.reshape(y, &[steps, directions, batch, size])?;
            if batch_first {
                y = self.transpose(y, &[2, 0, 1, 3])?;
            }
        }
        outputs.push(y);
        for states in [hidden, cells] {
            let mut rows = Vec::new();
            for &state in states {
                rows.push(self.reshape(state, &[1, batch, size])?);
            }
            let mut last = self.concat(&rows, 0)?;
            if batch_first {
                last = self.transpose(last, &[1, 0, 2])?;
            }
            outputs.push(last);
        }
        outputs.truncate(if self.operator() == "LSTM" { 3 } else { 2 });
        Ok(outputs)
    }

    /// Many tensors joined along axis 0, some at a time.
    fn joined(&mut self, values: &[ValueIndex]) -> Added {
        const AT_ONCE: usize = 32;
        let mut values = values.to_vec();
        while values.len() > 1 {
            let mut joined = Vec::new();
            for part in values.chunks(AT_ONCE) {
                joined.push(self.concat(part, 0)?);
            }
            values = joined;
        }
        Ok(values[0])
    }

    fn cell(&self, direction: usize, directions: usize) -> Result<Cell, CompileError> {
        let gates = match self.operator() {
            "LSTM" => 4,
            "GRU" => 3,
            _ => 1,
        };
        let input = self.required(1, "weights")?;
        let recurrent = self.required(2, "recurrent weights")?;
        let (&[_, rows, inputs], &[_, _, hidden]) =
            (input.shape.as_slice(), recurrent.shape.as_slice())
        else {
            return Err(self.unsupported("its weights have the wrong rank"));
        };
        if rows != gates * hidden {
            return Err(self.unsupported("its weights do not fit each other"));
        }
        let part = |tensor: &Tensor, size: usize| -> Vec<f64> {
            tensor.elements[direction * size..][..size].to_vec()
        };
        let bias = self.optional(3, "bias")?;
        let bias = bias.map_or_else(|| vec![0.0; 2 * rows], |bias| part(&bias, 2 * rows));
        let linear_before_reset = self.integer("linear_before_reset", 0) != 0;
        let (mut outer, mut inner) = (bias[..rows].to_vec(), bias[rows..].to_vec());
        // A recurrent bias that the reset gate scales must stay with the recurrent product.
        let moved = if linear_before_reset {
            2 * hidden
        } else {
            rows
        };
        for row in 0..moved.min(rows) {
            outer[row] += inner[row];
            inner[row] = 0.0;
        }
        let dense = |weights: Vec<f64>, bias: &[f64], inputs: usize| Dense {
            weights: weights.iter().map(|&weight| weight as f32).collect(),
            bias: bias.iter().map(|&bias| bias as f32).collect(),
            inputs,
            outputs: rows,
            grid: None,
        };
        let peepholes = self.optional(7, "peepholes")?;
        let functions = self.texts("activations");
        let each = functions.len() / directions.max(1);
        Ok(Cell {
            input: dense(part(&input, rows * inputs), &outer, inputs),
            recurrent: dense(part(&recurrent, rows * hidden), &inner, hidden),
            peepholes: peepholes.map(|peepholes| part(&peepholes, 3 * hidden)),
            functions: functions
                .get(direction * each..(direction + 1) * each)
                .unwrap_or(&[])
                .to_vec(),
            hidden,
            linear_before_reset,
        })
    }

    /// The first state of a direction: given, or zeros.
    fn start(
        &mut self,
        direction: usize,
        batch: usize,
        hidden: usize,
        batch_first: bool,
    ) -> Result<State, CompileError> {
        let mut states = [0; 2];
        for (slot, operand) in states.iter_mut().zip([5, 6]) {
            let given = if operand == 6 && self.operator() != "LSTM" {
                None
            } else {
                self.optional_value(operand)?
            };
            *slot = match given {
                Some(given) => {
                    let given = if batch_first {
                        self.transpose(given, &[1, 0, 2])?
                    } else {
                        given
                    };
                    let given = self.slice(given, 0, direction, 1)?;
                    self.reshape(given, &[batch, hidden])?
                }
                None => self.constant(Tensor::real(&[batch, hidden], vec![0.0; batch * hidden])),
            };
        }
        Ok(State {
            hidden: states[0],
            cell: states[1],
        })
    }

    /// The hidden state after each step, in the sequence's order, and the last state.
    fn unrolled(
        &mut self,
        x: ValueIndex,
        cell: &Cell,
        start: State,
        reverse: bool,
    ) -> Result<(Vec<ValueIndex>, State), CompileError> {
        let (steps, batch) = (self.shape(x)[0], self.shape(x)[1]);
        // All steps' inputs in one product.
        let products = self.add(Op::Dense(cell.input.clone()), &[x])?;
        let mut state = start;
        let mut sequence = vec![state.hidden; steps];
        for step in 0..steps {
            let at = if reverse { steps - 1 - step } else { step };
            let product = self.slice(products, 0, at, 1)?;
            let product = self.reshape(product, &[batch, cell.input.outputs])?;
            state = match self.operator() {
                "LSTM" => self.lstm_step(product, cell, &state)?,
                "GRU" => self.gru_step(product, cell, &state)?,
                _ => {
                    let recurrent = self.add(Op::Dense(cell.recurrent.clone()), &[state.hidden])?;
                    let sum = self.binary(Binary::Add, product, recurrent)?;
                    let hidden = self.gate(cell, 0, sum)?;
                    State {
                        hidden,
                        cell: hidden,
                    }
                }
            };
            sequence[at] = state.hidden;
        }
        Ok((sequence, state))
    }

    /// A cell's activation function; the first is for gates, the others for states.
    fn gate(&mut self, cell: &Cell, index: usize, x: ValueIndex) -> Added {
        let clip = self.float("clip", 0.0);
        let x = if clip > 0.0 {
            self.add(
                Op::Clamp {
                    low: -clip,
                    high: clip,
                },
                &[x],
            )?
        } else {
            x
        };
        let gates = index == 0 && self.operator() != "RNN";
        let default = if gates { "Sigmoid" } else { "Tanh" };
        let name = cell.functions.get(index).map_or(default, String::as_str);
        let function = match name.to_ascii_lowercase().as_str() {
            "sigmoid" => Unary::Sigmoid,
            "tanh" => Unary::Tanh,
            "softsign" => Unary::Softsign,
            "softplus" => Unary::Softplus,
            "relu" => {
                return self.add(
                    Op::Clamp {
                        low: 0.0,
                        high: f64::INFINITY,
                    },
                    &[x],
                );
            }
            _ => return Err(self.unsupported(format!("activation {name} is not supported"))),
        };
        self.unary(function, x)
    }

    /// A gate's rows out of a product.
    fn gate_rows(&mut self, product: ValueIndex, cell: &Cell, gate: usize) -> Added {
        self.slice(product, 1, gate * cell.hidden, cell.hidden)
    }

    fn peep(&mut self, sum: ValueIndex, cell: &Cell, index: usize, state: ValueIndex) -> Added {
        let Some(peepholes) = &cell.peepholes else {
            return Ok(sum);
        };
        let weights = peepholes[index * cell.hidden..][..cell.hidden].to_vec();
        let weights = self.constant(Tensor::real(&[cell.hidden], weights));
        let seen = self.binary(Binary::Mul, state, weights)?;
        self.binary(Binary::Add, sum, seen)
    }

    fn lstm_step(
        &mut self,
        product: ValueIndex,
        cell: &Cell,
        state: &State,
    ) -> Result<State, CompileError> {
        let recurrent = self.add(Op::Dense(cell.recurrent.clone()), &[state.hidden])?;
        let sum = self.binary(Binary::Add, product, recurrent)?;
        // In ONNX's order: input, output, forget, candidate.
        let [input, output, forget, candidate] =
            [0, 1, 2, 3].map(|gate| self.gate_rows(sum, cell, gate));
        let input = self.peep(input?, cell, 0, state.cell)?;
        let input = self.gate(cell, 0, input)?;
        let forget = self.peep(forget?, cell, 2, state.cell)?;
        let forget = self.gate(cell, 0, forget)?;
        let candidate = self.gate(cell, 1, candidate?)?;
        let kept = self.binary(Binary::Mul, forget, state.cell)?;
        let added = self.binary(Binary::Mul, input, candidate)?;
        let next = self.binary(Binary::Add, kept, added)?;
        let output = self.peep(output?, cell, 1, next)?;
        let output = self.gate(cell, 0, output)?;
        let squashed = self.gate(cell, 2, next)?;
        let hidden = self.binary(Binary::Mul, output, squashed)?;
        Ok(State { hidden, cell: next })
    }

    fn gru_step(
        &mut self,
        product: ValueIndex,
        cell: &Cell,
        state: &State,
    ) -> Result<State, CompileError> {
        let recurrent = self.add(Op::Dense(cell.recurrent.clone()), &[state.hidden])?;
        // In ONNX's order: update, reset, hidden.
        let mut gates = [0; 2];
        for (index, slot) in gates.iter_mut().enumerate() {
            let left = self.gate_rows(product, cell, index)?;
            let right = self.gate_rows(recurrent, cell, index)?;
            let sum = self.binary(Binary::Add, left, right)?;
            *slot = self.gate(cell, 0, sum)?;
        }
        let [update, reset] = gates;
        let seen = if cell.linear_before_reset {
            let right = self.gate_rows(recurrent, cell, 2)?;
            self.binary(Binary::Mul, reset, right)?
        } else {
            let left = self.binary(Binary::Mul, reset, state.hidden)?;
            let part = |rows: &[f32], each: usize| rows[2 * cell.hidden * each..].to_vec();
            let dense = Dense {
                weights: part(&cell.recurrent.weights, cell.hidden),
                bias: part(&cell.recurrent.bias, 1),
                inputs: cell.hidden,
                outputs: cell.hidden,
                grid: None,
            };
            self.add(Op::Dense(dense), &[left])?
        };
        let left = self.gate_rows(product, cell, 2)?;
        let sum = self.binary(Binary::Add, left, seen)?;
        let candidate = self.gate(cell, 1, sum)?;
        // candidate + update * (state - candidate)
        let difference = self.binary(Binary::Sub, state.hidden, candidate)?;
        let step = self.binary(Binary::Mul, update, difference)?;
        let hidden = self.binary(Binary::Add, candidate, step)?;
        Ok(State {
            hidden,
            cell: hidden,
        })
    }
}
