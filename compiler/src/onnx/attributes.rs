//! What nodes and constants hold, by name and with its form checked.

use super::{
    error::OnnxError,
    messages::{AttributeProto, NodeProto, TensorProto},
};

/// Element types of constants that are read.
const FLOAT32: i32 = 1;
const INT32: i32 = 6;
const INT64: i32 = 7;
const FLOAT64: i32 = 11;

/// The elements of a constant with its shape; integers and 32-bit floats are exact in 64-bit
/// floats up to 2^53.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// Dimensions.
    pub shape: Vec<usize>,
    /// Elements, row-major.
    pub values: Vec<f64>,
    /// Whether they are integers.
    pub integer: bool,
}

/// A node's name, or that of its first output.
pub fn node_name(node: &NodeProto) -> String {
    if node.name.is_empty() {
        node.output.first().cloned().unwrap_or_default()
    } else {
        node.name.clone()
    }
}

/// A node's attributes.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a>(pub &'a NodeProto);

impl<'a> Attributes<'a> {
    fn find(self, name: &str) -> Option<&'a AttributeProto> {
        self.0
            .attribute
            .iter()
            .find(|attribute| attribute.name == name)
    }

    /// An error about an attribute.
    pub fn bad(self, attribute: &str, reason: impl Into<String>) -> OnnxError {
        OnnxError::Attribute {
            node: node_name(self.0),
            operator: self.0.op_type.clone(),
            attribute: attribute.to_owned(),
            reason: reason.into(),
        }
    }

    /// Integers; none if the attribute is missing.
    pub fn ints(self, name: &str) -> &'a [i64] {
        self.find(name).map_or(&[], |attribute| &attribute.ints)
    }

    /// An integer.
    pub fn int(self, name: &str) -> Option<i64> {
        self.find(name).map(|attribute| attribute.i)
    }

    /// Whether there is such an attribute.
    pub fn has(self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Numbers as a list of 32-bit floats, or as the tensor of 64-bit floats that the same
    /// attribute is called with `_as_tensor` behind its name; none if both are missing.
    ///
    /// # Errors
    /// [`OnnxError::Tensor`], and [`OnnxError::Attribute`] for what is not finite.
    pub fn floats(self, name: &str) -> Result<Vec<f64>, OnnxError> {
        let as_tensor = self.find(&format!("{name}_as_tensor"));
        let values = match as_tensor.and_then(|attribute| attribute.t.as_ref()) {
            Some(tensor) => numbers(tensor)?.values,
            None => {
                let list: &[f32] = self.find(name).map_or(&[], |attribute| &attribute.floats);
                list.iter().copied().map(f64::from).collect()
            }
        };
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            return Err(self.bad(name, format!("has the value {value}")));
        }
        Ok(values)
    }

    /// A string.
    ///
    /// # Errors
    /// [`OnnxError::Attribute`] if it is no UTF-8.
    pub fn text(self, name: &str) -> Result<Option<&'a str>, OnnxError> {
        let Some(attribute) = self.find(name) else {
            return Ok(None);
        };
        match std::str::from_utf8(&attribute.s) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(self.bad(name, "is no text")),
        }
    }

    /// Strings; none if the attribute is missing.
    ///
    /// # Errors
    /// [`OnnxError::Attribute`] if one is no UTF-8.
    pub fn texts(self, name: &str) -> Result<Vec<String>, OnnxError> {
        let strings: &[Vec<u8>] = self.find(name).map_or(&[], |attribute| &attribute.strings);
        let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone());
        let texts: Result<Vec<String>, _> = strings.iter().map(text).collect();
        texts.map_err(|_| self.bad(name, "is no text"))
    }
}

/// A constant's elements.
///
/// # Errors
/// [`OnnxError::Tensor`]: another element type, elements in another file, a length that does not
/// fit the shape.
pub fn numbers(tensor: &TensorProto) -> Result<Numbers, OnnxError> {
    let bad = |reason: String| OnnxError::Tensor {
        name: tensor.name.clone(),
        reason,
    };
    if tensor.data_location != 0 {
        return Err(bad(
            "its elements are in another file: export with the weights inside".to_owned(),
        ));
    }
    let values: Vec<f64> = match tensor.data_type {
        FLOAT32 => either(&tensor.float_data, &tensor.raw_data, |bytes| {
            f64::from(f32::from_le_bytes(bytes))
        }),
        INT32 => either(&tensor.int32_data, &tensor.raw_data, |bytes| {
            f64::from(i32::from_le_bytes(bytes))
        }),
        INT64 if tensor.int64_data.is_empty() => {
            raw(&tensor.raw_data, |bytes| i64::from_le_bytes(bytes) as f64)
        }
        INT64 => tensor.int64_data.iter().map(|&int| int as f64).collect(),
        FLOAT64 => either(&tensor.double_data, &tensor.raw_data, f64::from_le_bytes),
        code => {
            return Err(bad(format!(
                "element type {code} is not read: only float32, float64, int32 and int64 are"
            )));
        }
    };
    let shape: Option<Vec<usize>> = tensor
        .dims
        .iter()
        .map(|&dim| usize::try_from(dim).ok())
        .collect();
    let shape = shape.ok_or_else(|| bad("it has a negative dimension".to_owned()))?;
    let elements = shape
        .iter()
        .try_fold(1_usize, |product, &dim| product.checked_mul(dim));
    if elements != Some(values.len()) {
        return Err(bad(format!(
            "{} elements for shape {shape:?}",
            values.len()
        )));
    }
    Ok(Numbers {
        shape,
        values,
        integer: matches!(tensor.data_type, INT32 | INT64),
    })
}

fn either<T: Copy + Into<f64>, const N: usize>(
    list: &[T],
    bytes: &[u8],
    read: impl Fn([u8; N]) -> f64,
) -> Vec<f64> {
    if list.is_empty() {
        raw(bytes, read)
    } else {
        list.iter().map(|&element| element.into()).collect()
    }
}

fn raw<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    bytes
        .as_chunks::<N>()
        .0
        .iter()
        .map(|&chunk| read(chunk))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_from_lists_and_from_bytes() {
        let mut tensor = TensorProto {
            dims: vec![2],
            data_type: FLOAT32,
            float_data: vec![1.5, -2.0],
            ..TensorProto::default()
        };
        let listed = numbers(&tensor).expect("read");
        assert_eq!((listed.values, listed.integer), (vec![1.5, -2.0], false));
        tensor.float_data.clear();
        tensor.raw_data = [1.5_f32.to_le_bytes(), (-2_f32).to_le_bytes()].concat();
        assert_eq!(numbers(&tensor).expect("read").values, [1.5, -2.0]);
        tensor.data_type = INT64;
        tensor.dims = vec![1];
        tensor.raw_data = (-3_i64).to_le_bytes().to_vec();
        let whole = numbers(&tensor).expect("read");
        assert_eq!((whole.values, whole.integer), (vec![-3.0], true));
    }

    #[test]
    fn constants_that_contradict_themselves_are_refused() {
        for (dims, data_type, data_location) in [
            (vec![3], FLOAT32, 0),
            (vec![-2], FLOAT32, 0),
            (vec![i64::MAX, i64::MAX], FLOAT32, 0),
            (vec![2], 8, 0),
            (vec![2], FLOAT32, 1),
        ] {
            let tensor = TensorProto {
                dims,
                data_type,
                data_location,
                float_data: vec![1.0, 2.0],
                ..TensorProto::default()
            };
            assert!(
                matches!(numbers(&tensor), Err(OnnxError::Tensor { .. })),
                "{tensor:?}"
            );
        }
    }
}
