//! No text panics, none takes long, and what is accepted in one form means the same in the other.

use crate::common::{GOOD, files};
use proptest::prelude::*;
use tenantguard_policy::{Format, NoFiles, check, compile};

/// Pieces that a policy is made of, good ones and bad ones.
fn piece() -> impl Strategy<Value = String> {
    let words: Vec<String> = [
        "version: 1\n",
        "issuers:",
        "tenants:",
        "roles: ",
        "routes:\n",
        "- ",
        "  ",
        "\n",
        ": ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "&a ",
        "*a",
        "<<: ",
        "!!str ",
        "'",
        "\"",
        "|\n",
        "> ",
        "---\n",
        "...\n",
        "? ",
        "#",
        "any",
        "reports:*",
        "path: /{x}\n",
        "\t",
        "\u{feff}",
        "é",
        "\u{0}",
        "1e999",
        "null",
        "~",
        "%YAML 1.2\n",
    ]
    .map(str::to_owned)
    .into();
    prop_oneof![4 => prop::sample::select(words), 1 => any::<char>().prop_map(String::from)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        let _ = compile(&text, Format::Yaml, &NoFiles);
        let _ = compile(&text, Format::Json, &NoFiles);
    }

    #[test]
    fn no_sequence_of_yaml_pieces_panics(pieces in prop::collection::vec(piece(), 0..60)) {
        let _ = compile(&pieces.concat(), Format::Yaml, &NoFiles);
    }

    #[test]
    fn a_damaged_policy_is_refused_or_means_something(
        at in 0..GOOD.len(), length in 0..40usize, put in prop::collection::vec(piece(), 0..4),
    ) {
        let end = (at + length).min(GOOD.len());
        let damaged = format!("{}{}{}", &GOOD[..at], put.concat(), &GOOD[end..]);
        if let Ok(checked) = check(&damaged, Format::Yaml, &files()) {
            let json = checked.canonical_json().to_owned();
            let again = check(&json, Format::Json, &NoFiles).expect("the canonical form is good");
            prop_assert_eq!(again.canonical_json(), json);
        }
    }

    #[test]
    fn every_span_is_a_range_of_the_text(
        at in 0..GOOD.len(), put in prop::collection::vec(piece(), 1..4),
    ) {
        let damaged = format!("é{}{}{}", &GOOD[..at], put.concat(), &GOOD[at..]);
        for format in [Format::Yaml, Format::Json] {
            for finding in check(&damaged, format, &files()).err().iter().flatten() {
                if let Some(span) = finding.place.span {
                    prop_assert!(damaged.get(span.start..span.end).is_some(), "{:?}", finding);
                }
            }
        }
    }
}
