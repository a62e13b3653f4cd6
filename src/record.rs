//! Writing one record as one line of JSON, without a detour over strings: it happens for every
//! request.

use std::fmt::Display;

use serde::{Serialize, Serializer};

/// About how long a record is, in bytes.
const USUAL_LENGTH: usize = 1024;

/// The record as JSON on one line. Every string in it is escaped.
pub(crate) fn line(record: &impl Serialize) -> Vec<u8> {
    let mut line = Vec::with_capacity(USUAL_LENGTH);
    match serde_json::to_writer(&mut line, record) {
        Ok(()) => line,
        // Only a map with keys that are no text could fail, and records have none.
        Err(_) => Vec::new(),
    }
}

/// Serializes what can be displayed as a string.
pub(crate) fn text<T: Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

/// The same, or null.
pub(crate) fn text_or_null<T: Display, S: Serializer>(
    value: &Option<T>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => to.collect_str(value),
        None => to.serialize_none(),
    }
}
