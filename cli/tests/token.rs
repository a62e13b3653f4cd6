//! `token keygen` and `token mint`

use serde_json::{Value, json};

use crate::{NOW, Room, Run};

const KEYGEN: [&str; 6] =
    ["token", "keygen", "--private", "my.key.json", "--public", "my.jwks.json"];

const MINT: [&str; 12] = [
    "token",
    "mint",
    "--key",
    "dev.key.json",
    "--policy",
    "policy.yaml",
    "--issuer",
    "platform",
    "--subject",
    "alice",
    "--at",
    "2026-01-01T00:00:00Z",
];

fn part(token: &str, index: usize) -> Value {
    use base64::Engine as _;
    let part = token.trim().split('.').nth(index).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn mint(room: &Room, more: &[&str]) -> Run {
    room.run(MINT.iter().chain(more))
}

#[test]
fn a_made_key_signs_what_the_policy_accepts() {
    for algorithm in ["ES256", "EdDSA"] {
        let room = Room::new();
        let made = room.run(KEYGEN.iter().chain(&["--algorithm", algorithm]));
        assert_eq!(made.code, Some(0), "{made:?}");
        assert!(made.err.contains("development"), "{made:?}");
        room.write("policy.yaml", crate::POLICY.replace("dev.jwks", "my.jwks"));
        let more = [
            "--key",
            "my.key.json",
            "--tenant",
            "acme",
            "--role",
            "viewer",
            "--scope",
            "reports:read",
        ];
        let arguments = [
            "token",
            "mint",
            "--policy",
            "policy.yaml",
            "--issuer",
            "platform",
            "--subject",
            "alice",
        ];
        let token = room.run(arguments.iter().chain(&more));
        assert_eq!((token.code, token.out.lines().count()), (Some(0), 1), "{token:?}");
        let decided = room.run([
            "decide",
            "--policy",
            "policy.yaml",
            "--path",
            "/reports/7",
            "--token",
            token.out.trim(),
        ]);
        assert_eq!(decided.code, Some(0), "{decided:?}");
    }
}

#[test]
fn two_keys_are_never_the_same_and_none_is_overwritten() {
    let room = Room::new();
    assert_eq!(room.run(KEYGEN).code, Some(0));
    let first = room.read("my.key.json");
    let again = room.run(KEYGEN);
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("my.key.json") && again.err.contains("--force"), "{again:?}");
    assert_eq!(room.read("my.key.json"), first);
    assert_eq!(room.run(KEYGEN.iter().chain(&["--force"])).code, Some(0));
    assert_ne!(room.read("my.key.json"), first);
}

#[cfg(unix)]
#[test]
fn the_private_key_is_its_owners_even_if_the_file_was_open_to_all() {
    use std::os::unix::fs::PermissionsExt as _;
    let room = Room::new();
    room.write("my.key.json", "old");
    let open = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(room.path("my.key.json"), open).unwrap();
    assert_eq!(room.run(KEYGEN.iter().chain(&["--force"])).code, Some(0));
    let mode = std::fs::metadata(room.path("my.key.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn the_public_file_has_no_secret() {
    let room = Room::new();
    assert_eq!(room.run(KEYGEN).code, Some(0));
    let public: Value = serde_json::from_str(&room.read("my.jwks.json")).unwrap();
    let private: Value = serde_json::from_str(&room.read("my.key.json")).unwrap();
    assert_eq!(public["keys"][0]["kid"], private["kid"]);
    assert!(private.get("d").is_some() && public["keys"][0].get("d").is_none());
}

#[test]
fn a_token_has_the_issuers_values_and_the_arguments() {
    let room = Room::new();
    let run = mint(
        &room,
        &[
            "--tenant",
            "acme",
            "--role",
            "viewer",
            "--role",
            "editor",
            "--scope",
            "reports:read",
            "--ttl",
            "2m",
        ],
    );
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.err.contains("development key"), "{run:?}");
    let mut claims = part(&run.out, 1);
    let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
    assert_eq!(jti.as_str().unwrap().len(), 32);
    let expected = json!({
        "iss": "https://id.example.com", "aud": "api.example.com", "sub": "alice", "tenant_id": "acme",
        "tenant_role": ["viewer", "editor"], "scope": "reports:read", "iat": NOW, "exp": NOW + 120,
    });
    assert_eq!(claims, expected);
    assert_eq!(part(&run.out, 0)["kid"], room.key.kid());
}

#[test]
fn any_claim_and_header_can_be_set_or_left_out() {
    let room = Room::new();
    let more = [
        "--claim",
        "exp=1",
        "--claim",
        "email=a@b.example",
        "--claim",
        "deep={\"a\":[null]}",
        "--header",
        "typ=at+jwt",
        "--header",
        "crit=[\"x\"]",
        "--without",
        "jti",
        "--without",
        "aud",
    ];
    let run = mint(&room, &more);
    let (header, claims) = (part(&run.out, 0), part(&run.out, 1));
    assert_eq!((&claims["exp"], &claims["email"]), (&json!(1), &json!("a@b.example")));
    assert_eq!(claims["deep"], json!({"a": [null]}));
    assert!(claims.get("jti").is_none() && claims.get("aud").is_none());
    assert_eq!((&header["typ"], &header["crit"]), (&json!("at+jwt"), &json!(["x"])));
}

#[test]
fn a_key_that_the_issuer_does_not_publish_is_pointed_out() {
    let room = Room::new();
    assert!(!mint(&room, &[]).err.contains("refused"));
    assert_eq!(room.run(KEYGEN).code, Some(0));
    let arguments = MINT.map(|a| if a == "dev.key.json" { "my.key.json" } else { a });
    let run = room.run(arguments);
    assert_eq!(run.code, Some(0));
    assert!(run.err.contains("will be refused"), "{run:?}");
}

#[test]
fn what_is_wrong_with_key_or_issuer_is_said_without_quoting_the_key() {
    let room = Room::new();
    let unknown = room.run(MINT.map(|a| if a == "platform" { "plattform" } else { a }));
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("platform"), "{unknown:?}");
    for broken in [
        "SECRET",
        "{\"kty\": \"SECRET\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"d\":\"SECRET!\",\"x\":\"\",\"y\":\"\"}",
    ] {
        room.write("dev.key.json", broken);
        let run = mint(&room, &[]);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.err.contains("dev.key.json") && run.err.contains("help: "), "{run:?}");
        assert!(!run.err.contains("SECRET!"), "{run:?}");
    }
    let both = room.run([
        "token",
        "mint",
        "--key",
        "-",
        "--policy",
        "-",
        "--issuer",
        "a",
        "--subject",
        "b",
    ]);
    assert_eq!(both.code, Some(2));
}
