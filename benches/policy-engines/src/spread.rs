//! A figure over the rounds of a run: its median between its extremes. Uses nothing.

use std::fmt;

/// Median and extremes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The one in the middle; of an even number of values, the upper of the two.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Of no values at all, every figure is "not a number".
    #[must_use]
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        Self { median: at(values.len() / 2), min: at(0), max: at(values.len().saturating_sub(1)) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, min, max } = self;
        let digits = if *median < 10.0 {
            2
        } else if *median < 1_000.0 {
            1
        } else {
            0
        };
        write!(f, "{median:.digits$} ({min:.digits$}–{max:.digits$})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_median_between_the_extremes() {
        let spread = Spread::of([5.0, 1.0, 30.0].into_iter());
        assert_eq!(spread.to_string(), "5.00 (1.00–30.00)");
        assert!(Spread::of(std::iter::empty()).median.is_nan());
    }
}
