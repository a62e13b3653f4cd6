//! What is revoked with `--wait` is refused from then on, in every VM, and nothing else is.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tenantguard_e2e::control::Target;
use tenantguard_e2e::envoy::Config;

use crate::controlled::{Controlled, ISSUER, Setup, soon};
use crate::world::text;

const REPORT: &str = "/api/v1/reports/7";
/// How often a request is repeated: Envoy gives connections to its workers in turn.
const TIMES: usize = 8;

/// A token, what is revoked of it, and what its bearer is told.
struct Case {
    token: Value,
    target: fn(&Named) -> Target,
    reason: &'static str,
}

/// What names a token.
struct Named {
    text: String,
    hash: String,
}

fn cases() -> Vec<Case> {
    let case = |token, target, reason| Case { token, target, reason };
    vec![
        case(
            json!({"subject": "alice", "claims": {"jti": "revoked-1"}}),
            |_| Target::token_id("acme", ISSUER, "revoked-1"),
            "revoked.token",
        ),
        case(
            json!({"subject": "alice", "claims": {"jti": "revoked-2"}}),
            |named| Target::token(&named.text),
            "revoked.token",
        ),
        case(
            json!({"subject": "alice", "claims": {"jti": null}}),
            |named| Target::hash("token", "acme", &named.hash),
            "revoked.token",
        ),
        case(
            json!({"subject": "alice", "claims": {"sid": "s-1"}}),
            |_| Target::session("acme", ISSUER, "s-1"),
            "revoked.session",
        ),
        case(
            json!({"subject": "ada"}),
            |_| Target::principal("acme", "platform", "ada"),
            "revoked.principal",
        ),
        case(json!({"subject": "grace"}), |_| Target::tenant("globex"), "revoked.tenant"),
        case(
            json!({"subject": "alice", "key": "platform.eddsa"}),
            |named| Target::key(ISSUER, &named.kid()),
            "revoked.key",
        ),
    ]
}

impl Named {
    /// The `kid` in the token's header.
    fn kid(&self) -> String {
        use base64::Engine as _;
        let header = self.text.split('.').next().unwrap_or_default();
        let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header);
        let header: Value = serde_json::from_slice(&header.unwrap_or_default()).unwrap_or_default();
        text(&header, "kid").unwrap_or_default().to_owned()
    }
}

pub(crate) fn targets() -> Result<()> {
    every_target(|_| Ok(()))
}

/// Gauges that nobody keeps ring for nobody.
pub(crate) fn without_metrics() -> Result<()> {
    every_target(|config| {
        let matcher = json!({"stats_config": {"stats_matcher": {"reject_all": true}}});
        let members = config.value_mut().as_object_mut().zip(matcher.as_object());
        let (bootstrap, matcher) = members.context("no bootstrap")?;
        bootstrap.extend(matcher.clone());
        Ok(())
    })
}

fn every_target(change: impl FnOnce(&mut Config) -> Result<()>) -> Result<()> {
    Controlled::with_changed(Setup::default(), change, |it| {
        let bystander = it.reader(REPORT, &json!({"subject": "alice"}))?;
        for Case { token, target, reason } in cases() {
            let request = it.reader(REPORT, &token)?;
            let mut record = Value::Null;
            for _ in 0..TIMES {
                record = it.world.audit(&it.expect(&request, "permit")?)?;
            }
            ensure!(text(&record, "control") == Some("fresh"), "{record}");
            let bearer = request.headers.iter().find(|(name, _)| name == "authorization");
            let bearer = bearer.and_then(|(_, value)| std::str::from_utf8(value).ok());
            let named = Named {
                text: bearer
                    .and_then(|it| it.strip_prefix("Bearer "))
                    .unwrap_or_default()
                    .to_owned(),
                hash: text(&record, "token").context("no token hash")?.to_owned(),
            };
            let done = it.control()?.revoke(&[target(&named)])?;
            ensure!(done.pointer("/acknowledged/acknowledged") == Some(&json!(1)), "{done}");
            for _ in 0..TIMES {
                it.expect(&request, reason).with_context(|| format!("{token}"))?;
                it.expect(&bystander, "permit").with_context(|| format!("after {token}"))?;
            }
        }
        Ok(())
    })
}

/// `revocation: ask`: the answer counts, not the copy.
pub(crate) fn asked() -> Result<()> {
    let setup = Setup {
        control: json!({"cluster": "tenantguard-control", "ask_deadline": "500ms"}),
        ..Setup::default()
    };
    Controlled::with(setup, |it| {
        let token = json!({"subject": "alice", "claims": {"jti": "asked"}});
        let request = it.reader("/api/v1/exports/7", &token)?;
        it.expect_soon(&request, "permit")?;
        let record = it.world.audit(&it.expect(&request, "permit")?)?;
        ensure!(text(&record, "control") == Some("asked"), "{record}");
        it.control()?.revoke_at_once(&[Target::token_id("acme", ISSUER, "asked")])?;
        it.expect(&request, "revoked.token")?;
        let (asked, active) =
            (it.metric("control.questions.asked")?, it.metric("control.questions.active")?);
        ensure!(asked >= 2 && active == 2, "{asked} asked, {active} active");
        Ok(())
    })
}

/// Both sides show where a proxy stands.
pub(crate) fn seen() -> Result<()> {
    Controlled::with(Setup::default(), |it| {
        let request = it.reader(REPORT, &json!({"subject": "alice"}))?;
        it.expect(&request, "permit")?;
        it.control()?.revoke(&[Target::session("acme", ISSUER, "nobody's")])?;
        let proxies = it.control()?.proxies()?;
        let name = proxies.first().and_then(|proxy| text(proxy, "proxy")).unwrap_or_default();
        ensure!(proxies.len() == 1 && name.starts_with("edge/edge-1."), "{proxies:?}");
        let state = proxies.first().and_then(|proxy| text(proxy, "state"));
        ensure!(state == Some("fresh"), "{proxies:?}");
        soon("the metrics", || {
            Ok(it.metric("control.epoch")? == 1 && it.metric("control.mode")? == 1)
        })?;
        let record = it.world.audit(&it.expect(&request, "permit")?)?;
        ensure!(record.get("epoch") == Some(&json!(1)), "{record}");
        let age = record.get("age_ms").and_then(Value::as_u64);
        ensure!(age.is_some_and(|age| age < 2_000), "{record}");
        Ok(())
    })
}
