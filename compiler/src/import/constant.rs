//! Operators whose result is known when the model is compiled.

use super::{
    source::{Converted, Source},
    tensors,
};
use crate::{
    CompileError,
    ir::{Element, Tensor},
};

impl Source<'_> {
    pub(super) fn constants(&mut self) -> Converted {
        let tensor = match self.operator() {
            "Constant" => self.given()?,
            "Shape" => {
                let value = self.value(0)?;
                let shape = self.shape(value);
                let rank = shape.len() as i64;
                let bound = |bound: i64| {
                    (if bound < 0 { bound + rank } else { bound }).clamp(0, rank) as usize
                };
                let (start, end) = (
                    bound(self.integer("start", 0)),
                    bound(self.integer("end", rank)),
                );
                let dims = &shape[start..end.max(start)];
                Tensor::integer(&[dims.len()], dims.iter().map(|&dim| dim as f64).collect())
            }
            "Size" => {
                let value = self.value(0)?;
                let count: usize = self.shape(value).iter().product();
                Tensor::integer(&[], vec![count as f64])
            }
            "ConstantOfShape" => {
                let shape = self.required(0, "shape")?.to_i64();
                let shape: Vec<usize> = shape.iter().map(|&dim| dim.max(0) as usize).collect();
                let value = match self.attribute("value").and_then(|value| value.t.as_ref()) {
                    Some(value) => tensors::tensor(value)?,
                    None => Tensor::real(&[1], vec![0.0]),
                };
                let fill = value.elements.first().copied().unwrap_or(0.0);
                Tensor::of(value.element, &shape, vec![fill; shape.iter().product()])
            }
            "Range" => self.range()?,
            _ => self.identity_matrix()?,
        };
        Ok(vec![self.constant(tensor)])
    }

    fn given(&self) -> Result<Tensor, CompileError> {
        if let Some(tensor) = self.attribute("value").and_then(|value| value.t.as_ref()) {
            return tensors::tensor(tensor);
        }
        let list = |name: &str| self.attribute(name);
        if let Some(value) = list("value_float") {
            return Ok(Tensor::real(&[], vec![f64::from(value.f)]));
        }
        if let Some(value) = list("value_int") {
            return Ok(Tensor::integer(&[], vec![value.i as f64]));
        }
        if let Some(value) = list("value_floats") {
            let elements = value.floats.iter().map(|&x| f64::from(x)).collect();
            return Ok(Tensor::real(&[value.floats.len()], elements));
        }
        if let Some(value) = list("value_ints") {
            let elements = value.ints.iter().map(|&x| x as f64).collect();
            return Ok(Tensor::integer(&[value.ints.len()], elements));
        }
        Err(self.unsupported("only constants of numbers are supported"))
    }

    fn range(&self) -> Result<Tensor, CompileError> {
        let start = self.required(0, "start")?;
        let number = |tensor: &Tensor| tensor.elements.first().copied().unwrap_or(0.0);
        let (limit, delta) = (self.required(1, "limit")?, self.required(2, "delta")?);
        let (first, limit, delta) = (number(&start), number(&limit), number(&delta));
        let count = ((limit - first) / delta).ceil().max(0.0);
        if !count.is_finite() {
            return Err(self.unsupported("its delta is 0"));
        }
        let elements: Vec<f64> = (0..count as usize)
            .map(|i| first + i as f64 * delta)
            .collect();
        Ok(Tensor::of(start.element, &[elements.len()], elements))
    }

    fn identity_matrix(&self) -> Result<Tensor, CompileError> {
        let value = self.value(0)?;
        let &[rows, columns] = self.shape(value).as_slice() else {
            return Err(self.unsupported("its tensor must be a matrix"));
        };
        let element = match self.attribute("dtype") {
            Some(dtype) => tensors::element(dtype.i as i32).unwrap_or(Element::Real),
            None => self.element(value),
        };
        let k = self.integer("k", 0);
        let on = |index: usize| (index % columns) as i64 - (index / columns) as i64 == k;
        let elements = (0..rows * columns)
            .map(|index| f64::from(on(index)))
            .collect();
        Ok(Tensor::of(element, &[rows, columns], elements))
    }
}
