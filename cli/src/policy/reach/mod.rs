//! `tenantguard policy reach`: who can reach whom through what.

mod living;
mod news;
mod table;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use tenantguard::time::UnixTime;
use tenantguard_policy::reach::{News, Reach, svg};

use self::table::Basis;
use super::compiled::{Compiled, is_artifact};
use crate::Outcome;
use crate::control::{Client, Options};
use crate::decide::Moment;
use crate::failure::Failure;
use crate::files::{PolicyText, read_text};

const EXAMPLES: &str = "\
Without --at it tells of every delegation, whatever its times; with it, of that moment.

Examples:
  tenantguard policy reach policy.yaml
  tenantguard policy reach policy.yaml --format json -o reach.json
  tenantguard policy reach policy.yaml --deny-new reach.json
  tenantguard policy reach policy/ --format svg -o reach.svg
  tenantguard policy reach policy.yaml --at 2026-12-01T00:00:00Z --live

Exit codes: 0 told, or nothing new; 1 something is new; 2 could not run.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Form {
    #[default]
    Table,
    Json,
    Svg,
}

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The policy: a file, a directory, or a compiled policy
    policy: PathBuf,
    /// For people, as JSON for --deny-new, or as a picture
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    /// Only what holds at this moment: seconds since 1970, or RFC 3339
    #[arg(long, value_name = "TIME")]
    at: Option<Moment>,
    /// Compare with an earlier --format json, and fail if anything is new
    #[arg(long, value_name = "BASELINE")]
    deny_new: Option<PathBuf>,
    /// With the delegations and the tenants that the control service holds
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    control: Options,
    /// Write it to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let baseline = arguments.deny_new.as_deref().map(read_baseline).transpose()?;
    let Compiled { name, policy } = match arguments.live {
        true => with_living(arguments)?,
        false => Compiled::read(&arguments.policy)?,
    };
    let reach = Reach::of(&policy, arguments.at.map(UnixTime::from));
    let basis = if arguments.live { Basis::Live } else { Basis::Policy };
    let text = || match arguments.format {
        Form::Table => table::screen(&name, &reach, basis),
        Form::Json => format!("{}\n", serde_json::to_string_pretty(&reach).unwrap_or_default()),
        Form::Svg => svg::draw(&reach),
    };
    if let Some(path) = &arguments.output {
        let plain = anstream::adapter::strip_str(&text()).to_string();
        std::fs::write(path, plain)
            .map_err(|source| Failure::Write { path: path.clone(), source })?;
    }
    let mut out = anstream::stdout().lock();
    match baseline {
        Some(baseline) => {
            let news = News::since(&baseline, &reach);
            let told = match arguments.format {
                Form::Json => news::json(&news),
                Form::Table | Form::Svg => news::screen(&name, &news),
            };
            write!(out, "{told}")?;
            Ok(if news.is_empty() { Outcome::Good } else { Outcome::Bad })
        }
        None if arguments.output.is_some() => Ok(Outcome::Good),
        None => {
            write!(out, "{}", text())?;
            Ok(Outcome::Good)
        }
    }
}

/// The policy with what the control service holds beside it.
fn with_living(arguments: &Arguments) -> Result<Compiled, Failure> {
    let path = &arguments.policy;
    if is_artifact(path) {
        return Err(Failure::Option {
            option: "--live",
            value: path.display().to_string(),
            reason: "a compiled policy cannot be added to: give its source".to_owned(),
        });
    }
    let (text, checked) = PolicyText::read(path)?.check()?;
    let client = Client::new(&arguments.control)?;
    let fragment = living::fragment(&client, &checked)?;
    Compiled::of(text.and("the control service".to_owned(), fragment))
}

fn read_baseline(path: &Path) -> Result<Reach, Failure> {
    let text = read_text(path)?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::Baseline { path: path.to_owned(), reason: error.to_string() })
}
