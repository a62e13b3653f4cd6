//! The gate and the naive evaluator agree on every random request, at the seconds around each edge,
//! whether the token is known already or not.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tenantguard::gate::Gate;
use tenantguard::request::HeaderList;

use crate::naive;
use crate::random::cases;
use crate::world::{Ask, NOW, World, decide};

const CASES: u32 = 1_500;
/// Delegations and tokens begin and end around these; the gate goes through them with the tokens that
/// it knows, there and back.
const OFFSETS: [i64; 7] = [0, -1, 1, -20, 20, 19, 0];
/// What must have decided often enough for agreement to mean anything.
const REASONS: [(&str, u32); 9] = [
    ("permit", 2_000),
    ("permit between tenants", 1_000),
    ("delegation.none", 1_000),
    ("delegation.scope", 200),
    ("delegation.expired", 500),
    ("delegation.ambiguous", 20),
    ("delegation.token", 100),
    ("issuer.role", 50),
    ("token.claims", 50),
];

type Seen = RefCell<BTreeMap<&'static str, u32>>;

fn agree(
    gate: &Gate,
    world: &World,
    (ask, headers): (&Ask, &HeaderList),
    at: u64,
    seen: &Seen,
) -> Result<(), TestCaseError> {
    let decision = decide(gate, headers, at);
    let right = naive::says(world, ask, at);
    prop_assert_eq!(
        &decision.permitted,
        &right,
        "at {:+}: {}",
        at as i64 - NOW as i64,
        decision.reason
    );
    let count = |what| *seen.borrow_mut().entry(what).or_default() += 1;
    count(decision.reason);
    if let Some(permitted) = decision.permitted.filter(|it| it.acting != it.resource) {
        prop_assert!(permitted.delegation.is_some(), "under nothing: {:?}", permitted);
        count("permit between tenants");
    }
    Ok(())
}

#[test]
fn nobody_is_let_at_another_tenants_data_but_under_one_live_delegation_that_covers_it() {
    let seen = Seen::default();
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(CASES) });
    let run = runner.run(&cases(), |(world, asks)| {
        let gate = world.gate();
        for ask in &asks {
            let headers = ask.headers();
            for offset in OFFSETS {
                let at = NOW.saturating_add_signed(offset);
                agree(&gate, &world, (ask, &headers), at, &seen)?;
            }
        }
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
    let seen = seen.into_inner();
    println!("decided: {seen:?}");
    for (reason, least) in REASONS {
        let count = seen.get(reason).copied().unwrap_or_default();
        assert!(count >= least, "{reason} only {count} times: {seen:?}");
    }
}
