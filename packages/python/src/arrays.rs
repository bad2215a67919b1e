//! Arrays as they come from NumPy and go to it: name, type string, shape, bytes in C order. And
//! which axis counts samples.

use crate::raised::Raised;
use fixpoint_client::{
    answers::Answers,
    ports::{Port, Ports},
    samples::{SampleError, Samples},
};
use fixpoint_compiler::npy::Array;
use pyo3::{prelude::*, pybacked::PyBackedBytes, types::PyByteArray};
use std::collections::BTreeMap;

/// An array from Python. The empty name is that of the only input.
pub(crate) type Given = (String, String, Vec<usize>, PyBackedBytes);

/// An array for Python.
pub(crate) type Returned<'py> = (String, &'static str, Vec<usize>, Bound<'py, PyByteArray>);

/// Takes an array over.
///
/// # Errors
/// Its bytes are not those of its shape and type.
pub(crate) fn array((_, descr, shape, bytes): &Given) -> Result<Array, Raised> {
    let array = Array::from_elements(descr, shape.clone(), bytes);
    array.map_err(|error| Raised::new("RunError", "Array", error.to_string()))
}

/// Takes arrays over, by name.
///
/// # Errors
/// As [`array`].
pub(crate) fn arrays(given: &[Given]) -> Result<BTreeMap<String, Array>, Raised> {
    let named = |given: &Given| Ok((given.0.clone(), array(given)?));
    given.iter().map(named).collect()
}

/// Which axes of an array a model's own shape has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Axes {
    /// All of them: one sample.
    Own,
    /// All but the model's batch of 1: one sample.
    WithoutBatch,
    /// The first counts samples in the place of the model's batch of 1.
    Batch,
    /// The first counts samples and comes in addition.
    Stacked,
}

impl Axes {
    /// Finds out, with the number of samples.
    fn of(shape: &[usize], port: &Port) -> Option<(Self, usize)> {
        let own: Vec<usize> = port.shape.iter().map(|&dim| dim as usize).collect();
        let unbatched = own.strip_prefix(&[1]);
        if shape == own {
            return Some((Self::Own, 1));
        }
        if unbatched == Some(shape) {
            return Some((Self::WithoutBatch, 1));
        }
        let (&count, rest) = shape.split_first()?;
        if rest == own {
            return Some((Self::Stacked, count));
        }
        // However a sample's elements are arranged: what matters is their order.
        let elements = rest.iter().product::<usize>();
        let axes = if unbatched.is_some() {
            Self::Batch
        } else {
            Self::Stacked
        };
        (elements == port.elements()).then_some((axes, count))
    }

    /// The shape of an output for so many samples.
    fn output(self, port: &Port, samples: usize) -> Vec<usize> {
        let own: Vec<usize> = port.shape.iter().map(|&dim| dim as usize).collect();
        let unbatched = own.strip_prefix(&[1]).unwrap_or(&own);
        match self {
            Self::Own => own,
            Self::WithoutBatch => unbatched.to_vec(),
            Self::Batch => [&[samples][..], unbatched].concat(),
            Self::Stacked => [&[samples][..], &own].concat(),
        }
    }
}

/// Inputs of a model, and the shape that its answers have for them.
pub(crate) struct Question {
    pub(crate) samples: Samples,
    axes: Axes,
}

impl Question {
    /// Matches arrays with a model's inputs.
    ///
    /// # Errors
    /// They do not fit.
    pub(crate) fn of(mut arrays: BTreeMap<String, Array>, ports: &Ports) -> Result<Self, Raised> {
        if let ([port], 1) = (&ports.inputs[..], arrays.len())
            && let Some(array) = arrays.remove("")
        {
            arrays.insert(port.name.clone(), array);
        }
        if let Some(unknown) = arrays
            .keys()
            .find(|name| !ports.inputs.iter().any(|port| port.name == **name))
        {
            let inputs = ports.inputs.iter().map(|port| port.name.as_str());
            let inputs = inputs.collect::<Vec<_>>().join("', '");
            let message = if unknown.is_empty() {
                format!("the model has several inputs: give a dict with arrays for '{inputs}'")
            } else {
                format!("the model has no input '{unknown}': its inputs are '{inputs}'")
            };
            return Err(Raised::new("RunError", "NoSuchInput", message));
        }
        let mut axes = None;
        for port in &ports.inputs {
            // That it is missing is told below.
            let Some(array) = arrays.get_mut(&port.name) else {
                continue;
            };
            let (found, count) =
                Axes::of(&array.shape, port).ok_or_else(|| SampleError::Shape {
                    input: port.name.clone(),
                    got: array.shape.clone(),
                    want: port.shape.clone(),
                })?;
            axes.get_or_insert(found);
            let own = port.shape.iter().map(|&dim| dim as usize);
            array.shape = std::iter::once(count).chain(own).collect();
        }
        let samples = Samples::of(arrays, &ports.inputs)?;
        Ok(Self {
            samples,
            axes: axes.unwrap_or(Axes::Own),
        })
    }

    /// Answers as arrays for Python, in the outputs' declared order.
    pub(crate) fn answered<'py>(&self, py: Python<'py>, answers: &Answers) -> Vec<Returned<'py>> {
        let outputs = answers.outputs().iter().zip(answers.arrays());
        outputs
            .map(|(port, (name, array))| {
                let shape = self.axes.output(port, answers.samples());
                let bytes = PyByteArray::new(py, &array.data.to_le_bytes());
                (name, array.data.descr(), shape, bytes)
            })
            .collect()
    }
}
