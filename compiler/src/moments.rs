//! Mean and spread of numbers that come one after another.

/// Sums by which deviation is told (Welford).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Takes a number in.
    pub(crate) fn add(&mut self, x: f64) {
        self.count += 1;
        let before = x - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (x - self.mean);
    }

    /// Standard deviation of all of them.
    pub(crate) fn deviation(&self) -> f64 {
        (self.squares / self.count.max(1) as f64).sqrt()
    }

    /// Sum of the squared distances from the mean.
    pub(crate) const fn squares(&self) -> f64 {
        self.squares
    }
}

/// An error in standard deviations; 0 of 0.
pub(crate) fn in_deviations(error: f64, deviation: f64) -> f64 {
    if error == 0.0 { 0.0 } else { error / deviation }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_of_known_numbers() {
        let mut moments = Moments::default();
        for x in [
            1e9 + 2.0,
            1e9 + 4.0,
            1e9 + 4.0,
            1e9 + 4.0,
            1e9 + 5.0,
            1e9 + 5.0,
            1e9 + 7.0,
            1e9 + 9.0,
        ] {
            moments.add(x);
        }
        assert!((moments.deviation() - 2.0).abs() < 1e-6);
        assert_eq!(in_deviations(0.0, 0.0), 0.0);
        assert_eq!(in_deviations(1.0, 0.0), f64::INFINITY);
    }
}
