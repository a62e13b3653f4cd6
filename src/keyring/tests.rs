use std::time::Duration;

use serde_json::json;

use super::answer::max_age;
use super::*;
use crate::token::Key;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const A: IssuerId = IssuerId(0);

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn ring() -> KeyRing {
    let source = RemoteKeys {
        cluster: "idp".into(),
        host: "id".into(),
        path: "/jwks".into(),
        refresh: secs(300),
        max_stale: secs(3_600),
    };
    let remote = Remote { source, held: None, schedule: Schedule::new(7) };
    KeyRing { remotes: Mutex::new([(A, remote)].into()) }
}

fn body(kid: &str) -> Vec<u8> {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let keys = json!({"keys": [
        {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "something new"},
    ]});
    keys.to_string().into_bytes()
}

fn ok(body: &[u8]) -> FetchAnswer<'_> {
    FetchAnswer::Body { body, etag: Some("\"1\""), max_age: None }
}

fn is_due(ring: &KeyRing, at: Duration) -> bool {
    !ring.take_due(at, 10).is_empty()
}

#[test]
fn keys_are_fetched_at_once_and_one_fetch_is_under_way_at_a_time() {
    let ring = ring();
    assert!(matches!(ring.in_hand(A, secs(0)), InHand::Nothing));
    assert_eq!(ring.take_due(secs(0), 10).len(), 1);
    assert_eq!(ring.under_way(), 1);
    assert!(!is_due(&ring, secs(0)));
    assert_eq!(ring.answered(A, &ok(&body("1")), secs(0), secs(1)), Ok(Change::Replaced));
    assert_eq!(ring.under_way(), 0);
    let InHand::Keys(keys) = ring.in_hand(A, secs(1)) else { panic!() };
    assert_eq!(keys.keys().iter().map(Key::kid).collect::<Vec<_>>(), [Some("1")]);
}

#[test]
fn keys_serve_until_their_limit_and_no_longer() {
    let ring = ring();
    ring.answered(A, &ok(&body("1")), secs(0), secs(0)).unwrap();
    assert!(matches!(ring.in_hand(A, secs(3_600)), InHand::Keys(_)));
    assert!(matches!(ring.in_hand(A, secs(3_601)), InHand::Stale));
    let confirmed = FetchAnswer::NotModified { max_age: None };
    assert_eq!(ring.answered(A, &confirmed, secs(1), secs(3_602)), Ok(Change::Confirmed));
    assert!(matches!(ring.in_hand(A, secs(3_602)), InHand::Keys(_)));
    assert!(matches!(ring.in_hand(A, secs(7_202)), InHand::Stale));
}

#[test]
fn an_answer_of_no_use_leaves_the_keys_in_hand() {
    let ring = ring();
    let nothing = FetchAnswer::NotModified { max_age: None };
    assert_eq!(ring.answered(A, &nothing, secs(0), secs(0)), Err(AnswerError::NothingToConfirm));
    ring.answered(A, &ok(&body("1")), secs(0), secs(0)).unwrap();
    for useless in [&b""[..], b"{}", b"[]", b"{\"keys\":[]}", b"{\"keys\":[{\"kty\":\"oct\"}]}"] {
        assert!(ring.answered(A, &ok(useless), secs(0), secs(1)).is_err());
    }
    let huge = vec![b' '; BODY_LIMIT + 1];
    assert_eq!(ring.answered(A, &ok(&huge), secs(0), secs(1)), Err(AnswerError::TooLarge));
    assert!(matches!(ring.in_hand(A, secs(1)), InHand::Keys(_)));
}

#[test]
fn the_next_fetch_is_due_within_the_refresh_interval_or_what_the_answer_says() {
    for (age, earliest, latest) in
        [(None, 240, 300), (Some(60), 48, 60), (Some(0), 8, 10), (Some(9_999), 240, 300)]
    {
        let ring = ring();
        let bytes = body("1");
        let answer = FetchAnswer::Body { body: &bytes, etag: None, max_age: age.map(secs) };
        ring.answered(A, &answer, secs(0), secs(0)).unwrap();
        assert!(!is_due(&ring, secs(earliest - 1)), "{age:?}");
        assert!(is_due(&ring, secs(latest)), "{age:?}");
    }
}

#[test]
fn failures_are_followed_by_ever_longer_waits() {
    let ring = ring();
    let mut now = secs(0);
    for longest in [1, 2, 4, 8, 16, 32, 60, 60] {
        assert!(is_due(&ring, now));
        ring.failed(A, now);
        let half = now + secs(longest) / 2;
        assert!(!is_due(&ring, half), "after {longest} s");
        now += secs(longest);
    }
}

#[test]
fn an_unknown_key_hurries_the_fetch_once_in_a_while() {
    let ring = ring();
    ring.answered(A, &ok(&body("1")), secs(0), secs(0)).unwrap();
    assert!(ring.is_worth_waiting(A, secs(20)));
    ring.refetch(A, secs(20));
    assert!(is_due(&ring, secs(20)));
    ring.answered(A, &ok(&body("1")), secs(0), secs(21)).unwrap();
    assert!(!ring.is_worth_waiting(A, secs(21)));
    ring.refetch(A, secs(21));
    assert!(!is_due(&ring, secs(21)));
    assert!(ring.is_worth_waiting(A, secs(30)));
}

#[test]
fn an_issuer_that_rotates_twice_is_asked_twice() {
    let ring = ring();
    ring.answered(A, &ok(&body("1")), secs(0), secs(0)).unwrap();
    for (at, kid) in [(20, "2"), (21, "3")] {
        assert!(ring.is_worth_waiting(A, secs(at)));
        ring.refetch(A, secs(at));
        assert!(is_due(&ring, secs(at)));
        ring.answered(A, &ok(&body(kid)), secs(0), secs(at)).unwrap();
    }
}

#[test]
fn cache_control_is_read() {
    for (value, age) in [
        ("max-age=60", Some(60)),
        ("public, MAX-AGE=\"60\"", Some(60)),
        ("no-store, max-age=60", Some(0)),
        ("private", None),
        ("max-age=soon", None),
        ("", None),
    ] {
        assert_eq!(max_age(value), age.map(secs), "{value}");
    }
}

#[test]
fn who_comes_while_a_hurried_fetch_is_under_way_waits_for_it_too() {
    let ring = ring();
    ring.answered(A, &ok(&body("1")), secs(0), secs(0)).unwrap();
    ring.refetch(A, secs(20));
    assert!(is_due(&ring, secs(20)));
    assert!(ring.is_worth_waiting(A, secs(21)));
    assert!(!ring.is_worth_waiting(A, secs(26)), "but not for ever");
}

#[test]
fn a_call_that_began_before_the_hurry_is_made_again() {
    let ring = ring();
    ring.answered(A, &ok(&body("1")), secs(0), secs(0)).unwrap();
    assert!(is_due(&ring, secs(300)));
    ring.refetch(A, secs(300));
    ring.answered(A, &ok(&body("1")), secs(0), secs(301)).unwrap();
    assert!(is_due(&ring, secs(301)));
}

#[test]
fn waiting_for_the_first_keys_leaves_the_hurry_for_later() {
    let ring = ring();
    ring.refetch(A, secs(0));
    ring.answered(A, &ok(&body("1")), secs(0), secs(0)).unwrap();
    assert!(ring.is_worth_waiting(A, secs(1)));
}
