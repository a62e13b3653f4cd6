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
    let expected = r#"error[unknown-role]: there is no role "veiwer"
  --> policy.yaml:14:22
   |
14 |   editor: {extends: [veiwer], permissions: [reports:write]}
   |                      ^^^^^^ roles.editor.extends[0]
   |
   = help: did you mean `viewer`?

error[unknown-field]: a route has no field "usge"
  --> policy.yaml:16:36
   |
16 |   - {path: /healthz, public: true, usge: none}
   |                                    ^^^^ routes[0].usge
   |
   = help: did you mean `usage`?

2 errors in policy.yaml; a gate would refuse to start with it
`tenantguard policy check --explain unknown-role` says more
"#;
    assert_eq!(run.out, expected);
}

/// A policy that compiles, in which an override does nothing.
fn idle_override() -> String {
    POLICY.replace(
        "routes:\n",
        "overrides:\n  - {tenant: acme, role: editor, grant: [reports:read]}\nroutes:\n",
    )
}

#[test]
fn a_warning_shows_the_other_place_and_can_be_allowed() {
    let room = Room::new();
    room.write("policy.yaml", idle_override());
    let run = room.run(["policy", "check", "policy.yaml"]);
    assert_eq!((run.code, run.err.as_str()), (Some(1), ""));
    let expected = r#"warning[override-without-effect]: editor has reports:read in acme without this grant
  --> policy.yaml:16:42
   |
14 |   editor: {extends: [viewer], permissions: [reports:write]}
   |   ------ roles.editor
15 | overrides:
16 |   - {tenant: acme, role: editor, grant: [reports:read]}
   |                                          ^^^^^^^^^^^^ overrides[0].grant[0]
   |
   = help: remove it

1 warning in policy.yaml; a gate would start with it
`tenantguard policy check --explain override-without-effect` says more
"#;
    assert_eq!(run.out, expected);
    for allow in ["override-without-effect", "warnings"] {
        let run = room.run(["policy", "check", "policy.yaml", "--allow", allow]);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.out.starts_with("ok policy.yaml\n"), "{run:?}");
    }
    let run = room.run(["policy", "check", "policy.yaml", "--allow", "unused-role"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    // Who runs a policy is not kept from it by a warning.
    assert_eq!(room.run(["policy", "render", "policy.yaml"]).code, Some(0));
}

#[test]
fn only_the_codes_of_warnings_can_be_allowed() {
    let room = Room::new();
    for (code, said) in [("unknown-role", "it is an error"), ("nonsense", "no such code")] {
        let run = room.run(["policy", "check", "policy.yaml", "--allow", code]);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{code}");
        assert!(run.err.contains(said), "{run:?}");
    }
}

#[test]
fn a_code_explains_itself_with_an_example_and_the_remedy() {
    let room = Room::new();
    let run = room.run(["policy", "check", "--explain", "unknown-role"]);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
    for part in ["error   unknown-role\n\n", "\nwrong\n\n    roles:\n", "\nright\n\n    roles:\n"] {
        assert!(run.out.contains(part), "{part:?} is not in {}", run.out);
    }
    assert!(!run.out.contains("```") && run.out.ends_with("define the role.\n"), "{}", run.out);
    let all = room.run(["policy", "check", "--explain"]);
    assert_eq!(all.code, Some(0));
    assert_eq!(all.out.lines().count(), tenantguard_policy::Code::ALL.len());
    assert_eq!(room.run(["policy", "check", "--explain", "nonsense"]).code, Some(2));
    assert_eq!(room.run(["policy", "check"]).code, Some(2));
}

#[test]
fn colours_are_for_a_terminal_and_can_be_forced() {
    let room = Room::new();
    room.write("policy.yaml", idle_override());
    let coloured = |name: &str| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_tenantguard"))
            .args(["policy", "check", "policy.yaml"])
            .current_dir(room.path(""))
            .env(name, "1")
            .output()
            .unwrap();
        output.stdout.contains(&b'\x1b')
    };
    assert!(coloured("CLICOLOR_FORCE"));
    assert!(!coloured("NO_COLOR"));
}

#[test]
fn json_is_one_line_for_each_finding_with_both_places() {
    let room = Room::new();
    room.write(
        "bad.yaml",
        idle_override().replace("version: 1", "version: 1\nversion: 1") + "  - {path: healthz}\n",
    );
    let run = room.run(["policy", "check", "bad.yaml", "--format", "json"]);
    assert_eq!((run.code, run.err.as_str()), (Some(1), ""));
    let findings: Vec<Value> =
        run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let shown = |field: &str| findings.iter().map(|f| f[field].clone()).collect::<Vec<_>>();
    assert_eq!(
        shown("code"),
        ["duplicate-key", "override-without-effect", "missing-field", "invalid-path"]
    );
    assert_eq!(shown("severity"), ["error", "warning", "error", "error"]);
    assert_eq!(shown("file"), ["bad.yaml"; 4]);
    assert_eq!(shown("line"), [2, 17, 25, 25]);
    let idle = &findings[1];
    assert_eq!(idle["path"], "overrides[0].grant[0]");
    assert_eq!(idle["message"], "editor has reports:read in acme without this grant");
    assert_eq!((&idle["column"], &idle["help"]), (&42.into(), &"remove it".into()));
    assert_eq!(idle["other"]["path"], "roles.editor");
    let text = room.read("bad.yaml");
    let span = |value: &Value| value.as_u64().and_then(|at| usize::try_from(at).ok()).unwrap();
    assert_eq!(&text[span(&idle["span"][0])..span(&idle["span"][1])], "reports:read");

    let good = room.run(["policy", "check", "policy.yaml", "--format", "json"]);
    assert_eq!((good.code, good.out.as_str()), (Some(0), ""));
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
    for (file, said) in [("gone.yaml", "cannot read gone.yaml"), ("latin1.yaml", "is not UTF-8")] {
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
    assert!(run.out.contains("line.json (tenants.t0.isolation):1:"), "{}", run.out);
    assert!(run.out.contains("... and 201 more, which --format json shows"), "{}", run.out);
    assert!(run.out.contains("301 errors in line.json; a gate would refuse to start with it\n"));
}
