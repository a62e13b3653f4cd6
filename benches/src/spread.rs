//! A figure over the rounds: its median between its extremes. The median, because one
//! busy moment of the machine should move nothing. Uses nothing.

use serde_json::{Value, json};

/// Median, quartiles and extremes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) lower: f64,
    pub(crate) upper: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of no values at all, every figure is "not a number".
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let (half, last) = (values.len() / 2, values.len().saturating_sub(1));
        let median = if values.len() % 2 == 1 {
            at(half)
        } else {
            f64::midpoint(at(half), at(half.wrapping_sub(1)))
        };
        Self { median, lower: at(last / 4), upper: at(last - last / 4), min: at(0), max: at(last) }
    }

    /// Rounded to three digits behind the point.
    pub(crate) fn json(self) -> Value {
        let round = |figure: f64| (figure * 1000.0).round() / 1000.0;
        json!({"median": round(self.median), "min": round(self.min), "max": round(self.max)})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_median_between_the_extremes() {
        let odd = Spread::of([5.0, 1.0, 3.0].into_iter());
        assert_eq!((odd.min, odd.median, odd.max), (1.0, 3.0, 5.0));
        let even = Spread::of([4.0, 1.0, 2.0, 100.0].into_iter());
        assert_eq!((even.min, even.median, even.max), (1.0, 3.0, 100.0));
        assert!(Spread::of(std::iter::empty()).median.is_nan());
    }
}
