//! The values at the ends: texts with their patterns, words with the reader's own lists.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::read::words;

/// A text of a pattern, with examples.
macro_rules! texts {
    ($($(#[doc = $doc:literal])* $name:ident = $pattern:literal, $longest:literal, [$($example:literal),*];)*) => {$(
        $(#[doc = $doc])*
        #[derive(PartialEq, Eq, PartialOrd, Ord)]
        pub(super) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "description": concat!($($doc),*).trim(),
                    "type": "string",
                    "pattern": $pattern,
                    "maxLength": $longest,
                    "examples": [$($example),*],
                })
            }
        }
    )*};
}

texts! {
    /// A name: letters, digits, `.`, `_`, `-`.
    Name = r"^[A-Za-z0-9][A-Za-z0-9._-]*$", 128, ["acme"];
    /// A permission, `resource:action`.
    Permission = r"^[A-Za-z0-9._-]+:[A-Za-z0-9._-]+$", 128, ["reports:read"];
    /// A permission, or `resource:*` for all of a resource that roles and routes name.
    Pattern = r"^[A-Za-z0-9._-]+:([A-Za-z0-9._-]+|\*)$", 128, ["reports:read", "reports:*"];
    /// A scope as a token spells it.
    ScopeName = r##"^[!#-)+-\[\]-~]+$"##, 128, ["reports"];
    /// A text that is compared byte for byte, without white space.
    Identifier = r"^\S+$", 1024, ["https://id.example.com"];
    /// A whole number and a unit: `s`, `m`, `h` or `d`.
    Duration = r"^[0-9]+[smhd]$", 24, ["30s", "10m", "1h", "7d"];
    /// A whole number and a unit: `B`, `KiB`, `MiB` or `GiB`.
    Size = r"^[0-9]+(B|KiB|MiB|GiB)$", 24, ["8KiB", "1MiB"];
    /// A size in MiB, or `off`.
    CacheSize = r"^([0-9]+MiB|off)$", 24, ["16MiB", "off"];
    /// A path. `{name}` stands for one segment, `{name...}` at the end for all that follow.
    PathTemplate = r"^/", 8192, ["/api/v1/reports/{report}", "/files/{path...}"];
    /// A path, without parameters.
    PlainPath = r"^/", 1024, ["/.well-known/jwks.json"];
    /// A host in lower case, without a port; one label may be a parameter.
    Host = r"^[a-z0-9_{}A-Z.-]+$", 253, ["api.example.com", "{tenant}.example.com"];
    /// An HTTP method in upper case.
    Method = r"^[A-Z_-]+$", 32, ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
    /// Where a request says whose data it asks for: `path.NAME`, `host.NAME`, `header.NAME`, or
    /// `token` for the claim `delegated_tenant_id`.
    ResourceTenant = r"^(path\..+|host\..+|header\.[a-z0-9-]+|token)$", 256, ["path.tenant", "token"];
    /// A claim by its name, or by a JSON Pointer that begins with a slash.
    ClaimPath = r"^[\s\S]+$", 4096, ["groups", "/realm_access/roles"];
    /// The domain of an e-mail address, in ASCII.
    Domain = r"^[A-Za-z0-9.-]+$", 253, ["partnerco.example"];
    /// The SHA-256 digest of a certificate, in hex, with or without colons.
    CertificateDigest = r"^([0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31})$", 95, [];
    /// A principal as audit records spell it: `namespace/subject`.
    Principal = r"^[A-Za-z0-9][A-Za-z0-9._-]*/[!-~]+$", 1024, ["platform/alice"];
    /// A time with its offset (RFC 3339).
    Time = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)$", 29, ["2026-12-31T00:00:00Z"];
    /// One line for people to read.
    Line = r"^[^\x00-\x1f]+$", 256, [];
    /// A prefix of header names.
    HeaderPrefix = r"^x-([a-z0-9-]*-)?$", 32, ["x-"];
    /// The name of a file with a JWK set, from beside the policy.
    FileName = r"^[\s\S]*$", 4096, ["platform.jwks.json"];
}

/// One of the reader's words.
macro_rules! word_types {
    ($($name:ident = $words:expr;)*) => {$(
        pub(super) struct $name;

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let words: Vec<&str> = $words.iter().map(|(word, _)| *word).collect();
                json_schema!({ "type": "string", "enum": words })
            }
        }
    )*};
}

word_types! {
    Isolation = words::ISOLATIONS;
    Authority = words::AUTHORITIES;
    TokenType = words::TOKEN_TYPES;
    UnlistedRoles = words::UNLISTED_ROLES;
    Bill = words::BILLS;
    Mode = words::MODES;
    OnStaleWord = words::ON_STALE;
    Revocation = words::REVOCATIONS;
    Streams = words::STREAMS;
    DotSegments = words::DOT_SEGMENTS;
    RepeatedSlashes = words::REPEATED_SLASHES;
    Encoding = words::ENCODINGS;
    Semicolon = words::SEMICOLONS;
    EncodedSlash = words::ENCODED_SLASHES;
    Usage = words::USAGES;
    Algorithm = words::algorithms();
    Any = [("any", ())];
    Required = [("required", ())];
}

/// The version of the language.
pub(super) struct Version;

impl JsonSchema for Version {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "const": crate::read::VERSION })
    }
}
