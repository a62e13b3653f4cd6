//! A policy with living delegations and requests, all as JSON, and a gate made of them.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::{Value, json};
use tenantguard::artifact::Isolation;
use tenantguard::control::{
    Act, Consent, Delegate, Delegation, DelegationStage, Entry, HistoryId, Label, Manifest,
    Position, ReplicaKey, ShardWriter, TenantEntry, TenantStatus,
};
use tenantguard::gate::{Gate, Permit, Step};
use tenantguard::identity::{PermissionName, PrincipalId, TenantId};
use tenantguard::replica::{Progress, Word};
use tenantguard::request::{HeaderList, Request, RequestIds};
use tenantguard::time::{Now, UnixTime};
use tenantguard_mint::{Algorithm, DevKey, TokenSpec};
use tenantguard_policy::{Format, NoFiles};

pub(crate) const NOW: u64 = 1_800_000_000;
/// Two that have people, and two that make delegation tokens.
pub(crate) const ISSUERS: [&str; 4] = ["id", "sso", "sts", "relay"];

static KEYS: LazyLock<[DevKey; 4]> =
    LazyLock::new(|| ISSUERS.map(|name| DevKey::derive(Algorithm::EdDsa, name)));

pub(crate) fn issuer_url(name: &str) -> String {
    format!("https://{name}.example")
}

pub(crate) fn key(name: &str) -> &'static DevKey {
    let at = ISSUERS.iter().position(|own| *own == name).expect("an issuer");
    &KEYS[at]
}

/// What decides.
#[derive(Clone)]
pub(crate) struct World {
    /// The policy's source.
    pub(crate) policy: Value,
    /// Tenants that only the control service knows.
    pub(crate) directory: Vec<&'static str>,
    /// Delegations that it has brought, as in the policy but with seconds and a `stage`.
    pub(crate) living: Vec<Value>,
}

/// A failing case is shown in a form that can be read, without the keys.
impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut policy = self.policy.clone();
        for (_, issuer) in policy["issuers"].as_object_mut().into_iter().flatten() {
            issuer["keys"].take();
        }
        write!(
            f,
            "\npolicy {policy}\ndirectory {:?}\nliving {}",
            self.directory,
            json!(self.living)
        )
    }
}

/// Where a request says whose data it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Nowhere,
    Path(&'static str),
    Header(&'static str),
    Token,
}

/// A request with its token.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) issuer: &'static str,
    pub(crate) claims: Value,
    pub(crate) method: &'static str,
    pub(crate) place: Place,
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{} {:?} with {} of {}", self.method, self.place, self.claims, self.issuer)
    }
}

/// How a request was decided, by what its upstream would see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) reason: &'static str,
    pub(crate) permitted: Option<Permitted>,
}

/// Who acts on whose data, and under which delegation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Permitted {
    pub(crate) acting: String,
    pub(crate) resource: String,
    pub(crate) delegation: Option<String>,
}

impl Ask {
    pub(crate) fn headers(&self) -> HeaderList {
        let key = key(self.issuer);
        let claims = self.claims.as_object().expect("claims are an object").clone();
        let token = TokenSpec { claims, ..TokenSpec::new(key) }.sign(key);
        let path = match &self.place {
            Place::Nowhere => "/own".to_owned(),
            Place::Path(tenant) => format!("/of/{tenant}"),
            Place::Header(_) => "/named".to_owned(),
            Place::Token => "/said".to_owned(),
        };
        let authorization = format!("Bearer {token}");
        let mut headers =
            vec![(":method", self.method), (":path", &path), ("authorization", &authorization)];
        if let Place::Header(tenant) = &self.place {
            headers.push(("x-account", tenant));
        }
        headers.into_iter().map(|(n, v)| (n.to_owned(), v.as_bytes().to_vec())).collect()
    }
}

impl World {
    pub(crate) fn gate(&self) -> Gate {
        let compiled =
            tenantguard_policy::compile(&self.policy.to_string(), Format::Json, &NoFiles);
        let compiled = compiled.unwrap_or_else(|f| panic!("{f}\nin {:#}", self.policy));
        let gate = Gate::new(Arc::new(compiled)).with_control(ReplicaKey::new([7; 16]));
        let control = gate.control().expect("a copy");
        let mut writer = ShardWriter::default();
        for id in &self.directory {
            let (id, status) = (tenant(id), TenantStatus::Active);
            let isolation = Isolation::Shared;
            assert!(writer.push(&Entry::Tenant(TenantEntry { id, isolation, cell: None, status })));
        }
        for living in &self.living {
            assert!(writer.push(&Entry::Delegation(Box::new(delegation(living)))));
        }
        let (shard, named) = writer.finish();
        let head = Position::start(HistoryId::from_bytes([1; 16]));
        control.take_manifest(&Manifest { position: head, shards: vec![named] }.encode()).unwrap();
        if control.wanted().is_some() {
            control.take_shard(shard).unwrap();
        }
        while control.proceed(100).unwrap() == Progress::More {}
        let (sent, lease) = (Duration::ZERO, Duration::from_secs(60));
        control.renew(&Word { head, sent, lease }, sent);
        gate
    }
}

/// What the gate does with a request, which need not wait.
pub(crate) fn decide(gate: &Gate, headers: &HeaderList, at: u64) -> Decision {
    let now = Now { wall: UnixTime::from_secs(at), monotonic: Duration::ZERO };
    let ids = RequestIds::from_entropy([7; 32]);
    match gate.begin(&Request { headers, mode: None, ids, certificate: None }, now) {
        Step::Permit(permit) => Decision { reason: "permit", permitted: Some(permitted(&permit)) },
        Step::Deny(denial) => {
            let reason = denial.account().verdict().reason().code();
            Decision { reason, permitted: None }
        }
        other => panic!("keys are inline and the copy is fresh, but: {other:?}"),
    }
}

fn permitted(permit: &Permit) -> Permitted {
    let set = &permit.changes().expect("it is enforced").set;
    let header = |wanted: &str| {
        let (_, value) = set.iter().find(|(name, _)| **name == *wanted)?;
        Some(String::from_utf8(value.as_bytes().to_vec()).expect("a text"))
    };
    Permitted {
        acting: header("x-tenant-id").expect("always there"),
        resource: header("x-resource-tenant-id").expect("always there"),
        delegation: header("x-delegation-id"),
    }
}

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).expect("a tenant")
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn delegation(of: &Value) -> Delegation {
    let field = |name: &str| tenant(of[name].as_str().expect("a text"));
    let time = |name: &str| of[name].as_u64().expect("a time");
    let act = Act { by: Label::parse("somebody").expect("a label"), at: NOW };
    let consent = Consent { act: act.clone(), reference: None };
    let principal = |name: &str| PrincipalId::parse(name).expect("a principal");
    Delegation {
        id: field("id"),
        from: field("from"),
        to: field("to"),
        principals: match of["principals"] == json!("any") {
            true => Delegate::Any,
            false => {
                Delegate::Principals(texts(&of["principals"]).into_iter().map(principal).collect())
            }
        },
        permissions: texts(&of["permissions"])
            .into_iter()
            .map(|name| PermissionName::parse(name).expect("a permission"))
            .collect(),
        audiences: texts(&of["audiences"])
            .into_iter()
            .map(|name| Label::parse(name).expect("a label"))
            .collect(),
        not_before: time("not_before"),
        expires: time("expires"),
        proposed: act.clone(),
        stage: match of["stage"].as_str() {
            Some("proposed") => DelegationStage::Proposed,
            Some("consented") => DelegationStage::Consented(consent),
            Some("suspended") => DelegationStage::Suspended { consent, act },
            Some("revoked") => DelegationStage::Revoked { consent: Some(consent), act },
            other => panic!("{other:?} is no stage"),
        },
    }
}
