//! Asking the control service: where it is, who asks, and what can go wrong.

mod client;
mod error;
mod options;

pub(crate) use self::client::Client;
pub(crate) use self::error::ControlError;
pub(crate) use self::options::Options;

/// A name as one segment of a path or one value of a query (RFC 3986, section 2.1).
pub(crate) fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
