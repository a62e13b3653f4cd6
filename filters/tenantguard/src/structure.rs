//! `google.protobuf.Struct` in its wire format, as JSON text. Envoy hands a plugin configuration of
//! this type over undecoded.

use prost::Message as _;
use prost_types::value::Kind;
use prost_types::{Struct, Value};

/// The largest integer that a protobuf number, a double, holds exactly.
const EXACT: f64 = 9_007_199_254_740_991.0;

/// The JSON text of an encoded `Struct`; `None` if the bytes are none. Nesting is bounded by the
/// decoder.
pub(crate) fn to_json(bytes: &[u8]) -> Option<String> {
    let structure = Struct::decode(bytes).ok()?;
    serde_json::to_string(&object(structure)).ok()
}

fn object(structure: Struct) -> serde_json::Value {
    structure.fields.into_iter().map(|(key, value)| (key, json(value))).collect()
}

fn json(value: Value) -> serde_json::Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => serde_json::Value::Null,
        Some(Kind::NumberValue(number)) => number_json(number),
        Some(Kind::StringValue(text)) => text.into(),
        Some(Kind::BoolValue(truth)) => truth.into(),
        Some(Kind::StructValue(inner)) => object(inner),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(json).collect(),
    }
}

/// A whole number is written as one: `1`, not `1.0`.
fn number_json(number: f64) -> serde_json::Value {
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and within the exact range")]
        return (number as i64).into();
    }
    number.into()
}
