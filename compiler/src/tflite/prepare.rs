//! The file as the converter should see it, edited in place:
//!
//! - every input has one fixed shape (the converter infers the others), an open batch being 1;
//! - a conversion from or to float32 or uint8 at the very boundary is taken off, so that the integers
//!   behind it go in and come out;
//! - signatures, which refer to tensors at the boundary, are gone.
//!
//! Nothing moves: numbers change where they stand, lists become shorter.

use super::{
    ports::{self, Port, Side, port_error},
    schema::{
        self, DEQUANTIZE, DYNAMIC, FLOAT32, File, INT8, INT16, Invalid, QUANTIZE, Tensor, UINT8,
    },
};
use crate::error::CompileError;
use std::collections::BTreeMap;

/// Distance between a uint8 and the int8 that stands for the same number.
const UINT8_OFFSET: i64 = 128;

/// A file to convert, and what is known of its inputs and outputs.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) bytes: Vec<u8>,
    pub(super) inputs: Vec<Port>,
    pub(super) outputs: Vec<Port>,
    pub(super) remarks: Vec<String>,
}

/// Prepares a file. `shapes` are the inputs' by name, for those with open dimensions.
pub(super) fn prepare(
    bytes: &[u8],
    shapes: &BTreeMap<String, Vec<usize>>,
) -> Result<Prepared, CompileError> {
    let file = File::read(bytes).map_err(invalid)?;
    check_signatures(&file)?;
    let mut edit = Edit {
        bytes: bytes.to_vec(),
        removed: Vec::new(),
    };
    let mut remarks = Vec::new();
    let input_names = ports::names(&file, Side::Input).map_err(invalid)?;
    check_shape_names(shapes, &input_names)?;
    let mut inputs = Vec::new();
    for (index, name) in input_names.iter().enumerate() {
        let number = inner(&file, Side::Input, index, name, &mut edit, &mut remarks)?;
        let tensor = file.tensor(number).map_err(invalid)?;
        let mut port = ports::port(Side::Input, name, &tensor)?;
        port.shape = fixed_shape(name, &tensor, shapes.get(name))?;
        edit.reshape(&tensor, &port.shape);
        inputs.push(port);
    }
    let mut outputs = Vec::new();
    for (index, name) in ports::names(&file, Side::Output)
        .map_err(invalid)?
        .iter()
        .enumerate()
    {
        let number = inner(&file, Side::Output, index, name, &mut edit, &mut remarks)?;
        let tensor = file.tensor(number).map_err(invalid)?;
        outputs.push(ports::port(Side::Output, name, &tensor)?);
    }
    let bytes = edit.finish(&file);
    check_edited(&bytes, &inputs).map_err(invalid)?;
    Ok(Prepared {
        bytes,
        inputs,
        outputs,
        remarks,
    })
}

fn invalid(Invalid(reason): Invalid) -> CompileError {
    CompileError::TfliteFile { reason }
}

fn check_signatures(file: &File<'_>) -> Result<(), CompileError> {
    if file.signatures.len() < 2 {
        return Ok(());
    }
    let keys = file
        .signatures
        .iter()
        .map(|signature| format!("'{}'", signature.key));
    Err(CompileError::TfliteSignatures {
        keys: keys.collect::<Vec<_>>().join(", "),
    })
}

fn check_shape_names(
    shapes: &BTreeMap<String, Vec<usize>>,
    names: &[String],
) -> Result<(), CompileError> {
    match shapes.keys().find(|name| !names.contains(name)) {
        Some(name) => Err(CompileError::NoSuchInput {
            name: name.clone(),
            inputs: names.join(", "),
        }),
        None => Ok(()),
    }
}

/// The shape that an input is given: the file's, with `wanted` for open dimensions, or 1 for an open
/// batch.
fn fixed_shape(
    name: &str,
    tensor: &Tensor<'_>,
    wanted: Option<&Vec<usize>>,
) -> Result<Vec<i32>, CompileError> {
    let declared = &tensor.shape;
    let Some(wanted) = wanted else {
        let mut shape = declared.clone();
        if let Some(batch) = shape.first_mut()
            && *batch == DYNAMIC
        {
            *batch = 1;
        }
        if shape.iter().any(|&dimension| dimension < 0) {
            return Err(CompileError::DynamicShape {
                input: name.to_owned(),
                shape: shown(declared),
            });
        }
        return Ok(shape);
    };
    let given: Result<Vec<i32>, _> = wanted.iter().copied().map(i32::try_from).collect();
    let fits = |shape: &Vec<i32>| {
        let mut pairs = shape.iter().zip(declared);
        shape.len() == declared.len() && pairs.all(|(a, b)| a == b || *b == DYNAMIC)
    };
    given.ok().filter(fits).ok_or_else(|| {
        port_error(
            Side::Input,
            name,
            format!(
                "--shape can only fill the open dimensions of {}",
                shown(declared)
            ),
        )
    })
}

fn shown(shape: &[i32]) -> String {
    let dimension = |&dimension: &i32| match dimension {
        DYNAMIC => "?".to_owned(),
        known => known.to_string(),
    };
    shape.iter().map(dimension).collect::<Vec<_>>().join("x")
}

/// Number of the integer tensor at an input or output: its own, or the one behind a conversion, which
/// is then taken off.
fn inner(
    file: &File<'_>,
    side: Side,
    index: usize,
    name: &str,
    edit: &mut Edit,
    remarks: &mut Vec<String>,
) -> Result<usize, CompileError> {
    let number = match side {
        Side::Input => file.inputs[index],
        Side::Output => file.outputs[index],
    };
    let tensor = file.tensor(number).map_err(invalid)?;
    if !matches!(tensor.dtype, FLOAT32 | UINT8) {
        return Ok(number);
    }
    let Some((operator, inner)) = conversion(file, side, number, &tensor)? else {
        let kind = schema::type_name(tensor.dtype);
        return Err(port_error(
            side,
            name,
            format!(
                "it is {kind} and not just a quantised integer: export the model with full integer quantisation (inference_{}_type=tf.int8), or compile its ONNX form with --calibration",
                side.name()
            ),
        ));
    };
    let list = match side {
        Side::Input => file.places.inputs,
        Side::Output => file.places.outputs,
    };
    edit.put(list.start + 4 * index, inner as i32);
    edit.removed.push(operator);
    let inner_tensor = file.tensor(inner).map_err(invalid)?;
    remarks.push(format!(
        "{} '{name}' is {} in the file: the compiled model has the {} behind that conversion, with its scale",
        side.name(),
        schema::type_name(tensor.dtype),
        schema::type_name(inner_tensor.dtype),
    ));
    Ok(inner)
}

/// The one operator that only converts between a float32 or uint8 tensor at the boundary and an
/// integer tensor, and that tensor's number.
fn conversion(
    file: &File<'_>,
    side: Side,
    number: usize,
    tensor: &Tensor<'_>,
) -> Result<Option<(usize, usize)>, CompileError> {
    let is_it = |operand: &i32| usize::try_from(*operand) == Ok(number);
    let readers: Vec<usize> = (0..file.operators.len())
        .filter(|&at| file.operators[at].inputs.iter().any(is_it))
        .collect();
    let at = match side {
        Side::Input => match readers.as_slice() {
            &[reader] => reader,
            _ => return Ok(None),
        },
        Side::Output => {
            let writer =
                (0..file.operators.len()).find(|&at| file.operators[at].outputs.iter().any(is_it));
            match writer {
                Some(writer) if readers.is_empty() => writer,
                _ => return Ok(None),
            }
        }
    };
    let operator = &file.operators[at];
    let wanted = match (side, tensor.dtype) {
        (Side::Output, FLOAT32) => DEQUANTIZE,
        _ => QUANTIZE,
    };
    let other = match side {
        Side::Input => &operator.outputs,
        Side::Output => &operator.inputs,
    };
    let (true, &[other]) = (operator.code == wanted, other.as_slice()) else {
        return Ok(None);
    };
    let Ok(other) = usize::try_from(other) else {
        return Ok(None);
    };
    let integers = file.tensor(other).map_err(invalid)?;
    let is_integer = matches!(integers.dtype, INT8 | INT16);
    let fits = is_integer && (tensor.dtype == FLOAT32 || same_numbers(tensor, &integers));
    Ok(fits.then_some((at, other)))
}

/// Whether uint8 and int8 elements stand for the same numbers, 128 apart.
fn same_numbers(unsigned: &Tensor<'_>, signed: &Tensor<'_>) -> bool {
    signed.dtype == INT8
        && unsigned.scales.len() == 1
        && unsigned.scales == signed.scales
        && unsigned.zero_points.len() == 1
        && unsigned.zero_points.len() == signed.zero_points.len()
        && unsigned.zero_points[0] - UINT8_OFFSET == signed.zero_points[0]
}

/// A file's bytes under change.
struct Edit {
    bytes: Vec<u8>,
    /// Operators to take off.
    removed: Vec<usize>,
}

impl Edit {
    /// Writes an int32 that [`File::read`] has read from there.
    fn put(&mut self, at: usize, value: i32) {
        self.bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    fn reshape(&mut self, tensor: &Tensor<'_>, shape: &[i32]) {
        for place in tensor.shape_places {
            for (index, &dimension) in shape.iter().enumerate().take(place.len) {
                self.put(place.start + 4 * index, dimension);
            }
        }
    }

    fn finish(mut self, file: &File<'_>) -> Vec<u8> {
        let operators = file.places.operators;
        self.removed.sort_unstable();
        self.removed.dedup();
        let mut kept = 0;
        for at in 0..operators.len {
            if self.removed.binary_search(&at).is_ok() {
                continue;
            }
            let (from, to) = (operators.start + 4 * at, operators.start + 4 * kept);
            // An offset counts from where it stands.
            if let Some(&offset) = self.bytes[from..].first_chunk() {
                let moved = u32::from_le_bytes(offset).wrapping_add((from - to) as u32);
                self.put(to, moved.cast_signed());
            }
            kept += 1;
        }
        if operators.len > 0 {
            self.put(operators.start - 4, kept as i32);
        }
        if file.places.signatures.len > 0 {
            self.put(file.places.signatures.start - 4, 0);
        }
        self.bytes
    }
}

/// Reads the edited file: a list that two tensors share would have changed for both.
fn check_edited(bytes: &[u8], inputs: &[Port]) -> Result<(), Invalid> {
    let file = File::read(bytes)?;
    for (&number, port) in file.inputs.iter().zip(inputs) {
        let tensor = file.tensor(number)?;
        if tensor.shape != port.shape {
            return Err(Invalid(format!(
                "the shape of tensor '{}' is another's too",
                tensor.name
            )));
        }
    }
    Ok(())
}
