//! JSON as a token may have it (RFC 8259, read as strictly as RFC 8725 and RFC 7515, section 4,
//! ask): UTF-8, no byte-order mark, no key twice, bounded in depth and members.

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};

/// How deep objects and arrays may nest.
const DEPTH_LIMIT: usize = 16;
/// How many members one object or array may have.
const MEMBER_LIMIT: usize = 512;

/// A JSON value. Numbers that are no unsigned integer have no use in a token and keep no value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer from 0 to 2⁶⁴ − 1, written without fraction or exponent.
    Unsigned(u64),
    /// Any other number.
    OtherNumber,
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(Object),
}

/// A JSON object. No key stands twice.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object {
    members: Vec<(String, Json)>,
}

/// Why bytes are not the JSON object that they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Not UTF-8.
    #[error("is not UTF-8")]
    NotUtf8,
    /// Not an object, not JSON, a key twice, too deep or too large; the reader says which and where.
    #[error("is not the JSON object that it must be: {0}")]
    Syntax(String),
}

impl Object {
    /// Reads one object and nothing after it.
    ///
    /// # Errors
    /// [`JsonError`] says what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        let text = std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
        let mut reader = serde_json::Deserializer::from_str(text);
        let value = Limited { depth: DEPTH_LIMIT }
            .deserialize(&mut reader)
            .and_then(|value| reader.end().map(|()| value))
            .map_err(|error| JsonError::Syntax(error.to_string()))?;
        match value {
            Json::Object(object) => Ok(object),
            _ => Err(JsonError::Syntax("expected an object".to_owned())),
        }
    }

    /// The member of that name.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

/// Reads a value that may nest `depth` more levels.
#[derive(Clone, Copy)]
struct Limited {
    depth: usize,
}

impl Limited {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth }),
            None => Err(E::custom(format_args!("nested deeper than {DEPTH_LIMIT} levels"))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Limited {
    type Value = Json;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Json, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Limited {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Unsigned(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::OtherNumber)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::OtherNumber)
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let seed = self.inner()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(seed)? {
            if array.len() == MEMBER_LIMIT {
                return Err(A::Error::custom(format_args!("more than {MEMBER_LIMIT} items")));
            }
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let seed = self.inner()?;
        let mut members: Vec<(String, Json)> = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            if members.iter().any(|(name, _)| *name == key) {
                return Err(A::Error::custom(format_args!("the key {key:?} stands twice")));
            }
            if members.len() == MEMBER_LIMIT {
                return Err(A::Error::custom(format_args!("more than {MEMBER_LIMIT} members")));
            }
            let value = entries.next_value_seed(seed)?;
            members.push((key, value));
        }
        Ok(Json::Object(Object { members }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn strict_json_is_refused_where_readers_differ() {
        for bad in [
            &b""[..],
            b"[]",
            b"null",
            b"{",
            b"{}{}",
            b"\xef\xbb\xbf{}",
            b"{\"a\":1,\"a\":2}",
            b"{\"a\":{\"b\":1,\"b\":2}}",
            b"{\"a\":1,\"\\u0061\":2}",
            b"{\"a\":\"\xff\"}",
            b"{\"a\":\"\\ud800\"}",
            b"{'a':1}",
            b"{\"a\":NaN}",
            b"{\"a\":1,}",
            b"{\"a\":01}",
            b"{\"a\":\"\n\"}",
        ] {
            assert!(Object::parse(bad).is_err(), "{:?}", bad.escape_ascii());
        }
    }

    #[test]
    fn work_is_bounded() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500));
        assert!(Object::parse(deep.as_bytes()).is_err());
        let wide: Vec<String> = (0..600).map(|i| format!("\"k{i}\":0")).collect();
        assert!(Object::parse(format!("{{{}}}", wide.join(",")).as_bytes()).is_err());
    }

    #[test]
    fn only_plain_unsigned_integers_are_numbers_to_us() {
        let object = Object::parse(br#"{"a":7,"b":7.0,"c":-7,"d":7e1,"e":18446744073709551616}"#);
        let object = object.unwrap();
        assert_eq!(object.get("a"), Some(&Json::Unsigned(7)));
        for key in ["b", "c", "d", "e"] {
            assert_eq!(object.get(key), Some(&Json::OtherNumber), "{key}");
        }
    }
}
