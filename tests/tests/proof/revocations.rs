//! Everything that can be revoked is, one after the other, while requests flow.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tenantguard::time::UnixTime;
use tenantguard_e2e::control::{Control, DELEGATOR, Target};

use crate::fleet::{ACMES, COPIED, Fleet, SKEW};
use crate::load::{Actor, Scene};

const ISSUER: &str = "https://id.example.com";
/// A tenant that signs up while all is running: the policy does not list it.
const NEWCOMER: &str = "newco";
/// A delegation that acme makes while all is running.
const LENT: &str = "acme-lets-grace-read";
/// How long requests go on after a revocation before the next.
const AFTER: Duration = Duration::from_millis(300);

/// What is done to whom.
enum Act {
    Revoke(Target),
    Suspend(Target),
    /// A tenant of the directory is suspended there.
    Close(&'static str),
    /// The delegator takes a delegation back.
    TakeBack(&'static str),
}

impl Act {
    /// Does it, and waits until every proxy knows; says how many have.
    fn and_wait(&self, control: &Control) -> Result<Value> {
        let done = match self {
            Self::Revoke(target) => control.revoke(std::slice::from_ref(target))?,
            Self::Suspend(target) => control.suspend(std::slice::from_ref(target))?,
            Self::Close(tenant) => {
                let change = json!({"change": "suspend", "reason": "the proof"});
                let done = control.ask("POST", &format!("/v1/tenants/{tenant}"), &change)?;
                return acknowledged(control, &done);
            }
            Self::TakeBack(delegation) => {
                let change = json!({"change": "revoke", "reason": "the proof"});
                let path = format!("/v1/delegations/{delegation}");
                let done = control.of_delegator().ask("POST", &path, &change)?;
                return acknowledged(control, &done);
            }
        };
        Ok(done.get("acknowledged").cloned().unwrap_or_default())
    }
}

/// Waits until every proxy knows what was done.
fn acknowledged(control: &Control, done: &Value) -> Result<Value> {
    let position = done.get("position").and_then(Value::as_str).context("no position")?;
    let path = format!("/v1/feed/acknowledged?position={position}");
    Ok(control.ask("GET", &path, &Value::Null)?)
}

/// What acme lets globex do, until it takes it back.
fn lend(control: &Control) -> Result<()> {
    let expires = UnixTime::from_secs(now() + 3_600).to_string();
    let lent = json!({
        "id": LENT, "from": DELEGATOR, "to": "globex", "principals": ["platform/grace"],
        "permissions": ["reports:read"], "expires": expires,
        "consent": {"reference": "the proof"}, "reason": "the proof",
    });
    let done = control.of_delegator().ask("POST", "/v1/delegations", &lent)?;
    acknowledged(control, &done).map(drop)
}

/// How long clients took from the revocation on until they were first refused.
#[derive(Default)]
pub(crate) struct Delays(Vec<Duration>);

impl Delays {
    /// The one that so many of a hundred do not exceed.
    pub(crate) fn percentile(&mut self, percent: usize) -> Duration {
        self.0.sort_unstable();
        let at = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(at).copied().unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Revokes one of each kind, and `more` tokens beside; says how long it took until all clients knew.
pub(crate) fn run(fleet: &Fleet, scene: &Arc<Scene>, more: usize) -> Result<Delays> {
    let mut delays = Delays::default();
    let newcomer = json!({"tenant": NEWCOMER, "isolation": "shared", "reason": "the proof"});
    fleet.control()?.ask("POST", "/v1/tenants", &newcomer)?;
    lend(&fleet.control()?)?;
    let grace = json!({"subject": "grace", "claims": {"jti": "proof-6"}});
    let take_back = |_: &str| Act::TakeBack(LENT);
    one(fleet, scene, &mut delays, ("delegation", ACMES), &grace, take_back)?;
    for (name, token, act) in kinds() {
        one(fleet, scene, &mut delays, (name, COPIED), &token, act)?;
    }
    for nth in 0..more {
        let id = format!("more-{nth}");
        let token = json!({"subject": "walter", "claims": {"jti": id}});
        let revoke = |_: &str| {
            let issuer = "https://login.workforce.example";
            Act::Revoke(Target::token_id("acme", issuer, &id))
        };
        one(fleet, scene, &mut delays, (&format!("token {id}"), COPIED), &token, revoke)?;
    }
    Ok(delays)
}

fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}

type Kind = (&'static str, Value, fn(&str) -> Act);

/// The issuer of the bystanders is another one, and so are their tenants and principals.
fn kinds() -> Vec<Kind> {
    let now = now();
    let ahead = SKEW.as_secs().saturating_sub(5);
    vec![
        ("token by its jti, expiry unknown", json!({"claims": {"jti": "proof-1"}}), |_| {
            Act::Revoke(Target::token_id("acme", ISSUER, "proof-1"))
        }),
        ("token with a jti, expiry known", json!({"claims": {"jti": "proof-2"}}), |text| {
            Act::Revoke(Target::token(text))
        }),
        ("token without a jti", json!({"claims": {"jti": null}}), |text| {
            Act::Revoke(Target::token(text))
        }),
        ("session", json!({"claims": {"sid": "proof-s", "jti": "proof-3"}}), |_| {
            Act::Revoke(Target::session("acme", ISSUER, "proof-s"))
        }),
        ("key", json!({"key": "platform.eddsa", "claims": {"jti": "proof-4"}}), |text| {
            Act::Revoke(Target::key(ISSUER, &kid(text)))
        }),
        (
            "principal, token from a clock two minutes fast",
            json!({"subject": "ada", "claims": {"iat": now + ahead, "exp": now + ahead + 300}}),
            |_| Act::Revoke(Target::principal("acme", "platform", "ada")),
        ),
        ("principal, suspended", json!({"claims": {"jti": "proof-5"}}), |_| {
            Act::Suspend(Target::principal("acme", "platform", "alice"))
        }),
        ("tenant", json!({"subject": "grace"}), |_| Act::Revoke(Target::tenant("globex"))),
        (
            "tenant of the directory, suspended",
            json!({"claims": {"sub": "nina", "tenant_id": NEWCOMER, "tenant_role": "viewer"}}),
            |_| Act::Close(NEWCOMER),
        ),
    ]
}

/// The `kid` in a token's header.
fn kid(token: &str) -> String {
    let header = token.split('.').next().unwrap_or_default();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap_or_default())
        .unwrap_or_default();
    header.get("kid").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Lets somebody in, revokes, and from then on nobody is let in by it.
fn one(
    fleet: &Fleet,
    scene: &Arc<Scene>,
    delays: &mut Delays,
    (name, path): (&str, &str),
    token: &Value,
    act: impl FnOnce(&str) -> Act,
) -> Result<()> {
    let (actor, text) = fleet.actor(name, path, token)?;
    enter(scene, &actor);
    let control = fleet.control()?;
    let act = act(&text);
    scene.is_about_to_go(std::slice::from_ref(&actor));
    let begun = Instant::now();
    let done = act.and_wait(&control).with_context(|| name.to_owned())?;
    scene.is_gone(std::slice::from_ref(&actor));
    ensure!(done.get("acknowledged") == Some(&json!(2)), "{name}: {done}");
    thread::sleep(AFTER);
    delays
        .0
        .extend(scene.first_refusals().into_iter().map(|at| at.saturating_duration_since(begun)));
    Ok(())
}

/// Lets an actor in until each client has asked as it a few times.
pub(crate) fn enter(scene: &Arc<Scene>, actor: &Arc<Actor>) {
    scene.enter(actor);
    scene.watch(actor);
    thread::sleep(AFTER);
}
