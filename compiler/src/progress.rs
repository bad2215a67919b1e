//! What a compilation is doing, for whoever shows it.

/// A stage that takes long enough to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Running the float model over the calibration samples.
    Calibrate,
    /// Running the float model over the test samples.
    Float,
    /// Measuring the error that each layer adds.
    Layers,
    /// Raising layers to 16 bits.
    Raise,
    /// Running the compiled model over the test samples.
    Evaluate,
}

/// How far a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The stage.
    pub stage: Stage,
    /// Samples done, or layers, or layers of samples.
    pub done: usize,
    /// How many there are in all.
    pub total: usize,
}
