//! Time that this thread has been running: other programs do not count.

use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;

/// How carefully to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    samples: usize,
    sample_ns: f64,
}

impl Effort {
    /// To compare candidates.
    pub(crate) const SEARCH: Self = Self {
        samples: 5,
        sample_ns: 100e3,
    };
    /// For many small models, of which the slowest are shown.
    pub(crate) const MODELS: Self = Self {
        samples: 7,
        sample_ns: 300e3,
    };
    /// For a figure that is shown.
    pub(crate) const REPORT: Self = Self {
        samples: 11,
        sample_ns: 2e6,
    };
}

/// Nanoseconds that this thread has run.
pub(crate) fn thread_ns() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// Nanoseconds of one run: the median of samples, each of as many runs as the clock needs.
pub(crate) fn time<T>(effort: Effort, mut run: impl FnMut() -> T) -> f64 {
    let mut sample = |runs: usize| {
        let start = thread_ns();
        for _ in 0..runs {
            black_box(run());
        }
        (thread_ns() - start) / runs as f64
    };
    sample(1);
    let once = sample(1).max(1.0);
    let runs = (effort.sample_ns / once).clamp(1.0, 1e5) as usize;
    median((0..effort.samples).map(|_| sample(runs)).collect())
}

/// Nanoseconds of one run after `prepare`, which does not count.
pub(crate) fn time_prepared<T>(
    effort: Effort,
    mut prepare: impl FnMut(),
    mut run: impl FnMut() -> T,
) -> f64 {
    let sample = |_| {
        prepare();
        let start = thread_ns();
        black_box(run());
        thread_ns() - start
    };
    median((0..effort.samples).map(sample).collect())
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// Memory that is walked through to drive everything else out of the caches.
pub(crate) struct Flush(Vec<u64>);

impl Flush {
    const BYTES: usize = 96 << 20;

    pub(crate) fn new() -> Self {
        Self(vec![1; Self::BYTES / size_of::<u64>()])
    }

    /// Walks through it.
    pub(crate) fn flush(&mut self) {
        let line = 64 / size_of::<u64>();
        for word in self.0.iter_mut().step_by(line) {
            *word = word.wrapping_add(1);
        }
        black_box(&self.0);
    }
}
