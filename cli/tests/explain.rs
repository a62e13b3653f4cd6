//! `policy explain`

use serde_json::{Value, json};

use crate::{NOW, Room, Run};

const OVERRIDDEN: &str = "overrides:
  - {tenant: globex, role: editor, deny: [reports:write]}
scopes:
  reporting: ['reports:*']
";

fn room() -> Room {
    let room = Room::new();
    room.write("policy.yaml", format!("{}{OVERRIDDEN}", crate::POLICY));
    room
}

fn explain(room: &Room, more: &[&str]) -> Run {
    let at = NOW.to_string();
    room.run(["policy", "explain", "--policy", "policy.yaml", "--at", &at].iter().chain(more))
}

fn explain_json(room: &Room, more: &[&str]) -> Value {
    let run = explain(room, &[more, &["--format", "json"]].concat());
    serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{run:?}"))
}

/// The line of the policy that has `text`, as an explanation names it.
fn line_of(room: &Room, text: &str) -> String {
    let policy = room.read("policy.yaml");
    let nth = policy.lines().position(|line| line.contains(text)).unwrap();
    format!("policy.yaml:{}", nth + 1)
}

#[test]
fn a_refusal_names_the_rules_and_what_would_have_to_be_so() {
    let room = room();
    let editor = line_of(&room, "  editor:");
    let deny = line_of(&room, "deny:");
    for (who, method, path, code, said) in [
        (
            &["--issuer", "platform", "--tenant", "globex", "--role", "editor"][..],
            "PUT",
            "/reports/7",
            "permission.missing",
            &[
                format!("role editor grants reports:write  {editor}"),
                format!("override for globex denies it to editor  {deny}"),
                "needed: a role that holds reports:write in globex; none does there, elsewhere editor".to_owned(),
            ][..],
        ),
        (
            &["--issuer", "platform", "--tenant", "acme", "--role", "viewer"],
            "PUT",
            "/reports/7",
            "permission.missing",
            &[
                "its only role is viewer".to_owned(),
                format!("needed: a role that holds reports:write: editor  {editor}"),
            ],
        ),
        (
            &["--issuer", "platform", "--tenant", "acme", "--role", "editor", "--scope", "x"],
            "PUT",
            "/reports/7",
            "scope.missing",
            &[
                "its scope is x".to_owned(),
                "needed: the scope reports:write in the token".to_owned(),
                format!("or reporting, which stands for it  {}", line_of(&room, "  reporting:")),
            ],
        ),
        (
            &["--issuer", "platform", "--tenant", "acme", "--role", "viewer"],
            "GET",
            "/tenants/globex/reports",
            "delegation.none",
            &[
                format!("whose data it is: globex  {}", line_of(&room, "resource_tenant:")),
                "needed: a delegation from globex to acme".to_owned(),
            ],
        ),
        (
            &["--issuer", "platform", "--tenant", "amce", "--role", "viewer"],
            "GET",
            "/reports/7",
            "tenant.unknown",
            &["did you mean `acme`?".to_owned()],
        ),
        (&[], "GET", "/reports/7", "token.missing", &["authorization: Bearer".to_owned()]),
        (
            &[],
            "DELETE",
            "/reports/7",
            "route.method",
            &[format!("one of its methods: GET, PUT  {}", line_of(&room, "/reports/{report}"))],
        ),
        (&[], "GET", "/reports", "route.unknown", &["such as /reports/{report}".to_owned()]),
    ] {
        let run = explain(&room, &[who, &[method, path]].concat());
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.out.starts_with(&format!("deny  {code}  ")), "{code}: {}", run.out);
        for said in said {
            assert!(run.out.contains(said), "{code}: {said}\n{}", run.out);
        }
    }
}

#[test]
fn a_permit_names_the_rules_of_every_check() {
    let room = room();
    let who = ["--issuer", "platform", "--tenant", "acme", "--role", "editor"];
    let run = explain(&room, &[&who[..], &["GET", "/x/..//reports/7"]].concat());
    assert_eq!(run.code, Some(0), "{run:?}");
    for said in [
        "+ request     GET /reports/7 (normalized)".to_owned(),
        format!("GET asks for reports:read  {}", line_of(&room, "GET: reports:read, PUT")),
        format!("issuer platform  {}", line_of(&room, "  platform:")),
        format!("tenant acme, dedicated  {}", line_of(&room, "  acme:")),
        format!(
            "role viewer, which editor extends, grants reports:read  {}",
            line_of(&room, "  viewer:")
        ),
        "- token       skipped: only claims are given".to_owned(),
        "- signature   skipped: only claims are given".to_owned(),
        "- revocation  skipped: no control configured".to_owned(),
        "assumed: a scope with every permission".to_owned(),
    ] {
        assert!(run.out.contains(&said), "{said}\n{}", run.out);
    }
}

#[test]
fn a_token_goes_through_the_whole_gate() {
    let room = room();
    let token = room.token();
    let checks = |value: &Value| {
        let checks = value["checks"].as_array().unwrap().iter();
        checks
            .map(|check| (check["check"].clone(), check["outcome"].clone()))
            .map(|(check, outcome)| {
                format!("{}={}", check.as_str().unwrap(), outcome.as_str().unwrap())
            })
            .collect::<Vec<_>>()
    };
    let good = explain_json(&room, &["--token", &token, "GET", "/reports/7"]);
    assert_eq!((&good["decision"], &good["status"]), (&json!("permit"), &json!(200)));
    assert_eq!(
        checks(&good),
        [
            "request=passed",
            "route=passed",
            "token=passed",
            "issuer=passed",
            "signature=passed",
            "claims=passed",
            "tenant=passed",
            "revocation=skipped",
            "permission=passed",
            "delegation=passed",
        ]
    );
    let (rest, signature) = token.rsplit_once('.').unwrap();
    let forged = format!("{rest}.{}", signature.chars().rev().collect::<String>());
    let forged = explain_json(&room, &["--token", &forged, "GET", "/reports/7"]);
    assert_eq!(forged["reason"], "token.signature");
    assert_eq!(checks(&forged)[4..6], ["signature=refused", "claims=not_reached"]);
}

#[test]
fn claims_are_taken_as_they_are_or_filled_in_by_their_issuer() {
    let room = room();
    let claims = json!({
        "iss": "https://id.example.com", "aud": "api.example.com", "sub": "alice",
        "tenant_id": "acme", "tenant_role": "viewer", "scope": "reports:read",
        "iat": NOW, "exp": NOW + 60,
    });
    room.write("claims.json", claims.to_string());
    let reason = |more: &[&str]| explain_json(&room, more)["reason"].clone();
    let request = ["GET", "/reports/7"];
    assert_eq!(reason(&[&["--claims", "claims.json"], &request[..]].concat()), "permit");
    let inline = [&["--claims", r#"{"iss": "https://id.example.com"}"#], &request[..]].concat();
    assert_eq!(reason(&inline), "token.claims");
    let filled = ["--issuer", "platform", "--claims", r#"{"sub": "a", "tenant_id": "acme"}"#];
    assert_eq!(reason(&[&filled[..], &request].concat()), "permission.missing");
    let left_out = ["--issuer", "platform", "--claims", r#"{"aud": null}"#];
    assert_eq!(reason(&[&left_out[..], &request].concat()), "token.audience");
    let foreign = [&["--claims", r#"{"iss": "https://id.exmple.com"}"#], &request[..]].concat();
    let run = explain(&room, &foreign);
    assert!(run.out.contains("did you mean `https://id.example.com`?"), "{}", run.out);
}

#[test]
fn a_question_that_cannot_be_asked_could_not_run() {
    let room = room();
    for (arguments, said) in [
        (&["--issuer", "plattform", "GET", "/x"][..], "its issuers are platform"),
        (&["--claims", "{", "GET", "/x"], "--claims"),
        (&["--claims", "none.json", "GET", "/x"], "none.json"),
        (&["--tenant", "acme", "GET", "/x"], "--issuer"),
        (&["--token", "a", "--claims", "{}", "GET", "/x"], "--claims"),
        (&["GET"], "<PATH>"),
    ] {
        let run = explain(&room, arguments);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run:?}");
        assert!(run.err.contains(said), "{said}: {run:?}");
    }
}
