//! `tenantguard partner onboard`: from the URL of a partner's identity provider to an issuer in
//! the policy that is trusted with nothing yet.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use tenantguard::identity::{Namespace, TenantId};
use tenantguard_mint::{Algorithm, DevKey};

use super::PartnerError;
use super::discovery::Provider;
use super::fragment::Fragment;
use super::http::{Client, Endpoint};
use super::keys::PinnedKeys;
use super::registration::{self, Registered};
use crate::Outcome;
use crate::failure::Failure;
use crate::files::read_text;
use crate::output::{self, Format, bytes_human, styled};
use crate::token::{hex, random, write_private};

const EXAMPLES: &str = "\
Examples:
  tenantguard partner onboard https://sso.partnerco.example --name partnerco \\
      --initial-access-token-file token.txt > partnerco.yaml
  tenantguard partner onboard https://sso.partnerco.example --no-registration

The policy's part goes to standard output, what to do next to standard error. Files that are made,
and never replaced:
  NAME.jwks.json          its public keys, for the policy
  NAME.client.key.json    our private key there (readable by you alone)
  NAME.client.json        our client there (readable by you alone)

Exit codes: 0 done, 2 could not run.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The partner's issuer: the `iss` of its tokens, character by character
    url: String,
    /// What the policy and the files call it [default: from the URL's host]
    #[arg(long)]
    name: Option<String>,
    /// A tenant that it may speak for; without any, the list is left for you to fill in
    #[arg(long = "tenant", value_name = "TENANT", value_parser = tenant)]
    tenants: Vec<String>,
    /// The token that the partner gave you for registering; `-` reads standard input
    #[arg(long, value_name = "FILE", conflicts_with = "no_registration")]
    initial_access_token_file: Option<PathBuf>,
    /// Do not become its client, only pin its keys
    #[arg(long)]
    no_registration: bool,
    /// Where the files go
    #[arg(long, value_name = "DIRECTORY", default_value = ".")]
    out: PathBuf,
    /// How long the partner may take for each answer
    #[arg(long, value_name = "TIME", default_value = "15s")]
    timeout: jiff::SignedDuration,
    /// For people, or JSON
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

fn tenant(text: &str) -> Result<String, String> {
    let tenant = TenantId::parse(text).map_err(|error| format!("it {error}"))?;
    Ok(tenant.as_str().to_owned())
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let issuer = Endpoint::issuer(&arguments.url)?;
    let name = name(arguments, &issuer)?;
    let files = Files::new(&arguments.out, &name);
    files.refuse_to_replace(!arguments.no_registration)?;
    let token = arguments.initial_access_token_file.as_deref().map(read_text).transpose()?;

    let timeout = Duration::try_from(arguments.timeout).unwrap_or_default();
    let client = Client::new(&issuer, timeout.max(Duration::from_millis(1)));
    let provider = Provider::discover(&client, issuer)?;
    // Last of all to the registration: a client that nobody uses should not be left behind.
    let keys = PinnedKeys::fetch(&client, &provider)?;
    let registered = match arguments.no_registration {
        true => None,
        false => Some(register(&client, &provider, token.as_deref(), &files)?),
    };
    write_new(&files.keys, &keys.jwks())?;

    let algorithms = keys.algorithms(&provider.algorithms);
    let fragment = Fragment {
        name: &name,
        issuer: &provider.issuer.url,
        jwks_file: &files.keys_name,
        algorithms: &algorithms,
        tenants: &arguments.tenants,
    };
    let done =
        Done { provider: &provider, keys: &keys, registered: registered.as_ref(), files: &files };
    let mut out = anstream::stdout().lock();
    match arguments.format {
        Format::Human => write!(out, "{}", fragment.yaml())?,
        Format::Json => writeln!(out, "{}", done.json(&name, &fragment))?,
    }
    done.tell();
    Ok(Outcome::Good)
}

fn name(arguments: &Arguments, issuer: &Endpoint) -> Result<String, Failure> {
    let name = arguments.name.clone().unwrap_or_else(|| {
        let host = issuer.host.to_ascii_lowercase();
        let host = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
        host.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
    });
    match Namespace::parse(&name) {
        Ok(_) => Ok(name),
        Err(error) => Err(PartnerError::Name { name, reason: format!("it {error}") }.into()),
    }
}

/// Makes the client's key, keeps it, registers, and keeps what the partner answers.
fn register(
    client: &Client,
    provider: &Provider,
    token: Option<&str>,
    files: &Files,
) -> Result<Registered, Failure> {
    let endpoint = provider.registration()?;
    let key = DevKey::derive(Algorithm::Es256, &hex(&random::<32>()?));
    // Kept first: a client whose key is lost can do nothing.
    write_private_json(&files.client_key, &key.private_jwk())?;
    let registered = registration::register(client, &endpoint, token.map(str::trim), &key)
        .inspect_err(|_| {
            // Made a moment ago, and known to nobody. If it stays, the next call says so.
            let _ = fs::remove_file(&files.client_key);
        })?;
    write_private_json(&files.client, &registered.to_json(provider))?;
    Ok(registered)
}

/// Where what is made goes.
struct Files {
    keys_name: String,
    keys: PathBuf,
    client_key: PathBuf,
    client: PathBuf,
}

impl Files {
    fn new(directory: &Path, name: &str) -> Self {
        // Said as one would type it.
        let directory = if directory == Path::new(".") { Path::new("") } else { directory };
        let keys_name = format!("{name}.jwks.json");
        Self {
            keys: directory.join(&keys_name),
            keys_name,
            client_key: directory.join(format!("{name}.client.key.json")),
            client: directory.join(format!("{name}.client.json")),
        }
    }

    fn refuse_to_replace(&self, registers: bool) -> Result<(), Failure> {
        let client = [("a client's key", &self.client_key), ("a client", &self.client)];
        let files =
            [("a key set", &self.keys)].into_iter().chain(client.into_iter().filter(|_| registers));
        for (what, path) in files {
            if path.exists() {
                return Err(Failure::Onboarded { what, path: path.clone() });
            }
        }
        Ok(())
    }
}

fn write_private_json(path: &Path, value: &Value) -> Result<(), Failure> {
    let failed = |source| Failure::Write { path: path.to_owned(), source };
    write_private(path, &format!("{value:#}\n"), false).map_err(failed)
}

fn write_new(path: &Path, value: &Value) -> Result<(), Failure> {
    let failed = |source| Failure::Write { path: path.to_owned(), source };
    let mut file = fs::File::create_new(path).map_err(failed)?;
    file.write_all(format!("{value:#}\n").as_bytes()).map_err(failed)
}

/// What was done.
struct Done<'a> {
    provider: &'a Provider,
    keys: &'a PinnedKeys,
    registered: Option<&'a Registered>,
    files: &'a Files,
}

impl Done<'_> {
    fn json(&self, name: &str, fragment: &Fragment<'_>) -> Value {
        let Self { keys, files, .. } = self;
        let pinned: Vec<Value> = keys.pinned.iter().map(super::keys::Pinned::to_json).collect();
        let left_out: Vec<Value> =
            keys.left_out.iter().map(|(key, why)| json!({"key": key, "reason": why})).collect();
        let client = self.registered.map(|registered| {
            json!({"client_id": registered.client_id, "file": files.client, "key": files.client_key})
        });
        json!({
            "name": name,
            "issuer": self.provider.issuer.url,
            "jwks_uri": self.provider.keys.url,
            "keys": {"file": files.keys, "pinned": pinned, "left_out": left_out},
            "client": client,
            "policy": fragment.json(),
        })
    }

    /// What was made and what is to do, on standard error.
    fn tell(&self) {
        let Self { keys, files, .. } = self;
        let pinned: Vec<String> = keys.pinned.iter().map(super::keys::Pinned::name).collect();
        let made = styled(output::GOOD, "pinned");
        anstream::eprintln!("{made} {}: {}", files.keys.display(), pinned.join(", "));
        for line in keys.left_out_lines() {
            anstream::eprintln!("{} {line}", styled(output::WARNING, "left out"));
        }
        if let Some(registered) = self.registered {
            let made = styled(output::GOOD, "registered");
            let id = bytes_human(registered.client_id.as_bytes());
            anstream::eprintln!("{made} as {id}: {}", files.client.display());
            let key = styled(output::BOLD, files.client_key.display());
            anstream::eprintln!(
                "  {key} is the client's private key; whoever reads it is this client"
            );
        }
        if self.provider.keys.host != self.provider.issuer.host {
            let note = styled(output::WARNING, "note");
            anstream::eprintln!(
                "{note}: its keys are at another host, {}",
                self.provider.keys.host
            );
        }
        anstream::eprint!("\n{}", self.next_steps());
    }

    fn next_steps(&self) -> String {
        // A JSON string is a YAML string.
        let [host, path] = [&self.provider.keys.host, &self.provider.keys.path]
            .map(|text| Value::from(text.as_str()));
        format!(
            "\
Next:
  1. put the issuer into the policy, and {} beside the policy
  2. fill in its tenants and roles; until then every token of it is refused
  3. tenantguard policy check policy.yaml
  4. with a token of the partner: tenantguard token verify --policy policy.yaml - < partner.jwt
Pinned keys do not follow the partner's. To follow them, have the proxy fetch them:
  keys: {{cluster: CLUSTER, host: {host}, path: {path}}}
",
            self.files.keys_name
        )
    }
}
