//! Preprocessing of images as the first operators of a model: what a caller would have to do with
//! the pixels before.

use super::OnnxError;
use prost::Message as _;
use std::{borrow::Cow, str::FromStr};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, TensorShapeProto,
    ValueInfoProto,
    attribute_proto::AttributeType,
    tensor_shape_proto::{Dimension, dimension},
    type_proto,
};

const FLOAT32: i32 = 1;
const INT64: i32 = 7;
/// Lengths of an axis that may be an image's channels.
const IMAGE_CHANNELS: [usize; 3] = [1, 3, 4];
/// Largest value of a pixel of 8 bits.
pub const MAX_PIXEL: f64 = 255.0;

/// What a caller gives for an input, and what the model makes of it.
///
/// The model computes `(pixel * scale - mean) / std`, by channel, after its channels and axes have been put
/// in the model's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Preprocess {
    /// The input; nothing if there is only one.
    pub input: Option<String>,
    /// Whether callers give pixels of 0 to 255.
    pub is_u8: bool,
    /// Factor of a pixel.
    pub scale: f64,
    /// Mean of each channel, or of all.
    pub mean: Vec<f64>,
    /// Standard deviation of each channel, or of all.
    pub std: Vec<f64>,
    /// Whether callers give `[N, H, W, C]` for a model of `[N, C, H, W]`.
    pub channels_last: bool,
    /// Whether callers give blue, green, red for a model of red, green, blue, or the other way round.
    pub reversed: bool,
    /// The text that it was read from.
    text: String,
}

fn bad(reason: impl Into<String>) -> OnnxError {
    OnnxError::Preprocess {
        reason: reason.into(),
    }
}

impl FromStr for Preprocess {
    type Err = OnnxError;

    /// Reads `[NAME:]key=value,...`.
    fn from_str(text: &str) -> Result<Self, OnnxError> {
        let first_key = text.find('=').unwrap_or(text.len());
        let (input, settings) = match text[..first_key].rfind(':') {
            Some(colon) => (Some(text[..colon].to_owned()), &text[colon + 1..]),
            None => (None, text),
        };
        let mut read = Self {
            input,
            is_u8: false,
            scale: 1.0,
            mean: vec![0.0],
            std: vec![1.0],
            channels_last: false,
            reversed: false,
            text: text.to_owned(),
        };
        let mut scale = None;
        let mut seen = Vec::new();
        for setting in settings.split(',') {
            let Some((key, value)) = setting.split_once('=') else {
                return Err(bad(format!("'{setting}' is no KEY=VALUE")));
            };
            let (key, value) = (key.trim(), value.trim());
            if seen.contains(&key) {
                return Err(bad(format!("{key} is given twice")));
            }
            seen.push(key);
            match (key, value) {
                ("input", "u8") => read.is_u8 = true,
                ("input", "float") | ("layout", "nchw") | ("channels", "rgb") => {}
                ("scale", value) => scale = Some(number(value)?),
                ("mean", value) => read.mean = numbers(value)?,
                ("std", value) => read.std = numbers(value)?,
                ("layout", "nhwc") => read.channels_last = true,
                ("channels", "bgr") => read.reversed = true,
                ("input", _) => return Err(bad(format!("input={value}: write u8 or float"))),
                ("layout", _) => return Err(bad(format!("layout={value}: write nhwc or nchw"))),
                ("channels", _) => return Err(bad(format!("channels={value}: write bgr or rgb"))),
                _ => {
                    return Err(bad(format!(
                        "'{key}' is none of input, scale, mean, std, layout, channels"
                    )));
                }
            }
        }
        // Means and deviations are published for pixels of 0 to 1.
        read.scale = scale.unwrap_or(if read.is_u8 { 1.0 / MAX_PIXEL } else { 1.0 });
        if read.scale == 0.0 || read.std.contains(&0.0) {
            return Err(bad("scale and std must not be 0"));
        }
        Ok(read)
    }
}

impl std::fmt::Display for Preprocess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// A decimal number or a fraction.
fn number(text: &str) -> Result<f64, OnnxError> {
    let parts: Vec<&str> = text.split('/').collect();
    let part = |part: &str| part.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    let value = match parts.as_slice() {
        [whole] => part(whole),
        [numerator, denominator] => part(numerator)
            .zip(part(denominator))
            .map(|(n, d)| n / d)
            .filter(|x| x.is_finite()),
        _ => None,
    };
    value.ok_or_else(|| bad(format!("'{text}' is no number")))
}

fn numbers(text: &str) -> Result<Vec<f64>, OnnxError> {
    text.split(':').map(number).collect()
}

/// The file with preprocessing in front of its inputs.
///
/// # Errors
/// [`OnnxError::Decode`], [`OnnxError::NoGraph`], [`OnnxError::Preprocess`].
pub fn prepend<'a>(bytes: &'a [u8], all: &[Preprocess]) -> Result<Cow<'a, [u8]>, OnnxError> {
    if all.is_empty() {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut model = ModelProto::decode(bytes)?;
    let graph = model.graph.as_mut().ok_or(OnnxError::NoGraph)?;
    for preprocess in all {
        let index = find(graph, preprocess)?;
        prepend_one(graph, index, preprocess)?;
    }
    Ok(Cow::Owned(model.encode_to_vec()))
}

/// Names of the inputs that take pixels of 8 bits.
pub fn pixels(bytes: &[u8], all: &[Preprocess]) -> Result<Vec<String>, OnnxError> {
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let graph = ModelProto::decode(bytes)?.graph.unwrap_or_default();
    let named = all.iter().filter(|preprocess| preprocess.is_u8);
    named
        .map(|preprocess| Ok(graph.input[find(&graph, preprocess)?].name.clone()))
        .collect()
}

/// Index of the input that is meant.
fn find(graph: &GraphProto, preprocess: &Preprocess) -> Result<usize, OnnxError> {
    let constant = |name: &String| graph.initializer.iter().any(|tensor| tensor.name == *name);
    let inputs = graph.input.iter().enumerate();
    let inputs: Vec<(usize, &String)> = inputs
        .filter(|(_, input)| !constant(&input.name))
        .map(|(index, input)| (index, &input.name))
        .collect();
    let listed = || {
        let names = inputs.iter().map(|(_, name)| name.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    match (&preprocess.input, inputs.as_slice()) {
        (Some(name), _) => {
            let found = inputs.iter().find(|(_, input)| *input == name);
            let found = found.map(|&(index, _)| index);
            found.ok_or_else(|| {
                bad(format!(
                    "no input is called '{name}': there are {}",
                    listed()
                ))
            })
        }
        (None, &[(index, _)]) => Ok(index),
        (None, _) => Err(bad(format!(
            "the model has several inputs ({}): write NAME:KEY=VALUE,...",
            listed()
        ))),
    }
}

fn prepend_one(
    graph: &mut GraphProto,
    index: usize,
    preprocess: &Preprocess,
) -> Result<(), OnnxError> {
    let name = graph.input[index].name.clone();
    let shape = shape(&mut graph.input[index])
        .ok_or_else(|| bad(format!("input '{name}' is no float tensor of known rank")))?;
    let rank = shape.dim.len();
    if preprocess.channels_last {
        if rank != 4 {
            return Err(bad(format!(
                "layout=nhwc needs images; input '{name}' has {rank} axes"
            )));
        }
        let channels = shape.dim.remove(1);
        shape.dim.push(channels);
    }
    let size = |axis: usize| size(shape.dim.get(axis)?);
    let few = |axis: usize| size(axis).is_some_and(|size| IMAGE_CHANNELS.contains(&size));
    // The model's own order: channels first, unless only the last axis can be channels.
    let last = rank == 4 && !preprocess.channels_last && !few(1) && few(3);
    let axis = if last { 3 } else { usize::from(rank > 1) };
    let given_axis = if preprocess.channels_last { 3 } else { axis };
    let channels = size(given_axis);
    let mut chain = Chain {
        last: name.clone(),
        name: name.clone(),
        nodes: Vec::new(),
        constants: Vec::new(),
    };
    if preprocess.channels_last {
        chain.transpose();
    }
    if preprocess.reversed {
        if channels != Some(3) {
            return Err(bad(format!(
                "channels=bgr needs 3 channels on axis {given_axis} of input '{name}'"
            )));
        }
        chain.reverse(axis as i64);
    }
    let count = preprocess.mean.len().max(preprocess.std.len());
    let fits = |values: &[f64]| values.len() == 1 || values.len() == count;
    if !fits(&preprocess.mean) || !fits(&preprocess.std) || (count > 1 && channels != Some(count)) {
        let channels =
            channels.map_or_else(|| "an unknown number of".to_owned(), |n| n.to_string());
        return Err(bad(format!(
            "{} means and {} deviations for {channels} channels (axis {given_axis}) of input '{name}'",
            preprocess.mean.len(),
            preprocess.std.len()
        )));
    }
    let of = |values: &[f64], channel: usize| values[channel % values.len()];
    let factors: Vec<f64> = (0..count)
        .map(|channel| preprocess.scale / of(&preprocess.std, channel))
        .collect();
    let offsets: Vec<f64> = (0..count)
        .map(|channel| -of(&preprocess.mean, channel) / of(&preprocess.std, channel))
        .collect();
    let mut along = vec![1; rank];
    if count > 1 {
        along[axis] = count as i64;
    }
    chain.constant("Mul", &along, &factors, 1.0);
    chain.constant("Add", &along, &offsets, 0.0);
    let (last, nodes) = (chain.last, chain.nodes);
    graph.initializer.extend(chain.constants);
    for input in graph.node.iter_mut().flat_map(|node| &mut node.input) {
        if *input == name {
            input.clone_from(&last);
        }
    }
    graph.node.splice(0..0, nodes);
    Ok(())
}

/// The shape of a float input.
fn shape(input: &mut ValueInfoProto) -> Option<&mut TensorShapeProto> {
    let type_proto::Value::TensorType(tensor) = input.r#type.as_mut()?.value.as_mut()?;
    if tensor.elem_type != FLOAT32 {
        return None;
    }
    tensor.shape.as_mut()
}

/// An axis's length, if it is a number.
fn size(dim: &Dimension) -> Option<usize> {
    match dim.value {
        Some(dimension::Value::DimValue(size)) => usize::try_from(size).ok(),
        _ => None,
    }
}

/// Operators in a row.
struct Chain {
    /// Name of the input.
    name: String,
    /// Name of the last result.
    last: String,
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
}

impl Chain {
    fn node(&mut self, operator: &str, operand: Option<String>, attribute: Option<AttributeProto>) {
        let output = format!("{}/preprocess {}", self.name, self.nodes.len());
        let mut input = vec![std::mem::replace(&mut self.last, output.clone())];
        input.extend(operand);
        self.nodes.push(NodeProto {
            name: output.clone(),
            op_type: operator.to_owned(),
            input,
            output: vec![output],
            attribute: attribute.into_iter().collect(),
            ..NodeProto::default()
        });
    }

    fn transpose(&mut self) {
        let permutation = AttributeProto {
            name: "perm".to_owned(),
            r#type: AttributeType::Ints as i32,
            ints: vec![0, 3, 1, 2],
            ..AttributeProto::default()
        };
        self.node("Transpose", None, Some(permutation));
    }

    fn reverse(&mut self, axis: i64) {
        let name = format!("{}/channels", self.name);
        self.constants.push(TensorProto {
            name: name.clone(),
            data_type: INT64,
            dims: vec![3],
            int64_data: vec![2, 1, 0],
            ..TensorProto::default()
        });
        let axis = AttributeProto {
            name: "axis".to_owned(),
            r#type: AttributeType::Int as i32,
            i: axis,
            ..AttributeProto::default()
        };
        self.node("Gather", Some(name), Some(axis));
    }

    /// A product or sum with constants, unless they change nothing.
    fn constant(&mut self, operator: &str, shape: &[i64], values: &[f64], neutral: f64) {
        if values.iter().all(|&value| value == neutral) {
            return;
        }
        let name = format!("{}/{operator}", self.name);
        self.constants.push(TensorProto {
            name: name.clone(),
            data_type: FLOAT32,
            dims: shape.to_vec(),
            float_data: values.iter().map(|&value| value as f32).collect(),
            ..TensorProto::default()
        });
        self.node(operator, Some(name), None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_whole() {
        let text = "image:input=u8,mean=0.5:0.25:0,std=1/4:0.5:1,layout=nhwc,channels=bgr";
        let read: Preprocess = text.parse().expect("valid");
        assert_eq!(read.input.as_deref(), Some("image"));
        assert_eq!(read.scale, 1.0 / 255.0);
        assert_eq!(read.std, [0.25, 0.5, 1.0]);
        assert!(read.is_u8 && read.channels_last && read.reversed);
        assert_eq!(read.to_string(), text);
        let read: Preprocess = "mean=3".parse().expect("valid");
        assert_eq!((read.input, read.scale, read.is_u8), (None, 1.0, false));
    }

    #[test]
    fn what_is_wrong_in_a_text_is_named() {
        for (text, said) in [
            ("", "no KEY=VALUE"),
            ("mean", "no KEY=VALUE"),
            ("gamma=2", "'gamma' is none of"),
            ("mean=1,mean=2", "given twice"),
            ("std=0", "must not be 0"),
            ("mean=1:x", "'x' is no number"),
            ("scale=1/0", "'1/0' is no number"),
            ("layout=hwc", "write nhwc"),
            ("input=i8", "write u8"),
        ] {
            let error = text.parse::<Preprocess>().expect_err(text).to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
