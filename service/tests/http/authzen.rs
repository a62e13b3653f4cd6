//! AuthZEN: the interop decisions for API gateways and the certification requests of the OpenID
//! working group, over policies of ours; and what is ours alone.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::rig::{Rig, callers, request};

/// The todo application of the gateway scenario.
const GATEWAY_POLICY: &str = "\
version: 1
audiences: [todo.example.com]
issuers:
  platform:
    issuer: https://id.example.com
    keys: {jwks_file: dev.jwks.json}
    asserts: {tenants: any, roles: any}
tenants:
  citadel: {isolation: shared}
roles:
  viewer: {permissions: ['users:read', 'todos:read']}
  editor: {extends: [viewer], permissions: ['todos:write']}
  admin: {extends: [editor]}
  evil_genius: {extends: [editor]}
routes:
  - path: /users/{userId}
    methods: {GET: 'users:read'}
  - path: /todos
    methods: {GET: 'todos:read', POST: 'todos:write'}
  - path: /todos/{todoId}
    methods: {PUT: 'todos:write', DELETE: 'todos:write'}
";

/// The records of the certification scenario. Which request an action stands for depends on what
/// the caller knows of the record and of the action; who may send it is the policy's.
const RECORD_POLICY: &str = "\
version: 1
audiences: [records.example.com]
issuers:
  platform:
    issuer: https://id.example.com
    keys: {jwks_file: dev.jwks.json}
    asserts: {tenants: any, roles: any}
tenants:
  records: {isolation: shared}
roles:
  reader: {permissions: ['records:read']}
  writer: {extends: [reader], permissions: ['records:write', 'records:trash']}
  admin: {extends: [writer], permissions: ['archive:write', 'records:delete']}
routes:
  - path: /records/{record}
    methods: {GET: 'records:read', PUT: 'records:write', DELETE: 'records:delete'}
  - path: /records/{record}/trash
    methods: {POST: 'records:trash'}
  - path: /archive/{record}
    methods: {PUT: 'archive:write'}
";

const RECORD_MAPPINGS: &str = r#"
[[authzen.subjects]]
type = "user"
id = "alice"
tenant = "records"
roles = ["writer"]

[[authzen.subjects]]
type = "user"
id = "bob"
tenant = "records"
roles = ["reader"]
on_request = ["admin"]

[[authzen.resources]]
type = "record"
id = "record-1"

[[authzen.resources]]
type = "record"
id = "record-2"
properties = {status = "archived"}

[[authzen.mappings]]
resource = "record"
action = "read"
method = "GET"
path = "/records/{id}"

[[authzen.mappings]]
resource = "record"
action = "write"
when = [{member = "/resource/properties/status", equals = "archived"}]
method = "PUT"
path = "/archive/{id}"

[[authzen.mappings]]
resource = "record"
action = "write"
method = "PUT"
path = "/records/{id}"

[[authzen.mappings]]
resource = "record"
action = "delete"
when = [{member = "/action/properties/soft", equals = true}]
method = "POST"
path = "/records/{id}/trash"

[[authzen.mappings]]
resource = "record"
action = "delete"
method = "DELETE"
path = "/records/{id}"
"#;

/// The working group's files, where they are at hand.
fn vectors(name: &str) -> Option<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    let path: PathBuf = root.join("shared/vectors/authzen").join(name);
    match fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(_) => {
            println!("skipped: the AuthZEN vectors ({name}) are not at hand");
            None
        }
    }
}

async fn service(policy: &str, authzen: &str) -> Rig {
    let text =
        format!("listen = \"127.0.0.1:0\"\npolicy = \"policy.yaml\"\n{authzen}\n{}", callers());
    Rig::start(&text, policy).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_decisions_of_the_working_group_hold() {
    let (Some(decisions), Some(users)) =
        (vectors("api-gateway-decisions.json"), vectors("todo-users.json"))
    else {
        return;
    };
    // Who there is, as the scenario's page has it; what the roles may do is the policy's.
    let subjects = users.as_object().unwrap().iter().map(|(id, user)| {
        let roles = &user["roles"];
        format!(
            "[[authzen.subjects]]\ntype = \"identity\"\nid = {id:?}\ntenant = \"citadel\"\n\
             roles = {roles}\n"
        )
    });
    let rig = service(GATEWAY_POLICY, &subjects.collect::<String>()).await;
    let cases = decisions["evaluation"].as_array().unwrap();
    assert_eq!(cases.len(), 25);
    for case in cases {
        let answer = rig.post("edge", "/access/v1/evaluation", &case["request"]).await;
        assert_eq!(answer.json()["decision"], case["expected"], "{case}\n{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certification_requests_of_the_working_group_hold() {
    let Some(scenario) = vectors("certification-cases.json") else { return };
    let rig = service(RECORD_POLICY, RECORD_MAPPINGS).await;
    let cases = scenario["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 44);
    for case in cases {
        let section = case["section"].as_str().unwrap();
        let path = match section.get(..5).unwrap() {
            "c-2-2" | "c-2-4" => "/access/v1/evaluation",
            "c-3-2" | "c-3-4" => "/access/v1/evaluations",
            "c-4-2" => "/access/v1/search/subject",
            "c-4-3" => "/access/v1/search/resource",
            "c-4-4" => "/access/v1/search/action",
            "c-4-5" => "/access/v1/search/subject",
            // These two say in words which search they are.
            _ if section == "c-4-6-1" => "/access/v1/search/action",
            _ if section == "c-4-6-2" => "/access/v1/search/subject",
            other => panic!("{other} is of no kind that is known"),
        };
        let answer = rig.post("edge", path, &case["request"]).await;
        let status = case["expect_http"].as_u64().unwrap_or(200);
        assert_eq!(u64::from(answer.status), status, "{case}\n{answer:?}");
        if status == 200 {
            compare(&answer.json(), &case["expect_body"], case);
        }
    }
}

/// Decisions must be as expected, in order; results must include what is expected.
fn compare(answer: &Value, expected: &Value, case: &Value) {
    let decisions = |body: &Value| -> Vec<Value> {
        let many = body["evaluations"].as_array().cloned();
        let many = many.unwrap_or_else(|| vec![body.clone()]);
        many.into_iter().map(|one| one["decision"].clone()).collect()
    };
    match (expected.get("results"), &expected["decision"], &expected["evaluations"]) {
        (Some(wanted), ..) => {
            let found = answer["results"].as_array().unwrap();
            let wanted = wanted.as_array().unwrap();
            assert!(wanted.iter().all(|one| found.contains(one)), "{case}\n{answer}");
            assert!(!wanted.is_empty() || found.is_empty(), "{case}\n{answer}");
        }
        (None, Value::Null, Value::Null) => {
            let kinds = ["decision", "evaluations", "results"];
            assert!(kinds.iter().any(|kind| answer.get(kind).is_some()), "{case}\n{answer}");
        }
        _ => assert_eq!(decisions(answer), decisions(expected), "{case}\n{answer}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_decided_on_as_a_proxy_would() {
    let rig = Rig::new().await;
    let ask = async |token: &str, path: &str| {
        let question = json!({"subject": {"type": "token", "id": token},
            "action": {"name": "GET"}, "resource": {"type": "route", "id": path}});
        let answer = rig.post("edge", "/access/v1/evaluation", &question).await.json();
        (
            answer["decision"].as_bool().unwrap(),
            answer["context"]["reason"].as_str().map(str::to_owned),
        )
    };
    let (viewer, admin) = (rig.token("acme", "viewer", "1"), rig.token("acme", "admin", "2"));
    let denied = |reason: &str| (false, Some(reason.to_owned()));
    assert_eq!(ask(&viewer, "/reports/7").await, (true, None));
    assert_eq!(ask(&admin, "/control").await, (true, None));
    assert_eq!(ask(&viewer, "/control").await, denied("permission.missing"));
    assert_eq!(ask(&viewer, "/elsewhere").await, denied("route.unknown"));
    assert_eq!(ask("a.b.c", "/reports/7").await, denied("token.malformed"));
    // What is revoked is denied here as well.
    let target = json!({"kind": "token", "token": viewer});
    assert_eq!(rig.revoke("root", target).await.status, 200);
    assert_eq!(ask(&viewer, "/reports/7").await, denied("revoked"));
    // A tenant's administrator asks about that tenant's subjects alone.
    let question = json!({"subject": {"type": "token", "id": admin},
        "action": {"name": "GET"}, "resource": {"type": "route", "id": "/reports/7"}});
    let seen = rig.post("globex-admin", "/access/v1/evaluation", &question).await.json();
    assert_eq!(seen["context"]["reason"], "tenant.forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_semantics_of_a_batch_say_where_it_ends() {
    let rig = service(RECORD_POLICY, RECORD_MAPPINGS).await;
    let ask = async |semantic: &str| {
        let read = json!({"action": {"name": "read"}});
        let write = json!({"action": {"name": "write"}});
        let batch = json!({"subject": {"type": "user", "id": "bob"},
            "resource": {"type": "record", "id": "record-1"},
            "options": {"evaluations_semantic": semantic},
            "evaluations": [read, write, read]});
        let answer = rig.post("edge", "/access/v1/evaluations", &batch).await.json();
        let all = answer["evaluations"].as_array().unwrap().clone();
        all.iter().map(|one| one["decision"].as_bool().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ask("execute_all").await, [true, false, true]);
    assert_eq!(ask("deny_on_first_deny").await, [true, false]);
    assert_eq!(ask("permit_on_first_permit").await, [true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_has_no_role_that_nobody_gave_it() {
    let rig = service(RECORD_POLICY, RECORD_MAPPINGS).await;
    let ask = async |subject: Value| {
        let question = json!({"subject": subject, "action": {"name": "delete"},
            "resource": {"type": "record", "id": "record-1"}});
        rig.post("edge", "/access/v1/evaluation", &question).await.json()["decision"].clone()
    };
    let admin = json!({"role": "admin", "tenant": "records"});
    assert_eq!(ask(json!({"type": "user", "id": "bob", "properties": admin})).await, true);
    assert_eq!(ask(json!({"type": "user", "id": "alice", "properties": admin})).await, false);
    assert_eq!(ask(json!({"type": "user", "id": "eve", "properties": admin})).await, false);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_says_where_everything_is() {
    let rig = Rig::with("public_url = \"https://control.example.com/\"", "").await;
    let path = "/.well-known/authzen-configuration";
    let metadata = rig.ask(&request("GET", path, &[], "")).await.json();
    assert_eq!(metadata["policy_decision_point"], "https://control.example.com");
    let evaluation = "https://control.example.com/access/v1/evaluation";
    assert_eq!(metadata["access_evaluation_endpoint"], evaluation);
    assert_eq!(metadata["access_evaluations_endpoint"], format!("{evaluation}s"));
}
