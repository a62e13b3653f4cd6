//! Which hosts a route is for: one name, or names that differ in one label, `{tenant}.example.com`.
//!
//! Names compare without regard to case (RFC 4343), and the port of a request is not looked at
//! (RFC 9110, section 7.2). No `*`, no parts of labels: what a pattern covers is seen at a glance.

use std::fmt;

/// The longest host name, in bytes (RFC 1035, section 2.3.4).
const HOST_LIMIT: usize = 253;
/// The longest label, in bytes.
const LABEL_LIMIT: usize = 63;

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostPatternError {
    /// Longer than a host name can be.
    #[error("is longer than {HOST_LIMIT} bytes")]
    TooLong,
    /// With a port, which is not looked at.
    #[error("has a port; hosts are compared without it")]
    Port,
    /// With a letter in upper case.
    #[error("is not in lower case")]
    UpperCase,
    /// A label that is empty, too long, or no label.
    #[error(
        "has the label {label:?}; a label is letters, digits and `-`, or a whole parameter such as {{tenant}}"
    )]
    Label {
        /// The label.
        label: String,
    },
    /// More than one parameter.
    #[error("has more than one parameter")]
    Parameters,
    /// A parameter and nothing else.
    #[error("is nothing but a parameter, which every host of one label would match")]
    NothingFixed,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Parameter {
    name: Box<str>,
    /// The fixed text on either side, dots with it.
    before: Box<str>,
    after: Box<str>,
}

/// A host, or hosts with one label left open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPattern {
    text: Box<str>,
    parameter: Option<Parameter>,
}

impl HostPattern {
    /// Reads `api.example.com` or `{tenant}.example.com`.
    ///
    /// # Errors
    /// [`HostPatternError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, HostPatternError> {
        if text.len() > HOST_LIMIT {
            return Err(HostPatternError::TooLong);
        }
        if without_port(text) != Some(text) {
            return Err(HostPatternError::Port);
        }
        let mut parameter: Option<Parameter> = None;
        let mut before = 0;
        for label in text.split('.') {
            match parameter_name(label) {
                Some(_) if parameter.is_some() => return Err(HostPatternError::Parameters),
                Some(name) => parameter = Some(Parameter::at(text, before, label, name)),
                None => check_label(label)?,
            }
            before += label.len() + 1;
        }
        match &parameter {
            Some(only) if only.before.is_empty() && only.after.is_empty() => {
                Err(HostPatternError::NothingFixed)
            }
            _ => Ok(Self { text: text.into(), parameter }),
        }
    }

    /// Whether the pattern covers `host`, a request's `:authority` with or without a port, and if
    /// so, what stands where the parameter is, as the client wrote it.
    #[must_use]
    pub fn matches<'h>(&self, host: &'h str) -> Option<Option<&'h str>> {
        self.frame().matches(host)
    }

    /// The fixed text of the pattern.
    #[must_use]
    pub fn frame(&self) -> HostFrame<'_> {
        match &self.parameter {
            None => HostFrame::Whole(&self.text),
            Some(Parameter { before, after, .. }) => HostFrame::Around { before, after },
        }
    }

    /// The name of the parameter, if there is one.
    #[must_use]
    pub fn parameter(&self) -> Option<&str> {
        self.parameter.as_ref().map(|parameter| &*parameter.name)
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The fixed text of a pattern, in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostFrame<'p> {
    /// All of it.
    Whole(&'p str),
    /// What stands before and after the one open label.
    Around {
        /// Before it, with the dot.
        before: &'p str,
        /// After it, with the dot.
        after: &'p str,
    },
}

impl HostFrame<'_> {
    /// As [`HostPattern::matches`].
    #[must_use]
    pub fn matches<'h>(&self, host: &'h str) -> Option<Option<&'h str>> {
        let host = without_port(host)?;
        let (before, after) = match self {
            Self::Whole(text) => return host.eq_ignore_ascii_case(text).then_some(None),
            Self::Around { before, after } => (before, after),
        };
        let end = host.len().checked_sub(after.len())?;
        let is_framed = host.get(..before.len())?.eq_ignore_ascii_case(before)
            && host.get(end..)?.eq_ignore_ascii_case(after);
        let label = host.get(before.len()..end).filter(|label| is_framed && is_label(label))?;
        Some(Some(label))
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Parameter {
    fn at(text: &str, before: usize, label: &str, name: &str) -> Self {
        let part = |part: Option<&str>| part.unwrap_or_default().into();
        Self {
            name: name.into(),
            before: part(text.get(..before)),
            after: part(text.get(before + label.len()..)),
        }
    }
}

/// The host without its port; `None` if what follows a colon is no port.
fn without_port(host: &str) -> Option<&str> {
    match host.split_once(':') {
        None => Some(host),
        Some((host, port)) => port.bytes().all(|b| b.is_ascii_digit()).then_some(host),
    }
}

fn parameter_name(label: &str) -> Option<&str> {
    let name = label.strip_prefix('{')?.strip_suffix('}')?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_name.then_some(name)
}

fn check_label(label: &str) -> Result<(), HostPatternError> {
    match is_label(label) {
        true if label.bytes().any(|b| b.is_ascii_uppercase()) => Err(HostPatternError::UpperCase),
        true => Ok(()),
        false => Err(HostPatternError::Label { label: label.to_owned() }),
    }
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_LIMIT).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_pattern_covers_one_name_or_names_that_differ_in_one_label() {
        for (pattern, host, label) in [
            ("api.example.com", "api.example.com", Some(None)),
            ("api.example.com", "API.Example.com:8443", Some(None)),
            ("api.example.com", "api.example.com:", Some(None)),
            ("api.example.com", "api.example.com.", None),
            ("api.example.com", "api.example.com:80:80", None),
            ("api.example.com", "xapi.example.com", None),
            ("api.example.com", "", None),
            ("{t}.example.com", "acme.example.com", Some(Some("acme"))),
            ("{t}.example.com", "acme.EXAMPLE.com:1", Some(Some("acme"))),
            ("{t}.example.com", "example.com", None),
            ("{t}.example.com", ".example.com", None),
            ("{t}.example.com", "a.b.example.com", None),
            ("{t}.example.com", "a@b.example.com", None),
            ("{t}.example.com", "aéb.example.com", None),
            ("api.{t}.example.com", "api.acme.example.com", Some(Some("acme"))),
            ("api.{t}.example.com", "api.example.com", None),
            ("api.{t}", "api.acme", Some(Some("acme"))),
            ("aa.{t}.aa", "aa.aa", None),
            ("aa.{t}.aa", "aa", None),
            ("127.0.0.1", "127.0.0.1:10000", Some(None)),
        ] {
            let pattern = HostPattern::parse(pattern).unwrap();
            assert_eq!(pattern.matches(host), label, "{pattern} {host}");
        }
    }

    #[test]
    fn what_covers_too_much_or_nothing_is_no_pattern() {
        use HostPatternError as E;
        let label = |label: &str| E::Label { label: label.to_owned() };
        for (text, error) in [
            ("", label("")),
            ("a..b", label("")),
            ("example.com.", label("")),
            ("*.example.com", label("*")),
            ("x{t}.example.com", label("x{t}")),
            ("{}.example.com", label("{}")),
            ("{a-b}.example.com", label("{a-b}")),
            ("é.example.com", label("é")),
            ("a b", label("a b")),
            ("Example.com", E::UpperCase),
            ("example.com:443", E::Port),
            ("a:b", E::Port),
            ("{a}.{b}.com", E::Parameters),
            ("{t}", E::NothingFixed),
        ] {
            assert_eq!(HostPattern::parse(text), Err(error), "{text:?}");
        }
        assert_eq!(HostPattern::parse(&"a.".repeat(127)), Err(E::TooLong));
        assert_eq!(HostPattern::parse(&"a".repeat(64)), Err(label(&"a".repeat(64))));
    }

    #[test]
    fn the_parameter_has_its_name() {
        let pattern = HostPattern::parse("{tenant}.example.com").unwrap();
        assert_eq!(pattern.parameter(), Some("tenant"));
        assert_eq!(pattern.to_string(), "{tenant}.example.com");
        assert_eq!(HostPattern::parse("example.com").unwrap().parameter(), None);
    }
}
