//! A figure of several rounds: the median, the least and the greatest.

use std::fmt;

/// The median, the least and the greatest.
pub(crate) struct Spread {
    rounds: Vec<f64>,
}

impl Spread {
    pub(crate) fn of(rounds: impl IntoIterator<Item = f64>) -> Self {
        let mut rounds: Vec<f64> = rounds.into_iter().collect();
        rounds.sort_by(f64::total_cmp);
        Self { rounds }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rounds.as_slice() {
            [] => f.write_str("nothing"),
            all => {
                let (least, greatest) = (all[0], all[all.len() - 1]);
                write!(f, "{:.0} ({least:.0}–{greatest:.0})", all[all.len() / 2])
            }
        }
    }
}
