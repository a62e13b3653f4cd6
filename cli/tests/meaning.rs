//! `policy reach`, `diff`, `compile` and `inspect`

use serde_json::Value;

use crate::{POLICY, Room};

const DELEGATION: &str = "\
delegations:
  acme-lets-globex-read:
    from: acme
    to: globex
    principals: any
    permissions: [reports:read]
    not_before: 2026-01-01T00:00:00Z
    expires: 2027-01-01T00:00:00Z
    consent: {by: a@acme.example, at: 2026-01-01T00:00:00Z, reference: DPA-114}
";

fn with_delegation() -> Room {
    let room = Room::new();
    room.write("shared.yaml", format!("{POLICY}{DELEGATION}"));
    room
}

#[test]
fn reach_states_the_claim_and_every_exception() {
    let room = with_delegation();
    let alone = room.run(["policy", "reach", "policy.yaml"]);
    assert_eq!((alone.code, alone.err.as_str()), (Some(0), ""));
    let claim = "No request by one tenant touches another tenant's data";
    assert!(alone.out.contains(&format!("{claim}.\n")), "{}", alone.out);

    let shared = room.run(["policy", "reach", "shared.yaml"]);
    assert!(shared.out.contains(&format!("{claim}, except by 1 delegation:\n")), "{}", shared.out);
    for part in [
        "1. globex -> acme  acme-lets-globex-read",
        "GET /tenants/{tenant}/reports  reports:read",
        "2026-01-01T00:00:00Z, 2027-01-01T00:00:00Z",
        "DPA-114, by a@acme.example",
        "GET HEAD  /healthz",
    ] {
        assert!(shared.out.contains(part), "{part}\n{}", shared.out);
    }
    let later = room.run(["policy", "reach", "shared.yaml", "--at", "2027-01-01T00:00:00Z"]);
    assert!(later.out.contains(&format!("{claim}.\n")), "{}", later.out);
    assert!(later.out.contains("acme-lets-globex-read  it has expired"), "{}", later.out);
}

#[test]
fn only_what_is_new_since_a_baseline_fails() {
    let room = with_delegation();
    for (policy, file) in [("policy.yaml", "alone.json"), ("shared.yaml", "shared.json")] {
        let saved = room.run(["policy", "reach", policy, "--format", "json", "-o", file]);
        assert_eq!((saved.code, saved.out.as_str()), (Some(0), ""), "{saved:?}");
    }
    let deny = |policy, baseline, more: &[&str]| {
        room.run(["policy", "reach", policy, "--deny-new", baseline].iter().chain(more))
    };
    for (policy, baseline, code) in [
        ("policy.yaml", "alone.json", 0),
        ("shared.yaml", "shared.json", 0),
        ("policy.yaml", "shared.json", 0),
        ("shared.yaml", "alone.json", 1),
    ] {
        let run = deny(policy, baseline, &[]);
        assert_eq!(run.code, Some(code), "{policy} {baseline} {run:?}");
        assert_eq!(run.out.contains("globex -> acme"), code == 1, "{run:?}");
    }
    let json = deny("shared.yaml", "alone.json", &["--format", "json"]);
    let value: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        (&value["new"][0]["new"], &value["new"][0]["acting"]),
        (&"cross_tenant".into(), &"globex".into())
    );
    for baseline in ["gone.json", "policy.yaml"] {
        let run = deny("policy.yaml", baseline, &[]);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run:?}");
    }
}

#[test]
fn the_picture_is_well_formed_and_escapes_what_the_policy_says() {
    let room = with_delegation();
    room.write("hostile.yaml", format!("{POLICY}{DELEGATION}").replace("DPA-114", "'<b>&\"'"));
    let run = room.run(["policy", "reach", "hostile.yaml", "--format", "svg"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.out.starts_with("<svg ") && run.out.ends_with("</svg>\n"), "{}", run.out);
    assert!(run.out.contains("&lt;b&gt;&amp;&quot;") && !run.out.contains("<b>"), "{}", run.out);
    assert!(run.out.contains("prefers-color-scheme:dark"));
    assert_eq!(run.out.matches(r#"<rect class="card""#).count(), 1);
}

#[test]
fn diff_tells_the_change_in_meaning_and_not_in_text() {
    let room = with_delegation();
    let reformed = POLICY.replace("{report}", "{id}").replace("roles: any}", "roles:   any} # all");
    room.write("reformed.yaml", reformed);
    room.write(
        "more.yaml",
        POLICY
            .replace("[reports:write]", "[reports:write, reports:purge]")
            .replace("GET: reports:read, PUT", "GET: reports:read, DELETE: reports:purge, PUT"),
    );
    let same = room.run(["policy", "diff", "policy.yaml", "reformed.yaml"]);
    assert_eq!(same.code, Some(0), "{same:?}");
    assert!(same.out.starts_with("no change "), "{same:?}");

    let more = room.run(["policy", "diff", "policy.yaml", "more.yaml"]);
    assert_eq!(more.code, Some(1), "{more:?}");
    let told = "  all 2 tenants, as editor\n    + DELETE /reports/{report}\n";
    assert!(more.out.contains(told), "{}", more.out);

    let shared = room.run(["policy", "diff", "policy.yaml", "shared.yaml", "--format", "json"]);
    let value: Value = serde_json::from_str(&shared.out).unwrap();
    assert_eq!((shared.code, &value["same"]), (Some(1), &Value::Bool(false)));
    let pair = &value["pairs"][0];
    assert_eq!((&pair["acting"], &pair["change"]), (&"globex".into(), &"gained".into()));
    let gone = room.run(["policy", "diff", "policy.yaml", "gone.yaml"]);
    assert_eq!((gone.code, gone.out.as_str()), (Some(2), ""));
}

#[test]
fn diff_names_keys_by_their_thumbprints() {
    let room = Room::new();
    let key = tenantguard_mint::DevKey::derive(tenantguard_mint::Algorithm::EdDsa, "another");
    room.write("other.jwks.json", tenantguard_mint::jwks(&[&key]).to_string());
    room.write("other.yaml", POLICY.replace("dev.jwks", "other.jwks").replace("1h", "2h"));
    let run = room.run(["policy", "diff", "policy.yaml", "other.yaml"]);
    for part in [key.kid(), room.key.kid(), "max_lifetime  1h -> 2h"] {
        assert!(run.out.contains(part), "{part}\n{}", run.out);
    }
}

fn compiled(room: &Room, more: &[&str]) {
    let compile = ["policy", "compile", "policy.yaml", "-o", "policy.tgpolicy"];
    let run = room.run(compile.iter().chain(more));
    assert_eq!((run.code, run.out.as_str()), (Some(0), ""), "{run:?}");
    assert!(run.err.contains("2 tenants, 2 roles, 2 permissions, 3 routes"), "{run:?}");
}

#[test]
fn a_compiled_policy_means_what_its_source_means() {
    let room = Room::new();
    compiled(&room, &[]);
    let first = std::fs::read(room.path("policy.tgpolicy")).unwrap();
    compiled(&room, &[]);
    assert_eq!(std::fs::read(room.path("policy.tgpolicy")).unwrap(), first);
    assert_eq!(room.run(["policy", "diff", "policy.tgpolicy", "policy.yaml"]).code, Some(0));
    compiled(&room, &["--base64"]);
    assert_eq!(room.run(["policy", "diff", "policy.tgpolicy", "policy.yaml"]).code, Some(0));
    let run = room.run(["policy", "inspect", "policy.tgpolicy", "--format", "json"]);
    let value: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&value["ok"], &value["counts"]["tenants"]), (&Value::Bool(true), &2.into()));
    assert_eq!((&value["bytes"], &value["signature"]), (&first.len().into(), &"none".into()));
}

#[test]
fn a_signature_is_of_one_key_over_these_bytes() {
    let room = Room::new();
    for name in ["sign", "other"] {
        let (private, public) = (format!("{name}.key.json"), format!("{name}.jwks.json"));
        let key = tenantguard_mint::DevKey::derive(tenantguard_mint::Algorithm::EdDsa, name);
        room.write(&private, key.private_jwk().to_string());
        room.write(&public, tenantguard_mint::jwks(&[&key]).to_string());
    }
    compiled(&room, &["--sign", "sign.key.json"]);
    let verify = |key| room.run(["policy", "inspect", "policy.tgpolicy", "--verify", key]);
    assert_eq!(verify("sign.jwks.json").code, Some(0));
    for (key, said) in [("other.jwks.json", "not by the key"), ("dev.jwks.json", "Ed25519")] {
        let run = verify(key);
        assert_eq!((run.code, run.err.as_str()), (Some(1), ""), "{run:?}");
        assert!(run.out.contains(said), "{run:?}");
    }
    let run = room.run(["policy", "compile", "policy.yaml", "--sign", "dev.key.json", "--base64"]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run:?}");
}

#[test]
fn whatever_the_bytes_are_inspect_says_what_is_wrong() {
    let room = Room::new();
    compiled(&room, &[]);
    let good = std::fs::read(room.path("policy.tgpolicy")).unwrap();
    let mut tampered = good.clone();
    *tampered.last_mut().unwrap() ^= 1;
    let longer = [good.as_slice(), b"x"].concat();
    for (bytes, said) in [
        (&b""[..], "not a compiled policy"),
        (b"\xff\x00 nothing", "not a compiled policy"),
        (POLICY.as_bytes(), "not a compiled policy"),
        (&good[..8], "ends too early"),
        (&good[..good.len() - 1], "ends too early"),
        (&longer, "bytes after its end"),
        (&tampered, "changed after it was compiled"),
    ] {
        room.write("bad.tgpolicy", bytes);
        let run = room.run(["policy", "inspect", "bad.tgpolicy"]);
        assert_eq!((run.code, run.err.as_str()), (Some(1), ""), "{run:?}");
        assert!(run.out.starts_with("bad bad.tgpolicy: ") && run.out.contains(said), "{run:?}");
    }
    let run = room.run(["policy", "reach", "bad.tgpolicy"]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run:?}");
    assert_eq!(room.run(["policy", "inspect", "gone.tgpolicy"]).code, Some(2));
}
