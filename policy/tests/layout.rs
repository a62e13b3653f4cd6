//! Laying a policy out never changes what it means, nor loses a comment; and once laid out, it stays.

use proptest::prelude::*;
use tenantguard_policy::layout::layout;
use tenantguard_policy::{Format, check};

use crate::common::{GOOD, files};

/// Pieces of layout that authors leave between values, some of them wrong.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "\n",
        "\n\n",
        "  ",
        " # why\n",
        "# what\n",
        "    # deep\n",
        "\t",
        ", ",
        "{",
        "}",
        "[",
        "]",
        "- ",
        "'",
        "\"",
        "|\n",
        ">\n",
        "? ",
        ": ",
        "a: 1\n",
        "---\n",
        "é",
        "\r\n",
        "#",
        "\u{feff}",
    ])
}

/// The policy's meaning, if it has one.
fn digest(text: &str, format: Format) -> Option<String> {
    check(text, format, &files()).ok().map(|checked| checked.digest().to_string())
}

fn comments(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> =
        text.lines().filter_map(|line| Some(line.split_once("# ")?.1.trim())).collect();
    found.sort_unstable();
    found
}

#[test]
fn the_policies_of_the_tests_keep_their_meaning_and_their_comments() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    for name in ["tests/corpus/policy.yaml", "xtask/src/demo/policy.yaml"] {
        let text = std::fs::read_to_string(format!("{root}/{name}")).unwrap();
        let laid_out = layout(&text, Format::Yaml).unwrap();
        assert_eq!(layout(&laid_out, Format::Yaml).unwrap(), laid_out);
        assert_eq!(comments(&laid_out), comments(&text), "{name}");
    }
    let laid_out = layout(GOOD, Format::Yaml).unwrap();
    assert_eq!(digest(&laid_out, Format::Yaml), digest(GOOD, Format::Yaml));
    let json = check(GOOD, Format::Yaml, &files()).unwrap().canonical_json().to_owned();
    let laid_out = layout(&json, Format::Json).unwrap();
    assert_eq!(digest(&laid_out, Format::Json), digest(&json, Format::Json));
    assert!(laid_out.lines().count() > 30, "{laid_out}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_laid_out_means_the_same_and_stays(
        edits in prop::collection::vec((0..GOOD.len(), piece()), 0..6),
    ) {
        let mut text = GOOD.to_owned();
        for (at, piece) in edits {
            let at = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.insert_str(at, piece);
        }
        if let Ok(laid_out) = layout(&text, Format::Yaml) {
            prop_assert_eq!(digest(&laid_out, Format::Yaml), digest(&text, Format::Yaml));
            prop_assert_eq!(layout(&laid_out, Format::Yaml), Ok(laid_out));
        }
    }

    #[test]
    fn comments_and_blank_lines_between_lines_are_no_trouble(
        edits in prop::collection::vec((0..32usize, 0..8usize, any::<bool>()), 0..8),
    ) {
        let mut lines: Vec<String> = GOOD.lines().map(str::to_owned).collect();
        for (at, column, is_blank) in edits {
            let line = if is_blank { String::new() } else { format!("{:column$}# {at} {column}", "") };
            lines.insert(at.min(lines.len()), line);
        }
        let text = lines.join("\n");
        let laid_out = layout(&text, Format::Yaml);
        prop_assert!(laid_out.is_ok(), "{:?}\n{}", laid_out, text);
        let laid_out = laid_out.unwrap();
        prop_assert_eq!(digest(&laid_out, Format::Yaml), digest(&text, Format::Yaml));
        prop_assert_eq!(comments(&laid_out), comments(&text));
    }
}
