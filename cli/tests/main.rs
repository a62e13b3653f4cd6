//! The command as a person or a script calls it: the real binary, its output and its exit code.

mod decide;
mod delegation;
mod explain;
mod meaning;
mod partner;
mod policy;
mod policy_files;
mod policy_test;
mod serve;
mod serve_faults;
mod token;
mod verify;

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use tenantguard_mint::{Algorithm, DevKey, TokenSpec, jwks};

/// 2026-01-01T00:00:00Z: the time of every decision here.
const NOW: u64 = 1_767_225_600;

const POLICY: &str = "\
version: 1
audiences: [api.example.com]
issuers:
  platform:
    issuer: https://id.example.com
    keys: {jwks_file: dev.jwks.json}
    asserts: {tenants: any, roles: any}
    max_lifetime: 1h
tenants:
  acme: {isolation: dedicated, cell: acme-eu}
  globex: {isolation: shared}
roles:
  viewer: {permissions: [reports:read]}
  editor: {extends: [viewer], permissions: [reports:write]}
routes:
  - {path: /healthz, public: true, usage: none}
  - path: /reports/{report}
    methods: {GET: reports:read, PUT: reports:write}
  - path: /tenants/{tenant}/reports
    methods: {GET: reports:read}
    resource_tenant: path.tenant
";

/// A directory with `policy.yaml` and the key set that it names.
struct Room {
    directory: TempDir,
    key: DevKey,
}

/// What a call left behind.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Room {
    fn new() -> Self {
        let room = Self {
            directory: TempDir::new().unwrap(),
            key: DevKey::derive(Algorithm::Es256, "cli tests"),
        };
        room.write("policy.yaml", POLICY);
        room.write("dev.jwks.json", jwks(&[&room.key]).to_string());
        room.write("dev.key.json", room.key.private_jwk().to_string());
        room
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Run {
        self.run_with("", arguments)
    }

    fn run_with<A: AsRef<OsStr>>(
        &self,
        stdin: &str,
        arguments: impl IntoIterator<Item = A>,
    ) -> Run {
        run(self.directory.path(), stdin, arguments)
    }

    /// A token of alice, an editor of acme, valid at [`NOW`].
    fn token(&self) -> String {
        TokenSpec::new(&self.key)
            .claim("iss", "https://id.example.com")
            .claim("aud", "api.example.com")
            .claim("sub", "alice")
            .claim("tenant_id", "acme")
            .claim("tenant_role", "editor")
            .claim("scope", "reports:read")
            .claim("iat", NOW - 60)
            .claim("exp", NOW + 600)
            .sign(&self.key)
    }
}

fn run<A: AsRef<OsStr>>(
    directory: &Path,
    stdin: &str,
    arguments: impl IntoIterator<Item = A>,
) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tenantguard"))
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read it closes the pipe; that is its right.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn the_first_screen_of_every_command_has_examples() {
    let room = Room::new();
    for command in [
        &[][..],
        &["policy", "check"],
        &["policy", "explain"],
        &["policy", "fmt"],
        &["policy", "schema"],
        &["policy", "test"],
        &["policy", "compile"],
        &["policy", "inspect"],
        &["policy", "reach"],
        &["policy", "diff"],
        &["token", "keygen"],
        &["token", "mint"],
        &["token", "verify"],
        &["token", "exchange"],
        &["partner", "onboard"],
        &["decide"],
        &["serve"],
        &["serve", "credential"],
        &["revoke", "principal"],
        &["session", "create"],
        &["tenant", "create"],
        &["delegation"],
        &["delegation", "propose"],
        &["delegation", "consent"],
        &["delegation", "amend"],
        &["delegation", "who-can"],
        &["status"],
    ] {
        let run = room.run(command.iter().chain(&["--help"]));
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.out.contains("tenantguard ") && run.out.contains("Usage:"), "{run:?}");
        assert!(run.out.lines().count() < 45, "{command:?} does not fit a screen");
        assert!(!run.out.contains('\u{1b}'), "no colours into a pipe");
    }
    assert!(room.run(["--help"]).out.contains("Start here:"));
}

#[test]
fn a_wrong_argument_could_not_run() {
    let run = Room::new().run(["decide", "--polcy", "x"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("--policy"), "{run:?}");
}
