//! What the policy says about paths that are read in more than one way: undo it, keep it, or refuse.

use serde::{Deserialize, Serialize};

/// What to do with each thing that a path may have and that is read in more than one way. What no
/// choice could make safe is not here: a backslash, a control character, a double encoding and a
/// `..` in disguise are always refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct PathRules {
    /// `.` and `..` as segments.
    pub dot_segments: DotSegments,
    /// `//`.
    pub repeated_slashes: RepeatedSlashes,
    /// Percent-encoding that is not needed, such as `%61` for `a`.
    pub encoding: Encoding,
    /// `;`, also when it is encoded.
    pub semicolon: Semicolon,
    /// `%2F`.
    pub encoded_slash: EncodedSlash,
}

/// What is done with `.` and `..`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum DotSegments {
    /// They are resolved (RFC 3986, section 5.2.4).
    #[default]
    Resolve,
    /// The path is refused.
    Refuse,
}

/// What is done with `//`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum RepeatedSlashes {
    /// They become one.
    #[default]
    Merge,
    /// The path is refused.
    Refuse,
}

/// What is done with needless percent-encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Encoding {
    /// It is undone (RFC 3986, section 6.2.2.2).
    #[default]
    Decode,
    /// The path is refused.
    Refuse,
}

/// What is done with `;`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Semicolon {
    /// The path is refused.
    #[default]
    Refuse,
    /// It is a character like any other. Only for upstreams that do not cut segments there.
    Keep,
}

/// What is done with `%2F`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum EncodedSlash {
    /// The path is refused.
    #[default]
    Refuse,
    /// It stays as it is, within its segment. Only for upstreams that do not decode it into `/`.
    Keep,
}

#[cfg(test)]
mod tests {
    use super::super::{NormalPath, PathError};
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    type Outcome = Result<&'static str, PathError>;

    fn run(rules: PathRules, cases: &[(&str, Outcome)]) {
        for (raw, expected) in cases {
            let path = NormalPath::parse_with(raw.as_bytes(), &rules);
            let path = path.as_ref().map(NormalPath::as_str).map_err(|error| *error);
            assert_eq!(path, *expected, "{raw} under {rules:?}");
        }
    }

    #[test]
    fn each_rule_refuses_what_it_would_otherwise_undo() {
        let usual = PathRules::default();
        run(
            PathRules { dot_segments: DotSegments::Refuse, ..usual },
            &[
                ("/a/../b", Err(PathError::DotSegment)),
                ("/a/.", Err(PathError::DotSegment)),
                ("/a/%2e%2e/b", Err(PathError::DotSegment)),
                ("/a/...", Ok("/a/...")),
                ("/a//b", Ok("/a/b")),
            ],
        );
        run(
            PathRules { repeated_slashes: RepeatedSlashes::Refuse, ..usual },
            &[
                ("//a", Err(PathError::EmptySegment)),
                ("/a//", Err(PathError::EmptySegment)),
                ("/a/../b//c", Err(PathError::EmptySegment)),
                ("/a/", Ok("/a/")),
                ("/", Ok("/")),
                ("/a/./b", Ok("/a/b")),
            ],
        );
        run(
            PathRules { encoding: Encoding::Refuse, ..usual },
            &[
                ("/%61", Err(PathError::Needless(b'a'))),
                ("/%2e%2e/a", Err(PathError::Needless(b'.'))),
                ("/%e2%82%ac%20", Ok("/%E2%82%AC%20")),
            ],
        );
    }

    #[test]
    fn what_is_kept_stays_as_it_is() {
        let usual = PathRules::default();
        run(
            PathRules { semicolon: Semicolon::Keep, ..usual },
            &[
                ("/a;x=y", Ok("/a;x=y")),
                ("/a%3bb", Ok("/a%3Bb")),
                ("/a%2fb", Err(PathError::EncodedByte(b'/'))),
            ],
        );
        run(
            PathRules { encoded_slash: EncodedSlash::Keep, ..usual },
            &[
                ("/a%2fb", Ok("/a%2Fb")),
                ("/https%3A%2F%2Fx", Ok("/https%3A%2F%2Fx")),
                ("/a;b", Err(PathError::PathParameter)),
                ("/a%3bb", Err(PathError::EncodedByte(b';'))),
            ],
        );
    }

    #[test]
    fn what_no_rule_could_make_safe_is_always_refused() {
        let kept = PathRules {
            semicolon: Semicolon::Keep,
            encoded_slash: EncodedSlash::Keep,
            ..PathRules::default()
        };
        run(
            kept,
            &[
                ("/a%252fb", Err(PathError::EncodedByte(b'%'))),
                ("/a%253b", Err(PathError::EncodedByte(b'%'))),
                ("/a%5cb", Err(PathError::EncodedByte(b'\\'))),
                ("/a\\b", Err(PathError::Byte(b'\\'))),
                ("/a%0d", Err(PathError::EncodedByte(b'\r'))),
                ("/a%", Err(PathError::PercentEncoding)),
                ("/..;/b", Err(PathError::DotSegment)),
                ("/..;x=y/b", Err(PathError::DotSegment)),
                ("/%2e%2e;/b", Err(PathError::DotSegment)),
                ("/..%3b/b", Err(PathError::DotSegment)),
                ("/.;/b", Err(PathError::DotSegment)),
                ("/;/b", Err(PathError::EmptySegment)),
                ("/a/;x", Err(PathError::EmptySegment)),
                ("/a%2F..%2Fb", Err(PathError::DotSegment)),
                ("/a%2F%2e%2E;x", Err(PathError::DotSegment)),
                ("/..%2fb", Err(PathError::DotSegment)),
                ("/a/../../b", Err(PathError::AboveRoot)),
            ],
        );
    }

    #[test]
    fn with_every_rule_at_refuse_no_path_is_rewritten_but_for_the_case_of_its_encoding() {
        let strict = PathRules {
            dot_segments: DotSegments::Refuse,
            repeated_slashes: RepeatedSlashes::Refuse,
            encoding: Encoding::Refuse,
            ..PathRules::default()
        };
        for raw in ["/a/b", "/a%20b/?x=%2f", "/a/%E2%82%AC"] {
            let path = NormalPath::parse_with(raw.as_bytes(), &strict).unwrap();
            assert_eq!(path.rewritten(), None, "{raw}");
        }
        for raw in ["/a/./b", "/a//b", "/%41"] {
            assert!(NormalPath::parse_with(raw.as_bytes(), &strict).is_err(), "{raw}");
        }
    }
}
