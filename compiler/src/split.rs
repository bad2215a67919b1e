//! Which samples are for what: ranges, a wanted error, the report.

use crate::{
    error::CompileError,
    options::CompileOptions,
    progress::Watch,
    report::{Accuracy, Answers, Float, evaluate},
    samples::{Batch, Samples},
};
use fixpoint_runtime::model::ValidModel;

/// A caller's samples, divided.
#[derive(Debug)]
pub(crate) struct Split {
    /// For ranges.
    pub(crate) calibration: Batch,
    /// Held back from those; empty if the report has samples of its own and no error is wanted.
    pub(crate) held: Batch,
    /// For the report, if they are not those that were held back.
    test: Option<Batch>,
}

impl Split {
    /// Divides them.
    ///
    /// # Errors
    /// [`CompileError::Samples`], [`CompileError::NoSuchInput`], [`CompileError::Labels`].
    pub(crate) fn of(
        options: &CompileOptions,
        inputs: &[(String, Vec<usize>)],
    ) -> Result<Self, CompileError> {
        let batch = |samples: &Samples| {
            if samples.is_empty() {
                Ok(Batch::default())
            } else {
                samples.batch(inputs)
            }
        };
        if options.test.is_none() && options.labels.is_some() {
            return Err(CompileError::Labels {
                reason: "they need a test set: give --test".to_owned(),
            });
        }
        let samples = batch(&options.calibration)?;
        let test = options.test.as_ref().map(|test| test.batch(inputs));
        let test = test.transpose()?;
        let (calibration, held) = if test.is_none() || options.max_error.is_some() {
            samples.hold_back()
        } else {
            (samples, Batch::default())
        };
        Ok(Self {
            calibration,
            held,
            test,
        })
    }

    /// Samples for the report.
    pub(crate) fn test(&self) -> &Batch {
        self.test.as_ref().unwrap_or(&self.held)
    }

    /// A model's accuracy, if there are samples for the report.
    ///
    /// # Errors
    /// [`CompileError::FloatRun`], [`CompileError::Run`], [`CompileError::Labels`].
    pub(crate) fn accuracy(
        &self,
        model: &ValidModel,
        outputs: &[(String, usize)],
        float: &Float<'_>,
        options: &CompileOptions,
        progress: &mut dyn Watch,
    ) -> Result<Option<Accuracy>, CompileError> {
        let test = self.test();
        if test.is_empty() {
            return Ok(None);
        }
        let answers = Answers::of(float, test, progress)?;
        let labels = options.labels.as_ref();
        let accuracy = evaluate(model, outputs, Some(&answers), test, labels, progress)?;
        Ok(Some(Accuracy {
            held_back: self.test.is_none(),
            ..accuracy
        }))
    }
}
