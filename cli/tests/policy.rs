//! `policy check`

use serde_json::Value;

use crate::{POLICY, Room};

#[test]
fn a_good_policy_is_summed_up() {
    let room = Room::new();
    let run = room.run(["policy", "check", "policy.yaml"]);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!(lines[0], "ok policy.yaml");
    assert_eq!(lines[1], "   1 issuer, 2 tenants, 2 roles, 2 permissions, 3 routes");
    assert!(lines[2].trim().starts_with("sha256:"), "{run:?}");
}

#[test]
fn every_finding_is_shown_with_its_line_and_a_suggestion() {
    let room = Room::new();
    room.write(
        "policy.yaml",
        POLICY.replace("[viewer]", "[veiwer]").replace("usage: none", "usge: none"),
    );
    let run = room.run(["policy", "check", "policy.yaml"]);
    assert_eq!((run.code, run.err.as_str()), (Some(1), ""));
    let expected = r#"unknown-role

  × there is no role "veiwer"
    ╭─[policy.yaml:14:22]
 13 │   viewer: {permissions: [reports:read]}
 14 │   editor: {extends: [veiwer], permissions: [reports:write]}
    ·                      ───┬──
    ·                         ╰── roles.editor.extends[0]
 15 │ routes:
    ╰────
  help: did you mean `viewer`?

unknown-field

  × a route has no field "usge"
    ╭─[policy.yaml:16:36]
 15 │ routes:
 16 │   - {path: /healthz, public: true, usge: none}
    ·                                    ──┬─
    ·                                      ╰── routes[0].usge
 17 │   - path: /reports/{report}
    ╰────
  help: did you mean `usage`?

2 findings in policy.yaml; a gate would refuse to start with it
"#;
    assert_eq!(run.out, expected);
}

#[test]
fn json_has_code_path_and_position_of_every_finding() {
    let room = Room::new();
    room.write(
        "bad.yaml",
        POLICY.replace("[viewer]", "[veiwer]").replace("version: 1", "version: 1\nversion: 1"),
    );
    let run = room.run(["policy", "check", "bad.yaml", "--format", "json"]);
    assert_eq!(run.code, Some(1));
    let value: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(run.out.lines().count(), 1);
    assert_eq!((&value["ok"], &value["file"]), (&Value::Bool(false), &"bad.yaml".into()));
    let shown = |n: usize, field: &str| value["findings"][n][field].clone();
    assert_eq!((shown(0, "code"), shown(0, "line")), ("duplicate-key".into(), 2.into()));
    assert_eq!(shown(0, "other")["line"], 1);
    assert_eq!(
        (shown(1, "code"), shown(1, "path")),
        ("unknown-role".into(), "roles.editor.extends[0]".into())
    );
    assert_eq!((shown(1, "line"), shown(1, "column")), (15.into(), 22.into()));
    assert_eq!(shown(1, "help"), "did you mean `viewer`?");

    let good = room.run(["policy", "check", "policy.yaml", "--format", "json"]);
    let value: Value = serde_json::from_str(&good.out).unwrap();
    assert_eq!((&value["ok"], &value["routes"]), (&Value::Bool(true), &3.into()));
    assert_eq!(value["findings"], Value::Array(vec![]));
}

#[test]
fn standard_input_is_read_and_key_files_are_found_beside_the_policy() {
    let room = Room::new();
    assert_eq!(room.run_with(POLICY, ["policy", "check", "-"]).code, Some(0));
    std::fs::create_dir(room.path("sub")).unwrap();
    room.write("sub/policy.yaml", POLICY);
    let missing = room.run(["policy", "check", "sub/policy.yaml"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.out.contains("keys-unreadable"), "{missing:?}");
    room.write("sub/dev.jwks.json", room.read("dev.jwks.json"));
    assert_eq!(room.run(["policy", "check", "sub/policy.yaml"]).code, Some(0));
}

#[test]
fn what_cannot_be_read_could_not_run_and_says_what_to_do() {
    let room = Room::new();
    room.write("latin1.yaml", b"version: 1 # \xe9");
    for (file, said) in [
        ("gone.yaml", "cannot read gone.yaml"),
        ("latin1.yaml", "is not UTF-8"),
        (".", "cannot read ."),
    ] {
        let run = room.run(["policy", "check", file]);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{file}");
        assert!(run.err.starts_with("error: ") && run.err.contains(said), "{run:?}");
        assert!(run.err.contains("help: "), "{run:?}");
    }
}

#[test]
fn a_hostile_policy_cannot_write_to_the_terminal() {
    let room = Room::new();
    room.write(
        "policy.yaml",
        POLICY.replace("isolation: shared", "isolation: \"\u{1b}[31m\u{202e}\""),
    );
    let run = room.run(["policy", "check", "policy.yaml"]);
    assert_eq!(run.code, Some(1));
    assert!(!run.out.contains(['\u{1b}', '\u{202e}']), "{run:?}");
}

#[test]
fn a_policy_on_one_line_is_not_poured_onto_the_screen() {
    let room = Room::new();
    let tenants = (0..300).map(|n| format!("\"t{n}\":{{\"isolation\":\"shred\"}}"));
    let text = format!(
        "{{\"version\":1,\"routes\":[],\"tenants\":{{{}}}}}",
        tenants.collect::<Vec<_>>().join(",")
    );
    room.write("line.json", &text);
    let run = room.run(["policy", "check", "line.json"]);
    assert_eq!(run.code, Some(1));
    assert!(run.out.lines().all(|line| line.len() < 200), "{}", run.out);
    assert!(run.out.contains("tenants.t0.isolation (line.json:1:"), "{}", run.out);
    assert!(run.out.contains("... and 201 more, which --format json shows"), "{}", run.out);
    assert!(run.out.ends_with("301 findings in line.json; a gate would refuse to start with it\n"));
}
