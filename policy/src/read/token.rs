//! `token`: where a request carries its token, if not in `Authorization`; and `token_cache`: how
//! much memory each worker may spend on tokens that it knows.

use tenantguard::credential::TokenSource;

use super::fields::{At, Fields};
use super::sizes::MEBIBYTE;
use super::{shapes, values};
use crate::finding::{Code, Finding};
use crate::place::Quoted;
use crate::report::Report;

/// Headers that mean something else to the proxy or the upstream.
const TAKEN: [&str; 4] = ["authorization", "cookie", "host", "content-type"];

pub(super) const DEFAULT_CACHE: u64 = 16 * MEBIBYTE;
const LARGEST_CACHE: u64 = 512;

/// `off`, or a number of mebibytes: `16MiB`.
pub(super) fn cache(at: &At<'_>, report: &mut Report) -> Option<u64> {
    let text = values::text(at, "a size such as 16MiB", report)?;
    let mebibytes = text.strip_suffix("MiB").and_then(|number| number.parse().ok());
    match mebibytes {
        _ if text == "off" => Some(0),
        Some(mebibytes @ 1..=LARGEST_CACHE) => Some(mebibytes * MEBIBYTE),
        _ => {
            let message = format!("{} is no size of a cache", Quoted(text));
            let finding = Finding::new(Code::InvalidText, at.place(), message);
            let help = format!("write a size from 1MiB to {LARGEST_CACHE}MiB, or off");
            report.push(finding.help(help));
            None
        }
    }
}

pub(super) fn source(at: &At<'_>, report: &mut Report) -> Option<TokenSource> {
    let fields = Fields::of(at, &shapes::TOKEN, report)?;
    let (header, cookie) = (fields.optional("header"), fields.optional("cookie"));
    let (at, make): (_, fn(Box<str>) -> TokenSource) = match (header, cookie) {
        (Some(at), None) => (at, TokenSource::Header),
        (None, Some(at)) => (at, TokenSource::Cookie),
        _ => {
            let message = "the token comes from one place";
            let finding = Finding::new(Code::Conflict, at.place(), message);
            let help = "write `header: NAME` or `cookie: NAME`, or leave `token` out for `Authorization: Bearer`";
            report.push(finding.help(help));
            return None;
        }
    };
    let name = values::identifier(&at, report)?;
    let is_header = fields.has("header");
    let allowed = |b: u8| match is_header {
        true => b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-',
        false => b.is_ascii_alphanumeric() || b"-_.".contains(&b),
    };
    if name.value.bytes().all(allowed) && !TAKEN.contains(&name.value.as_str()) {
        return Some(make(name.value.into()));
    }
    let finding = Finding::new(Code::InvalidText, at.place(), "a token cannot come from there");
    report.push(finding.help("a header is named in lower case, such as x-jwt; a cookie with letters, digits, `-`, `_`, `.`"));
    None
}
