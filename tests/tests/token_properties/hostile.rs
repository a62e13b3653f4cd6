//! Bytes that nobody vouches for: nothing panics, nothing gets through, and what the reader of
//! compact tokens accepts has the shape that it promises.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::Config;
use serde_json::Value;
use tenantguard::token::{Algorithm, CompactToken};
use tenantguard_mint::Algorithm as DevAlgorithm;

use crate::world::{self, NOW, decide};

/// Pieces of JSON, of which some mean something in a token and some are where readers differ.
const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"alg\"",
    "\"ES256\"",
    "\"none\"",
    "\"kid\"",
    "\"typ\"",
    "\"crit\"",
    "\"iss\"",
    "\"exp\"",
    "\"\\ud800\"",
    "\"\\u0061\"",
    "\"\u{feff}\"",
    "1",
    "-1",
    "1e999",
    "0.1",
    "00",
    "null",
    "true",
    " ",
    "\u{feff}",
    "\"",
    "\\",
    "\u{0}",
    "18446744073709551616",
];

const MEMBERS: &[&str] = &["kid", "typ", "crit", "b64", "zip", "jku", "jwk", "iss", "exp", "alg"];

const VALUES: &[&str] =
    &["\"EdDSA\"", "\"none\"", "\"k\"", "null", "7", "[]", "{}", "[\"b64\"]", "1.5", "\"\\ud800\""];

/// Text that looks like JSON more often than chance would have it.
fn almost_json() -> impl Strategy<Value = String> {
    let words = proptest::collection::vec(select(WORDS), 0..24);
    let member = (select(MEMBERS), select(VALUES));
    let member = member.prop_map(|(name, value)| format!(",\"{name}\":{value}"));
    let members = proptest::collection::vec(member, 0..4);
    prop_oneof![
        1 => words.prop_map(|words| words.concat()),
        2 => members.prop_map(|members| format!("{{\"alg\":\"ES256\"{}}}", members.concat())),
        1 => "\\PC{0,64}",
    ]
}

/// A token by its look: two or three almost-JSON parts and a signature of any bytes.
fn almost_token() -> impl Strategy<Value = String> {
    let part = almost_json().prop_map(|text| URL_SAFE_NO_PAD.encode(text));
    let signature = proptest::collection::vec(any::<u8>(), 0..100);
    let dots = prop_oneof![8 => Just(".".to_owned()), 1 => "[.=]{0,3}"];
    (part, dots, almost_json(), signature).prop_map(|(header, dot, claims, signature)| {
        let [claims, signature] =
            [claims.as_bytes(), &signature].map(|b| URL_SAFE_NO_PAD.encode(b));
        format!("{header}{dot}{claims}{dot}{signature}")
    })
}

/// What [`CompactToken::parse`] promises of a text that it accepts, by other means.
fn has_the_shape_of_a_token(text: &str) -> Result<(), TestCaseError> {
    let parts: Vec<&str> = text.split('.').collect();
    prop_assert_eq!(parts.len(), 3);
    for part in &parts {
        let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(&URL_SAFE_NO_PAD.encode(bytes), part, "one text for the same bytes");
    }
    let object = |part: &str| -> Option<serde_json::Map<String, Value>> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
    };
    let (header, claims) = (object(parts[0]), object(parts[1]));
    prop_assert!(claims.is_some(), "its claims are an object");
    let header = header.ok_or_else(|| TestCaseError::fail("its header is an object"))?;
    prop_assert!(Algorithm::parse(header["alg"].as_str().unwrap_or_default()).is_some());
    for name in ["crit", "b64", "zip", "jku", "x5u", "jwk", "x5c"] {
        prop_assert!(!header.contains_key(name), "{}", name);
    }
    for name in ["kid", "typ"] {
        prop_assert!(header.get(name).is_none_or(Value::is_string), "{}", name);
    }
    Ok(())
}

/// Headers that the gate reads or owns.
const HEADERS: &[&str] = &[
    ":method",
    ":path",
    ":authority",
    "authorization",
    "Authorization",
    "origin",
    "content-type",
    "access-control-request-method",
    "x-tenant-id",
    "X_Tenant_Id",
    "cookie",
    "x-audit-id",
    "",
];

fn header() -> impl Strategy<Value = (String, Vec<u8>)> {
    let name = prop_oneof![
        8 => select(HEADERS).prop_map(str::to_owned),
        1 => "\\PC{0,20}",
    ];
    let bytes = proptest::collection::vec(any::<u8>(), 0..300);
    let value = prop_oneof![
        3 => bytes,
        2 => almost_token().prop_map(|token| format!("Bearer {token}").into_bytes()),
        1 => Just(b"GET".to_vec()),
        1 => "/api/v1/(reports|tenants)/[a-z%2f./;]{0,20}".prop_map(String::into_bytes),
    ];
    (name, value)
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::with_cases(4_000) })]

    #[test]
    fn any_text_is_read_or_refused(text in prop_oneof!["\\PC{0,200}", "[A-Za-z0-9_.=-]{0,300}"]) {
        if CompactToken::parse(&text).is_ok() {
            has_the_shape_of_a_token(&text)?;
        }
    }

    #[test]
    fn a_text_that_looks_like_a_token_is_read_or_refused(text in almost_token()) {
        if CompactToken::parse(&text).is_ok() {
            has_the_shape_of_a_token(&text)?;
        }
    }

    #[test]
    fn any_headers_are_decided_and_none_permitted(
        headers in proptest::collection::vec(header(), 0..12),
        at in 0..4_000u64,
    ) {
        let decision = decide(gate(), &headers, NOW + at);
        prop_assert!(!decision.is_permitted, "{:?}", decision);
    }

    /// A good token does not make the rest of a request good, nor the rest of it the gate panic.
    #[test]
    fn a_good_token_beside_anything_is_decided(
        mut headers in proptest::collection::vec(header(), 0..6),
        first in any::<bool>(),
    ) {
        let key = world::platform_key(DevAlgorithm::EdDsa);
        let value = format!("Bearer {}", world::good_token(key).sign(key)).into_bytes();
        let at = if first { 0 } else { headers.len() };
        headers.insert(at, ("authorization".to_owned(), value));
        let credentials = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        let is_alone = credentials.count() == 1;
        let decision = decide(gate(), &headers, NOW);
        prop_assert!(is_alone || !decision.is_permitted, "{:?}", decision);
    }
}

fn gate() -> &'static tenantguard::gate::Gate {
    static GATE: std::sync::LazyLock<tenantguard::gate::Gate> =
        std::sync::LazyLock::new(world::gate);
    &GATE
}
