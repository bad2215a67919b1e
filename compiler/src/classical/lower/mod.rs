//! The pipeline to TOSA operators, in the 32-bit lane ([`crate::fixed`]); `scores` has what follows a model.

mod scores;

use super::{
    demand::Grid,
    grid::{self, Rule, Split, Step, Unit},
    pipeline::{Kind, Linear, Node, Op, Pipeline},
};
use crate::{
    builder::{list, tensor_type},
    error::CompileError,
    fixed::{Emitted, Fixed, Lane, dense::Layer, fraction_bits_for},
};
use fixpoint_runtime::{
    model::{
        Model,
        format::{Affine, PerElement, Quantisation, Ratio, Signed32, ValueId},
    },
    tensor::DType,
};

/// A value of the pipeline in the model.
#[derive(Clone, Debug)]
enum Row {
    /// Integers, each with a rule that says what it stands for.
    Grid(Integers),
    /// Numbers with a scale in common.
    Fixed(Fixed),
    /// A class, a plain integer.
    Class(ValueId),
}

/// Integers `[1, len]` with their rules.
#[derive(Clone, Debug)]
struct Integers {
    value: ValueId,
    rules: Vec<Rule>,
    /// Largest magnitude of each that is expected.
    magnitudes: Vec<f64>,
}

impl Integers {
    /// Whether they are a model's scores, not features.
    fn is_scaled_scores(&self) -> bool {
        let is_binary = |rule: &Rule| matches!(rule.unit, Unit::Binary(_));
        self.rules.iter().all(is_binary)
    }
}

struct Lowerer<'a> {
    lane: Lane,
    pipeline: &'a Pipeline,
    rows: Vec<Option<Row>>,
}

/// Lowers a pipeline whose inputs lie on these grids. An input saturates if its name is among
/// `saturating`, or if its features are only compared: beyond its range nothing changes any more.
///
/// # Errors
/// [`CompileError`]: an operator without a lowering for what it reads, or a limit of the format.
pub(super) fn lower(
    pipeline: &Pipeline,
    grids: &[Grid],
    saturating: &[String],
) -> Result<Model, CompileError> {
    let mut lowerer = Lowerer {
        lane: Lane::default(),
        pipeline,
        rows: vec![None; pipeline.values.len()],
    };
    for (input, grid) in grids.iter().enumerate() {
        lowerer.input(input, grid, saturating)?;
    }
    for node in &pipeline.nodes {
        let row = lowerer.node(node)?;
        lowerer.rows[node.output] = Some(row);
    }
    for (name, value) in &pipeline.outputs {
        lowerer.output(name, *value)?;
    }
    lowerer.lane.builder.skip_reshapes();
    lowerer.lane.builder.finish()
}

fn affine(scale: Ratio) -> Affine {
    Affine {
        scale,
        zero_point: Signed32(0),
    }
}

impl Lowerer<'_> {
    fn input(
        &mut self,
        input: usize,
        grid: &Grid,
        saturating: &[String],
    ) -> Result<(), CompileError> {
        let port = &self.pipeline.inputs[input];
        let len = self.pipeline.values[input];
        let compared = grid.magnitudes.iter().all(Option::is_none);
        let (quantisation, saturates) = if port.kind == Kind::Integer {
            (Quantisation::None, false)
        } else {
            let entries = grid
                .decimals
                .iter()
                .map(|&decimals| affine(grid::ratio(decimals)));
            let entries = list(entries.collect(), "elements of a per-element scale")?;
            let quantisation = Quantisation::PerElement(PerElement { axis: 1, entries });
            (quantisation, compared || saturating.contains(&port.name))
        };
        let tensor = tensor_type(DType::I32, &[1, len])?;
        let value = self
            .lane
            .builder
            .input(&port.name, tensor, quantisation, saturates)?;
        let rule = |&decimals: &i32| Rule {
            unit: Unit::Decimal(decimals),
            steps: match port.kind {
                Kind::Float32 => vec![Step::Round],
                Kind::Float64 | Kind::Integer => Vec::new(),
            },
        };
        let magnitudes = grid.magnitudes.iter().zip(&grid.decimals);
        let magnitude = |(magnitude, &decimals): (&Option<f64>, &i32)| {
            magnitude.map_or(f64::from(i32::MAX), |size| size * 10f64.powi(decimals))
        };
        self.rows[input] = Some(Row::Grid(Integers {
            value,
            rules: grid.decimals.iter().map(rule).collect(),
            magnitudes: magnitudes.map(magnitude).collect(),
        }));
        Ok(())
    }

    fn output(&mut self, name: &str, value: usize) -> Result<(), CompileError> {
        let row = match self.rows[value].clone() {
            Some(Row::Grid(scaled)) if scaled.is_scaled_scores() => {
                Some(Row::Fixed(self.evened(name, &scaled)?))
            }
            row => row,
        };
        let (value, quantisation) = match row {
            Some(Row::Class(value)) => (value, Quantisation::None),
            Some(Row::Fixed(fixed)) => {
                let scale = Ratio {
                    numerator: 1,
                    denominator: 1 << fixed.fraction_bits,
                };
                (fixed.value, Quantisation::PerTensor(affine(scale)))
            }
            _ => {
                return Err(CompileError::Unsupported {
                    node: name.to_owned(),
                    operator: "output".to_owned(),
                    reason: "it returns features, not what a model makes of them".to_owned(),
                });
            }
        };
        self.lane.builder.output(name, value, quantisation)
    }

    fn node(&mut self, node: &Node) -> Result<Row, CompileError> {
        match &node.op {
            Op::Columns(columns) => self.columns(node, columns).map(Row::Grid),
            Op::Concat => self.concat(node).map(Row::Grid),
            Op::Each(steps) => self.each(node, steps).map(Row::Grid),
            Op::OneHot(categories) => self.one_hot(node, categories).map(Row::Grid),
            Op::Trees(ensemble) => {
                let input = self.integers(node, 0)?;
                let scores = self.lane.trees(input.value, &input.rules, ensemble)?;
                let reason = "its scores reach 2^31: scale the target before training";
                scores
                    .map(Row::Fixed)
                    .ok_or_else(|| unsupported(node, reason))
            }
            Op::Linear(linear) => self.linear(node, linear).map(Row::Fixed),
            Op::Logistic => {
                let input = self.fixed(node)?;
                self.lane.logistic(input).map(Row::Fixed)
            }
            Op::Softmax => {
                let input = self.fixed(node)?;
                self.lane.softmax(input).map(Row::Fixed)
            }
            Op::Normalise(norm) => self.normalise(node, *norm).map(Row::Fixed),
            Op::Pair(pair) => self.pair(node, *pair).map(Row::Fixed),
            Op::Class(class) => self.class(node, class).map(Row::Class),
        }
    }

    fn row(&self, node: &Node, input: usize) -> Result<Row, CompileError> {
        let row = self.rows[node.inputs[input]].clone();
        row.ok_or_else(|| unsupported(node, "it reads what is not computed yet"))
    }

    /// An input as integers with rules.
    fn integers(&self, node: &Node, input: usize) -> Result<Integers, CompileError> {
        match self.row(node, input)? {
            Row::Grid(integers) => Ok(integers),
            Row::Fixed(fixed) => Ok(Integers {
                value: fixed.value,
                rules: vec![
                    Rule {
                        unit: Unit::Binary(fixed.fraction_bits),
                        steps: vec![Step::Round],
                    };
                    fixed.len
                ],
                magnitudes: vec![
                    fixed.bound * 2f64.powi(fixed.fraction_bits.cast_signed());
                    fixed.len
                ],
            }),
            Row::Class(_) => Err(unsupported(node, "it reads a class")),
        }
    }

    /// The input as numbers with a scale in common.
    fn fixed(&self, node: &Node) -> Result<Fixed, CompileError> {
        match self.row(node, 0)? {
            Row::Fixed(fixed) => Ok(fixed),
            _ => Err(unsupported(
                node,
                "it reads features, not scores: compute it before the call",
            )),
        }
    }

    fn columns(&mut self, node: &Node, columns: &[usize]) -> Result<Integers, CompileError> {
        let input = self.integers(node, 0)?;
        Ok(Integers {
            value: self.lane.pick(input.value, input.rules.len(), columns)?,
            rules: columns
                .iter()
                .map(|&column| input.rules[column].clone())
                .collect(),
            magnitudes: columns
                .iter()
                .map(|&column| input.magnitudes[column])
                .collect(),
        })
    }

    fn concat(&mut self, node: &Node) -> Result<Integers, CompileError> {
        let parts: Result<Vec<_>, _> = (0..node.inputs.len())
            .map(|i| self.integers(node, i))
            .collect();
        let parts = parts?;
        let values = parts.iter().map(|part| part.value).collect();
        Ok(Integers {
            value: self.lane.concat(values, 1)?,
            rules: parts.iter().flat_map(|part| part.rules.clone()).collect(),
            magnitudes: parts
                .iter()
                .flat_map(|part| part.magnitudes.clone())
                .collect(),
        })
    }

    /// Constants only change what the integers stand for.
    fn each(&mut self, node: &Node, steps: &[Vec<Step>]) -> Result<Integers, CompileError> {
        let mut input = self.integers(node, 0)?;
        for (rule, steps) in input.rules.iter_mut().zip(steps) {
            rule.steps.extend(steps);
        }
        Ok(input)
    }

    fn one_hot(&mut self, node: &Node, categories: &[f64]) -> Result<Integers, CompileError> {
        let input = self.integers(node, 0)?;
        let (len, count) = (input.rules.len(), categories.len());
        // An element is the category from the first integer that is not below it up to the last that is
        // not above it.
        let (mut before, mut last) = (Vec::new(), Vec::new());
        for rule in &input.rules {
            for &category in categories {
                before.push(last_yes(rule, category, false));
                last.push(last_yes(rule, category, true));
            }
        }
        let spread = self.lane.builder.reshape(input.value, &[1, len, 1])?;
        let mut beyond = |bounds: Option<Vec<i64>>| -> Emitted {
            let reason = "its input falls where the features rise: encode before scaling";
            let bounds = bounds.ok_or_else(|| unsupported(node, reason))?;
            let bounds = self.lane.constant(&[1, len, count], bounds)?;
            let beyond = self.lane.greater(spread, bounds)?;
            self.lane.cast(beyond, DType::I32)
        };
        let reached = beyond(before.into_iter().collect())?;
        let passed = beyond(last.into_iter().collect())?;
        let hot = self.lane.sub(reached, passed)?;
        let rule = Rule {
            unit: Unit::Binary(0),
            steps: vec![Step::Round],
        };
        Ok(Integers {
            value: self.lane.builder.reshape(hot, &[1, len * count])?,
            rules: vec![rule; len * count],
            magnitudes: vec![1.0; len * count],
        })
    }

    fn linear(&mut self, node: &Node, linear: &Linear) -> Result<Fixed, CompileError> {
        let input = self.integers(node, 0)?;
        self.linear_of(&input, linear, &|reason| unsupported(node, reason))
    }

    fn linear_of(
        &mut self,
        input: &Integers,
        linear: &Linear,
        refused: &dyn Fn(&str) -> CompileError,
    ) -> Result<Fixed, CompileError> {
        let truncated = |rule: &Rule| rule.steps.contains(&Step::Truncate);
        if input.rules.iter().any(truncated) {
            let reason =
                "its features are cut to integers: encode them as categories, or give integers";
            return Err(refused(reason));
        }
        let lines: Vec<(f64, f64)> = input.rules.iter().map(Rule::line).collect();
        let mut layer = Layer {
            weights: Vec::with_capacity(linear.weights.len()),
            bias: Vec::with_capacity(linear.bias.len()),
        };
        for (row, bias) in linear.weights.chunks(lines.len()).zip(&linear.bias) {
            let parts = row.iter().zip(&lines);
            layer
                .weights
                .extend(parts.clone().map(|(w, (slope, _))| w * slope));
            let moved: f64 = parts.map(|(w, (_, offset))| w * offset).sum();
            layer.bias.push(bias + moved);
        }
        let bound = layer.bound(&input.magnitudes);
        let bits = fraction_bits_for(bound, layer.inputs() as f64 + 1.0);
        let bits = bits.ok_or_else(|| refused("its scores reach 2^31: scale its features"))?;
        Ok(Fixed {
            value: self.lane.dense(
                input.value,
                1,
                &layer,
                &input.magnitudes,
                bits.cast_signed(),
            )?,
            len: linear.bias.len(),
            fraction_bits: bits,
            bound,
        })
    }
}

/// The last integer that says yes to `number < bound` (or `<=`); nothing if larger ones do and smaller
/// ones don't.
fn last_yes(rule: &Rule, bound: f64, or_equal: bool) -> Option<i64> {
    match rule.split(bound, or_equal) {
        Split::From { first, yes: false } => Some(i64::from(first) - 1),
        Split::From { yes: true, .. } => None,
        Split::Always(true) => Some(i64::from(i32::MAX)),
        Split::Always(false) => Some(i64::from(i32::MIN)),
    }
}

fn unsupported(node: &Node, reason: impl Into<String>) -> CompileError {
    CompileError::Unsupported {
        node: node.name.clone(),
        operator: node.source.clone(),
        reason: reason.into(),
    }
}
