//! A proxy beside the service, without a network in front of it: a gate with a policy, and a copy of
//! the control state that it gets from the service as proxies do.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use tenantguard::artifact::Policy;
use tenantguard::control::{Position, ReplicaKey};
use tenantguard::gate::{Gate, Step};
use tenantguard::replica::{Progress, Word};
use tenantguard::request::{Request, RequestIds};
use tenantguard::time::{Now, UnixTime};
use tenantguard_mint::{DevKey, jwks};
use tenantguard_policy::{FileError, Files, Format};

use crate::rig::Rig;

/// The policy's key files: the provider's keys, and the exchange's.
struct Keys(String, String);

impl Files for Keys {
    fn read(&self, name: &str) -> Result<String, FileError> {
        match name {
            "dev.jwks.json" => Ok(self.0.clone()),
            "exchange.jwks.json" => Ok(self.1.clone()),
            _ => Err(FileError::new("there is no such file")),
        }
    }
}

pub(crate) struct Proxy {
    gate: Gate,
    started: Instant,
}

impl Proxy {
    /// With a policy whose exchange has the keys that the service shows now.
    pub(crate) async fn new(rig: &Rig, policy: &str) -> Self {
        let set = rig.get("edge", "/.well-known/jwks.json").await.json().to_string();
        Self::with(policy, &rig.key, set)
    }

    pub(crate) fn with(policy: &str, key: &DevKey, set: String) -> Self {
        let keys = Keys(jwks(&[key]).to_string(), set);
        let policy: Policy = tenantguard_policy::compile(policy, Format::Yaml, &keys)
            .unwrap_or_else(|findings| panic!("{findings}"));
        let gate = Gate::new(Arc::new(policy)).with_control(ReplicaKey::new([7; 16]));
        Self { gate, started: Instant::now() }
    }

    /// Takes what the service knows now: a snapshot at first, and what has come since.
    pub(crate) async fn follow(&self, rig: &Rig) {
        let control = self.gate.control().unwrap();
        loop {
            let sent = self.started.elapsed();
            let held = control.position();
            let at = held.map(|position| format!("&position={position}")).unwrap_or_default();
            let news = rig.get("edge", &format!("/v1/feed?proxy=p{at}")).await;
            let head: Position = news.header("x-tenantguard-position").unwrap().parse().unwrap();
            match (news.status, held) {
                (204, _) => {}
                (200, Some(_)) => control.take_delta(news.body).unwrap(),
                (_, _) => self.take_snapshot(rig, &news.body).await,
            }
            while control.proceed(1000).unwrap() == Progress::More {}
            let lease = Duration::from_secs(60);
            control.renew(&Word { head, sent, lease }, self.started.elapsed());
            if control.position() == Some(head) {
                return;
            }
        }
    }

    async fn take_snapshot(&self, rig: &Rig, manifest: &[u8]) {
        let control = self.gate.control().unwrap();
        control.take_manifest(manifest).unwrap();
        while let Some(shard) = control.wanted() {
            let digest: String = shard.digest.iter().map(|byte| format!("{byte:02x}")).collect();
            let shard = rig.get("edge", &format!("/v1/feed/shards/{digest}")).await;
            control.take_shard(shard.body).unwrap();
        }
    }

    /// The reason code of the decision on a GET of the path with this token, and what the upstream
    /// would see.
    pub(crate) fn get(&self, path: &str, token: &str) -> (String, Vec<(String, String)>) {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let now = Now { wall: UnixTime::from_duration(wall), monotonic: self.started.elapsed() };
        let headers = [
            (":method".to_owned(), b"GET".to_vec()),
            (":path".to_owned(), path.as_bytes().to_vec()),
            ("authorization".to_owned(), format!("Bearer {token}").into_bytes()),
        ];
        let ids = RequestIds::from_entropy([1; 32]);
        let request = Request { headers: &headers, mode: None, ids, certificate: None };
        match self.gate.begin(&request, now) {
            Step::Permit(permit) => {
                let set = permit.changes().map(|changes| changes.set.clone()).unwrap_or_default();
                let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
                let set =
                    set.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes())));
                ("permit".to_owned(), set.collect())
            }
            Step::Deny(denial) => {
                (denial.account().verdict().reason().code().to_owned(), Vec::new())
            }
            other => panic!("{other:?}"),
        }
    }
}

/// The payload of a token.
pub(crate) fn claims(token: &str) -> Value {
    part(token, 1)
}

/// The header of a token.
pub(crate) fn header(token: &str) -> Value {
    part(token, 0)
}

fn part(token: &str, nth: usize) -> Value {
    use base64::Engine as _;
    let text = token.split('.').nth(nth).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}
