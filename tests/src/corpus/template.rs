//! What stands for something else in a table: `now+300`, `{now-5}`, `{kid:platform}`, `{token}`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::CorpusError;
use crate::keys;

/// Lays `changes` over `base`: null removes, `"now+N"` becomes an integer, placeholders are filled.
///
/// # Errors
/// [`CorpusError::Unknown`] for a placeholder that stands for nothing.
pub fn overlay(
    base: &mut Map<String, Value>,
    changes: &Map<String, Value>,
    now: u64,
) -> Result<(), CorpusError> {
    for (name, value) in changes {
        match value {
            Value::Null => drop(base.remove(name)),
            Value::String(text) => drop(base.insert(name.clone(), resolve(text, now)?)),
            other => drop(base.insert(name.clone(), other.clone())),
        }
    }
    Ok(())
}

fn resolve(text: &str, now: u64) -> Result<Value, CorpusError> {
    match instant(text, now) {
        Some(seconds) => Ok(Value::from(seconds)),
        None => fill(text, |name| named(name, now)).map(Value::String),
    }
}

/// Fills the placeholders of a token's raw JSON text. Braces that hold no known placeholder are
/// JSON's own.
#[must_use]
pub fn fill_json_text(text: &str, now: u64) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let value = after.split_once('}').and_then(|(name, tail)| Some((named(name, now)?, tail)));
        match value {
            Some((value, tail)) => {
                filled.push_str(&value);
                rest = tail;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled + rest
}

/// Fills `{token}` and `{token.NAME}` in a header value.
///
/// # Errors
/// [`CorpusError::Unknown`] for a token that the case does not have.
pub fn fill_tokens(text: &str, tokens: &BTreeMap<String, String>) -> Result<String, CorpusError> {
    if !text.contains("{token") {
        return Ok(text.to_owned());
    }
    fill(text, |name| {
        let name = name.strip_prefix("token")?;
        tokens.get(name.strip_prefix('.').unwrap_or(name)).cloned()
    })
}

/// Replaces every `{name}` by what `lookup` gives for it. Braces around what could be no name stay.
fn fill(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<String, CorpusError> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        match after.split_once('}').filter(|(name, _)| is_name(name)) {
            Some((name, tail)) => {
                filled.push_str(&lookup(name).ok_or_else(|| unknown(name))?);
                rest = tail;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    Ok(filled + rest)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b":.+-_".contains(&b))
}

fn unknown(name: &str) -> CorpusError {
    CorpusError::Unknown {
        kind: "placeholder",
        name: name.to_owned(),
        known: "now±N, kid:KEY and, in headers, token and token.NAME".to_owned(),
    }
}

fn named(name: &str, now: u64) -> Option<String> {
    if let Some(key) = name.strip_prefix("kid:") {
        return keys::named(key).ok().map(|key| key.kid().to_owned());
    }
    instant(name, now).map(|seconds| seconds.to_string())
}

/// `now`, `now+N` or `now-N` in seconds since the epoch.
pub(super) fn instant(text: &str, now: u64) -> Option<u64> {
    let offset = text.strip_prefix("now")?;
    if offset.is_empty() {
        return Some(now);
    }
    let (sign, digits) = offset.split_at_checked(1)?;
    let seconds: u64 = digits.parse().ok()?;
    match sign {
        "+" => now.checked_add(seconds),
        "-" => now.checked_sub(seconds),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_relative_to_now() {
        assert_eq!(instant("now", 100), Some(100));
        assert_eq!(instant("now+5", 100), Some(105));
        assert_eq!(instant("now-5", 100), Some(95));
        assert_eq!(instant("nowhere", 100), None);
        assert_eq!(instant("now+-5", 100), None);
    }

    #[test]
    fn json_keeps_its_own_braces() {
        assert_eq!(
            fill_json_text(r#"{"a":{"exp":{now+1},"exp":{now}},"b":{}}"#, 7),
            r#"{"a":{"exp":8,"exp":7},"b":{}}"#
        );
    }

    #[test]
    fn null_removes_and_instants_become_integers() {
        let mut base = Map::from_iter([("jti".into(), "x".into()), ("exp".into(), 1.into())]);
        let changes = Map::from_iter([("jti".into(), Value::Null), ("exp".into(), "now+2".into())]);
        overlay(&mut base, &changes, 40).unwrap();
        assert_eq!(Value::Object(base), serde_json::json!({"exp": 42}));
    }

    #[test]
    fn an_unknown_token_is_an_error() {
        let tokens = BTreeMap::from([(String::new(), "abc".to_owned())]);
        assert_eq!(fill_tokens("Bearer {token}", &tokens).unwrap(), "Bearer abc");
        assert!(fill_tokens("Bearer {token.other}", &tokens).is_err());
        assert_eq!(fill_tokens("{not a token", &tokens).unwrap(), "{not a token");
    }
}
