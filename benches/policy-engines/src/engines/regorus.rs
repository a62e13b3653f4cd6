//! The policy in Rego, for regorus.
//!
//! `policy.rego` has the rules; tenants, roles and delegations are data, as Rego is meant to be
//! used: a new tenant changes no rule. The data is prepared for look-ups: roles closed over what
//! they extend, overrides spread over the roles that they reach. The route is matched before, and
//! the input has its permission and whose data it is.
//!
//! Timed by both of regorus's engines: [`Machine`] is its virtual machine, kept hot as in its own
//! benchmarks (program and data loaded, `set_input`, `execute`); [`Interpreter`] is the documented
//! way in, `Engine::eval_rule`. Inputs are values that are made beforehand, for each request its
//! own; an application makes one each time. Limits on instructions and time are off.

use std::collections::BTreeMap;

use anyhow::Result;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine as Rego, Rc, Value};
use serde_json::{Map, Value as Json, json};

use super::Engine;
use crate::world::requests::Request;
use crate::world::{NOW, World};

const POLICY: &str = include_str!("policy.rego");
const RULE: &str = "data.tenantguard.allow";

/// The virtual machine with a workload.
pub struct Machine {
    machine: RegoVM,
    inputs: Vec<Value>,
}

impl Machine {
    /// Compiles the policy and loads the data.
    ///
    /// # Errors
    /// If regorus refuses the policy.
    pub fn new(world: &World, requests: &[Request]) -> Result<Self> {
        let mut engine = Rego::new();
        engine.add_policy("policy.rego".to_owned(), POLICY.to_owned())?;
        let compiled = engine.compile_with_entrypoint(&Rc::from(RULE))?;
        let program = Compiler::compile_from_policy(&compiled, &[RULE])?;
        let mut machine = RegoVM::new();
        machine.load_program(program);
        machine.set_data(data(world)?)?;
        machine.set_execution_timer_config(None);
        machine.set_max_instructions(usize::MAX);
        Ok(Self { machine, inputs: inputs(requests)? })
    }
}

impl Engine for Machine {
    fn decide(&mut self, request: usize) -> bool {
        self.machine.set_input(self.inputs[request].clone());
        matches!(self.machine.execute(), Ok(Value::Bool(true)))
    }
}

/// The interpreter with a workload.
pub struct Interpreter {
    engine: Rego,
    inputs: Vec<Value>,
}

impl Interpreter {
    /// Reads the policy and loads the data.
    ///
    /// # Errors
    /// If regorus refuses the policy.
    pub fn new(world: &World, requests: &[Request]) -> Result<Self> {
        let mut engine = Rego::new();
        engine.add_policy("policy.rego".to_owned(), POLICY.to_owned())?;
        engine.add_data(data(world)?)?;
        Ok(Self { engine, inputs: inputs(requests)? })
    }
}

impl Engine for Interpreter {
    fn decide(&mut self, request: usize) -> bool {
        self.engine.set_input(self.inputs[request].clone());
        matches!(self.engine.eval_rule(RULE.to_owned()), Ok(Value::Bool(true)))
    }
}

fn inputs(requests: &[Request]) -> Result<Vec<Value>> {
    let input = |request: &Request| {
        Value::from_json_str(
            &json!({
                "tenant": request.tenant,
                "roles": request.roles,
                "permission": request.permission,
                "resource": request.resource_tenant,
                "now": NOW,
            })
            .to_string(),
        )
    };
    requests.iter().map(input).collect()
}

fn data(world: &World) -> Result<Value> {
    let roles: Map<String, Json> = world
        .roles
        .iter()
        .map(|role| {
            let closed = world.closure(&role.name);
            let permissions = closed.iter().flat_map(|role| &role.permissions);
            (role.name.clone(), set(permissions))
        })
        .collect();
    let data = json!({
        "roles": roles,
        "overrides": overrides(world),
        "delegations": delegations(world),
    });
    Value::from_json_str(&data.to_string())
}

/// A set as Rego looks it up fastest: an object of `true`s.
fn set<'a>(names: impl Iterator<Item = &'a String>) -> Json {
    names.map(|name| (name.clone(), Json::Bool(true))).collect::<Map<_, _>>().into()
}

#[derive(Default)]
struct Change<'w> {
    grant: Vec<&'w String>,
    deny: Vec<&'w String>,
}

/// By tenant and role, for each role that an override reaches.
fn overrides(world: &World) -> Json {
    let mut changes: BTreeMap<&str, BTreeMap<&str, Change<'_>>> = BTreeMap::new();
    let closures: Vec<_> =
        world.roles.iter().map(|role| (&*role.name, world.closure(&role.name))).collect();
    for item in &world.overrides {
        for (heir, closure) in &closures {
            if closure.iter().any(|role| role.name == item.role) {
                let of_tenant = changes.entry(&item.tenant).or_default();
                let change = of_tenant.entry(heir).or_default();
                change.grant.extend(&item.grant);
                change.deny.extend(&item.deny);
            }
        }
    }
    let change = |change: Change<'_>| json!({"grant": set(change.grant.into_iter()), "deny": set(change.deny.into_iter())});
    let of_tenant = |roles: BTreeMap<&str, Change<'_>>| -> Json {
        let roles = roles.into_iter().map(|(role, of_role)| (role.to_owned(), change(of_role)));
        roles.collect::<Map<_, _>>().into()
    };
    let tenants = changes.into_iter().map(|(tenant, roles)| (tenant.to_owned(), of_tenant(roles)));
    tenants.collect::<Map<_, _>>().into()
}

/// By delegator and delegate.
fn delegations(world: &World) -> Json {
    let mut by_tenant: BTreeMap<&str, Map<String, Json>> = BTreeMap::new();
    for delegation in &world.delegations {
        let grant = json!({
            "permissions": set(delegation.permissions.iter()),
            "not_before": delegation.not_before.seconds,
            "expires": delegation.expires.seconds,
        });
        by_tenant.entry(&delegation.from).or_default().insert(delegation.to.clone(), grant);
    }
    json!(by_tenant)
}
