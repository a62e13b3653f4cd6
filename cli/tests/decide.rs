//! `decide`

use serde_json::{Value, json};

use crate::{NOW, Room, Run};

fn decide(room: &Room, more: &[&str]) -> Run {
    let at = NOW.to_string();
    room.run(["decide", "--policy", "policy.yaml", "--at", &at].iter().chain(more))
}

fn decide_json(room: &Room, more: &[&str]) -> (Option<i32>, Value) {
    let run = decide(room, &[more, &["--format", "json"]].concat());
    (run.code, serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{run:?}")))
}

fn outcomes(value: &Value) -> Vec<(&str, &str)> {
    value["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (step["check"].as_str().unwrap(), step["outcome"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_permit_shows_every_check_and_what_the_upstream_sees() {
    let room = Room::new();
    let token = room.token();
    let run = decide(
        &room,
        &["--path", "/x/..//reports/7?a=b", "--header", "X-Tenant-Id: evil", "--token", &token],
    );
    let expected = format!(
        "permit  Permitted

  + request     GET /reports/7 (normalized)
  + route       /reports/{{report}} asks for reports:read
  + token       ES256, key {}
  + issuer      https://id.example.com
  + signature   made by the issuer's key
  + claims      valid now; platform/alice
  + tenant      acting as acme
  + permission  reports:read is given
  + delegation  the data is acme's own; none is needed
  - skipped: revocation

The upstream sees
  :path: /reports/7?a=b
  x-tenant-id: acme
  x-resource-tenant-id: acme
  x-tenant-isolation: dedicated
  x-tenant-cell: acme-eu
  x-principal-id: platform/alice
  x-tenant-roles: editor
  x-tenant-scope: reports:read
  x-tenant-context-id: (made anew at every hop)
  x-audit-id: (made anew at every hop)
  dropped, as the client sent it: x-tenant-id
",
        room.key.kid()
    );
    assert_eq!((run.code, run.err.as_str(), run.out.as_str()), (Some(0), "", expected.as_str()));
}

#[test]
fn a_denial_shows_where_it_stopped_and_what_the_client_gets() {
    let room = Room::new();
    let run = decide(&room, &["--method", "PUT", "--path", "/reports/7", "--token", &room.token()]);
    assert_eq!(run.code, Some(1));
    assert!(run.out.starts_with("deny  scope.missing  403  "), "{run:?}");
    assert!(
        run.out.contains("  x permission  the token's scope does not give reports:write\n"),
        "{run:?}"
    );
    assert!(run.out.contains("  - skipped: revocation, delegation\n"), "{run:?}");
    assert!(run.out.contains("www-authenticate: Bearer error=\"insufficient_scope\""), "{run:?}");
}

#[test]
fn json_has_the_decision_the_steps_and_the_answer() {
    let room = Room::new();
    let (code, value) =
        decide_json(&room, &["--path", "/tenants/globex/reports", "--token", &room.token()]);
    assert_eq!(code, Some(1));
    assert_eq!(
        (&value["decision"], &value["reason"], &value["status"]),
        (&json!("deny"), &json!("delegation.none"), &json!(403))
    );
    assert_eq!(value["response"]["body"]["code"], "delegation.none");
    assert_eq!(outcomes(&value).last(), Some(&("delegation", "refused")));

    let (code, value) = decide_json(&room, &["--path", "/reports/7"]);
    assert_eq!(code, Some(1));
    assert_eq!((&value["reason"], &value["status"]), (&json!("token.missing"), &json!(401)));
    assert_eq!(
        outcomes(&value)[..4],
        [
            ("request", "passed"),
            ("route", "passed"),
            ("token", "refused"),
            ("issuer", "not_reached")
        ]
    );

    let (code, value) = decide_json(&room, &["--path", "/healthz"]);
    assert_eq!((code, &value["reason"]), (Some(0), &json!("public")));
    assert_eq!(outcomes(&value)[2], ("token", "not_needed"));
    assert_eq!(value["upstream"]["set"][0], json!(["x-tenant-cell", "shared"]));
    assert_eq!(value["usage"], "none");
}

#[test]
fn the_same_question_has_the_same_answer_and_time_is_part_of_it() {
    let room = Room::new();
    let token = room.token();
    let arguments = ["--path", "/reports/7", "--token", token.as_str()];
    assert_eq!(decide_json(&room, &arguments), decide_json(&room, &arguments));
    let ask_at = |at: &str| {
        room.run(["decide", "--policy", "policy.yaml", "--at", at].iter().chain(&arguments))
    };
    assert_eq!(ask_at("2026-01-01T01:00:00+01:00").code, Some(0));
    assert!(ask_at("2026-01-01T01:00:00Z").out.contains("token.expired"));
    assert!(ask_at("1767220000").out.contains("token.not_yet_valid"));
    assert_eq!(ask_at("yesterday").code, Some(2));
}

#[test]
fn a_token_is_read_from_standard_input() {
    let room = Room::new();
    let at = NOW.to_string();
    let arguments =
        ["decide", "--policy", "policy.yaml", "--path", "/reports/7", "--at", &at, "--token", "-"];
    assert_eq!(room.run_with(&format!("{}\n", room.token()), arguments).code, Some(0));
    let twice = room.run(arguments.map(|a| if a == "policy.yaml" { "-" } else { a }));
    assert_eq!(twice.code, Some(2));
    assert!(twice.err.contains("standard input"), "{twice:?}");
}

#[test]
fn shadow_tells_what_would_have_been_and_touches_nothing() {
    let room = Room::new();
    let arguments =
        ["--path", "/tenants/globex/reports", "--mode", "shadow", "--header", "x-tenant-id: evil"];
    let (code, value) = decide_json(&room, &arguments);
    assert_eq!(
        (code, &value["decision"], &value["mode"]),
        (Some(1), &json!("deny"), &json!("shadow"))
    );
    assert_eq!(value["differs"], json!(["x-tenant-id"]));
    assert!(value.get("upstream").is_none() && value.get("response").is_none(), "{value}");
    let screen = decide(&room, &arguments).out;
    assert!(screen.starts_with("would deny  token.missing"), "{screen}");
}

#[test]
fn requests_as_json_may_have_any_bytes_and_are_answered_one_by_one() {
    let room = Room::new();
    let bearer = format!("Bearer {}", room.token());
    let requests = [
        json!({"headers": [[":method", "GET"], [":path", "/reports/7"], ["authorization", bearer]], "at": NOW}),
        json!({"headers": [[":method", "GET"], [":path", {"base64": "L/8="}]], "at": "2026-01-01T00:00:00Z"}),
        json!({"headers": [[":method", "GET"], [":path", "/healthz"], [":path", "/reports/7"]], "mode": "shadow"}),
        json!({"headers": []}),
    ];
    let text = requests.map(|request| request.to_string()).join("\n");
    let arguments = ["decide", "--policy", "policy.yaml", "--format", "json", "--request", "-"];
    let run = room.run_with(&text, arguments);
    let reasons: Vec<Value> = run
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["reason"].clone())
        .collect();
    assert_eq!(reasons, ["permit", "request.malformed", "request.malformed", "request.malformed"]);
    assert_eq!(run.code, Some(1));
    room.write(
        "one.json",
        format!("{:#}", json!({"headers": [[":method", "GET"], [":path", "/healthz"]]})),
    );
    assert_eq!(decide(&room, &["--request", "one.json"]).code, Some(0));
}

#[test]
fn a_request_that_is_none_could_not_run_and_says_which() {
    let room = Room::new();
    let good = r#"{"headers": [[":method", "GET"], [":path", "/healthz"]]}"#;
    for (bad, said) in [
        ("", "request 1"),
        ("{}", "request 1"),
        ("[1]", "request 1"),
        (r#"{"headers": [["a", 1]]}"#, "a header value"),
        (r#"{"headers": [["a", {"base64": "!"}]]}"#, "request 1"),
        (r#"{"headers": [], "att": 1}"#, "att"),
        (r#"{"headers": [], "at": "soon"}"#, "1970"),
        (r#"{"headers": [], "mode": "off"}"#, "enforce"),
        (&format!("{good}\n{{"), "request 2"),
    ] {
        let run = room.run_with(bad, ["decide", "--policy", "policy.yaml", "--request", "-"]);
        assert_eq!(run.code, Some(2), "{bad}: {run:?}");
        assert!(run.err.contains(said) && run.err.contains("help: "), "{bad}: {run:?}");
    }
}

#[test]
fn a_policy_with_findings_decides_nothing_and_shows_them() {
    let room = Room::new();
    room.write("policy.yaml", crate::POLICY.replace("[viewer]", "[veiwer]"));
    let run = decide(&room, &["--path", "/healthz"]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    assert!(
        run.err.contains("unknown-role") && run.err.contains("tenantguard policy check"),
        "{run:?}"
    );
}

#[test]
fn odd_headers_are_refused_or_shown_without_harm() {
    let room = Room::new();
    for odd in ["no colon", ": x", "", "a b: c", "é: x"] {
        let run = decide(&room, &["--path", "/healthz", "--header", odd]);
        assert_eq!(run.code, Some(2), "{odd:?}");
        assert!(run.err.contains("--header"), "{run:?}");
    }
    let run = decide(&room, &["--path", "/\u{1b}[31m", "--header", "host: api.example.com"]);
    assert_eq!(run.code, Some(1));
    assert!(!run.out.contains('\u{1b}'), "{run:?}");
}

#[cfg(unix)]
#[test]
fn arguments_may_be_no_utf_8() {
    use std::os::unix::ffi::OsStrExt as _;
    let room = Room::new();
    let path = std::ffi::OsStr::from_bytes(b"/\xff");
    let header = std::ffi::OsStr::from_bytes(b"x-y: \xff");
    let policy = ["decide", "--policy", "policy.yaml"].map(std::ffi::OsStr::new);
    let more = [std::ffi::OsStr::new("--path"), path, std::ffi::OsStr::new("--header"), header];
    let run = room.run(policy.iter().chain(&more));
    assert!(run.out.contains("request.malformed"), "{run:?}");
}
