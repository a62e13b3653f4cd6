//! `tenantguard policy inspect`: what a compiled policy is, and whether it is whole and whose.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use tenantguard::artifact::layout::{Header, Section};
use tenantguard::artifact::{ArtifactError, Policy, Trusted, read_header, sections};
use tenantguard::token::Key;
use tenantguard_policy::diff::settings_in_words;

use super::compiled::artifact;
use super::lists::{count, thousands};
use crate::Outcome;
use crate::failure::Failure;
use crate::files::{read_bytes, read_text};
use crate::output::{self, Format, bytes_human, styled};

const EXAMPLES: &str = "\
Examples:
  tenantguard policy inspect policy.tgpolicy
  tenantguard policy inspect policy.tgpolicy --verify sign.jwks.json
  tenantguard policy inspect policy.tgpolicy --format json | jq .counts

Exit codes: 0 good, 1 damaged, not a compiled policy, or not signed by that key; 2 could not run.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The compiled policy, plain or in base64; `-` reads standard input
    artifact: PathBuf,
    /// Whose signature it must have: a public JWK, or a set of one
    #[arg(long, value_name = "PUBLIC")]
    verify: Option<PathBuf>,
    /// For people, or one line of JSON
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Whether somebody signed it, as far as that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signature {
    None,
    /// There is one, and no key was given.
    NotChecked,
    Verified,
}

impl Signature {
    fn text(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::NotChecked => "not_checked",
            Self::Verified => "verified",
        }
    }
}

/// A good artifact.
struct Inspected {
    size: usize,
    header: Header,
    signature: Signature,
    sections: Vec<(Section, usize)>,
    policy: Policy,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let key = arguments.verify.as_deref().map(read_key).transpose()?;
    let bytes: Arc<[u8]> = artifact(read_bytes(&arguments.artifact)?).into();
    let inspected = inspect(bytes, key.as_ref());
    let name = arguments.artifact.display().to_string();
    let mut out = anstream::stdout().lock();
    match (&inspected, arguments.format) {
        (Ok(good), Format::Human) => write!(out, "{}", screen(&name, good))?,
        (Ok(good), Format::Json) => writeln!(out, "{}", line(good))?,
        (Err(error), Format::Human) => {
            writeln!(out, "{} {name}: {error}", styled(output::BAD, "bad"))?;
        }
        (Err(error), Format::Json) => {
            writeln!(out, "{}", json!({"ok": false, "error": error.to_string()}))?;
        }
    }
    Ok(if inspected.is_ok() { Outcome::Good } else { Outcome::Bad })
}

fn inspect(bytes: Arc<[u8]>, key: Option<&Key>) -> Result<Inspected, ArtifactError> {
    let size = bytes.len();
    let header = read_header(&bytes)?;
    let sections = sections(&bytes)?;
    let trusted = key.map_or(Trusted::Anybody, Trusted::Signer);
    let policy = Policy::load(bytes, trusted)?;
    let signature = match (key, header.is_signed.get()) {
        (Some(_), _) => Signature::Verified,
        (None, 1) => Signature::NotChecked,
        (None, _) => Signature::None,
    };
    Ok(Inspected { size, header, signature, sections, policy })
}

fn counts(policy: &Policy) -> [(&'static str, usize); 6] {
    [
        ("issuer", policy.issuers().count()),
        ("tenant", policy.tenants().count()),
        ("role", policy.roles().count()),
        ("permission", policy.permissions().count()),
        ("route", policy.routes().count()),
        ("delegation", policy.delegations().count()),
    ]
}

fn screen(name: &str, good: &Inspected) -> String {
    let mut screen = String::new();
    // Writing to a string cannot fail.
    let _ = draw(&mut screen, name, good);
    screen
}

fn draw(screen: &mut String, name: &str, good: &Inspected) -> std::fmt::Result {
    let Inspected { size, header, signature, sections, policy } = good;
    let counts = counts(policy).map(|(what, number)| count(number, what));
    writeln!(screen, "{} {name}", styled(output::GOOD, "ok"))?;
    writeln!(screen, "   {}", counts.join(", "))?;
    let version = header.version.get();
    writeln!(screen, "   {} bytes, version {version} of the format", thousands(*size))?;
    let signature = match signature {
        Signature::None => "not signed".to_owned(),
        Signature::NotChecked => styled(output::WARNING, "signed; give --verify to check by whom"),
        Signature::Verified => styled(output::GOOD, "signed by the key that was given"),
    };
    writeln!(screen, "   {signature}")?;
    writeln!(screen, "   {}", styled(output::DIM, policy.digest()))?;
    writeln!(screen, "\n{}", styled(output::BOLD, "Sections"))?;
    for (section, length) in sections {
        writeln!(screen, "   {:<17} {:>11} bytes", section.name(), thousands(*length))?;
    }
    writeln!(screen, "\n{}", styled(output::BOLD, "Settings"))?;
    for (name, value) in settings_in_words(policy) {
        let value = bytes_human(value.as_bytes());
        writeln!(screen, "   {} {value}", styled(output::DIM, format!("{name:<25}")))?;
    }
    for (_, issuer) in policy.issuers() {
        let url = bytes_human(issuer.url.as_bytes());
        writeln!(screen, "   {} {url}", styled(output::DIM, format!("{:<25}", "issuer")))?;
    }
    Ok(())
}

fn line(good: &Inspected) -> Value {
    let sections = good.sections.iter();
    let sections = sections.map(|(s, length)| json!({"name": s.name(), "bytes": length}));
    let counts = counts(&good.policy).map(|(what, number)| (format!("{what}s"), number.into()));
    json!({
        "ok": true,
        "digest": good.policy.digest().to_string(),
        "version": good.header.version.get(),
        "bytes": good.size,
        "signature": good.signature.text(),
        "counts": counts.into_iter().collect::<serde_json::Map<String, Value>>(),
        "sections": sections.collect::<Value>(),
        "settings": settings_in_words(&good.policy),
        "issuers": good.policy.issuers().map(|(_, issuer)| &*issuer.url).collect::<Value>(),
    })
}

/// A JWK, or the only one of a set.
fn read_key(path: &Path) -> Result<Key, Failure> {
    let failed = |reason: String| Failure::KeySet { path: path.to_owned(), reason };
    let value: Value =
        serde_json::from_str(&read_text(path)?).map_err(|error| failed(error.to_string()))?;
    let jwk = match value.get("keys").and_then(Value::as_array).map(Vec::as_slice) {
        None => &value,
        Some([only]) => only,
        Some(keys) => return Err(failed(format!("it has {} keys, not one", keys.len()))),
    };
    Key::from_jwk(jwk).map_err(|error| failed(format!("the key {error}")))
}
