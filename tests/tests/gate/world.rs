//! A gate with a copy of the control state, a feed that it follows, and people with tokens.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tenantguard::artifact::{Isolation, Policy};
use tenantguard::control::{
    Act, Consent, CutOff, DelegationStage, Delta, Entry, Frame, Handle, HistoryId, Keep, Label,
    Manifest, Position, ReplicaKey, Revocation, ShardWriter, Suspension, Target, TenantEntry,
    TenantStatus, TokenName,
};
use tenantguard::gate::{Control, Gate, Need, Pending, Permit, Response, Step};
use tenantguard::identity::{Namespace, TenantId};
use tenantguard::replica::{Answer, Progress, Question, Word};
use tenantguard::request::{HeaderList, Request, RequestIds};
use tenantguard::time::{Now, UnixTime};
use tenantguard_mint::{Algorithm, DevKey, TokenSpec};
use tenantguard_policy::{Format, NoFiles};

pub(crate) const NOW: u64 = 1_800_000_000;
/// The issuer's skew, in seconds.
pub(crate) const SKEW: u64 = 120;
/// How long a lease is.
pub(crate) const LEASE: Duration = Duration::from_secs(5);
pub(crate) const ISSUER: &str = "https://id";
/// Who makes delegation tokens.
pub(crate) const EXCHANGE: &str = "https://exchange";

/// The policy: two tenants, and a route for each way to deal with a copy that is stale.
pub(crate) fn policy() -> Policy {
    compile(&policy_text())
}

fn compile(text: &str) -> Policy {
    tenantguard_policy::compile(text, Format::Json, &NoFiles).unwrap()
}

/// The policy as it is written.
pub(crate) fn policy_text() -> String {
    let methods = json!({"GET": "r:read"});
    json!({
        "version": 1,
        "audiences": ["api"],
        "issuers": {"id": {
            "issuer": ISSUER,
            "keys": {"jwks": {"keys": [key().public_jwk()]}},
            "algorithms": ["EdDSA"],
            "asserts": {"tenants": "any", "roles": "any"},
            "max_lifetime": "1h",
            "skew": "2m",
            "authority": "roles",
        }, "exchange": {
            "issuer": EXCHANGE,
            "keys": {"jwks": {"keys": [exchange_key().public_jwk()]}},
            "algorithms": ["EdDSA"],
            "asserts": {"tenants": "any", "roles": "any"},
            "delegation_tokens": true,
        }},
        "tenants": {"acme": {"isolation": "shared"}, "globex": {"isolation": "shared"}},
        "roles": {"viewer": {"permissions": ["r:read"]}, "editor": {"permissions": ["r:write"]}},
        "overrides": [{"tenant": "acme", "role": "editor", "grant": ["r:read"]}],
        "token_cache": "1MiB",
        "routes": [
            {"path": "/healthz", "public": true},
            {"path": "/r", "methods": {"GET": "r:read", "PUT": "r:write"}},
            {"path": "/deny", "methods": methods, "on_stale": "deny"},
            {"path": "/allow", "methods": methods, "on_stale": {"allow": "30s"}},
            {"path": "/ask", "methods": methods, "revocation": "ask", "on_stale": {"allow": "30s"}},
            {"path": "/keep", "methods": methods, "streams": "keep"},
            {"path": "/of/{tenant}", "methods": methods, "resource_tenant": "path.tenant"},
        ],
        "delegations": {"standing": {
            "from": "globex", "to": "acme", "principals": "any", "permissions": ["r:read"],
            "expires": "2030-01-01T00:00:00Z",
            "consent": {"by": "admin@globex.example", "at": "2026-01-01T00:00:00Z", "reference": "1"},
        }},
    })
    .to_string()
}

fn key() -> DevKey {
    DevKey::derive(Algorithm::EdDsa, "id")
}

fn exchange_key() -> DevKey {
    DevKey::derive(Algorithm::EdDsa, "exchange")
}

/// Signed by the token exchange.
pub(crate) fn sign_as_exchange(claims: &Value) -> String {
    let key = exchange_key();
    let claims = claims.as_object().unwrap().clone();
    TokenSpec { claims, ..TokenSpec::new(&key) }.sign(&key)
}

/// The `kid` of the one key.
pub(crate) fn kid() -> String {
    key().public_jwk()["kid"].as_str().unwrap().to_owned()
}

/// Alice of acme, with everything that a token can have.
pub(crate) fn alice() -> Value {
    json!({
        "iss": ISSUER, "sub": "alice", "aud": "api", "tenant_id": "acme", "tenant_role": "viewer",
        "jti": "token-1", "sid": "session-1", "iat": NOW - 60, "exp": NOW + 600,
    })
}

/// The same with some claims changed; null takes one away.
pub(crate) fn with(mut claims: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => {
                claims.as_object_mut().unwrap().remove(name);
            }
            value => claims[name] = value.clone(),
        }
    }
    claims
}

pub(crate) fn sign(claims: &Value) -> String {
    let key = key();
    let claims = claims.as_object().unwrap().clone();
    TokenSpec { claims, ..TokenSpec::new(&key) }.sign(&key)
}

/// A token whose header does not say by which key it is signed.
pub(crate) fn sign_without_kid(claims: &Value) -> String {
    let key = key();
    let spec = TokenSpec { claims: claims.as_object().unwrap().clone(), ..TokenSpec::new(&key) };
    spec.without_header("kid").sign(&key)
}

pub(crate) fn at(secs: u64) -> Now {
    let monotonic = Duration::from_secs(1_000 + secs);
    Now { wall: UnixTime::from_secs(NOW + secs), monotonic }
}

pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

/// Somebody did something to a delegation.
pub(crate) fn act() -> Act {
    Act { by: Label::parse("id/admin").unwrap(), at: NOW - 10 }
}

/// The stages of a delegation after the first.
pub(crate) fn consented() -> DelegationStage {
    DelegationStage::Consented(Consent { act: act(), reference: Label::parse("DPA-7").ok() })
}

pub(crate) fn suspended_stage() -> DelegationStage {
    DelegationStage::Suspended { consent: Consent { act: act(), reference: None }, act: act() }
}

pub(crate) fn revoked_stage() -> DelegationStage {
    DelegationStage::Revoked { consent: None, act: act() }
}

/// What a revocation of this token names.
pub(crate) fn token_target(claims: &Value, text: &str) -> Target {
    let name = TokenName::of(claims["jti"].as_str(), text);
    let tenant = tenant(claims["tenant_id"].as_str().unwrap());
    Handle::Token { issuer: ISSUER, tenant: &tenant, name }.target()
}

pub(crate) fn session_target(of: &str, sid: &str) -> Target {
    Handle::Session { issuer: ISSUER, tenant: &tenant(of), sid }.target()
}

pub(crate) fn principal_target(of: &str, subject: &str) -> Target {
    let namespace = Namespace::parse("id").unwrap();
    Handle::Principal { tenant: &tenant(of), namespace: &namespace, subject }.target()
}

pub(crate) fn key_target(kid: &str) -> Target {
    Handle::Key { issuer: ISSUER, kid }.target()
}

/// A gate and the feed that it follows.
pub(crate) struct World {
    pub(crate) gate: Gate,
    position: Cell<Position>,
    /// Numbers the requests.
    nth: Cell<u8>,
}

impl World {
    /// Without a first snapshot.
    pub(crate) fn empty() -> Self {
        Self::of(policy())
    }

    fn of(policy: Policy) -> Self {
        let gate = Gate::new(Arc::new(policy)).with_control(ReplicaKey::new([7; 16]));
        let position = Position::start(HistoryId::from_bytes([1; 16]));
        Self { gate, position: Cell::new(position), nth: Cell::new(0) }
    }

    /// With a copy of this, fresh at [`at`]`(0)`.
    pub(crate) fn new(entries: &[Entry]) -> Self {
        let world = Self::empty();
        world.take_snapshot(entries);
        world.renew(0);
        world
    }

    /// With an empty copy, by another policy.
    pub(crate) fn by(policy: &str) -> Self {
        let world = Self::of(compile(policy));
        world.take_snapshot(&[]);
        world.renew(0);
        world
    }

    pub(crate) fn control(&self) -> &Control {
        self.gate.control().unwrap()
    }

    pub(crate) fn take_snapshot(&self, entries: &[Entry]) {
        let mut writer = ShardWriter::default();
        assert!(entries.iter().all(|entry| writer.push(entry)));
        let (shard, named) = writer.finish();
        let manifest = Manifest { position: self.position.get(), shards: vec![named] };
        let control = self.control();
        control.take_manifest(&manifest.encode()).unwrap();
        assert_eq!(control.wanted(), Some(named));
        control.take_shard(shard).unwrap();
        while control.proceed(10).unwrap() == Progress::More {}
        assert_eq!(control.position(), Some(self.position.get()));
    }

    /// Commits a frame of entries, of which the gate does not know yet.
    pub(crate) fn commit(&self, entries: &[Entry]) -> Vec<u8> {
        let from = self.position.get();
        let (frame, _) = Frame::encode(entries);
        let to = from.after(&frame);
        self.position.set(to);
        Delta::encode(&from, [(to.hash, frame.as_slice())].into_iter())
    }

    /// Commits a frame, and has the gate apply it.
    pub(crate) fn push(&self, entries: &[Entry]) {
        let delta = self.commit(entries);
        self.control().take_delta(delta).unwrap();
        while self.control().proceed(10).unwrap() == Progress::More {}
    }

    /// Word from the service, by a poll that was sent and answered at this second.
    pub(crate) fn renew(&self, secs: u64) {
        let now = at(secs).monotonic;
        self.control().renew(&Word { head: self.position.get(), sent: now, lease: LEASE }, now);
    }

    pub(crate) fn headers(&self, path: &str, token: &str) -> HeaderList {
        let authorization = format!("Bearer {token}");
        [(":method", "GET"), (":path", path), ("authorization", &authorization)]
            .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
            .into()
    }

    pub(crate) fn send(&self, path: &str, token: &str, secs: u64) -> Step {
        self.send_shown_by(path, token, secs, None)
    }

    /// From a client that shows this certificate.
    pub(crate) fn send_shown_by(
        &self,
        path: &str,
        token: &str,
        secs: u64,
        certificate: Option<[u8; 32]>,
    ) -> Step {
        let headers = self.headers(path, token);
        self.nth.set(self.nth.get() + 1);
        let ids = RequestIds::from_entropy([self.nth.get(); 32]);
        self.gate.begin(&Request { headers: &headers, mode: None, ids, certificate }, at(secs))
    }

    /// What becomes of a request that need not wait.
    pub(crate) fn reason(&self, path: &str, token: &str, secs: u64) -> &'static str {
        reason(&self.send(path, token, secs))
    }

    /// A request that must be asked about.
    pub(crate) fn question(&self, path: &str, token: &str, secs: u64) -> (Pending, Question) {
        match self.send(path, token, secs) {
            Step::Ask(pending, Need::Introspect(question)) => (pending, question),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn resume(&self, pending: &Pending, answer: Option<&Answer>, secs: u64) -> Step {
        self.gate.resume(pending, answer, at(secs))
    }

    /// The answer of a service that stands where the feed does.
    pub(crate) fn answer(&self, question: &Question, active: bool) -> Answer {
        question.answer(200, reply(question, active, self.position.get()).to_string().as_bytes())
    }

    pub(crate) fn position(&self) -> Position {
        self.position.get()
    }

    pub(crate) fn permit(&self, path: &str, token: &str, secs: u64) -> Permit {
        match self.send(path, token, secs) {
            Step::Permit(permit) => permit,
            other => panic!("{other:?}"),
        }
    }
}

/// A good reply to a question, by what its form says.
pub(crate) fn reply(question: &Question, active: bool, position: Position) -> Value {
    let body = std::str::from_utf8(question.body()).unwrap();
    let field = |wanted: &str| {
        let mut fields = body.split('&').filter_map(|field| field.split_once('='));
        fields.find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned()).unwrap()
    };
    let epoch: u64 = field("epoch").parse().unwrap();
    json!({
        "active": active, "nonce": field("nonce"), "epoch": epoch, "position": position.to_string(),
    })
}

pub(crate) fn reason(step: &Step) -> &'static str {
    match step {
        Step::Permit(permit) => permit.account().verdict().reason().code(),
        Step::Deny(denial) => denial.account().verdict().reason().code(),
        Step::Ask(_, Need::Snapshot) => "waits for a snapshot",
        Step::Ask(_, Need::Introspect(_)) => "asks",
        Step::Ask(_, Need::Keys(_)) => "waits for keys",
        Step::Off => "off",
    }
}

/// The status and the headers of an answer to a refused request.
pub(crate) fn response(step: &Step) -> (u16, Vec<(String, String)>) {
    match step {
        Step::Deny(denial) => match denial.response() {
            Response::Http { status, headers, .. } => (*status, headers.clone()),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

pub(crate) fn revoked(target: Target, keep: Keep) -> Entry {
    Entry::Revoked(Revocation { target, keep })
}

pub(crate) fn cut_off(target: Target, at: u64) -> Entry {
    Entry::CutOff(CutOff { target, at, keep: Keep::Until(NOW + 7_200) })
}

pub(crate) fn suspended(target: Target, is_on: bool) -> Entry {
    Entry::Suspension(Suspension { target, is_on, keep: Keep::Forever })
}

pub(crate) fn directory(name: &str, status: TenantStatus) -> Entry {
    let id = tenant(name);
    Entry::Tenant(TenantEntry { id, isolation: Isolation::Shared, cell: None, status })
}
