//! The control service and its verbs, as an operator runs them: real processes, and real ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Room, Run, run};

pub(crate) const TENANTGUARD: &str = env!("CARGO_BIN_EXE_tenantguard");

/// A running service. It is killed when the test is over.
pub(crate) struct Service {
    pub(crate) child: Child,
    url: String,
    /// What it logs once it is ready.
    log: Mutex<Receiver<Value>>,
}

impl Service {
    pub(crate) fn start(room: &Room) -> Self {
        Self::start_by(room, Command::new(TENANTGUARD), &[])
    }

    /// By a command that runs what its arguments say, with more flags.
    pub(crate) fn start_by(room: &Room, mut command: Command, more: &[&str]) -> Self {
        let mut child = command
            .args(["serve", "--config", "control.toml", "--listen", "127.0.0.1:0"])
            .args(["--log-format", "json"])
            .args(more)
            .current_dir(room.directory.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut log = lines.map(|line| serde_json::from_str::<Value>(&line).expect(&line));
        let ready = log.find(|line| line["message"] == "ready").expect("the service starts");
        let url = format!("http://{}", ready["address"].as_str().unwrap());
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || log.for_each(|line| drop(tell.send(line))));
        Self { child, url, log: Mutex::new(told) }
    }

    /// Waits for a line of the log.
    pub(crate) fn logs(&self, message: &str) -> Value {
        let within = Duration::from_secs(10);
        loop {
            let line = self.log.lock().unwrap().recv_timeout(within).expect(message);
            if line["message"].as_str().is_some_and(|it| it.contains(message)) {
                return line;
            }
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    pub(crate) fn ask(&self, room: &Room, caller: &str, stdin: &str, arguments: &[&str]) -> Run {
        let credential = format!("{caller}.credential");
        let control = ["--url", &self.url, "--credential-file", &credential];
        run(room.directory.path(), stdin, arguments.iter().chain(&control))
    }

    /// A proxy's poll, as raw as it gets: the status, and where the feed stands.
    fn poll(&self, room: &Room, proxy: &str, position: Option<&str>) -> (u16, String) {
        let position = position.map(|at| format!("&position={at}")).unwrap_or_default();
        let secret = room.read("edge.credential");
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://")).unwrap();
        write!(
            stream,
            "GET /v1/feed?proxy={proxy}{position} HTTP/1.1\r\nhost: x\r\n\
             authorization: Bearer {}\r\nconnection: close\r\n\r\n",
            secret.trim()
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let at = answer.lines().find_map(|line| line.strip_prefix("x-tenantguard-position: "));
        (status, at.unwrap_or_default().to_owned())
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A room with a configuration for an administrator, a tenant's administrator and a proxy.
pub(crate) fn room() -> Room {
    let room = Room::new();
    let mut config = String::new();
    for (name, role) in [("root", "admin"), ("acme", "tenant-admin"), ("edge", "proxy")] {
        let out = format!("{name}.credential");
        let mut arguments =
            vec!["serve", "credential", "--name", name, "--role", role, "--out", &out];
        if role == "tenant-admin" {
            arguments.extend(["--tenant", "acme"]);
        }
        let made = room.run(arguments);
        assert_eq!(made.code, Some(0), "{made:?}");
        config.push_str(&made.out);
    }
    room.write("control.toml", config);
    room
}

/// The entry of an administrator of this tenant, whose credential is in the room.
pub(crate) fn with_admin_of(room: &Room, tenant: &str) -> String {
    let out = format!("{tenant}.credential");
    let made = room.run([
        "serve",
        "credential",
        "--name",
        tenant,
        "--role",
        "tenant-admin",
        "--tenant",
        tenant,
        "--out",
        &out,
    ]);
    assert_eq!(made.code, Some(0), "{made:?}");
    made.out
}

#[test]
fn what_is_revoked_is_shown_waited_for_and_taken_back() {
    let room = room();
    let service = Service::start(&room);
    let ask = |arguments: &[&str]| service.ask(&room, "root", "", arguments);
    let target = ["principal", "platform/alice", "--tenant", "acme"];
    let with = |more: &[&'static str]| [&["revoke"], &target[..], more].concat();

    let session = ["session", "create", "--tenant", "acme", "--principal", "platform/alice"];
    let session = ask(&[&session[..], &["--issuer", "https://id.example.com"]].concat());
    assert_eq!(session.code, Some(0), "{session:?}");
    let looked = ask(&with(&["--dry-run"]));
    assert_eq!(looked.code, Some(0), "{looked:?}");
    for part in ["would revoke", "1 live session", "0 proxies", "refresh tokens", "--suspend"] {
        assert!(looked.out.contains(part), "{looked:?}");
    }

    // One proxy follows, another has gone silent.
    let (_, start) = service.poll(&room, "one", None);
    service.poll(&room, "gone", None);
    let done = AtomicBool::new(false);
    let waited = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut at = start.clone();
            while !done.load(Ordering::Relaxed) {
                at = service.poll(&room, "one", Some(&at)).1;
            }
        });
        let waited = ask(&with(&["--reason", "left", "--wait", "--format", "json"]));
        done.store(true, Ordering::Relaxed);
        waited
    });
    assert_eq!(waited.code, Some(1), "a proxy was silent: {waited:?}");
    let waited: Value = serde_json::from_str(&waited.out).unwrap();
    assert_eq!(waited["changed"], 1);
    assert_eq!(waited["acknowledged"]["acknowledged"], 1, "{waited}");
    assert_eq!(waited["acknowledged"]["silent"][0], "edge/gone");
    assert!(waited["acknowledged"]["p99_ms"].as_f64().unwrap() < 1000.0, "{waited}");

    let status = ask(&["status"]);
    assert_eq!(status.code, Some(1), "{status:?}");
    for part in ["epoch 1", "edge/one", "edge/gone", "silent", "control.redb"] {
        assert!(status.out.contains(part), "{status:?}");
    }
    let shown = ask(&with(&["--show"]));
    assert!(shown.out.contains("cut off by root: left"), "{shown:?}");
    let undone = ask(&with(&["--reason", "a mistake", "--undo"]));
    assert!(undone.code == Some(0) && undone.out.contains("taken back 1"), "{undone:?}");
    let again = ask(&with(&["--reason", "a mistake", "--undo"]));
    assert!(again.out.contains("1 already so"), "{again:?}");
}

#[test]
fn many_are_revoked_from_standard_input_and_mistakes_name_their_line() {
    let room = room();
    let service = Service::start(&room);
    let bulk = ["revoke", "session", "--tenant", "acme", "--from-stdin", "--reason", "incident"];
    let lines: String = (0..2500).map(|nth| format!("{nth:032x}\n")).collect();
    let done = service.ask(&room, "acme", &lines, &bulk);
    assert!(done.code == Some(0) && done.out.contains("revoked 2500"), "{done:?}");

    for (lines, expected) in [
        ("", "names nothing"),
        ("{\"hash\": 7}\n", "line 1"),
        ("\n\n{\"hsh\": \"x\"}\n", "line 3"),
        ("zz\n", "32 hexadecimal digits"),
        (
            "{\"tenant\": \"globex\", \"hash\": \"00000000000000000000000000000000\"}\n",
            "tenant.forbidden",
        ),
    ] {
        let failed = service.ask(&room, "acme", lines, &bulk);
        assert_eq!(failed.code, Some(2), "{failed:?}");
        assert!(failed.err.contains(expected), "{expected}: {failed:?}");
    }
}

#[test]
fn the_directory_is_kept_and_nobody_else_may_write_it() {
    let room = room();
    let service = Service::start(&room);
    let ask = |caller, arguments: &[&str]| service.ask(&room, caller, "", arguments);
    let create = ["tenant", "create", "acme", "--isolation", "dedicated", "--reason", "sign-up"];
    assert_eq!(ask("root", &[&create[..], &["--cell", "acme-eu"]].concat()).code, Some(0));
    assert_eq!(ask("root", &["tenant", "suspend", "acme", "--reason", "unpaid"]).code, Some(0));
    let shown = ask("acme", &["tenant", "show", "acme"]);
    for part in ["acme", "dedicated", "suspended", "acme-eu"] {
        assert!(shown.out.contains(part), "{shown:?}");
    }
    let refused = ask("acme", &["tenant", "resume", "acme", "--reason", "please"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("auth.forbidden") && refused.err.contains("help"), "{refused:?}");
}

#[test]
fn nothing_acknowledged_is_lost_when_the_service_is_killed() {
    let room = Arc::new(room());
    let service = Service::start(&room);
    let url = service.url.clone();
    let keys = |batch: usize| -> String {
        (0..200).map(|nth| format!("{:032x}\n", batch * 1000 + nth)).collect()
    };
    let send = move |room: &Room, url: &str, batch: usize| {
        let arguments = [
            "revoke",
            "key",
            "--from-stdin",
            "--reason",
            "crash",
            "--format",
            "json",
            "--url",
            url,
            "--credential-file",
            "root.credential",
        ];
        run(room.directory.path(), &keys(batch), arguments)
    };
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (room, url) = (Arc::clone(&room), url.clone());
            std::thread::spawn(move || {
                let batches = (0..).map(|nth| writer * 1000 + nth);
                let done = batches.take_while(|batch| send(&room, &url, *batch).code == Some(0));
                done.collect::<Vec<_>>()
            })
        })
        .collect();
    std::thread::sleep(Duration::from_secs(2));
    service.kill();
    let acknowledged: Vec<usize> =
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
    assert!(acknowledged.len() > 4, "{acknowledged:?}");
    let service = Service::start(&room);
    for batch in &acknowledged {
        let again = send(&room, &service.url, *batch);
        let again: Value = serde_json::from_str(&again.out).unwrap();
        assert_eq!((&again["changed"], &again["unchanged"]), (&0.into(), &200.into()), "{batch}");
    }
    println!("{} acknowledged batches of 200 survived a kill -9", acknowledged.len());
}

#[test]
fn a_service_that_is_told_to_end_ends_in_order() {
    let room = room();
    let mut service = Service::start(&room);
    let (_, at) = service.poll(&room, "one", None);
    let pid = service.child.id().to_string();
    std::thread::scope(|scope| {
        let held = scope.spawn(|| service.poll(&room, "one", Some(&at)).0);
        std::thread::sleep(Duration::from_millis(200));
        assert!(Command::new("kill").arg(&pid).status().unwrap().success());
        assert_eq!(held.join().unwrap(), 204);
    });
    let began = Instant::now();
    let status = service.child.wait().unwrap();
    assert!(status.success() && began.elapsed() < Duration::from_secs(2), "{status:?}");
}

#[test]
fn what_cannot_run_says_why_and_what_to_do() {
    let room = room();
    let serve = |more: &[&str]| {
        let run = room.run(["serve", "--config", "control.toml"].iter().chain(more));
        assert_eq!(run.code, Some(2), "{run:?}");
        run.err
    };
    let everywhere = serve(&["--listen", "0.0.0.0:0"]);
    assert!(everywhere.contains("without TLS") && everywhere.contains("127.0.0.1"), "{everywhere}");
    assert!(serve(&["--policy", "nowhere.yaml"]).contains("nowhere.yaml"));
    assert!(serve(&["--store", "ftp://x"]).contains("store.url"));
    room.write("empty.toml", "");
    let nobody = room.run(["serve", "--config", "empty.toml"]);
    assert!(nobody.err.contains("tenantguard serve credential"), "{nobody:?}");

    let ask = |more: &[&str]| {
        let run = room.run(["status"].iter().chain(more));
        assert_eq!(run.code, Some(2), "{run:?}");
        run.err
    };
    assert!(ask(&[]).contains("--credential-file"));
    let credential = ["--credential-file", "root.credential"];
    assert!(
        ask(&[&credential[..], &["--url", "http://control.example.com"]].concat()).contains("TLS")
    );
    let nobody = ask(&[&credential[..], &["--url", "http://127.0.0.1:1"]].concat());
    assert!(nobody.contains("not reached") && nobody.contains("tenantguard serve"), "{nobody}");
    let exists = room.run([
        "serve",
        "credential",
        "--name",
        "x",
        "--role",
        "admin",
        "--out",
        "root.credential",
    ]);
    assert!(exists.code == Some(2) && exists.err.contains("already exists"), "{exists:?}");
}
