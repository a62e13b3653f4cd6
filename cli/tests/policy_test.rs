//! `policy test`

use serde_json::Value;
use tenantguard_mint::{Algorithm, DevKey, jwks};

use crate::{Room, Run};

const TESTS: &str = "version: 1
policy: policy.yaml
now: 2026-01-01T00:00:00Z
principals:
  alice: {issuer: platform, tenant: acme, roles: [editor]}
  grace: {issuer: platform, tenant: globex, roles: [viewer]}
  nobody: {}
requests:
  health: GET /healthz
  read: GET /reports/7
  write: {method: PUT, path: /reports/7, host: api.example.com, headers: {X-Tenant-Id: [acme, globex]}}
  acmes: GET /tenants/acme/reports
cases:
  alice: {read: permit, write: permit, acmes: permit}
  grace: {write: permission.missing, acmes: delegation.none}
  nobody: {health: public, others: token.missing}
";

fn room(tests: &str) -> Room {
    let room = Room::new();
    room.write("policy.test.yaml", tests);
    room
}

fn test(room: &Room, more: &[&str]) -> Run {
    room.run(["policy", "test", "policy.test.yaml"].iter().chain(more))
}

fn test_json(room: &Room) -> Value {
    let run = test(room, &["--format", "json"]);
    serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{run:?}"))
}

#[test]
fn a_table_that_holds_passes_and_covers_what_it_touches() {
    let run = test(&room(TESTS), &["--min", "100"]);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{run:?}");
    assert!(run.out.contains("9 passed"), "{run:?}");
    let coverage = "coverage of policy.yaml: 100 % (4 of 4 routes, 2 of 2 roles, no delegations)";
    assert!(run.out.contains(coverage), "{run:?}");
}

#[test]
fn a_case_that_fails_shows_both_and_the_rules_behind_it() {
    let room = room(&TESTS.replace("write: permission.missing", "write: permit"));
    let run = test(&room, &[]);
    assert_eq!(run.code, Some(1), "{run:?}");
    let tests = room.read("policy.test.yaml");
    let line = tests.lines().position(|line| line.starts_with("  grace: {write")).unwrap() + 1;
    let policy = room.read("policy.yaml");
    let editor = policy.lines().position(|line| line.starts_with("  editor")).unwrap() + 1;
    for said in [
        format!("x grace / write  policy.test.yaml:{line}"),
        "expected permit".to_owned(),
        "but got  deny, permission.missing".to_owned(),
        "x permission  no role of the principal gives reports:write in its tenant".to_owned(),
        format!("needed: a role that holds reports:write: editor  policy.yaml:{editor}"),
        "1 failed, 8 passed".to_owned(),
    ] {
        assert!(run.out.contains(&said), "{said}\n{}", run.out);
    }
    let value = test_json(&room);
    assert_eq!((&value["ok"], &value["failed"]), (&false.into(), &1.into()));
    let failed = value["files"][0]["cases"].as_array().unwrap().iter().find(|c| c["ok"] == false);
    let failed = failed.unwrap();
    assert_eq!((&failed["name"], &failed["line"]), (&"grace / write".into(), &line.into()));
    assert_eq!(failed["checks"][0]["needs"][0]["line"], editor);
}

#[test]
fn what_no_case_touches_is_listed_and_held_against_the_minimum() {
    let fewer = TESTS.replace("  alice: {read: permit, write: permit, acmes: permit}\n", "");
    let run = test(&room(&fewer), &["--min", "90"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    // PUT was decided at its permission; GET never was, and nobody was an editor.
    assert!(run.out.contains(": 66 %, and 90 % is wanted (3 of 4 routes, 1 of 2 roles"), "{run:?}");
    assert!(run.out.contains("no test of route GET /reports/{report}  policy.yaml:"), "{run:?}");
    assert!(run.out.contains("no test of role editor  policy.yaml:"), "{run:?}");
    assert_eq!(test(&room(&fewer), &["--min", "66"]).code, Some(0));
}

#[test]
fn a_filter_runs_a_part_and_leaves_coverage_aside() {
    let room = room(&TESTS.replace("write: permission.missing", "write: permit"));
    let run = test(&room, &["--filter", "alice / "]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.out.contains("3 passed") && run.out.contains("coverage: not looked at"), "{run:?}");
    let none = test(&room, &["--filter", "alcie"]);
    assert_eq!(none.code, Some(2), "{none:?}");
    assert_eq!(test(&room, &["--filter", "alice", "--min", "5"]).code, Some(2));
}

#[test]
fn build_servers_get_junit() {
    let room = room(&TESTS.replace("write: permission.missing", "write: permit"));
    let run = test(&room, &["--junit", "report.xml", "--min", "100"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    let xml = room.read("report.xml");
    for said in [
        r#"<testsuites name="tenantguard policy test" tests="10" skipped="0" failures="1" errors="0">"#,
        r#"<testcase name="alice / read" classname="policy.test.yaml"/>"#,
        r#"<failure message="expected permit, got permission.missing" type="permission.missing">"#,
        r#"<testcase name="policy.yaml" classname="coverage"/>"#,
    ] {
        assert!(xml.contains(said), "{said}\n{xml}");
    }
    assert!(!xml.contains('\u{1b}'), "no colours in a file");
    assert_eq!(test(&room, &["--format", "junit", "--min", "100"]).out, xml);
}

#[test]
fn mistakes_in_the_tests_are_shown_all_at_once_with_their_places() {
    for (from, to, said) in [
        ("  alice: {read", "  alcie: {read", &["did you mean `alice`?"][..]),
        (
            "write: permission.missing",
            "write: permision.missing",
            &["did you mean `permission.missing`?"],
        ),
        ("acmes: delegation.none", "acme: delegation.none", &["did you mean `acmes`?"]),
        ("tenant: acme, roles", "tenat: acme, roles", &["did you mean `tenant`?"]),
        ("GET /healthz", "/healthz", &["GET /api/v1/reports/7"]),
        ("2026-01-01T00:00:00Z", "soon", &["RFC 3339"]),
        ("version: 1", "version: 2", &["version: 1"]),
        (
            "issuer: platform, tenant: acme",
            "issuer: platfrom, tenant: acme",
            &["did you mean `platform`?"],
        ),
        ("nobody: {}", "nobody: {tenant: acme}", &["no issuer to vouch"]),
        ("nobody: {}", "nobody: {token: a, issuer: platform}", &["not both"]),
        ("now: 2026", "nwo: 2026", &["did you mean `now`?", "needs the field `now`"]),
        ("policy: policy.yaml\n", "", &["--policy"]),
        ("policy: policy.yaml", "policy: none.yaml", &["none.yaml"]),
    ] {
        let room = room(&TESTS.replace(from, to));
        let run = test(&room, &[]);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{to}: {run:?}");
        for said in said {
            assert!(run.err.contains(said), "{to}: {said}\n{}", run.err);
        }
    }
    let missing = Room::new().run(["policy", "test", "none.test.yaml"]);
    assert_eq!(missing.code, Some(2), "{missing:?}");
}

#[test]
fn a_real_token_is_verified_in_a_test_too() {
    let room = room("");
    let tests = |token: &str| {
        TESTS.replace("nobody: {}", &format!("nobody: {{token: {token}}}")).replace(
            "{health: public, others: token.missing}",
            "{read: permit, write: scope.missing}",
        )
    };
    room.write("policy.test.yaml", tests(&room.token()));
    assert_eq!(test(&room, &[]).code, Some(0));
    room.write("policy.test.yaml", tests("eyJ.forged.token"));
    let run = test(&room, &[]);
    assert!(run.code == Some(1) && run.out.contains("2 failed"), "{run:?}");
}

#[test]
fn the_demos_policy_does_what_its_tests_say() {
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../xtask/src/demo/");
    let room = Room::new();
    for file in ["policy.yaml", "policy.test.yaml"] {
        room.write(file, std::fs::read(format!("{demo}{file}")).unwrap());
    }
    for (name, algorithm) in [("platform", Algorithm::Es256), ("partnerco", Algorithm::EdDsa)] {
        let keys = jwks(&[&DevKey::derive(algorithm, name)]);
        room.write(&format!("{name}.jwks.json"), keys.to_string());
    }
    let run = test(&room, &["--min", "100"]);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{}", run.out);
}

#[test]
fn of_a_directory_every_file_of_tests_is_run() {
    let room = room(TESTS);
    let nested = TESTS.replace("policy: policy.yaml", "policy: ../../policy.yaml");
    std::fs::create_dir_all(room.path("more/deep")).unwrap();
    room.write("more/deep/one.test.yaml", &nested);
    let cases = |directory: &str| {
        let run = room.run(["policy", "test", directory, "--format", "json"]);
        assert_eq!(run.code, Some(0), "{run:?}");
        let told: Value = serde_json::from_str(&run.out).unwrap();
        told["passed"].as_u64().unwrap_or_else(|| panic!("{told}"))
    };
    assert_eq!(cases("."), 2 * cases("more"));
    std::fs::create_dir(room.path("empty")).unwrap();
    let run = room.run(["policy", "test", "empty"]);
    assert!(run.code == Some(2) && run.err.contains("no file of tests"), "{run:?}");
}
