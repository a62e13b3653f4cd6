//! What is compared with what, and how much one may cost of the other: the figures that the
//! design promises. A ratio is taken within a round, where both sides had the same machine, and
//! only then is the median taken.

use serde_json::{Value, json};

use crate::{report::Row, spread::Spread, variant::Variant};

/// One question that a run answers.
#[derive(Debug)]
struct Question {
    name: &'static str,
    token: &'static str,
    of: Variant,
    to: Variant,
    /// What the design promises; some comparisons are only for the reader.
    at_most: Option<f64>,
}

const fn ask(
    name: &'static str,
    token: &'static str,
    (of, to): (Variant, Variant),
    at_most: Option<f64>,
) -> Question {
    Question { name, token, of, to, at_most }
}

const COLD: (Variant, Variant) = (Variant::OursCold, Variant::Native);
const WARM: (Variant, Variant) = (Variant::Ours, Variant::NativeCached);
const WARM_NO_LOG: (Variant, Variant) = (Variant::OursNoLog, Variant::NativeCachedNoLog);
const WARM_EQUAL: (Variant, Variant) = (Variant::Ours, Variant::NativeCachedEqual);

// What proxy-wasm itself takes, before a filter has decided anything.
const FLOOR_COLD: (Variant, Variant) = (Variant::LeastWasmCold, Variant::Native);
const FLOOR_WARM: (Variant, Variant) = (Variant::LeastWasmNoLog, Variant::NativeCachedNoLog);
const FLOOR_CALLS: (Variant, Variant) = (Variant::CallsWasmNoLog, Variant::NativeCachedNoLog);
const BEYOND_CALLS: (Variant, Variant) = (Variant::OursNoLog, Variant::CallsWasmNoLog);

const QUESTIONS: [Question; 20] = [
    ask("cold", "RS256", COLD, Some(1.0)),
    ask("cold", "ES256", COLD, Some(1.0)),
    ask("cold", "EdDSA", COLD, None),
    ask("floor, cold", "RS256", FLOOR_COLD, None),
    ask("floor, cold", "ES256", FLOOR_COLD, None),
    ask("warm, no access log", "RS256", WARM_NO_LOG, Some(1.0)),
    ask("warm, no access log", "ES256", WARM_NO_LOG, Some(1.0)),
    ask("floor, warm", "RS256", FLOOR_WARM, None),
    ask("floor, warm", "ES256", FLOOR_WARM, None),
    ask("floor, the calls", "RS256", FLOOR_CALLS, None),
    ask("floor, the calls", "ES256", FLOOR_CALLS, None),
    ask("beyond the calls", "RS256", BEYOND_CALLS, None),
    ask("beyond the calls", "ES256", BEYOND_CALLS, None),
    ask("warm, with records", "RS256", WARM, Some(1.25)),
    ask("warm, with records", "ES256", WARM, Some(1.25)),
    ask("warm, equal headers and log lines", "RS256", WARM_EQUAL, Some(1.25)),
    ask("warm, equal headers and log lines", "ES256", WARM_EQUAL, Some(1.25)),
    ask("500 issuers / 1, cold", "ES256", (Variant::OursManyCold, Variant::OursCold), Some(1.1)),
    ask("500 issuers / 1, warm", "ES256", (Variant::OursMany, Variant::Ours), Some(1.1)),
    ask("500 issuers / 1, native", "ES256", (Variant::NativeMany, Variant::Native), None),
];

/// A question and what a run found.
#[derive(Debug)]
pub(crate) struct Ratio {
    question: &'static Question,
    cpu: Spread,
}

/// The answers that the rows of this run can give.
pub(crate) fn of(rows: &[Row]) -> Vec<Ratio> {
    let row = |variant, token| rows.iter().find(|row| row.is(variant, token));
    let answer = |question: &'static Question| {
        let of = row(question.of, question.token)?;
        let to = row(question.to, question.token)?;
        Some(Ratio { question, cpu: of.against(to, |of, to| of / to) })
    };
    QUESTIONS.iter().filter_map(answer).collect()
}

impl Ratio {
    pub(crate) const HEADING: [&'static str; 5] =
        ["question", "token", "compared", "ratio", "target for the median"];

    pub(crate) fn cells(&self) -> [String; 5] {
        let (question, cpu) = (self.question, self.cpu);
        [
            question.name.to_owned(),
            question.token.to_owned(),
            format!("{} / {}", question.of.title(), question.to.title()),
            format!("{:.2} ({:.2}–{:.2})", cpu.median, cpu.min, cpu.max),
            question.at_most.map_or_else(String::new, |at_most| {
                let met = if self.meets(at_most) { "met" } else { "not met" };
                format!("at most {at_most:.2}: {met}")
            }),
        ]
    }

    pub(crate) fn json(&self) -> Value {
        let question = self.question;
        json!({
            "name": question.name,
            "token": question.token,
            "of": question.of.id(),
            "to": question.to.id(),
            "cpu": self.cpu.json(),
            "at_most": question.at_most,
            "met": question.at_most.map(|at_most| self.meets(at_most)),
        })
    }

    fn meets(&self, at_most: f64) -> bool {
        self.cpu.median <= at_most
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Sample;

    fn row(variant: Variant, token: &'static str, cpu: [f64; 3]) -> Row {
        let sample = |cpu_micros| Sample { requests: 1, cpu_micros, per_second: 1.0 };
        Row { variant, token, samples: cpu.map(sample).to_vec() }
    }

    #[test]
    fn the_median_of_the_rounds_is_held_to_the_target() {
        for (ours, met) in [([150.0, 198.0, 270.0], true), ([150.0, 202.0, 270.0], false)] {
            let native = row(Variant::Native, "ES256", [100.0, 200.0, 300.0]);
            let rows = [native, row(Variant::OursCold, "ES256", ours)];
            let ratios = of(&rows);
            assert_eq!(ratios.len(), 1);
            assert_eq!(ratios[0].json()["met"], met);
        }
    }

    #[test]
    fn rows_of_different_tokens_are_not_compared() {
        let rows =
            [row(Variant::Native, "ES256", [1.0; 3]), row(Variant::OursCold, "RS256", [1.0; 3])];
        assert!(of(&rows).is_empty());
    }
}
