//! The sections `paths` and `limits`: what a request may look like at all.

use tenantguard::limits::Limits;
use tenantguard::path::{PATH_LIMIT, PathRules};

use super::fields::{At, Fields};
use super::sizes::{self, KIBIBYTE};
use super::words::{self, Words};
use super::{shapes, values};
use crate::finding::Code;
use crate::report::Report;

const SHORTEST_PATH: u64 = 64;
const MOST_HEADERS: u32 = 1_000;
/// The most bytes of headers that Envoy can be told to accept.
const MOST_HEADER_BYTES: u64 = 8_192 * KIBIBYTE;

pub(super) fn paths(at: &At<'_>, report: &mut Report) -> Option<PathRules> {
    let fields = Fields::of(at, &shapes::PATHS, report)?;
    Some(PathRules {
        dot_segments: rule(&fields, "dot_segments", words::DOT_SEGMENTS, report),
        repeated_slashes: rule(&fields, "repeated_slashes", words::REPEATED_SLASHES, report),
        encoding: rule(&fields, "encoding", words::ENCODINGS, report),
        semicolon: rule(&fields, "semicolon", words::SEMICOLONS, report),
        encoded_slash: rule(&fields, "encoded_slash", words::ENCODED_SLASHES, report),
    })
}

fn rule<T: Copy + Default>(
    fields: &Fields<'_>,
    name: &str,
    words: Words<T>,
    report: &mut Report,
) -> T {
    let at = fields.optional(name);
    at.and_then(|at| values::word(&at, words, Code::UnknownValue, report)).unwrap_or_default()
}

pub(super) fn limits(at: &At<'_>, report: &mut Report) -> Option<Limits> {
    let fields = Fields::of(at, &shapes::LIMITS, report)?;
    let usual = Limits::default();
    let bytes = |name, range, default, report: &mut Report| {
        let size = fields.optional(name).and_then(|at| sizes::bytes(&at, range, report));
        size.and_then(|size| u32::try_from(size).ok()).unwrap_or(default)
    };
    let longest_path = u64::try_from(PATH_LIMIT).unwrap_or(u64::MAX);
    Some(Limits {
        path: bytes("path", SHORTEST_PATH..=longest_path, usual.path, report),
        headers: fields
            .optional("headers")
            .and_then(|at| sizes::count(&at, 1..=MOST_HEADERS, report))
            .unwrap_or(usual.headers),
        header_bytes: bytes(
            "header_bytes",
            KIBIBYTE..=MOST_HEADER_BYTES,
            usual.header_bytes,
            report,
        ),
        body: fields.optional("body").and_then(|at| sizes::body(&at, report)),
    })
}
