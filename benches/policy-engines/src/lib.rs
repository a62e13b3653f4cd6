//! What a decision costs in Cedar, in regorus and in TenantGuard, on one policy and the same
//! requests. `world` is that policy, in no engine's language; `oracle` has the right answers;
//! `engines` say how each engine is given it, and why so; `rounds` lets them take turns.
//!
//! `benches/decision.rs` measures with Criterion, `benches/comparison.rs` side by side in one run,
//! with ratios. Neither times an engine whose answers are not all right.

pub mod engines;
pub mod oracle;
pub mod random;
pub mod rounds;
pub mod spread;
pub mod world;

use anyhow::{Result, ensure};

use self::engines::Engine;
use self::engines::cedar::Cedar;
use self::engines::regorus::{Interpreter, Machine};
use self::engines::tenantguard::{ByPath, ByRoute, ByToken, ByTokenAndRoute, TenantGuard};
use self::world::World;
use self::world::requests::Request;

/// How many tenants the policies have that are measured.
pub const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];

/// The engine that the others are compared with.
pub const OURS: &str = "TenantGuard";

/// Ours, given what each of the others is given.
pub const LIKE: [(&str, &str); 2] =
    [("Cedar", "TenantGuard, token and route known"), ("regorus", "TenantGuard, route known")];

/// Loads an engine with a policy and a workload.
type Load = for<'w> fn(&World, &'w [Request]) -> Result<Box<dyn Engine + 'w>>;

/// Every engine by its name.
pub const ENGINES: [(&str, Load); 9] = [
    (OURS, |world, requests| Ok(Box::new(TenantGuard::new(world, requests)?))),
    ("TenantGuard, path as sent", |world, requests| {
        Ok(Box::new(ByPath(TenantGuard::new(world, requests)?)))
    }),
    ("TenantGuard, token known", |world, requests| {
        Ok(Box::new(ByToken::new(TenantGuard::new(world, requests)?)?))
    }),
    ("TenantGuard, route known", |world, requests| {
        Ok(Box::new(ByRoute::new(TenantGuard::new(world, requests)?)?))
    }),
    ("TenantGuard, token and route known", |world, requests| {
        Ok(Box::new(ByTokenAndRoute::new(ByToken::new(TenantGuard::new(world, requests)?)?)?))
    }),
    ("Cedar, slices", |world, requests| Ok(Box::new(Cedar::with_slices(world, requests)?))),
    ("Cedar, all policies", |world, requests| Ok(Box::new(Cedar::with_all(world, requests)?))),
    ("regorus, virtual machine", |world, requests| Ok(Box::new(Machine::new(world, requests)?))),
    ("regorus, interpreter", |world, requests| Ok(Box::new(Interpreter::new(world, requests)?))),
];

/// Loads an engine, and holds its answers to all requests against the right ones.
///
/// # Errors
/// If it refuses the policy, or answers a request wrongly.
pub fn load<'w>(
    (name, load): (&str, Load),
    world: &World,
    requests: &'w [Request],
) -> Result<Box<dyn Engine + 'w>> {
    let mut engine = load(world, requests)?;
    for (nth, request) in requests.iter().enumerate() {
        let right = oracle::decide(world, request);
        let answer = engine.decide(nth);
        ensure!(answer == right.is_allowed(), "{name} says {answer} to {request:?}: {right:?}");
    }
    Ok(engine)
}
