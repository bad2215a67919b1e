//! How often errors of which size occur.

use serde::Serialize;

/// Bins of a histogram: an odd number, so that no error lies in the middle of one.
const BINS: usize = 41;

/// Counts of bins of equal width, symmetric around 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Histogram {
    /// Where the first bin begins.
    pub start: f64,
    /// Width of a bin.
    pub bin_width: f64,
    /// Elements in each bin.
    pub counts: Vec<u64>,
}

impl Histogram {
    /// The histogram of some numbers; of none, without bins.
    pub(super) fn of(numbers: &[f64]) -> Self {
        let largest = numbers.iter().fold(0.0_f64, |max, x| max.max(x.abs()));
        if numbers.is_empty() {
            return Self::default();
        }
        // Where nothing differs, everything is in the middle bin of any width.
        let half = if largest > 0.0 { largest } else { 1.0 };
        let bin_width = 2.0 * half / BINS as f64;
        let mut counts = vec![0; BINS];
        for number in numbers {
            let bin = ((number + half) / bin_width).floor();
            counts[(bin.max(0.0) as usize).min(BINS - 1)] += 1;
        }
        Self {
            start: -half,
            bin_width,
            counts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_in_the_bin_that_it_belongs_to() {
        let numbers: Vec<f64> = (-205..=205).map(|x| f64::from(x) / 100.0).collect();
        let histogram = Histogram::of(&numbers);
        assert_eq!(histogram.counts.iter().sum::<u64>(), numbers.len() as u64);
        assert_eq!((histogram.start, histogram.counts.len()), (-2.05, BINS));
        for (bin, &count) in histogram.counts.iter().enumerate() {
            let start = histogram.start + bin as f64 * histogram.bin_width;
            let end = start + histogram.bin_width;
            // The ends may fall on either side by rounding.
            let inside = numbers
                .iter()
                .filter(|&&x| x > start + 1e-9 && x < end - 1e-9)
                .count() as u64;
            assert!(
                (inside..=inside + 2).contains(&count),
                "{bin}: {count}, not {inside}"
            );
        }
    }

    #[test]
    fn equal_models_fill_the_middle() {
        let histogram = Histogram::of(&[0.0; 7]);
        assert_eq!(histogram.counts[BINS / 2], 7);
        assert_eq!(Histogram::of(&[]), Histogram::default());
    }
}
