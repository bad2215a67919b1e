//! What a compilation is doing, for whoever shows it or may end it.

use crate::error::CompileError;
use std::ops::ControlFlow;

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

/// Who waits for a compilation. A closure that takes [`Progress`] only looks on.
pub trait Watch {
    /// Takes notice of how far a stage is. `Break` ends the compilation here, with
    /// [`CompileError::Stopped`].
    fn see(&mut self, progress: Progress) -> ControlFlow<()>;
}

impl<F: FnMut(Progress)> Watch for F {
    fn see(&mut self, progress: Progress) -> ControlFlow<()> {
        self(progress);
        ControlFlow::Continue(())
    }
}

impl dyn Watch + '_ {
    /// Says how far a stage is.
    ///
    /// # Errors
    /// [`CompileError::Stopped`].
    pub(crate) fn tell(&mut self, progress: Progress) -> Result<(), CompileError> {
        match self.see(progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(CompileError::Stopped),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Impatient;

    impl Watch for Impatient {
        fn see(&mut self, _: Progress) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
    }

    #[test]
    fn a_watcher_ends_the_compilation_and_a_closure_does_not() {
        let progress = Progress {
            stage: Stage::Calibrate,
            done: 1,
            total: 2,
        };
        let mut seen = Vec::new();
        let mut look = |progress: Progress| seen.push(progress);
        let looking: &mut dyn Watch = &mut look;
        assert!(looking.tell(progress).is_ok());
        assert_eq!(seen, [progress]);
        let impatient: &mut dyn Watch = &mut Impatient;
        assert!(matches!(
            impatient.tell(progress),
            Err(CompileError::Stopped)
        ));
    }
}
