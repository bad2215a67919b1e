//! Constants of an ONNX file.

use crate::{
    error::CompileError,
    ir::{Element, Tensor},
};
use tract_onnx::pb::{TensorProto, tensor_proto::DataType};

/// What tensors of an ONNX element type consist of; nothing if they can't be read here.
pub(super) fn element(code: i32) -> Option<Element> {
    match DataType::try_from(code).ok()? {
        DataType::Float | DataType::Double | DataType::Float16 | DataType::Bfloat16 => {
            Some(Element::Real)
        }
        DataType::Int8
        | DataType::Uint8
        | DataType::Int16
        | DataType::Uint16
        | DataType::Int32
        | DataType::Uint32
        | DataType::Int64
        | DataType::Uint64 => Some(Element::Integer),
        DataType::Bool => Some(Element::Boolean),
        _ => None,
    }
}

/// Reads a tensor.
///
/// # Errors
/// [`CompileError::OnnxFile`]: an element type that is not read, elements outside the file, or
/// fewer than its shape says.
pub(super) fn tensor(proto: &TensorProto) -> Result<Tensor, CompileError> {
    let bad = |reason: &str| CompileError::OnnxFile {
        reason: format!("constant '{}' {reason}", proto.name),
    };
    let element = element(proto.data_type).ok_or_else(|| {
        bad(&format!(
            "has element type {}: only floats, integers and bool are read",
            proto.data_type
        ))
    })?;
    if proto.data_location == Some(1) {
        return Err(bad(
            "is in another file: save the model with its weights inside (save_as_external_data=False)",
        ));
    }
    let shape: Option<Vec<usize>> = proto
        .dims
        .iter()
        .map(|&dim| usize::try_from(dim).ok())
        .collect();
    let shape = shape.ok_or_else(|| bad("has a negative dimension"))?;
    let elements = elements(proto).ok_or_else(|| bad("cannot be read"))?;
    if elements.len() != shape.iter().product::<usize>() {
        return Err(bad("has not as many elements as its shape says"));
    }
    Ok(Tensor::of(element, &shape, elements))
}

fn elements(proto: &TensorProto) -> Option<Vec<f64>> {
    let data_type = DataType::try_from(proto.data_type).ok()?;
    if !proto.raw_data.is_empty() {
        return raw(data_type, &proto.raw_data);
    }
    let integers = || proto.int32_data.iter();
    Some(match data_type {
        DataType::Float => proto.float_data.iter().map(|&x| f64::from(x)).collect(),
        DataType::Double => proto.double_data.clone(),
        DataType::Int64 => proto.int64_data.iter().map(|&x| x as f64).collect(),
        DataType::Uint64 | DataType::Uint32 => {
            proto.uint64_data.iter().map(|&x| x as f64).collect()
        }
        DataType::Float16 => integers().map(|&bits| half(bits as u16)).collect(),
        DataType::Bfloat16 => integers().map(|&bits| brain(bits as u16)).collect(),
        _ => integers().map(|&x| f64::from(x)).collect(),
    })
}

/// Little-endian elements.
fn raw(data_type: DataType, bytes: &[u8]) -> Option<Vec<f64>> {
    fn each<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f64) -> Vec<f64> {
        let chunks = bytes.as_chunks::<N>().0;
        chunks.iter().map(|&chunk| read(chunk)).collect()
    }
    Some(match data_type {
        DataType::Float => each(bytes, |b| f64::from(f32::from_le_bytes(b))),
        DataType::Double => each(bytes, f64::from_le_bytes),
        DataType::Int8 => each(bytes, |b| f64::from(i8::from_le_bytes(b))),
        DataType::Uint8 | DataType::Bool => each(bytes, |b: [u8; 1]| f64::from(b[0])),
        DataType::Int16 => each(bytes, |b| f64::from(i16::from_le_bytes(b))),
        DataType::Uint16 => each(bytes, |b| f64::from(u16::from_le_bytes(b))),
        DataType::Int32 => each(bytes, |b| f64::from(i32::from_le_bytes(b))),
        DataType::Uint32 => each(bytes, |b| f64::from(u32::from_le_bytes(b))),
        DataType::Int64 => each(bytes, |b| i64::from_le_bytes(b) as f64),
        DataType::Uint64 => each(bytes, |b| u64::from_le_bytes(b) as f64),
        DataType::Float16 => each(bytes, |b| half(u16::from_le_bytes(b))),
        DataType::Bfloat16 => each(bytes, |b| brain(u16::from_le_bytes(b))),
        _ => return None,
    })
}

/// IEEE half precision.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f64.powi(exponent - 15),
    }
}

/// The upper half of single precision.
fn brain(bits: u16) -> f64 {
    f64::from(f32::from_bits(u32::from(bits) << 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_has_its_known_values() {
        assert_eq!(half(0x3c00), 1.0);
        assert_eq!(half(0xc000), -2.0);
        assert_eq!(half(0x7bff), 65504.0);
        assert_eq!(half(0x0001), 2f64.powi(-24));
        assert_eq!(brain(0x3fc0), 1.5);
    }

    #[test]
    fn elements_come_raw_or_in_lists() {
        let raw = TensorProto {
            dims: vec![2],
            data_type: DataType::Int64 as i32,
            raw_data: [5_i64, -7].iter().flat_map(|x| x.to_le_bytes()).collect(),
            ..TensorProto::default()
        };
        assert_eq!(tensor(&raw).expect("read").elements, [5.0, -7.0]);
        let short = TensorProto {
            dims: vec![3],
            ..raw
        };
        assert!(tensor(&short).is_err());
    }
}
