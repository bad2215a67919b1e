//! Already quantised models: QuantizeLinear, DequantizeLinear, and the operators of integers, which
//! are written out in these.
//!
//! A quantised tensor is a real value whose integers are prescribed ([`Grid`]): dequantising it adds
//! nothing. Where a model computes with the integers themselves they are taken out (`Encode`), and put
//! back (`Decode`) where it goes on. Constants keep their integers beside what they stand for.

use super::{
    codes::{Constant, code_of},
    source::{Added, Converted, Source},
};
use crate::{
    CompileError,
    ir::{Affine, Binary, Code, Element, Grid, Op, Tensor, ValueIndex, WeightGrid},
};
use std::sync::Arc;
use tract_onnx::pb::tensor_proto::DataType;

/// Relative difference of a bias's scale from the product of the input's and the weights' that is
/// rounding of float32.
const BIAS_SCALE_TOLERANCE: f64 = 1e-5;

impl Source<'_> {
    /// Scales and zero points of a QuantizeLinear or DequantizeLinear.
    fn scales(&self) -> Result<(Vec<f64>, Vec<i64>), CompileError> {
        if self.integer("block_size", 0) != 0 {
            return Err(self.unsupported(
                "scales for blocks are not supported: quantise per tensor or per channel",
            ));
        }
        let mut scales = self.required(1, "scale")?.elements.clone();
        let zero_points = self.optional_integers(2, "zero point")?;
        let zero_points = zero_points.unwrap_or_else(|| vec![0; scales.len()]);
        if scales.len() == 1 {
            scales = vec![scales[0]; zero_points.len()];
        }
        if scales.is_empty() || zero_points.len() != scales.len() {
            return Err(self.unsupported("its scales and zero points differ in number"));
        }
        if scales
            .iter()
            .any(|scale| !(scale.is_finite() && *scale > 0.0))
        {
            return Err(self.unsupported("a scale is not positive"));
        }
        Ok((scales, zero_points))
    }

    fn grid(&self, code: Code, scale: f64, zero_point: i64) -> Result<Grid, CompileError> {
        let zero_point = i32::try_from(zero_point).unwrap_or(i32::MAX);
        let (min, max) = code.limits();
        if zero_point < min || zero_point > max {
            return Err(self.unsupported("its zero point is no value of its element type"));
        }
        Ok(Grid {
            code,
            scale: scale as f32,
            zero_point,
        })
    }

    /// The integers that the node gives.
    fn code_given(&self) -> Result<Code, CompileError> {
        let zero_point = self.node.input.get(2).filter(|name| !name.is_empty());
        let declared = match (zero_point, self.attribute("output_dtype")) {
            (Some(name), _) => self.importer.quantised.code(name),
            (None, Some(dtype)) => code_of(dtype.i as i32),
            (None, None) => Some(Code::U8),
        };
        declared.ok_or_else(|| {
            self.unsupported("only integers of 8 and 16 bits are supported: quantise to these")
        })
    }

    /// An axis of scales as a shape in which they broadcast.
    fn scales_of(&self, x: ValueIndex, count: usize) -> Result<(usize, Vec<usize>), CompileError> {
        let shape = self.shape(x);
        if count == 1 {
            return Ok((0, vec![1; shape.len()]));
        }
        let axis = self.axis(self.integer("axis", 1), shape.len())?;
        if shape[axis] != count {
            return Err(self.unsupported(format!("{count} scales for an axis of {}", shape[axis])));
        }
        let mut along = vec![1; shape.len()];
        along[axis] = count;
        Ok((axis, along))
    }

    pub(super) fn quantise_linear(&mut self) -> Converted {
        let mut x = self.value(0)?;
        let (scales, zero_points) = self.scales()?;
        let code = self.code_given()?;
        for output in &self.node.output {
            let data_type = match code {
                Code::I8 => DataType::Int8,
                Code::U8 => DataType::Uint8,
                Code::I16 => DataType::Int16,
                Code::U16 => DataType::Uint16,
            };
            self.importer.quantised.declare(output, data_type as i32);
        }
        let (_, along) = self.scales_of(x, scales.len())?;
        if let Some(constant) = self.known(x) {
            return Ok(vec![self.quantised_constant(&constant, code, &along)?]);
        }
        if self.element(x) != Element::Real {
            let shape = self.shape(x);
            x = self.add_shaped(Op::Cast, &[x], shape, Element::Real)?;
        }
        if let (&[scale], &[zero_point]) = (scales.as_slice(), zero_points.as_slice())
            && code.has_zero_point(zero_point)
        {
            let grid = self.grid(code, scale, zero_point)?;
            return Ok(vec![self.add(Op::Quantise(grid), &[x])?]);
        }
        // Integers of channels with scales of their own, or around a number that 16 bits leave no
        // room for, stand for themselves.
        let centre = if code.bits() == 16 { code.offset() } else { 0 };
        let grid = self.grid(code, 1.0, i64::from(centre))?;
        let offset = |&zero: &i64| (zero - i64::from(centre)) as f32;
        let affine = Affine {
            shape: along,
            scale: scales.iter().map(|scale| (1.0 / scale) as f32).collect(),
            offset: zero_points.iter().map(offset).collect(),
        };
        let codes = self.add(Op::Affine(affine), &[x])?;
        Ok(vec![self.add(Op::Quantise(grid), &[codes])?])
    }

    /// The integers of a constant that the model quantises itself.
    fn quantised_constant(&mut self, constant: &Tensor, code: Code, along: &[usize]) -> Added {
        let (scales, zero_points) = self.scales()?;
        let indices = crate::tensor::broadcast_indices(along, &constant.shape);
        let (min, max) = code.limits();
        let code = |(&real, index): (&f64, usize)| {
            let nearest = (real / scales[index]).round_ties_even() + zero_points[index] as f64;
            nearest.clamp(f64::from(min), f64::from(max))
        };
        let codes = constant.elements.iter().zip(indices).map(code).collect();
        Ok(self.constant(Tensor::integer(&constant.shape, codes)))
    }

    pub(super) fn dequantise_linear(&mut self) -> Converted {
        let x = self.value(0)?;
        let (scales, zero_points) = self.scales()?;
        let (axis, along) = self.scales_of(x, scales.len())?;
        let code = self.node.input.first();
        let code = code.and_then(|name| self.importer.quantised.code(name));
        if let Some(codes) = self.known(x) {
            return Ok(vec![self.dequantised_constant(codes, code, axis, &along)?]);
        }
        let code = code.ok_or(()).or_else(|()| self.code_of_zero_point());
        if let (&[scale], &[zero_point], Ok(code)) =
            (scales.as_slice(), zero_points.as_slice(), &code)
            && code.has_zero_point(zero_point)
        {
            let grid = self.grid(*code, scale, zero_point)?;
            return Ok(vec![self.decoded(x, grid)?]);
        }
        let integers = self.as_integers(x)?;
        let zero_points = zero_points.iter().map(|&zero| zero as f64).collect();
        let zero_points = self.constant(Tensor::integer(&along, zero_points));
        let centred = self.binary(Binary::Sub, integers, zero_points)?;
        let shape = self.shape(x);
        let real = self.add_shaped(Op::Cast, &[centred], shape, Element::Real)?;
        let count = scales.len();
        let affine = Affine {
            shape: along,
            scale: scales.iter().map(|&scale| scale as f32).collect(),
            offset: vec![0.0; count],
        };
        Ok(vec![self.add(Op::Affine(affine), &[real])?])
    }

    fn code_of_zero_point(&self) -> Result<Code, CompileError> {
        let name = self.node.input.get(2);
        let code = name.and_then(|name| self.importer.quantised.code(name));
        code.ok_or_else(|| self.unsupported("the type of its integers is not known"))
    }

    /// The integers of a value.
    fn as_integers(&mut self, x: ValueIndex) -> Added {
        match self.importer.graph.values[x].grid {
            Some(grid) if self.element(x) == Element::Real => self.add(Op::Encode(grid), &[x]),
            _ => Ok(x),
        }
    }

    /// What a value's integers stand for on a grid.
    fn decoded(&mut self, x: ValueIndex, grid: Grid) -> Added {
        if self.element(x) == Element::Real && self.importer.graph.values[x].grid == Some(grid) {
            return Ok(x);
        }
        let integers = self.as_integers(x)?;
        self.add(Op::Decode(grid), &[integers])
    }

    fn dequantised_constant(
        &mut self,
        codes: Arc<Tensor>,
        code: Option<Code>,
        axis: usize,
        along: &[usize],
    ) -> Added {
        let (scales, zero_points) = self.scales()?;
        let indices = crate::tensor::broadcast_indices(along, &codes.shape);
        let real =
            |(&code, index): (&f64, usize)| (code - zero_points[index] as f64) * scales[index];
        let elements = codes.elements.iter().zip(indices).map(real).collect();
        let value = self.constant(Tensor::real(&codes.shape, elements));
        if let (&[scale], &[zero_point], Some(code)) =
            (scales.as_slice(), zero_points.as_slice(), code)
            && code.has_zero_point(zero_point)
        {
            self.importer.graph.values[value].grid = Some(self.grid(code, scale, zero_point)?);
        }
        let constant = Constant {
            codes,
            code,
            scales,
            zero_points,
            axis,
        };
        self.importer.quantised.constants.insert(value, constant);
        Ok(value)
    }

    /// The integers of a convolution's weights and bias.
    pub(super) fn grid_of_operands(&self) -> Result<Option<WeightGrid>, CompileError> {
        self.grid_of_weights(self.value(0)?, self.value(1)?, 0, self.optional_value(2)?)
    }

    /// The integers that weights and bias come with, for an operator whose outputs are along an
    /// axis of the weights; nothing if they are not quantised to 8 bits.
    pub(super) fn grid_of_weights(
        &self,
        x: ValueIndex,
        weights: ValueIndex,
        axis: usize,
        bias: Option<ValueIndex>,
    ) -> Result<Option<WeightGrid>, CompileError> {
        let constants = &self.importer.quantised.constants;
        let Some(weights) = constants.get(&weights) else {
            return Ok(None);
        };
        let Some(code) = weights.code.filter(|code| code.bits() == 8) else {
            return Ok(None);
        };
        if weights.scales.len() > 1 && weights.axis != axis {
            return Err(self.unsupported(
                "its weights have a scale for each input: quantise per tensor or per output channel",
            ));
        }
        let zero_point = weights.zero_points[0];
        if weights.zero_points.iter().any(|&other| other != zero_point) {
            return Err(self
                .unsupported("its weights have several zero points: quantise them symmetrically"));
        }
        let input = self.importer.graph.values[x].grid;
        let bias = bias.and_then(|bias| constants.get(&bias)).zip(input);
        let bias = bias.and_then(|(bias, input)| {
            let outputs = bias.codes.elements.len();
            let scale = |scales: &[f64], index: usize| scales[index % scales.len()];
            let fits = (0..outputs).all(|output| {
                let product = f64::from(input.scale) * scale(&weights.scales, output);
                let own = scale(&bias.scales, output);
                (own / product - 1.0).abs() < BIAS_SCALE_TOLERANCE
            });
            let centred = fits && bias.zero_points.iter().all(|&zero| zero == 0);
            centred.then(|| bias.codes.to_i64())
        });
        Ok(Some(WeightGrid {
            scales: weights.scales.clone(),
            zero_point: i32::try_from(zero_point).unwrap_or(0) - code.offset(),
            bias,
        }))
    }
}
