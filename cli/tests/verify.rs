//! `token verify`

use serde_json::{Value, json};
use tenantguard_mint::{Algorithm, DevKey, TokenSpec, jwks};

use crate::{NOW, Room, Run};

fn verify(room: &Room, stdin: &str, more: &[&str]) -> Run {
    let at = NOW.to_string();
    room.run_with(
        stdin,
        ["token", "verify", "--policy", "policy.yaml", "--at", &at].iter().chain(more),
    )
}

fn by_keys(room: &Room, keys: &str, token: &str) -> Run {
    room.run_with(token, ["token", "verify", "--keys", keys, "--signature-only"])
}

fn lines(run: &Run) -> Vec<Value> {
    run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The room's token with one claim changed.
fn token_with(room: &Room, claim: &str, value: impl Into<Value>) -> String {
    let mut spec = TokenSpec::new(&room.key);
    let token = room.token();
    let claims = token.split('.').nth(1).unwrap();
    let claims = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims);
    spec.claims = serde_json::from_slice(&claims.unwrap()).unwrap();
    spec.claim(claim, value.into()).sign(&room.key)
}

#[test]
fn every_check_of_a_token_is_shown_and_nothing_of_routes() {
    let room = Room::new();
    let run = verify(&room, &room.token(), &[]);
    let expected = format!(
        "accepted

  + token       ES256, key {}
  + issuer      https://id.example.com
  + signature   made by the issuer's key
  + claims      valid now; platform/alice
  + tenant      acting as acme
",
        room.key.kid()
    );
    assert_eq!((run.code, run.err.as_str(), run.out.as_str()), (Some(0), "", expected.as_str()));
}

#[test]
fn a_token_that_permits_nothing_is_accepted_all_the_same() {
    let room = Room::new();
    for token in [token_with(&room, "scope", ""), token_with(&room, "tenant_role", "nobody")] {
        assert_eq!(verify(&room, &token, &[]).code, Some(0));
    }
}

#[test]
fn the_first_reason_is_said_and_what_was_not_reached() {
    let room = Room::new();
    let stranger = DevKey::derive(Algorithm::Es256, "somebody else");
    let forged = TokenSpec::new(&stranger)
        .header("kid", room.key.kid())
        .claim("iss", "https://id.example.com")
        .sign(&stranger);
    for (token, reason, check) in [
        (token_with(&room, "exp", NOW - 60), "token.expired", "claims"),
        (token_with(&room, "iss", "https://elsewhere"), "issuer.unknown", "issuer"),
        (token_with(&room, "tenant_id", "hooli"), "tenant.unknown", "tenant"),
        (token_with(&room, "aud", "api.example.com/"), "token.audience", "claims"),
        (forged, "token.signature", "signature"),
        ("a.b".to_owned(), "token.malformed", "token"),
        (format!("{} {0}", room.token()), "token.malformed", "token"),
    ] {
        let run = verify(&room, &token, &[]);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.out.starts_with(&format!("refused  {reason}  ")), "{run:?}");
        assert!(run.out.contains(&format!("  x {check:<10}  ")), "{run:?}");
        let is_last = check == "tenant";
        assert_eq!(run.out.contains("  - not reached: "), !is_last, "{run:?}");
    }
}

#[test]
fn each_line_in_is_a_line_out() {
    let room = Room::new();
    let expired = token_with(&room, "exp", NOW - 60);
    let input = format!(
        "{}\n\n{expired}\r\n{}\n\"{}\"\n",
        room.token(),
        json!({"token": expired, "at": NOW - 80}),
        room.token()
    );
    let run = verify(&room, &input, &["--format", "json", "-"]);
    assert_eq!((run.code, run.err.as_str()), (Some(1), ""));
    let lines = lines(&run);
    let reasons: Vec<_> = lines.iter().map(|line| (&line["accepted"], &line["reason"])).collect();
    let (yes, no, none) = (json!(true), json!(false), Value::Null);
    let expired = json!("token.expired");
    assert_eq!(reasons, [(&yes, &none), (&no, &expired), (&yes, &none), (&yes, &none)]);
    assert_eq!(lines[0]["principal"], "platform/alice");
    assert_eq!(lines[0]["tenant"], "acme");
    let outcomes: Vec<_> = lines[1]["checks"].as_array().unwrap().iter().collect();
    assert_eq!(outcomes[3]["outcome"], "refused");
    assert_eq!(outcomes[4]["outcome"], "not_reached");
}

#[test]
fn keys_that_the_proxy_fetches_can_be_given() {
    let room = Room::new();
    let fetched = crate::POLICY.replace(
        "{jwks_file: dev.jwks.json}",
        "{cluster: idp, host: id.example.com, path: /jwks.json}",
    );
    room.write("policy.yaml", fetched);
    let without = verify(&room, &room.token(), &[]);
    assert_eq!(without.code, Some(1));
    assert!(without.out.starts_with("refused  keys.stale  "), "{without:?}");
    assert!(without.err.contains("--keys"), "{without:?}");

    let with = verify(&room, &room.token(), &["--keys", "dev.jwks.json"]);
    assert_eq!((with.code, with.err.as_str()), (Some(0), ""), "{with:?}");
    let stranger = DevKey::derive(Algorithm::Es256, "somebody else");
    room.write("other.jwks.json", jwks(&[&stranger]).to_string());
    let other = verify(&room, &room.token(), &["--keys", "other.jwks.json"]);
    assert!(other.out.starts_with("refused  token.key  "), "{other:?}");
}

#[test]
fn a_signature_can_be_checked_alone() {
    let room = Room::new();
    let expired = token_with(&room, "exp", 1);
    assert_eq!(by_keys(&room, "dev.jwks.json", &expired).code, Some(0));
    let (signed, _) = expired.rsplit_once('.').unwrap();
    for (token, reason) in [
        (format!("{signed}.{}", "A".repeat(86)), "token.signature"),
        (expired.replace('.', ""), "token.malformed"),
    ] {
        let run = by_keys(&room, "dev.jwks.json", &token);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.out.contains(reason), "{run:?}");
    }
    let stranger = DevKey::derive(Algorithm::Es256, "somebody else");
    room.write("other.jwks.json", jwks(&[&stranger]).to_string());
    let run = by_keys(&room, "other.jwks.json", &expired);
    assert!(run.out.starts_with("refused  token.key  "), "{run:?}");
}

#[test]
fn what_could_not_run_is_not_a_refusal() {
    let room = Room::new();
    room.write("none.json", r#"{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}"#);
    room.write("no.json", "SECRET");
    for run in [
        by_keys(&room, "none.json", "a.b.c"),
        by_keys(&room, "no.json", "a.b.c"),
        by_keys(&room, "missing.json", "a.b.c"),
        by_keys(&room, "-", "a.b.c"),
        verify(&room, "", &[]),
        verify(&room, "{\"token\": 7}", &[]),
        room.run(["token", "verify", "--signature-only", "a.b.c"]),
        room.run(["token", "verify", "a.b.c"]),
    ] {
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.out.is_empty() && run.err.contains("error: "), "{run:?}");
    }
    let public = "version: 1\naudiences: [a]\nroutes: [{path: /healthz, public: true}]\n";
    room.write("policy.yaml", public);
    let run = verify(&room, "a.b.c", &[]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.err.contains("no route that asks for a token"), "{run:?}");
}
