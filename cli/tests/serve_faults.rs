//! What can happen to a running service: its policy changes, its disk is full.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::serve::{Service, TENANTGUARD, room};
use super::{POLICY, Room, Run};

#[test]
fn sighup_has_the_policy_read_and_a_bad_one_is_told_and_not_taken() {
    let room = room();
    let service = Service::start_by(&room, Command::new(TENANTGUARD), &["--policy", "policy.yaml"]);
    let policy = || {
        let status = service.ask(&room, "root", "", &["status", "--format", "json"]);
        serde_json::from_str::<serde_json::Value>(&status.out).unwrap()["policy"].to_string()
    };
    let first = policy();
    room.write(
        "policy.yaml",
        POLICY.replace("globex: {isolation: shared}", "globex: {isolation: dedicated, cell: g}"),
    );
    service.signal("-HUP");
    assert_eq!(service.logs("reloaded")["part"], "policy");
    let second = policy();
    assert_ne!(first, second);
    room.write("policy.yaml", "version: 1\nissuers: none\n");
    service.signal("-HUP");
    let refused = service.logs("not reloaded; the last good one serves on");
    assert_eq!(refused["part"], "policy");
    let error = refused["error"].as_str().unwrap();
    assert!(error.contains("policy.yaml") && error.contains("issuers"), "{error}");
    assert_eq!(policy(), second);
}

/// A file system of sixteen megabytes for the service alone, most of it taken by a file.
const SMALL_DISK: &str = "mount -t tmpfs -o size=16m none data && \
                          head -c 13000000 /dev/zero > data/filler && exec \"$0\" \"$@\"";

fn revoke(service: &Service, room: &Room, batch: usize) -> Run {
    let lines: String = (0..1000).map(|nth| format!("{:032x}\n", batch * 1000 + nth)).collect();
    let bulk = ["revoke", "key", "--from-stdin", "--reason", "full", "--format", "json"];
    service.ask(room, "root", &lines, &bulk)
}

/// A path as the service sees it.
fn inside(service: &Service, path: &Path) -> PathBuf {
    let root = PathBuf::from(format!("/proc/{}/root", service.child.id()));
    root.join(path.strip_prefix("/").unwrap())
}

#[test]
fn a_full_disk_is_told_and_what_was_acknowledged_is_there_when_there_is_room_again() {
    let own_disk = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, TENANTGUARD]);
        command
    };
    let room = room();
    std::fs::create_dir(room.path("data")).unwrap();
    let tried = own_disk("mount -t tmpfs none data").current_dir(room.directory.path()).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        println!("skipped: this machine lets nobody make a small disk (unshare --user --mount)");
        return;
    }
    let store = ["--store", "file:data/control.redb"];
    let service = Service::start_by(&room, own_disk(SMALL_DISK), &store);
    let (acknowledged, failed) = (0..)
        .map(|batch| (batch, revoke(&service, &room, batch)))
        .find(|(_, run)| run.code != Some(0))
        .unwrap();
    assert_eq!(failed.code, Some(2), "{failed:?}");
    assert!(failed.err.contains("has no room left to write"), "{failed:?}");
    assert!(acknowledged > 0, "{failed:?}");
    let status = service.ask(&room, "root", "", &["status"]);
    assert!(status.code == Some(1) && status.out.contains("no room left"), "{status:?}");

    std::fs::remove_file(inside(&service, &room.path("data/filler"))).unwrap();
    let done = revoke(&service, &room, acknowledged);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(service.ask(&room, "root", "", &["status"]).code, Some(0));
    std::fs::copy(inside(&service, &room.path("data/control.redb")), room.path("copy.redb"))
        .unwrap();
    service.kill();
    let copy = ["--store", "file:copy.redb"];
    let service = Service::start_by(&room, Command::new(TENANTGUARD), &copy);
    for batch in 0..=acknowledged {
        let again = revoke(&service, &room, batch);
        assert!(again.out.contains("\"changed\":0"), "batch {batch}: {again:?}");
    }
    println!("{} revocations went through a disk that was full", (acknowledged + 1) * 1000);
}
