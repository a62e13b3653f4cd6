//! Why a command could not run: what, where, and what to do next.

use std::io::{self, Write as _};
use std::path::PathBuf;

use tenantguard::artifact::ArtifactError;
use tenantguard_policy::Findings;

use crate::control::ControlError;
use crate::files::PolicyText;
use crate::partner::PartnerError;
use crate::{findings, output};

/// Why a command could not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("cannot read {}: {source}", shown(.path))]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write {}: {source}", shown(.path))]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    #[error("{} is not UTF-8 text (first wrong byte at offset {offset})", shown(.path))]
    NotUtf8 { path: PathBuf, offset: usize },
    #[error("{} is larger than {limit} bytes", shown(.path))]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("{file} has something that cannot be laid out safely; it is left as it is")]
    Layout { file: String },
    #[error("{} has no policy file", shown(.path))]
    NoPolicyFile { path: PathBuf },
    #[error("there is no file of tests in {}", .path.display())]
    NoTestFile { path: PathBuf },
    #[error("{what} already exists: {}", shown(.path))]
    Exists { what: &'static str, path: PathBuf },
    #[error("standard input can be read once, but {0} both want it")]
    StdinTwice(&'static str),
    #[error("the policy {} has findings", .text.name())]
    Policy { text: Box<PolicyText>, findings: Findings },
    #[error("the tests {} have findings", .text.name())]
    Tests { text: Box<PolicyText>, findings: Findings },
    #[error("the tests {} do not say which policy they are about", shown(.path))]
    NoPolicy { path: PathBuf },
    #[error("{}: {error}", shown(.path))]
    Artifact { path: PathBuf, error: ArtifactError },
    #[error("a compiled policy is no text for a terminal")]
    Binary,
    #[error("{} is no report of `policy reach`: {reason}", shown(.path))]
    Baseline { path: PathBuf, reason: String },
    #[error("{} is not a development key: {reason}", shown(.path))]
    Key { path: PathBuf, reason: String },
    #[error("--claims: {reason}")]
    Claims { reason: String },
    #[error("the policy has no issuer {name:?}")]
    NoIssuer { name: String, known: String },
    #[error("{option} {value:?}: {reason}")]
    Option { option: &'static str, value: String, reason: String },
    #[error("request {number} of {}: {reason}", shown(.path))]
    Request { path: PathBuf, number: usize, reason: String },
    #[error("{what} already exists: {}", shown(.path))]
    Onboarded { what: &'static str, path: PathBuf },
    #[error(transparent)]
    Partner(#[from] PartnerError),
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error("{} is not a key set that can be used: {reason}", shown(.path))]
    KeySet { path: PathBuf, reason: String },
    #[error("line {number} of standard input is no token: {reason}")]
    Token { number: usize, reason: String },
    #[error("the system gave no random bytes: {0}")]
    Random(getrandom::Error),
    #[error("the system clock is before 1970")]
    Clock,
}

fn shown(path: &std::path::Path) -> String {
    match path.as_os_str() == "-" {
        true => "standard input".to_owned(),
        false => path.display().to_string(),
    }
}

impl Failure {
    /// What to do next, where the message alone does not say it.
    fn help(&self) -> Option<String> {
        Some(match self {
            Self::Read { .. } => "check the path; `-` reads standard input".to_owned(),
            Self::Write { .. } => "check that the directory exists and may be written".to_owned(),
            Self::Layout { .. } => {
                "write values in one line, and comments in lines of their own".to_owned()
            }
            Self::NoTestFile { .. } => "files of tests are called NAME.test.yaml".to_owned(),
            Self::NoPolicyFile { .. } => {
                "a policy lies in .yaml, .yml or .json files; *.jwks.json, *.key.json and *.test.yaml are none"
                    .to_owned()
            }
            Self::NotUtf8 { .. } => "save it as UTF-8".to_owned(),
            Self::Exists { .. } => {
                "give another name, or --force to replace it; tokens of the old key are then refused"
                    .to_owned()
            }
            Self::Onboarded { .. } => {
                "give another --name or --out, or move it away; nothing was asked of the partner"
                    .to_owned()
            }
            Self::KeySet { .. } => {
                r#"write {"keys": [...]}, as an issuer publishes it (RFC 7517)"#.to_owned()
            }
            Self::Token { .. } => {
                r#"write one token a line, or {"token": "eyJ...", "at": 1767225600}"#.to_owned()
            }
            Self::Partner(error) => return error.help(),
            Self::Control(error) => return error.help(),
            Self::StdinTwice(_) => "give one of them as a file".to_owned(),
            Self::Policy { text, .. } => {
                format!("mend it; `tenantguard policy check {}` shows them again", text.name())
            }
            Self::Binary => "write it to a file with -o, or print it with --base64".to_owned(),
            Self::Baseline { .. } => {
                "save one with `tenantguard policy reach POLICY --format json -o FILE`".to_owned()
            }
            Self::Key { .. } => "make one with `tenantguard token keygen`".to_owned(),
            Self::Tests { .. } => "mend them; `tenantguard policy test --help` shows what they look like".to_owned(),
            Self::NoPolicy { .. } => "add `policy: policy.yaml`, or give --policy".to_owned(),
            Self::Claims { .. } => {
                r#"write a token's claims, {"iss": "https://...", "sub": "alice", ...}; --issuer fills in the rest"#.to_owned()
            }
            Self::NoIssuer { known, .. } => format!("its issuers are {known}"),
            Self::Request { .. } => {
                r#"write {"headers": [[":method", "GET"], [":path", "/x"], ...]}, one after another"#
                    .to_owned()
            }
            Self::Clock => "set the clock, or give the time with --at".to_owned(),
            Self::Artifact { .. } | Self::Output(_) | Self::TooLarge { .. } | Self::Option { .. } | Self::Random(_) => {
                return None;
            }
        })
    }

    /// Whether the reader of our output is gone.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Prints it to standard error. If that fails there is nobody left to tell.
    pub(crate) fn print(&self) {
        let mut out = anstream::stderr().lock();
        if let Self::Policy { text, findings } | Self::Tests { text, findings } = self {
            let _ = write!(out, "{}", findings::human(text, findings));
        }
        let (bad, end) = (output::BAD, output::BAD.render_reset());
        let _ = writeln!(out, "{}error{end}: {self}", bad.render());
        if let Some(help) = self.help() {
            let (hint, end) = (output::HINT, output::HINT.render_reset());
            let _ = writeln!(out, " {} help{end}: {help}", hint.render());
        }
    }
}
