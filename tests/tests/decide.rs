//! The corpus through the command `tenantguard decide`, as a person or a script calls it: decision,
//! reason, headers and exit code. What cannot stand in an argument goes as JSON through `--request`.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};
use std::sync::Arc;
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Value, json};
use tempfile::TempDir;
use tenantguard_e2e::core_run::{NOW, changed};
use tenantguard_e2e::corpus::prepared::HeaderList;
use tenantguard_e2e::corpus::table::{Case, Personas, Verdict};
use tenantguard_e2e::corpus::{Corpus, Prepared, Runner, Setting};
use tenantguard_e2e::policy;
use tenantguard_e2e::verdict::{Outcome, differences};

/// Linux refuses a longer argument.
const ARGUMENT_LIMIT: usize = 128 * 1024;

fn main() -> Result<ExitCode> {
    let arguments = Arguments::from_args();
    let corpus = Corpus::load()?;
    let personas = Arc::new(corpus.personas.clone());
    let session = Arc::new(Session::new(&corpus)?);
    let trial = |(table, case): (&str, &Case)| {
        let (session, personas, case) = (session.clone(), personas.clone(), case.clone());
        let table = table.to_owned();
        Trial::test(format!("{table}: {}", case.name), move || {
            let found = session.check(&table, &case, &personas).map_err(|e| format!("{e:#}"))?;
            if found.is_empty() { Ok(()) } else { Err(Failed::from(found.join("\n"))) }
        })
    };
    let trials = corpus.cases(Runner::Decide).map(trial).collect();
    Ok(libtest_mimic::run(&arguments, trials).exit_code())
}

/// The command, and the policies with their key files as a user keeps them.
struct Session {
    command: PathBuf,
    directory: TempDir,
}

impl Session {
    fn new(corpus: &Corpus) -> Result<Self> {
        let directory = TempDir::with_prefix("tenantguard-decide-")?;
        for (name, table) in &corpus.tables {
            // What is JSON is YAML too.
            let policy = directory.path().join(format!("{name}.yaml"));
            fs::write(policy, Setting::of(table, NOW)?.policy)?;
        }
        for (name, text) in policy::key_files() {
            fs::write(directory.path().join(name), text)?;
        }
        Ok(Self { command: command()?, directory })
    }

    fn check(&self, table: &str, case: &Case, personas: &Personas) -> Result<Vec<String>> {
        let request = Prepared::new(case, personas, NOW)?;
        let output = match arguments(&request) {
            Some(arguments) => self.decide(table, &arguments, None)?,
            None => {
                let arguments = ["--request", "-"].map(OsString::from);
                self.decide(table, &arguments, Some(&as_json(&request.header_list())))?
            }
        };
        let outcome = read(&output, request.header_list())?;
        let code = match outcome.decision {
            Verdict::Permit => 0,
            Verdict::Deny => 1,
        };
        let mut found = differences(&case.expect, &outcome);
        if output.status.code() != Some(code) {
            found.push(format!("a {} with {}", outcome.decision, output.status));
        }
        Ok(found)
    }

    fn decide(&self, table: &str, arguments: &[OsString], input: Option<&str>) -> Result<Output> {
        let mut child = Command::new(&self.command)
            .args(["decide", "--format", "json", "--at", &NOW.to_string(), "--policy"])
            .arg(self.directory.path().join(format!("{table}.yaml")))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("run {}", self.command.display()))?;
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            stdin.write_all(input.as_bytes())?;
        }
        Ok(child.wait_with_output()?)
    }
}

/// The command as cargo built it, two folders above this test.
fn command() -> Result<PathBuf> {
    let test = env::current_exe()?;
    let profile = test.parent().and_then(Path::parent).context("no target folder")?;
    let command = profile.join("tenantguard").with_extension(env::consts::EXE_EXTENSION);
    ensure!(
        command.is_file(),
        "{} is missing: run `cargo build -p tenantguard-cli` first",
        command.display()
    );
    Ok(command)
}

/// The request as arguments, if each byte of it can stand there.
fn arguments(request: &Prepared) -> Option<Vec<OsString>> {
    let mut options =
        vec![("--method", request.method.clone().into_bytes()), ("--path", request.path.clone())];
    options.push(("--header", format!("host: {}", request.authority).into_bytes()));
    for (name, value) in &request.headers {
        options.push(("--header", [name.as_bytes(), b": ", value].concat()));
    }
    let is_whole = request.header_list().len() == request.headers.len() + 4;
    let can_stand = |(_, value): &(&str, Vec<u8>)| {
        !value.contains(&0) && value.len() < ARGUMENT_LIMIT && !value.starts_with(b"-")
    };
    (is_whole && options.iter().all(can_stand)).then(|| {
        let pair = |(name, value)| [OsStr::new(name).to_owned(), OsString::from_vec(value)];
        options.into_iter().flat_map(pair).collect()
    })
}

fn as_json(headers: &HeaderList) -> String {
    let value = |bytes: &Vec<u8>| match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!({"base64": BASE64.encode(bytes)}),
    };
    let headers: Vec<_> = headers.iter().map(|(n, v)| json!([n, value(v)])).collect();
    json!({ "headers": headers }).to_string()
}

fn read(output: &Output, headers: HeaderList) -> Result<Outcome> {
    let said: Value = serde_json::from_slice(&output.stdout).with_context(|| {
        format!("no JSON; standard error: {}", String::from_utf8_lossy(&output.stderr))
    })?;
    let text = |pointer| said.pointer(pointer).and_then(Value::as_str);
    let status = said.pointer("/response/status").and_then(Value::as_u64);
    let upstream = said.get("upstream").map(|changes| {
        let remove: Vec<String> =
            serde_json::from_value(changes.get("remove").cloned().unwrap_or_default())?;
        let set: Vec<(String, String)> =
            serde_json::from_value(changes.get("set").cloned().unwrap_or_default())?;
        anyhow::Ok(changed(headers, &remove, as_bytes(set)))
    });
    let response: Option<Vec<(String, String)>> =
        said.pointer("/response/headers").cloned().map(serde_json::from_value).transpose()?;
    Ok(Outcome {
        decision: serde_json::from_value(said.get("decision").cloned().unwrap_or_default())?,
        reason: text("/reason").context("no reason")?.to_owned(),
        status: status.map(u16::try_from).transpose()?,
        upstream: upstream.transpose()?,
        response: response.map(as_bytes),
        audit: None,
        usage: None,
    })
}

fn as_bytes(headers: Vec<(String, String)>) -> HeaderList {
    headers.into_iter().map(|(name, value)| (name, value.into_bytes())).collect()
}
