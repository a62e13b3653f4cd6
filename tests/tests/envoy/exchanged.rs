//! Tokens that the control service has exchanged, in an Envoy that fetches the exchange's keys from
//! that service.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::SystemTime;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tenantguard::time::UnixTime;
use tenantguard_e2e::control::{ControlService, ServiceOptions};
use tenantguard_e2e::corpus::Prepared;
use tenantguard_e2e::envoy::Config;
use tenantguard_e2e::policy;

use crate::controlled::{Controlled, Setup, reason, soon};
use crate::world::{Outcome, World};

const EXCHANGE: &str =
    "\n[exchange]\nkeys = \"exchange.json\"\nissuer = \"https://control.example.com\"\n";
/// The exchange as the policy trusts it, and what it then asks of every crossing.
const TRUST: &str = "cross_tenant: {require_token: true}
issuers:
  control:
    issuer: https://control.example.com
    keys: {cluster: tenantguard-control, path: /.well-known/jwks.json, refresh: 30s}
    algorithms: [ES256]
    asserts: {tenants: any, roles: any}
    delegation_tokens: true
";
const LENT: &str = "acme-lets-grace-read";
const ACMES: &str = "/api/v1/tenants/acme/reports/7";

fn start() -> Result<Controlled> {
    let yaml = policy::YAML.replacen("issuers:\n", TRUST, 1);
    let (policy, more) = (yaml.clone(), EXCHANGE.to_owned());
    let service = ServiceOptions { policy, more, ..ServiceOptions::default() };
    let service = ControlService::start(&service)?;
    let plugin = policy::plugin_configuration_of(&yaml, &policy::key_files());
    let plugin = plugin.map_err(|findings| anyhow::anyhow!("the test's policy: {findings}"))?;
    let mut plugin: Value = serde_json::from_str(&plugin)?;
    let plugin_fields = plugin.as_object_mut().context("the plugin's configuration is a map")?;
    plugin_fields.insert("control".to_owned(), json!({"cluster": "tenantguard-control"}));
    let mut config = Config::deployed_with_control()?;
    config.control(service.address(), service.proxy())?;
    let envoy = Setup::default().envoy;
    let world = World::start_as(config, &plugin.to_string(), envoy, |_| Ok(()))?;
    Ok(Controlled { world, service })
}

/// What acme lends to globex's grace, by its own administrator.
fn lend(controlled: &Controlled) -> Result<()> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let lent = json!({
        "id": LENT, "from": "acme", "to": "globex", "principals": ["platform/grace"],
        "permissions": ["reports:read"], "expires": UnixTime::from_secs(now + 600).to_string(),
        "consent": {"reference": "DPA-9"}, "reason": "a test",
    });
    controlled.control()?.of_delegator().ask("POST", "/v1/delegations", &lent)?;
    Ok(())
}

fn bearer(request: &Prepared) -> Result<String> {
    let header = request.headers.iter().find(|(name, _)| name == "authorization");
    let value = header.and_then(|(_, value)| std::str::from_utf8(value).ok());
    Ok(value.and_then(|it| it.strip_prefix("Bearer ")).context("no token")?.to_owned())
}

/// Grace's token for one that is good for acme's reports.
fn exchange(controlled: &Controlled) -> Result<String> {
    let own = controlled.reader("/api/v1/reports/7", &json!({"subject": "grace"}))?;
    let form = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={}\
         &subject_token_type=urn:ietf:params:oauth:token-type:access_token&delegation_id={LENT}",
        bearer(&own)?
    );
    let answer = controlled.control()?.exchange(&form)?;
    let token = answer.get("access_token").and_then(Value::as_str);
    Ok(token.with_context(|| answer.to_string())?.to_owned())
}

fn ask(controlled: &Controlled, path: &str, token: &str) -> Result<Outcome> {
    let request = json!({"authorization": [format!("Bearer {token}")], "request": {"path": path}});
    controlled.world.send(&controlled.world.prepare(&request.to_string())?)
}

pub(crate) fn an_exchanged_token_is_good_for_what_was_lent() -> Result<()> {
    let controlled = start()?;
    lend(&controlled)?;
    let token = exchange(&controlled)?;
    soon("the exchanged token is good", || {
        Ok(reason(&ask(&controlled, ACMES, &token)?) == "permit")
    })?;
    let outcome = ask(&controlled, ACMES, &token)?;
    let told = outcome.response.header("x-delegation-id");
    ensure!(told == Some(LENT), "the client is told of {told:?}");
    let upstream = outcome.upstream.as_ref().context("nothing came to the upstream")?;
    for (name, value) in [
        ("x-tenant-id", "globex"),
        ("x-resource-tenant-id", "acme"),
        ("x-principal-id", "platform/grace"),
        ("x-delegation-id", LENT),
        ("x-delegator-id", "acme"),
        ("x-tenant-scope", "reports:read"),
    ] {
        let found = upstream.header(name);
        ensure!(found == Some(value), "{name} is {found:?}");
    }
    let own = controlled.reader(ACMES, &json!({"subject": "grace"}))?;
    controlled.expect(&own, "delegation.token")?;
    for path in ["/api/v1/reports/7", "/api/v1/tenants/partnerco/reports/7"] {
        let found = reason(&ask(&controlled, path, &token)?);
        ensure!(found == "delegation.none", "{path}: {found}");
    }
    let change = json!({"change": "revoke", "reason": "a test"});
    let path = format!("/v1/delegations/{LENT}");
    controlled.control()?.of_delegator().ask("POST", &path, &change)?;
    soon("the delegation is revoked", || {
        Ok(reason(&ask(&controlled, ACMES, &token)?) == "delegation.expired")
    })?;
    let keys = fs::metadata(controlled.service.directory().join("exchange.json"))?;
    let mode = keys.permissions().mode() & 0o777;
    ensure!(mode == 0o600, "the keys of the exchange may be read by others: {mode:o}");
    Ok(())
}
