//! Writing one record as one line of JSON (RFC 8259), in one pass over one buffer: it happens for
//! every request. Every string in it is escaped, also what is displayed into it.

use std::fmt::{self, Display, Write as _};

/// About how long a record is, in bytes.
const USUAL_LENGTH: usize = 1024;

/// A JSON object that is being written.
#[derive(Debug)]
pub(crate) struct Line {
    text: Vec<u8>,
}

impl Line {
    /// An object without members yet.
    pub(crate) fn object() -> Self {
        let mut text = Vec::with_capacity(USUAL_LENGTH);
        text.push(b'{');
        Self { text }
    }

    /// A string.
    pub(crate) fn text(&mut self, name: &'static str, value: &str) {
        self.string(name, |to| to.escape(value));
    }

    /// A string, or null.
    pub(crate) fn text_or_null(&mut self, name: &'static str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.null(name),
        }
    }

    /// What is displayed, as a string.
    pub(crate) fn displayed(&mut self, name: &'static str, value: impl Display) {
        // Writing into memory does not fail.
        self.string(name, |to| write!(to, "{value}").unwrap_or_default());
    }

    /// What is displayed, as a string, or null.
    pub(crate) fn displayed_or_null(&mut self, name: &'static str, value: Option<impl Display>) {
        match value {
            Some(value) => self.displayed(name, value),
            None => self.null(name),
        }
    }

    /// A number.
    pub(crate) fn number(&mut self, name: &'static str, value: u64) {
        self.name(name);
        self.text.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    /// A number, or null.
    pub(crate) fn number_or_null(&mut self, name: &'static str, value: Option<u64>) {
        match value {
            Some(value) => self.number(name, value),
            None => self.null(name),
        }
    }

    /// A list of strings.
    pub(crate) fn texts(&mut self, name: &'static str, values: &[String]) {
        self.name(name);
        self.text.push(b'[');
        for (value, nth) in values.iter().zip(0..) {
            if nth > 0 {
                self.text.push(b',');
            }
            self.text.push(b'"');
            self.escape(value);
            self.text.push(b'"');
        }
        self.text.push(b']');
    }

    /// An object within this one.
    pub(crate) fn nested(&mut self, name: &'static str, members: impl FnOnce(&mut Self)) {
        self.name(name);
        self.text.push(b'{');
        members(self);
        self.text.push(b'}');
    }

    /// Members that were written before, for more than one record.
    pub(crate) fn members(&mut self, members: &Members) {
        self.separate();
        self.text.extend_from_slice(&members.0);
    }

    /// The members so far, to stand in other records.
    pub(crate) fn into_members(self) -> Members {
        let mut text = self.text;
        text.remove(0);
        Members(text.into())
    }

    /// The whole object.
    pub(crate) fn end(mut self) -> Vec<u8> {
        self.text.push(b'}');
        self.text
    }

    fn null(&mut self, name: &'static str) {
        self.name(name);
        self.text.extend_from_slice(b"null");
    }

    fn string(&mut self, name: &'static str, value: impl FnOnce(&mut Self)) {
        self.name(name);
        self.text.push(b'"');
        value(self);
        self.text.push(b'"');
    }

    /// Names are our own, and need no escape.
    fn name(&mut self, name: &'static str) {
        self.separate();
        self.text.push(b'"');
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b"\":");
    }

    fn separate(&mut self) {
        if self.text.last() != Some(&b'{') {
            self.text.push(b',');
        }
    }

    fn escape(&mut self, value: &str) {
        if is_plain(value.as_bytes()) {
            self.text.extend_from_slice(value.as_bytes());
            return;
        }
        for byte in value.bytes() {
            match byte {
                b'"' | b'\\' => self.text.extend_from_slice(&[b'\\', byte]),
                b'\x08' => self.text.extend_from_slice(b"\\b"),
                b'\x0c' => self.text.extend_from_slice(b"\\f"),
                b'\n' => self.text.extend_from_slice(b"\\n"),
                b'\r' => self.text.extend_from_slice(b"\\r"),
                b'\t' => self.text.extend_from_slice(b"\\t"),
                _ if byte < 0x20 => {
                    self.text.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                }
                _ => self.text.push(byte),
            }
        }
    }
}

/// Whether nothing must be escaped (RFC 8259, section 7). Most strings are plain, so they are looked
/// at eight bytes at a time: a byte is below `n` if taking `n` away borrows its highest bit, which
/// bytes of UTF-8 beyond ASCII have set before.
fn is_plain(bytes: &[u8]) -> bool {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let below = |word: u64, n: u8| word.wrapping_sub(EACH * u64::from(n)) & !word & (EACH << 7);
    let is = |word: u64, byte: u8| below(word ^ (EACH * u64::from(byte)), 1);
    let (words, rest) = bytes.as_chunks::<8>();
    let are_plain = words.iter().all(|word| {
        let word = u64::from_ne_bytes(*word);
        below(word, 0x20) | is(word, b'"') | is(word, b'\\') == 0
    });
    are_plain && rest.iter().all(|byte| *byte >= 0x20 && !matches!(byte, b'"' | b'\\'))
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.escape(text);
        Ok(())
    }
}

/// Members of an object that are the same in many records, written once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Members(Box<[u8]>);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// Every single character up to U+00FF, some beyond, and what an injection would try.
    fn hostile() -> Vec<String> {
        let single = (0u32..=0xff).filter_map(char::from_u32).map(String::from);
        let others =
            ["", "\u{2028}\u{2029}", "\u{feff}", "😀\u{10ffff}", "\",\"x\":\"", "a\\", "\\\""];
        let lines =
            ["a\r\nb: c", "\u{1b}[31m", "é\"é\n\"", "plain text of some length, with a tail\u{1}"];
        single.chain(others.into_iter().chain(lines).map(str::to_owned)).collect()
    }

    #[test]
    fn a_string_is_escaped_as_serde_does() {
        for text in hostile() {
            let mut line = Line::object();
            line.text("a", &text);
            line.displayed("b", format_args!("{text}{text}"));
            let expected = format!(
                "{{\"a\":{},\"b\":{}}}",
                serde_json::to_string(&text).unwrap(),
                serde_json::to_string(&text.repeat(2)).unwrap()
            );
            assert_eq!(String::from_utf8(line.end()).unwrap(), expected);
        }
    }

    #[test]
    fn a_byte_to_escape_is_found_wherever_it_stands() {
        for length in 1..20 {
            for at in 0..length {
                for byte in 0..0x80u8 {
                    let mut text = vec![b'~'; length];
                    text[at] = byte;
                    let is_odd = byte < 0x20 || byte == b'"' || byte == b'\\';
                    assert_eq!(is_plain(&text), !is_odd, "{byte:#x} at {at} of {length}");
                }
            }
        }
        assert!(is_plain("é€😀é€😀".as_bytes()));
        assert!(!is_plain("é€😀\u{1}é€😀".as_bytes()));
    }

    #[test]
    fn every_kind_of_member_is_read_back() {
        let mut common = Line::object();
        common.text("proxy", "p\"1");
        common.number("big", u64::MAX);
        let common = common.into_members();
        let mut line = Line::object();
        line.members(&common);
        line.text_or_null("none", None);
        line.text_or_null("some", Some(""));
        line.displayed_or_null("nobody", None::<u8>);
        line.displayed_or_null("somebody", Some(7));
        line.nested("empty", |_| {});
        line.nested("inner", |line| line.texts("list", &hostile()));
        line.texts("nothing", &[]);
        let read: serde_json::Value = serde_json::from_slice(&line.end()).unwrap();
        let expected = json!({
            "proxy": "p\"1", "big": u64::MAX, "none": null, "some": "", "nobody": null,
            "somebody": "7", "empty": {}, "inner": {"list": hostile()}, "nothing": [],
        });
        assert_eq!(read, expected);
    }
}
