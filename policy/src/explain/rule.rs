//! One line of an explanation, and where in the policy it comes from.

use crate::place::Place;

/// A sentence about a decision, with the place of the rule that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What the rule says.
    pub text: String,
    /// Where the policy says it, if it is written down.
    pub place: Option<Place>,
}

impl Rule {
    /// A rule that stands in the policy.
    pub(super) fn at(text: impl Into<String>, place: &Place) -> Self {
        Self { text: text.into(), place: Some(place.clone()) }
    }

    /// What follows from no line of the policy.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), place: None }
    }
}

/// How many names a list shows.
const SHOWN: usize = 8;

/// `a, b, c`, and how many more there are.
pub(super) fn listed<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let names: Vec<S> = names.into_iter().collect();
    let shown: Vec<&str> = names.iter().take(SHOWN).map(AsRef::as_ref).collect();
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{}, and {more} more", shown.join(", ")),
    }
}
