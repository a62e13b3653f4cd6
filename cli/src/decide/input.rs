//! Requests as they are asked about: from the arguments, or as JSON, which can say any bytes.

use std::ffi::OsString;
use std::path::Path;

use base64::Engine as _;
use serde::Deserialize;
use tenantguard::request::{HeaderList, Mode};

use super::Moment;
use crate::failure::Failure;
use crate::files::read_text;

/// A request, and when and how it meets the gate, if it says so itself.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) headers: HeaderList,
    pub(super) at: Option<Moment>,
    pub(super) mode: Option<Mode>,
}

/// Puts a request together as Envoy would see it: `Host` becomes `:authority`.
pub(crate) fn from_arguments(
    path: OsString,
    method: OsString,
    headers: &[OsString],
    token: Option<String>,
) -> Result<Asked, Failure> {
    let mut list: HeaderList =
        vec![(":method".to_owned(), bytes(method)), (":path".to_owned(), bytes(path))];
    for header in headers {
        let (name, value) = header_line(header)?;
        let is_host = name == "host" && !list.iter().any(|(own, _)| own == ":authority");
        list.push((if is_host { ":authority".to_owned() } else { name }, value));
    }
    if let Some(token) = token {
        let token = if token == "-" { read_text(Path::new("-"))? } else { token };
        list.push(("authorization".to_owned(), format!("Bearer {}", token.trim()).into_bytes()));
    }
    Ok(Asked { headers: list, at: None, mode: None })
}

/// `name: value`, where the name may begin with a colon.
fn header_line(header: &OsString) -> Result<(String, Vec<u8>), Failure> {
    let line = bytes(header.clone());
    let colon = line.iter().skip(1).position(|byte| *byte == b':').map(|at| at + 1);
    let parts = colon.and_then(|at| Some((line.get(..at)?, line.get(at + 1..)?)));
    let name = parts.and_then(|(name, _)| std::str::from_utf8(name).ok());
    match (name, parts) {
        (Some(name), Some((_, value))) if is_header_name(name) => {
            Ok((name.to_ascii_lowercase(), value.trim_ascii().to_vec()))
        }
        _ => Err(Failure::Option {
            option: "--header",
            value: header.to_string_lossy().into_owned(),
            reason: "write `name: value`".to_owned(),
        }),
    }
}

fn is_header_name(name: &str) -> bool {
    let plain = name.strip_prefix(':').unwrap_or(name);
    !plain.is_empty() && plain.bytes().all(|b| b.is_ascii_graphic() && b != b':')
}

#[cfg(unix)]
fn bytes(text: OsString) -> Vec<u8> {
    std::os::unix::ffi::OsStringExt::into_vec(text)
}

#[cfg(not(unix))]
fn bytes(text: OsString) -> Vec<u8> {
    text.to_string_lossy().into_owned().into_bytes()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    headers: Vec<(String, WrittenValue)>,
    at: Option<Moment>,
    mode: Option<WrittenMode>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a header value: a string, or {\"base64\": \"...\"}")]
enum WrittenValue {
    Text(String),
    Bytes { base64: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenMode {
    Enforce,
    Shadow,
}

/// Reads one request after another.
pub(super) fn from_json(text: &str, file: &Path) -> impl Iterator<Item = Result<Asked, Failure>> {
    let requests = serde_json::Deserializer::from_str(text).into_iter::<Written>();
    requests.zip(1..).map(|(written, number)| {
        let failed = |reason: String| Failure::Request { path: file.to_owned(), number, reason };
        asked(written.map_err(|error| failed(error.to_string()))?).map_err(failed)
    })
}

fn asked(written: Written) -> Result<Asked, String> {
    let headers = written.headers.into_iter().map(|(name, value)| match value {
        WrittenValue::Text(text) => Ok((name, text.into_bytes())),
        WrittenValue::Bytes { base64 } => base64::engine::general_purpose::STANDARD
            .decode(base64)
            .map(|bytes| (name, bytes))
            .map_err(|error| error.to_string()),
    });
    let mode = written.mode.map(|mode| match mode {
        WrittenMode::Enforce => Mode::Enforce,
        WrittenMode::Shadow => Mode::Shadow,
    });
    Ok(Asked { headers: headers.collect::<Result<_, _>>()?, at: written.at, mode })
}
