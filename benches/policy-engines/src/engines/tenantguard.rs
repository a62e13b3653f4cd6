//! The policy in TenantGuard: compiled from its source to the artifact, loaded as the filter loads
//! it, and asked by `Policy::evaluate`, which finds the route by itself.
//!
//! [`ByPath`] begins one step earlier, with the path as a client sent it, which is brought into its
//! normal form first; neither of the other engines has to. [`ByToken`] begins one step later, where
//! the gate does with a token that it knows: tenant and roles are looked up, for each request its own.
//! [`ByRoute`] begins where regorus does, with the route matched; [`ByTokenAndRoute`] where Cedar's
//! slices do, with both.

use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use serde_json::{Map, Value, json};
use tenantguard::artifact::evaluate::{Question, Standing, Subject};
use tenantguard::artifact::route::Matched;
use tenantguard::artifact::{Policy, Trusted};
use tenantguard::path::NormalPath;
use tenantguard::time::UnixTime;
use tenantguard_policy::{Format, NoFiles};

use super::Engine;
use crate::world::requests::{HOST, Request};
use crate::world::{NOW, World};

/// A public key from RFC 8037, appendix A.2: the policy needs an issuer, and no token is verified.
const KEY: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

/// The policy's source.
#[must_use]
pub fn source(world: &World) -> String {
    json!({
        "version": 1,
        "default_cell": "shared",
        "audiences": [HOST],
        "issuers": {"platform": issuer()},
        "tenants": world.tenants.iter().map(|id| (id.clone(), json!({"isolation": "shared"}))).collect::<Map<_, _>>(),
        "roles": world.roles.iter().map(|role| {
            (role.name.clone(), json!({"extends": role.extends, "permissions": role.permissions}))
        }).collect::<Map<_, _>>(),
        "overrides": world.overrides.iter().map(|item| {
            json!({"tenant": item.tenant, "role": item.role, "grant": item.grant, "deny": item.deny})
        }).collect::<Vec<_>>(),
        "routes": routes(world),
        "delegations": delegations(world),
    })
    .to_string()
}

fn issuer() -> Value {
    json!({
        "issuer": "https://id.example.com",
        "keys": {"jwks": {"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "k", "x": KEY}]}},
        "algorithms": ["EdDSA"],
        "asserts": {"tenants": "any", "roles": "any"},
        "max_lifetime": "1h",
    })
}

fn routes(world: &World) -> Vec<Value> {
    let route = |route: &crate::world::Route| {
        let methods: Map<_, _> =
            route.methods.iter().map(|(m, p)| ((*m).to_owned(), Value::from(p.as_str()))).collect();
        let mut entry = json!({"path": route.template, "methods": methods});
        if let (true, Some(fields)) = (route.names_tenant, entry.as_object_mut()) {
            fields.insert("resource_tenant".to_owned(), "path.tenant".into());
        }
        entry
    };
    world.routes.iter().map(route).collect()
}

fn delegations(world: &World) -> Map<String, Value> {
    let delegation = |d: &crate::world::Delegation| {
        let body = json!({
            "from": d.from,
            "to": d.to,
            "principals": "any",
            "permissions": d.permissions,
            "not_before": d.not_before.text,
            "expires": d.expires.text,
            "consent": {"by": "admin@example.com", "at": d.not_before.text, "reference": "DPA-1"},
        });
        (format!("{}-lets-{}", d.from, d.to), body)
    };
    world.delegations.iter().map(delegation).collect()
}

/// Compiles a source to an artifact.
///
/// # Errors
/// What the compiler finds.
pub fn compile(source: &str) -> Result<Arc<[u8]>> {
    let policy = tenantguard_policy::compile(source, Format::Json, &NoFiles);
    Ok(policy.map_err(|findings| anyhow!("{findings}"))?.artifact().into())
}

/// Loads an artifact as the filter does.
///
/// # Errors
/// If it is none.
pub fn load(artifact: &Arc<[u8]>) -> Result<Policy> {
    Ok(Policy::load(Arc::clone(artifact), Trusted::Anybody)?)
}

struct Asked<'w> {
    tenant: &'w str,
    roles: Vec<&'w str>,
    method: &'w str,
    raw: &'w str,
    path: NormalPath<'w>,
}

impl Asked<'_> {
    fn is_allowed(&self, policy: &Policy, path: &NormalPath<'_>) -> bool {
        policy.evaluate(&self.subject(), &self.question(path)).is_allowed()
    }

    fn subject(&self) -> Subject<'_> {
        let Self { tenant, roles, .. } = self;
        Subject { tenant, principal: "platform/alice", roles, named_tenant: None }
    }

    fn question<'q>(&'q self, path: &'q NormalPath<'_>) -> Question<'q> {
        Question { host: HOST, method: self.method, path, at: UnixTime::from_secs(NOW) }
    }
}

fn asked(requests: &[Request]) -> Result<Vec<Asked<'_>>> {
    requests
        .iter()
        .map(|request| {
            Ok(Asked {
                tenant: &request.tenant,
                roles: request.roles.iter().map(String::as_str).collect(),
                method: request.method,
                raw: &request.path,
                path: NormalPath::parse(request.path.as_bytes())?,
            })
        })
        .collect()
}

/// TenantGuard with a workload.
pub struct TenantGuard<'w> {
    policy: Policy,
    asked: Vec<Asked<'w>>,
}

impl<'w> TenantGuard<'w> {
    /// Compiles and loads the policy.
    ///
    /// # Errors
    /// What the compiler finds.
    pub fn new(world: &World, requests: &'w [Request]) -> Result<Self> {
        Ok(Self { policy: load(&compile(&source(world))?)?, asked: asked(requests)? })
    }
}

impl Engine for TenantGuard<'_> {
    fn decide(&mut self, request: usize) -> bool {
        let asked = &self.asked[request];
        asked.is_allowed(&self.policy, &asked.path)
    }
}

/// TenantGuard from the path as it was sent.
pub struct ByPath<'w>(pub TenantGuard<'w>);

impl Engine for ByPath<'_> {
    fn decide(&mut self, request: usize) -> bool {
        let asked = &self.0.asked[request];
        let path = NormalPath::parse(asked.raw.as_bytes());
        path.is_ok_and(|path| asked.is_allowed(&self.0.policy, &path))
    }
}

/// TenantGuard with subjects that are known.
pub struct ByToken<'w> {
    engine: TenantGuard<'w>,
    standings: Vec<Standing>,
}

impl<'w> ByToken<'w> {
    /// Looks all subjects up.
    ///
    /// # Errors
    /// If the policy does not know a tenant.
    pub fn new(engine: TenantGuard<'w>) -> Result<Self> {
        let standing = |asked: &Asked<'w>| engine.policy.standing(&asked.subject());
        let standings: Option<_> = engine.asked.iter().map(standing).collect();
        Ok(Self { standings: standings.context("every tenant is in the policy")?, engine })
    }
}

impl Engine for ByToken<'_> {
    fn decide(&mut self, request: usize) -> bool {
        let asked = &self.engine.asked[request];
        let question = asked.question(&asked.path);
        self.engine.policy.evaluate_known(&self.standings[request], &question).is_allowed()
    }
}

/// All routes, matched before.
fn matched<'w>(engine: &TenantGuard<'w>) -> Result<Vec<Matched<'w>>> {
    let matched = |asked: &Asked<'w>| engine.policy.find_route(HOST, &asked.path);
    let routes: Option<_> = engine.asked.iter().map(matched).collect();
    routes.context("every route is in the policy")
}

/// TenantGuard on routes that were matched before.
pub struct ByRoute<'w> {
    engine: TenantGuard<'w>,
    routes: Vec<Matched<'w>>,
}

impl<'w> ByRoute<'w> {
    /// Matches all routes.
    ///
    /// # Errors
    /// If the policy does not know one.
    pub fn new(engine: TenantGuard<'w>) -> Result<Self> {
        Ok(Self { routes: matched(&engine)?, engine })
    }
}

impl Engine for ByRoute<'_> {
    fn decide(&mut self, request: usize) -> bool {
        let asked = &self.engine.asked[request];
        let question = asked.question(&asked.path);
        let route = &self.routes[request];
        self.engine.policy.evaluate_on(route, &asked.subject(), &question).is_allowed()
    }
}

/// TenantGuard with subjects that are known, on routes that were matched before.
pub struct ByTokenAndRoute<'w> {
    engine: ByToken<'w>,
    routes: Vec<Matched<'w>>,
}

impl<'w> ByTokenAndRoute<'w> {
    /// Matches all routes.
    ///
    /// # Errors
    /// If the policy does not know one.
    pub fn new(engine: ByToken<'w>) -> Result<Self> {
        Ok(Self { routes: matched(&engine.engine)?, engine })
    }
}

impl Engine for ByTokenAndRoute<'_> {
    fn decide(&mut self, request: usize) -> bool {
        let ByToken { engine, standings } = &self.engine;
        let asked = &engine.asked[request];
        let question = asked.question(&asked.path);
        let (route, standing) = (&self.routes[request], &standings[request]);
        engine.policy.evaluate_known_on(route, standing, &question).is_allowed()
    }
}
