//! The path that a decision is made on: normalized, or refused (RFC 3986, sections 3.3 and 6.2.2).
//!
//! What two parties may read differently is where boundaries leak: `/public/../admin`, `//admin`,
//! `/admin%2f`, `/admin;x=y`. So dot segments are resolved, repeated slashes merged, needless
//! percent-encoding undone, and what stays ambiguous is refused. When the normal form differs from
//! what was sent, the upstream gets the normal form, so that both decide on one path.

mod rules;
mod segments;

use std::borrow::Cow;

pub use self::rules::{DotSegments, EncodedSlash, Encoding, PathRules, RepeatedSlashes, Semicolon};
pub use self::segments::Segments;
use self::segments::Slashes;

/// The longest path with query that is accepted, in bytes.
pub const PATH_LIMIT: usize = 8 * 1024;
/// The most segments that a path may have.
pub const SEGMENT_LIMIT: usize = 64;

/// Why a path is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// No path at all (`CONNECT`, `OPTIONS *`), or one that does not begin with a slash.
    #[error("the path does not begin with a slash")]
    NotAbsolute,
    /// Longer than [`PATH_LIMIT`].
    #[error("the path is longer than {PATH_LIMIT} bytes")]
    TooLong,
    /// More segments than [`SEGMENT_LIMIT`].
    #[error("the path has more than {SEGMENT_LIMIT} segments")]
    TooDeep,
    /// A control character, a space, a byte outside ASCII, or one that RFC 3986 does not allow.
    #[error("the path has the byte 0x{0:02x}, which must be percent-encoded")]
    Byte(u8),
    /// A fragment, which never belongs into a request.
    #[error("the path has a fragment")]
    Fragment,
    /// `;`: some servers cut the segment there, some do not.
    #[error("the path has a `;` parameter, which servers read differently")]
    PathParameter,
    /// A percent sign that is not followed by two hexadecimal digits.
    #[error("the path has a broken percent-encoding")]
    PercentEncoding,
    /// An encoded slash, backslash, percent sign, `;`, or control character: decoded twice, or by
    /// one party only, it is another path.
    #[error("the path has the encoded byte 0x{0:02x}, which servers read differently")]
    EncodedByte(u8),
    /// More `..` than there are segments.
    #[error("the path climbs above its root")]
    AboveRoot,
    /// A `.` or `..` segment, where the policy refuses them, or one that only some servers see.
    #[error("the path has a `.` or `..` segment")]
    DotSegment,
    /// `//`, where the policy refuses it, or one that only some servers see.
    #[error("the path has an empty segment")]
    EmptySegment,
    /// Percent-encoding that is not needed, where the policy refuses it.
    #[error("the path has a needless percent-encoding, %{0:02X}")]
    Needless(u8),
}

/// A path in its normal form: begins with `/`, no empty, `.` or `..` segment, unreserved
/// characters plain, other percent-encodings in upper case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NormalPath<'a> {
    text: Cow<'a, str>,
    slashes: Slashes,
    query: Option<&'a [u8]>,
}

impl<'a> NormalPath<'a> {
    /// Normalizes the value of `:path` by the usual rules.
    ///
    /// # Errors
    /// [`PathError`] when the path has no single meaning.
    pub fn parse(raw: &'a [u8]) -> Result<Self, PathError> {
        Self::parse_with(raw, &PathRules::default())
    }

    /// Normalizes the value of `:path` by these rules.
    ///
    /// # Errors
    /// [`PathError`] when the path has no single meaning, or the rules refuse it.
    pub fn parse_with(raw: &'a [u8], rules: &PathRules) -> Result<Self, PathError> {
        if raw.len() > PATH_LIMIT {
            return Err(PathError::TooLong);
        }
        if raw.contains(&b'#') {
            return Err(PathError::Fragment);
        }
        let (path, query) = match raw.iter().position(|b| *b == b'?') {
            Some(at) => (raw.get(..at).unwrap_or_default(), raw.get(at + 1..)),
            None => (raw, None),
        };
        if let Some(byte) = query.unwrap_or_default().iter().find(|b| !(0x21..0x7f).contains(*b)) {
            return Err(PathError::Byte(*byte));
        }
        if path.first() != Some(&b'/') {
            return Err(PathError::NotAbsolute);
        }
        let text = normalize(path, rules)?;
        let slashes = Slashes::of(text.as_bytes());
        Ok(Self { text, slashes, query })
    }

    /// The path without its query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The segments, left to right. `/` has one, which is empty; so has a trailing slash.
    #[must_use]
    pub fn segments(&self) -> Segments<'_> {
        Segments::of(&self.text, self.slashes)
    }

    /// The value of `:path` that the upstream must get, if it is not the one that was sent.
    #[must_use]
    pub fn rewritten(&self) -> Option<Vec<u8>> {
        match &self.text {
            Cow::Borrowed(_) => None,
            Cow::Owned(text) => {
                let mut bytes = text.clone().into_bytes();
                if let Some(query) = self.query {
                    bytes.push(b'?');
                    bytes.extend_from_slice(query);
                }
                Some(bytes)
            }
        }
    }
}

fn normalize<'p>(path: &'p [u8], rules: &PathRules) -> Result<Cow<'p, str>, PathError> {
    let decoded = decode(path, rules)?;
    let segments = decoded.split('/').skip(1);
    let count = segments.clone().count();
    if count > SEGMENT_LIMIT {
        return Err(PathError::TooDeep);
    }
    let mut is_normal = true;
    for (segment, nth) in segments.zip(1..) {
        is_normal &= match segment {
            "." | ".." if rules.dot_segments == DotSegments::Refuse => {
                return Err(PathError::DotSegment);
            }
            "" if nth < count && rules.repeated_slashes == RepeatedSlashes::Refuse => {
                return Err(PathError::EmptySegment);
            }
            "." | ".." => false,
            "" => nth == count,
            _ => {
                refuse_disguise(segment, rules)?;
                true
            }
        };
    }
    if is_normal {
        return Ok(decoded);
    }
    Ok(Cow::Owned(resolve_dots(&decoded)?))
}

/// A server that cuts segments at `;`, or decodes `%2F`, must not find a `..` or an empty segment
/// in what was kept here.
fn refuse_disguise(segment: &str, rules: &PathRules) -> Result<(), PathError> {
    if (rules.semicolon, rules.encoded_slash) == (Semicolon::Refuse, EncodedSlash::Refuse) {
        return Ok(());
    }
    for piece in segment.split("%2F") {
        let encoded = piece.find("%3B").unwrap_or(piece.len());
        let cut = piece.find(';').unwrap_or(piece.len()).min(encoded);
        match piece.get(..cut) {
            Some("." | "..") => return Err(PathError::DotSegment),
            Some("") if cut < piece.len() => return Err(PathError::EmptySegment),
            _ => {}
        }
    }
    Ok(())
}

/// Undoes needless percent-encoding (RFC 3986, section 6.2.2.2) and refuses what has two readings.
fn decode<'p>(path: &'p [u8], rules: &PathRules) -> Result<Cow<'p, str>, PathError> {
    let is_plain = |b: &u8| *b == b'/' || is_unreserved(*b);
    if path.iter().all(is_plain)
        && let Ok(plain) = std::str::from_utf8(path)
    {
        return Ok(Cow::Borrowed(plain));
    }
    let mut out = String::with_capacity(path.len());
    let mut rest = path.iter();
    while let Some(&byte) = rest.next() {
        match byte {
            b'%' => {
                let (high, low) = (rest.next().copied(), rest.next().copied());
                push_encoded(&mut out, high, low, rules)?;
            }
            b';' if rules.semicolon == Semicolon::Refuse => return Err(PathError::PathParameter),
            b'/' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
            | b':' | b'@' => out.push(char::from(byte)),
            _ if is_unreserved(byte) => out.push(char::from(byte)),
            _ => return Err(PathError::Byte(byte)),
        }
    }
    match std::str::from_utf8(path) {
        Ok(unchanged) if unchanged == out => Ok(Cow::Borrowed(unchanged)),
        _ => Ok(Cow::Owned(out)),
    }
}

fn push_encoded(
    out: &mut String,
    high: Option<u8>,
    low: Option<u8>,
    rules: &PathRules,
) -> Result<(), PathError> {
    let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
    let value = match (digit(high), digit(low)) {
        (Some(high), Some(low)) => u8::try_from(high * 16 + low).unwrap_or(u8::MAX),
        _ => return Err(PathError::PercentEncoding),
    };
    let is_kept = match value {
        b'/' => rules.encoded_slash == EncodedSlash::Keep,
        b';' => rules.semicolon == Semicolon::Keep,
        b'\\' | b'%' | 0..=0x1f | 0x7f => false,
        _ => true,
    };
    if !is_kept {
        return Err(PathError::EncodedByte(value));
    }
    if !is_unreserved(value) {
        out.push('%');
        for digit in [high, low] {
            out.extend(digit.map(|d| char::from(d).to_ascii_uppercase()));
        }
    } else if rules.encoding == Encoding::Decode {
        out.push(char::from(value));
    } else {
        return Err(PathError::Needless(value));
    }
    Ok(())
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Resolves `.` and `..` (RFC 3986, section 5.2.4) and merges repeated slashes.
fn resolve_dots(path: &str) -> Result<String, PathError> {
    let mut kept: Vec<&str> = Vec::new();
    let mut ends_with_slash = false;
    for segment in path.split('/').skip(1) {
        ends_with_slash = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => {
                if kept.pop().is_none() {
                    return Err(PathError::AboveRoot);
                }
            }
            _ => kept.push(segment),
        }
    }
    let mut out = String::with_capacity(path.len());
    for segment in &kept {
        out.push('/');
        out.push_str(segment);
    }
    if ends_with_slash || kept.is_empty() {
        out.push('/');
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_path_is_decided_on_in_its_normal_form() {
        for (raw, normal) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/", "/a/"),
            ("/a/b?x=/../y", "/a/b"),
            ("/public/../admin", "/admin"),
            ("/a/./b", "/a/b"),
            ("/a/.", "/a/"),
            ("/a/b/..", "/a/"),
            ("//admin", "/admin"),
            ("/a//b///c", "/a/b/c"),
            ("/%61dmin", "/admin"),
            ("/a/%2e%2E/b", "/b"),
            ("/%e2%82%ac", "/%E2%82%AC"),
            ("/a%20b", "/a%20b"),
            ("/x/%40%3a", "/x/%40%3A"),
        ] {
            let path = NormalPath::parse(raw.as_bytes());
            assert_eq!(path.as_ref().map(NormalPath::as_str), Ok(normal), "{raw}");
        }
    }

    #[test]
    fn normalizing_twice_changes_nothing() {
        for raw in ["/a//b/../c%7e?q", "/%e2%82%ac/.", "/a/b/%2e"] {
            let once = NormalPath::parse(raw.as_bytes()).unwrap();
            let rewritten = once.rewritten().unwrap();
            let twice = NormalPath::parse(&rewritten).unwrap();
            assert_eq!(twice.as_str(), once.as_str());
            assert_eq!(twice.rewritten(), None);
        }
    }

    #[test]
    fn the_query_goes_on_unchanged() {
        let path = NormalPath::parse(b"/a/../b?x=%2f..&y").unwrap();
        assert_eq!(path.rewritten().as_deref(), Some(b"/b?x=%2f..&y".as_slice()));
        assert_eq!(NormalPath::parse(b"/b?x").unwrap().rewritten(), None);
    }

    #[test]
    fn a_path_with_two_readings_is_refused() {
        for (raw, error) in [
            (&b""[..], PathError::NotAbsolute),
            (b"*", PathError::NotAbsolute),
            (b"http://x/", PathError::NotAbsolute),
            (b"/a#b", PathError::Fragment),
            (b"/a?b#c", PathError::Fragment),
            (b"/a;x=y", PathError::PathParameter),
            (b"/..;x/a", PathError::PathParameter),
            (b"/a%2fb", PathError::EncodedByte(b'/')),
            (b"/a%5Cb", PathError::EncodedByte(b'\\')),
            (b"/a%252fb", PathError::EncodedByte(b'%')),
            (b"/a%3bb", PathError::EncodedByte(b';')),
            (b"/a%00", PathError::EncodedByte(0)),
            (b"/a%0d%0a", PathError::EncodedByte(b'\r')),
            (b"/a%", PathError::PercentEncoding),
            (b"/a%4", PathError::PercentEncoding),
            (b"/a%zz", PathError::PercentEncoding),
            (b"/a\\b", PathError::Byte(b'\\')),
            (b"/a b", PathError::Byte(b' ')),
            (b"/a\x00", PathError::Byte(0)),
            (b"/\xc3\xa9", PathError::Byte(0xc3)),
            (b"/a?\xff", PathError::Byte(0xff)),
            (b"/..", PathError::AboveRoot),
            (b"/a/../../b", PathError::AboveRoot),
        ] {
            assert_eq!(NormalPath::parse(raw).map(|_| ()), Err(error), "{:?}", raw.escape_ascii());
        }
        let long = [b"/".as_slice(), &vec![b'a'; PATH_LIMIT]].concat();
        assert_eq!(NormalPath::parse(&long), Err(PathError::TooLong));
        assert_eq!(NormalPath::parse("/.".repeat(70).as_bytes()), Err(PathError::TooDeep));
    }

    #[test]
    fn no_bytes_panic_and_what_is_accepted_is_normal() {
        let alphabet = b"/.%2eEfFa;?#\\ \x80";
        for seed in 0..20_000u64 {
            let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
            let mut raw = vec![b'/'];
            for _ in 0..(seed % 12) {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                raw.push(alphabet[(state % alphabet.len() as u64) as usize]);
            }
            if let Ok(path) = NormalPath::parse(&raw) {
                let inner: Vec<&str> = path.segments().collect();
                let (_, body) = inner.split_last().unwrap();
                assert!(body.iter().all(|s| !s.is_empty()), "{:?}", raw.escape_ascii());
                assert!(inner.iter().all(|s| !matches!(*s, "." | "..")));
            }
        }
    }
}
