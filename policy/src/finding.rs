//! What is wrong with a policy: all of it at once, each with a stable code and its place.

use std::fmt;

use tenantguard::artifact::AssembleError;

use crate::place::{Path, Place, Span};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// What kind of mistake a finding is. The codes are stable: scripts may rely on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as it is printed.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

codes! {
    /// The text is not JSON or not YAML.
    Syntax = "syntax",
    /// The text is longer than a policy may be.
    TooLarge = "too-large",
    /// The text nests deeper than a policy may.
    TooDeep = "too-deep",
    /// A key that its map already has.
    DuplicateKey = "duplicate-key",
    /// A YAML anchor.
    YamlAnchor = "yaml-anchor",
    /// A YAML alias.
    YamlAlias = "yaml-alias",
    /// A YAML merge key, `<<`.
    YamlMergeKey = "yaml-merge-key",
    /// A YAML tag, such as `!!str`.
    YamlTag = "yaml-tag",
    /// A YAML key that is not a text.
    YamlKey = "yaml-key",
    /// More than one YAML document.
    YamlDocuments = "yaml-documents",

    /// A version of the language that this build does not know.
    UnsupportedVersion = "unsupported-version",
    /// A field of the language that this version does not implement yet.
    NotSupported = "not-supported",
    /// A field that the language does not have.
    UnknownField = "unknown-field",
    /// A field that must be there.
    MissingField = "missing-field",
    /// A value of another type than its field has.
    WrongType = "wrong-type",
    /// Fields or forms that exclude each other.
    Conflict = "conflict",
    /// A list that must not be empty.
    EmptyList = "empty-list",
    /// The same item twice in one list.
    DuplicateItem = "duplicate-item",
    /// A text that is none of those that its field knows.
    UnknownValue = "unknown-value",
    /// A text that does not fit: too long, or with characters that it may not have.
    InvalidText = "invalid-text",
    /// A name that may not be one.
    InvalidName = "invalid-name",
    /// A permission that is not `resource:action`.
    InvalidPermission = "invalid-permission",
    /// A duration that is not one, or out of its bounds.
    InvalidDuration = "invalid-duration",
    /// A path template that is not one.
    InvalidPath = "invalid-path",
    /// A method that is not one.
    InvalidMethod = "invalid-method",
    /// A header prefix that cannot be one.
    InvalidHeaderPrefix = "invalid-header-prefix",
    /// A text that does not say where a claim stands.
    InvalidClaim = "invalid-claim",
    /// A text that is not the domain of an e-mail address.
    InvalidDomain = "invalid-domain",
    /// A text that is not the SHA-256 digest of a certificate.
    InvalidDigest = "invalid-digest",
    /// A signature algorithm that is not accepted.
    UnknownAlgorithm = "unknown-algorithm",

    /// A tenant that the policy does not list.
    UnknownTenant = "unknown-tenant",
    /// A role that the policy does not define.
    UnknownRole = "unknown-role",
    /// A permission that no role and no route names.
    UnknownPermission = "unknown-permission",
    /// A wildcard that stands for no permission.
    WildcardMatchesNothing = "wildcard-matches-nothing",
    /// A path parameter that the route's template does not have.
    UnknownParameter = "unknown-parameter",
    /// Roles that extend each other in a circle.
    RoleCycle = "role-cycle",
    /// Two routes over the same paths.
    DuplicateRoute = "duplicate-route",
    /// Two issuers with the same `iss`.
    DuplicateIssuer = "duplicate-issuer",
    /// Two issuers in one namespace that did not both ask for it.
    SharedNamespace = "shared-namespace",
    /// Two overrides for the same role in the same tenant.
    DuplicateOverride = "duplicate-override",
    /// A scope alias with the name of a permission.
    AmbiguousScope = "ambiguous-scope",
    /// A dedicated tenant whose cell serves others too.
    SharedCell = "shared-cell",
    /// A tenant or role that an issuer is mapped to and may not assert.
    NotAsserted = "not-asserted",
    /// A claim that is dropped, and that the gate needs.
    DroppedClaim = "dropped-claim",
    /// A setting that another one leaves without effect.
    NoEffect = "no-effect",
    /// More of something than a policy may have.
    TooMany = "too-many",
    /// Two keys of one issuer that a token could not tell apart.
    DuplicateKid = "duplicate-kid",
    /// No audience, neither for the issuer nor for all.
    NoAudience = "no-audience",
    /// A file with keys that cannot be read.
    KeysUnreadable = "keys-unreadable",
    /// A key that cannot be used.
    KeyUnusable = "key-unusable",
    /// A private or secret key where only public ones belong.
    PrivateKey = "private-key",
    /// No key that the issuer could sign with.
    NoUsableKey = "no-usable-key",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of mistake it is.
    pub code: Code,
    /// Where it stands.
    pub place: Place,
    /// What is wrong there.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where the other one stands, when two things collide.
    pub other: Option<Place>,
}

impl Finding {
    /// A finding without help.
    #[must_use]
    pub fn new(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self { code, place, message: message.into(), help: None, other: None }
    }

    /// Says what to do.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// Says what to do, if there is a suggestion.
    #[must_use]
    pub fn maybe_help(self, help: Option<String>) -> Self {
        Self { help: help.or(self.help), ..self }
    }

    /// Names the place that this one collides with.
    #[must_use]
    pub fn other(self, other: Place) -> Self {
        Self { other: Some(other), ..self }
    }

    /// The path as text, such as `issuers.platform.keys`; empty for the whole policy.
    #[must_use]
    pub fn path(&self) -> String {
        self.place.path.to_string()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.path == Path::root() {
            true => write!(f, "policy: ")?,
            false => write!(f, "{}: ", self.place.path)?,
        }
        write!(f, "{} [{}]", self.message, self.code)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong with one policy, in the order of its text. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Brings the findings, which are not none, into the order of the text.
    pub(crate) fn new(mut findings: Vec<Finding>) -> Self {
        // Stable: findings without a span keep their order, after those that have one.
        findings.sort_by_key(|f| f.place.span.map_or(usize::MAX, |Span { start, .. }| start));
        Self(findings)
    }

    /// The findings, in the order of the text.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.0.iter()
    }
}

impl From<AssembleError> for Findings {
    fn from(error: AssembleError) -> Self {
        let place = Place { path: Path::root(), span: None };
        Self(vec![Finding::new(Code::Conflict, place, error.to_string())])
    }
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Finding;
    type IntoIter = std::slice::Iter<'a, Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Findings {
    /// One line for each finding.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (finding, nth) in self.0.iter().zip(0..) {
            if nth > 0 {
                f.write_str("\n")?;
            }
            finding.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Findings {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_kebab_case_and_distinct() {
        let codes: std::collections::BTreeSet<_> = Code::ALL.iter().map(|c| c.code()).collect();
        assert_eq!(codes.len(), Code::ALL.len());
        for code in codes {
            assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code}");
        }
    }
}
