//! The codes of findings, in four stages of reading a policy. The stage gives the severity: only
//! warnings compile. Scripts and `--allow` rely on the codes, so none ever changes its meaning.
//!
//! Each code has its explanation beside this file, in `explanations/CODE.md`.

use std::fmt;

/// Whether a policy with the finding compiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It does not.
    Error,
    /// It does, and probably does not mean what its author meant.
    Warning,
}

impl Severity {
    /// As it is printed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far the policy was understood when the finding was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The text is not what its format asks for.
    Text,
    /// A field or value is not what the language asks for.
    Shape,
    /// The parts of the policy do not fit each other.
    Meaning,
    /// Everything fits, and something in it is idle or wider than it looks.
    Lint,
}

macro_rules! codes {
    ($($stage:ident { $($(#[$doc:meta])* $name:ident = $code:literal,)* })*) => {
        /// What kind of mistake a finding is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code { $($($(#[$doc])* $name,)*)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)*)*];

            /// The code as it is printed.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $($(Self::$name => $code,)*)* }
            }

            /// The stage that it belongs to.
            #[must_use]
            pub fn stage(self) -> Stage {
                match self { $($(Self::$name => Stage::$stage,)*)* }
            }

            /// What it means, with an example and the remedy, in Markdown.
            #[must_use]
            pub fn explanation(self) -> &'static str {
                match self { $($(Self::$name => include_str!(concat!("explanations/", $code, ".md")),)*)* }
            }
        }
    };
}

codes! {
    Text {
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
    }
    Shape {
        /// A version of the language that this build does not know.
        UnsupportedVersion = "unsupported-version",
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
        /// A text that is not a host, or not one with a single label left open.
        InvalidHost = "invalid-host",
        /// A size or number that is not one, or out of its bounds.
        InvalidSize = "invalid-size",
        /// A text that is not a time (RFC 3339).
        InvalidTime = "invalid-time",
        /// A signature algorithm that is not accepted.
        UnknownAlgorithm = "unknown-algorithm",
        /// A wildcard where one tenant, principal or resource must be named.
        WildcardCrossesTenants = "wildcard-crosses-tenants",
    }
    Meaning {
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
        /// A tenant's role with the name of a role of the platform.
        DuplicateRole = "duplicate-role",
        /// A tenant's role with more than the platform lets tenants give.
        AboveCeiling = "above-ceiling",
        /// A principal of a namespace that no issuer has.
        UnknownNamespace = "unknown-namespace",
        /// A delegation from a tenant to itself.
        SelfDelegation = "self-delegation",
        /// A delegation that ends before it begins.
        NeverLive = "never-live",
    }
    Lint {
        /// A route whose paths all belong to other routes.
        UnreachableRoute = "unreachable-route",
        /// A route that nobody in any tenant may use.
        UnusableRoute = "unusable-route",
        /// A permission that nobody in any tenant has.
        UnheldPermission = "unheld-permission",
        /// A role that no issuer may give and no role extends.
        UnusedRole = "unused-role",
        /// A tenant that no issuer may speak for.
        UnreachableTenant = "unreachable-tenant",
        /// An override that changes nothing.
        OverrideWithoutEffect = "override-without-effect",
        /// An override that denies what the role itself never has.
        DenyBeyondRole = "deny-beyond-role",
        /// One of several issuers that may speak for any tenant.
        BroadIssuer = "broad-issuer",
        /// Issuers with different keys whose principals are the same.
        SharedPrincipals = "shared-principals",
        /// A key that signs for issuers that may say different things.
        SharedKey = "shared-key",
        /// An issuer that is trusted with more than its claims can say.
        AssertsTooMuch = "asserts-too-much",
        /// A delegation for longer than a year.
        LongDelegation = "long-delegation",
        /// A delegation of what nobody in the delegator's tenant has.
        ExceedsDelegator = "exceeds-delegator",
        /// A delegation, or a part of one, that nobody can use.
        IdleDelegation = "idle-delegation",
    }
}

impl Code {
    /// The code that is printed like this.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.code() == text)
    }

    /// Whether a policy with such a finding compiles.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self.stage() {
            Stage::Text | Stage::Shape | Stage::Meaning => Severity::Error,
            Stage::Lint => Severity::Warning,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

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
