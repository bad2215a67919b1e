//! Work off the interpreter: other threads of Python go on, progress is told on the thread that
//! waits, and Ctrl-C ends it at its next safe place; a second Ctrl-C does not wait for that.

use crate::raised::Raised;
use pyo3::prelude::*;
use std::{
    any::Any,
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

/// How often signals are looked for.
const POLL: Duration = Duration::from_millis(50);
/// How often progress is told at most; the end of a stage always is.
const TELL: Duration = Duration::from_millis(50);

struct Event {
    stage: &'static str,
    done: usize,
    total: usize,
}

/// From work to whoever waits for it, and back.
pub(crate) struct Line {
    stop: Arc<AtomicBool>,
    /// Also tells, by its end, that the work is over.
    events: mpsc::Sender<Event>,
    told: Cell<Option<Instant>>,
}

impl Line {
    /// Whether the work is to end at its next safe place.
    pub(crate) fn stop_asked(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// So much of a stage is done.
    pub(crate) fn tell(&self, stage: &'static str, done: usize, total: usize) {
        let is_due = self.told.get().is_none_or(|told| told.elapsed() >= TELL);
        if is_due || done == total {
            self.told.set(Some(Instant::now()));
            // Nobody waits any more after a second Ctrl-C.
            let _ = self.events.send(Event { stage, done, total });
        }
    }

    /// Waits for an answer from the network, or until the work is to end.
    ///
    /// # Errors
    /// The work's own; [`Raised`] of no consequence if it is to end.
    pub(crate) async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = Result<T, Raised>>,
    ) -> Result<T, Raised> {
        let stopped = async {
            while !self.stop_asked() {
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::select! {
            result = work => result,
            () = stopped => Err(Raised::defect("stopped".to_owned())),
        }
    }
}

/// Runs work on a thread of its own; `progress` is called with a stage's name, how much of it is done,
/// and how much there is.
///
/// # Errors
/// The work's own, `KeyboardInterrupt`, or what `progress` raised.
pub(crate) fn run<T: Send + 'static>(
    py: Python<'_>,
    progress: Option<Py<PyAny>>,
    work: impl FnOnce(&Line) -> Result<T, Raised> + Send + 'static,
) -> PyResult<T> {
    let (events, mut received) = mpsc::channel();
    let stop = Arc::new(AtomicBool::new(false));
    let worker_stop = Arc::clone(&stop);
    let worker = thread::Builder::new().name("fixpoint".to_owned());
    let worker = worker.spawn(move || {
        let line = Line {
            stop: worker_stop,
            events,
            told: Cell::new(None),
        };
        guarded(|| work(&line))
    })?;
    let mut raised: Option<PyErr> = None;
    loop {
        let events = &mut received;
        let event = py.detach(move || events.recv_timeout(POLL));
        match event {
            Ok(event) => {
                if raised.is_none()
                    && let Some(progress) = &progress
                {
                    let told = progress.call1(py, (event.stage, event.done, event.total));
                    raised = told.err();
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if let Err(signal) = py.check_signals() {
            if raised.is_some() {
                // The work goes on to its next safe place alone.
                return Err(signal);
            }
            raised = Some(signal);
        }
        if raised.is_some() {
            stop.store(true, Ordering::Relaxed);
        }
    }
    let result = py.detach(move || worker.join());
    let result = result.unwrap_or_else(|panic| Err(defect(panic)));
    match (raised, result) {
        (None, result) => result.map_err(|error| error.into_error(py)),
        (Some(raised), result) => {
            if let Err(error) = result
                && let Some(place) = error.place()
            {
                // From Python 3.11 on.
                let _ = raised.value(py).call_method1("add_note", (place,));
            }
            Err(raised)
        }
    }
}

/// Runs work so that a panic, a defect of this package, is an error like any other.
///
/// # Errors
/// The work's own, or the panic.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Raised>) -> Result<T, Raised> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(defect(panic)))
}

fn defect(panic: Box<dyn Any + Send>) -> Raised {
    let said = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    Raised::defect(format!(
        "a defect of fixpoint, please report it: {}",
        said.unwrap_or_default()
    ))
}
