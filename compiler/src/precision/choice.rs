//! The integers of a network: as its caller wants them, as an earlier compilation chose, or as a
//! wanted error needs them; and what the report says of them.

use super::{Goal, Integers, LayerError, Network, first, reach, sensitivities};
use crate::{
    error::CompileError,
    options::{CompileOptions, Precision, Sensitivity},
    prescribed::is_quantised,
    progress::Watch,
    record::Record,
    report::{Answers, Float, Mixed, Report, of_network},
    samples::Batch,
    split::Split,
};

/// Samples that layers are measured on.
const LAYER_SAMPLES: usize = 16;
/// Multiplications and moved elements of the float runs that take about a second.
const QUICK: u64 = 200_000_000;

/// What was chosen.
pub(crate) struct Choice {
    /// The network in integers.
    pub(crate) integers: Integers,
    /// Layers that were raised to 16 bits.
    raised: Vec<bool>,
    /// How many of the first nodes compute at 32 bits, in a network of 16.
    first_nodes: usize,
    /// The layers' errors at 8 bits, if they were measured for a wanted error.
    errors_int8: Vec<Option<LayerError>>,
    mixed: Option<Mixed>,
}

/// Chooses.
///
/// # Errors
/// [`CompileError`], one variant per cause.
pub(crate) fn choose(
    network: &Network<'_>,
    recorded: Option<&Record>,
    split: &Split,
    float: &Float<'_>,
    progress: &mut dyn Watch,
) -> Result<Choice, CompileError> {
    if let Some(wanted) = network.options.max_error {
        return for_error(network, wanted, &split.held, float, progress);
    }
    let raised = match recorded {
        Some(record) => record.raised(network.layers)?,
        None => vec![false; network.layers.list.len()],
    };
    let first_nodes = match recorded {
        Some(record) => record.first_nodes(network.graph)?,
        None => first::needed(network, split, float, progress)?,
    };
    let network = Network {
        first_nodes,
        ..*network
    };
    Ok(Choice {
        integers: network.build(&raised)?,
        raised,
        first_nodes,
        errors_int8: Vec::new(),
        mixed: None,
    })
}

/// That an error can be wanted with these options.
///
/// # Errors
/// [`CompileError::Mixing`].
pub(crate) fn check_max_error(options: &CompileOptions, mixes: bool) -> Result<(), CompileError> {
    let Some(wanted) = options.max_error else {
        return Ok(());
    };
    let reason = if !mixes {
        "this model has its integers already, there is nothing to choose: leave it out"
    } else if options.precision != Precision::Int8 {
        "it raises layers of an int8 model: leave the precision at int8"
    } else if wanted.is_nan() || wanted <= 0.0 {
        "it must be above 0"
    } else {
        return Ok(());
    };
    Err(CompileError::Mixing { reason })
}

fn for_error(
    network: &Network<'_>,
    wanted: f64,
    held: &Batch,
    float: &Float<'_>,
    progress: &mut dyn Watch,
) -> Result<Choice, CompileError> {
    check_max_error(network.options, !is_quantised(network.graph))?;
    if held.is_empty() {
        let reason = "it is measured on calibration samples that are held back: give at least 5";
        return Err(CompileError::Mixing { reason });
    }
    let none = vec![false; network.layers.list.len()];
    let narrow = network.build(&none)?;
    let samples = held.thinned(LAYER_SAMPLES);
    let errors_int8 = sensitivities(network, &narrow.quants, &none, &samples, progress)?;
    let goal = Goal {
        error: wanted,
        samples: held,
        answers: &Answers::of(float, held, progress)?,
    };
    let reached = reach(network, narrow, &errors_int8, &goal, progress)?;
    let names = network.names_of(&reached.raised);
    Ok(Choice {
        mixed: Some(Mixed {
            max_error: wanted,
            reached: reached.error,
            samples: held.len(),
            int16_layers: names,
            work_gas: reached.work_gas,
        }),
        integers: reached.integers,
        raised: reached.raised,
        first_nodes: 0,
        errors_int8,
    })
}

impl Choice {
    /// What makes the same model again.
    pub(crate) fn record(&self, source: &[u8], network: &Network<'_>) -> Record {
        let (mut options, mut names) = (network.options.clone(), network.names_of(&self.raised));
        if network.is_everywhere(&self.raised) {
            (options.precision, names) = (Precision::Int16, Vec::new());
        }
        Record::of_network(
            source,
            &options,
            network.graph,
            network.ranges,
            names,
            self.first_nodes,
        )
    }

    /// Adds what there is to say to a report, measuring layers if that is wanted.
    ///
    /// # Errors
    /// [`CompileError::Run`].
    pub(crate) fn tell(
        self,
        network: &Network<'_>,
        split: &Split,
        report: &mut Report,
        progress: &mut dyn Watch,
    ) -> Result<(), CompileError> {
        let network = &Network {
            first_nodes: self.first_nodes,
            ..*network
        };
        let samples = split.test().thinned(LAYER_SAMPLES);
        let measures = match network.options.sensitivity {
            Sensitivity::Skip => false,
            Sensitivity::IfQuick => effort(network, report.macs, samples.len()) < QUICK,
            Sensitivity::Measure => true,
        };
        let mut errors = Vec::new();
        if measures && !samples.is_empty() && !is_quantised(network.graph) {
            let quants = &self.integers.quants;
            errors = sensitivities(network, quants, &self.raised, &samples, progress)?;
            report.layer_samples = samples.len();
        }
        report.layers = of_network(
            network,
            &self.integers,
            &self.raised,
            &errors,
            &self.errors_int8,
        );
        report.parameters = network.graph.parameters();
        report.calibration_samples = split.calibration.len();
        report.precision = match network.options.precision {
            _ if is_quantised(network.graph) => None,
            _ if network.is_everywhere(&self.raised) => Some("int16"),
            Precision::Int8 if self.raised.contains(&true) => Some("int8 and int16"),
            Precision::Int8 => Some("int8"),
            Precision::Int16 if self.first_nodes > 0 => Some("int32 and int16"),
            Precision::Int16 => Some("int16"),
            Precision::Int32 => Some("int32"),
        };
        report.remarks = self.integers.remarks;
        report.mixed = self.mixed;
        Ok(())
    }
}

/// What measuring all layers takes: half of the float model for each, on average.
fn effort(network: &Network<'_>, macs: u64, samples: usize) -> u64 {
    let elements = network
        .graph
        .values
        .iter()
        .filter(|value| value.constant.is_none());
    let elements: u64 = elements
        .map(|value| value.shape.iter().product::<usize>() as u64)
        .sum();
    (macs + elements) * network.layers.list.len() as u64 * samples as u64 / 2
}
