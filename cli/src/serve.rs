//! `tenantguard serve`: the control service as a process, and the credentials of its callers.

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use tenantguard_service::auth::Secret;
use tenantguard_service::config::{Config, Flags};
use tenantguard_service::serve;

use crate::Outcome;
use crate::control::ControlError;
use crate::failure::Failure;
use crate::token::write_private;

const EXAMPLES: &str = "\
Start here:
  tenantguard serve credential --name admin --role admin --out admin.credential > control.toml
  tenantguard serve credential --name edge --role proxy --out edge.credential >> control.toml
  tenantguard serve --config control.toml

Settings come from the file, then the environment, then flags; the last that says something counts.
A variable is TENANTGUARD_SERVE_ and the setting in upper case; `__` goes into a table:
  TENANTGUARD_SERVE_STORE__URL=redis://127.0.0.1 tenantguard serve --config control.toml

Without [tls] it listens on this machine alone. SIGTERM and SIGINT end it in order; SIGHUP has it
read the policy and its certificate anew, which it does by itself when their files change.
Exit codes: 0 ended in order, 2 could not run.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The configuration, TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:7070]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The policy that tokens and decisions are held against
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Where state is kept, file:PATH or redis://HOST [default: file:control.redb]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// How the log is written, `human` or `json` [default: human]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a credential: the secret into a file, its entry for the configuration printed
    Credential(Credential),
}

#[derive(Debug, Args)]
struct Credential {
    /// Whose it is, as records show it
    #[arg(long)]
    name: String,
    /// What its bearer may do
    #[arg(long, value_enum)]
    role: RoleName,
    /// The tenant that a tenant-admin administers
    #[arg(long, required_if_eq("role", "tenant-admin"))]
    tenant: Option<String>,
    /// Where the secret goes; only its owner may read the file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RoleName {
    /// Everything but following the feed
    Admin,
    /// The same for one tenant
    TenantAdmin,
    /// Following the feed, asking about tokens
    Proxy,
    /// Looking
    Auditor,
}

impl RoleName {
    fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::TenantAdmin => "tenant_admin",
            Self::Proxy => "proxy",
            Self::Auditor => "auditor",
        }
    }
}

pub(crate) fn run(arguments: Arguments) -> Result<Outcome, Failure> {
    let Arguments { command, config, listen, policy, store, log_format } = arguments;
    if let Some(Command::Credential(credential)) = command {
        return credential.make();
    }
    let flags = Flags { config, listen, policy, store, log_format };
    let config = Config::load(flags, std::env::vars()).map_err(ControlError::from)?;
    serve::start_log(&config.log).map_err(ControlError::from)?;
    serve::serve(config).map_err(ControlError::from)?;
    Ok(Outcome::Good)
}

impl Credential {
    fn make(self) -> Result<Outcome, Failure> {
        let Self { name, role, tenant, out } = self;
        let mut entropy = [0; 32];
        getrandom::fill(&mut entropy).map_err(Failure::Random)?;
        let secret = Secret::from_entropy(entropy);
        write_private(&out, &format!("{}\n", secret.reveal()), false).map_err(
            |source| match source.kind() {
                io::ErrorKind::AlreadyExists => ControlError::Exists { path: out.clone() }.into(),
                _ => Failure::Write { path: out.clone(), source },
            },
        )?;
        // Escaped as TOML has it, which for these is as JSON does.
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let mut stdout = anstream::stdout().lock();
        writeln!(stdout, "[[auth.credentials]]")?;
        writeln!(stdout, "name = {}", text(&name))?;
        writeln!(stdout, "role = {}", text(role.as_str()))?;
        if let Some(tenant) = tenant {
            writeln!(stdout, "tenant = {}", text(&tenant))?;
        }
        writeln!(stdout, "sha256 = \"{}\"\n", secret.digest())?;
        Ok(Outcome::Good)
    }
}
