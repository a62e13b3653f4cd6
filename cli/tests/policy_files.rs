//! Policies of several files, `policy fmt` and `policy schema`.

use serde_json::Value;

use crate::{POLICY, Room};

/// A room whose policy is a directory: the tenants in files of their own.
fn directory() -> Room {
    let room = Room::new();
    std::fs::create_dir_all(room.path("policies/tenants")).unwrap();
    let (start, rest) = POLICY.split_once("tenants:\n").unwrap();
    let (tenants, rest) = rest.split_once("roles:\n").unwrap();
    let (acme, globex) = tenants.split_once('\n').unwrap();
    room.write("policies/base.yaml", format!("{start}roles:\n{rest}"));
    room.write("policies/tenants/acme.yaml", format!("tenants:\n{acme}\n"));
    room.write("policies/tenants/globex.yaml", format!("tenants:\n{globex}"));
    room.write("policies/dev.jwks.json", room.read("dev.jwks.json"));
    room.write("policies/dev.key.json", room.read("dev.key.json"));
    room.write("policies/base.test.yaml", "what a test says");
    room.write("policies/.hidden.yaml", "[");
    room.write("policies/README.md", "Our policy.");
    room
}

fn digest(room: &Room, policy: &str) -> String {
    let run = room.run(["policy", "check", policy]);
    run.out.lines().find(|line| line.contains("sha256:")).unwrap().trim().to_owned()
}

#[test]
fn a_directory_is_the_policy_that_its_files_make() {
    let room = directory();
    let run = room.run(["policy", "check", "policies"]);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{run:?}");
    assert_eq!(digest(&room, "policies"), digest(&room, "policy.yaml"));
    let rendered = |policy: &str| room.run(["policy", "render", policy]).out;
    assert_eq!(rendered("policies"), rendered("policy.yaml"));
}

#[test]
fn what_two_files_say_is_shown_with_both_places() {
    let room = directory();
    room.write("policies/tenants/zz.yaml", "# again\ntenants:\n  acme: {isolation: shared}\n");
    let run = room.run(["policy", "check", "policies"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.out.contains("::: policies/tenants/acme.yaml:2:3"), "{}", run.out);
    assert!(run.out.contains("--> policies/tenants/zz.yaml:3:3"), "{}", run.out);
    let run = room.run(["policy", "check", "policies", "--format", "json"]);
    let finding: Value = serde_json::from_str(run.out.lines().next().unwrap()).unwrap();
    assert_eq!(finding["code"], "duplicate-key");
    assert_eq!(finding["file"], "policies/tenants/zz.yaml");
    assert_eq!(finding["other"]["file"], "policies/tenants/acme.yaml");
    assert_eq!((&finding["line"], &finding["other"]["line"]), (&3.into(), &2.into()));
}

#[test]
fn a_directory_without_a_policy_could_not_run() {
    let room = Room::new();
    std::fs::create_dir(room.path("empty")).unwrap();
    let run = room.run(["policy", "check", "empty"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("empty has no policy file"), "{run:?}");
}

#[test]
fn fmt_lays_out_and_then_has_nothing_to_do() {
    let room = directory();
    let odd = "# ours\ntenants:\n    acme:   {cell: acme-eu,  isolation: dedicated} # large\n";
    room.write("policies/tenants/acme.yaml", odd);
    let before = digest(&room, "policies");

    let run = room.run(["policy", "fmt", "--check", "policies"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.out.contains("would change policies/tenants/acme.yaml\n"), "{run:?}");
    assert_eq!(room.read("policies/tenants/acme.yaml"), odd);

    let run = room.run(["policy", "fmt", "policies"]);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{run:?}");
    assert_eq!(
        room.read("policies/tenants/acme.yaml"),
        "# ours\ntenants:\n  acme: {isolation: dedicated, cell: acme-eu}  # large\n"
    );
    assert_eq!(digest(&room, "policies"), before);
    assert_eq!(room.read("policies/base.test.yaml"), "what a test says");

    let run = room.run(["policy", "fmt", "--check", "policies"]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), ""), "{run:?}");
    let files = std::fs::read_dir(room.path("policies/tenants")).unwrap();
    assert_eq!(files.count(), 2, "nothing is left behind");
}

#[test]
fn fmt_prints_what_it_is_piped_and_leaves_what_it_cannot_read() {
    let room = Room::new();
    let run = room.run_with("roles: {}\nversion:  1\n", ["policy", "fmt", "-"]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), "version: 1\nroles: {}\n"), "{run:?}");
    room.write("policy.yaml", "version: &v 1\nroles: *v\n");
    let run = room.run(["policy", "fmt", "policy.yaml"]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.err.contains("an anchor is set here"), "{run:?}");
    assert_eq!(room.read("policy.yaml"), "version: &v 1\nroles: *v\n");
}

#[test]
fn schema_prints_the_one_that_is_committed() {
    let run = Room::new().run(["policy", "schema"]);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
    assert!(run.out == include_str!("../../policy/schema/policy.schema.json"));
}
