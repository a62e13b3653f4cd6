//! The gate and the naive oracle agree on every random token, at every time, cold and warm.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write as _;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tenantguard::gate::Gate;
use tenantguard::request::HeaderList;
use tenantguard_mint::Algorithm;

use crate::case::{Case, From, right};
use crate::random::cases;
use crate::world::{self, NOW, PERMITTED, decide};
use crate::{bits, faults, oracle};

const CASES: u32 = 1_500;

#[derive(Debug, Default)]
struct Seen {
    decisions: BTreeMap<&'static str, u32>,
}

/// The gate's word on a case at a time, held against the oracle's.
fn agree(
    gate: &Gate,
    (case, request): (&Case, &HeaderList),
    at: u64,
    seen: &RefCell<Seen>,
) -> Result<(), TestCaseError> {
    let decision = decide(gate, request, at);
    let broken = oracle::broken(case, at);
    prop_assert_eq!(decision == PERMITTED, broken.is_empty(), "{:?}: {:?}", decision, broken);
    prop_assert_eq!(decision.is_permitted, decision == PERMITTED);
    let is_named = broken.iter().any(|codes| codes.contains(&decision.reason));
    prop_assert!(is_named || broken.is_empty(), "{:?} for {:?}", decision, broken);
    *seen.borrow_mut().decisions.entry(decision.reason).or_default() += 1;
    Ok(())
}

/// First what a gate says that has seen no token, then one that has seen all of them, twice, and
/// then at other times: a known token must not outlive its own, nor be known before.
#[test]
fn a_token_is_accepted_exactly_when_every_rule_holds() {
    let seen = RefCell::new(Seen::default());
    let warm = world::gate();
    let times = (-60i64..60, 0i64..4_000);
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(CASES) });
    let run = runner.run(&(cases(), times), |(case, (near, later))| {
        let request = case.request();
        let asked = (&case, &request);
        agree(&world::gate(), asked, NOW, &seen)?;
        let cold = decide(&world::gate(), &request, NOW);
        for _ in 0..2 {
            prop_assert_eq!(decide(&warm, &request, NOW), cold, "a known token is decided alike");
        }
        for offset in [near, later] {
            let at = NOW.saturating_add_signed(offset);
            agree(&warm, asked, at, &seen)?;
            prop_assert_eq!(decide(&warm, &request, at), decide(&world::gate(), &request, at));
        }
        agree(&warm, asked, NOW, &seen)
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
    let seen = seen.into_inner().decisions;
    let _ = writeln!(std::io::stderr(), "{CASES} random tokens: {seen:?}");
    let (all, permitted) = (seen.values().sum::<u32>(), seen["permit"]);
    assert!(permitted * 10 > all && permitted * 10 < all * 9, "{permitted} of {all} are permitted");
    assert!(seen.len() > 14, "only {} reasons were seen", seen.len());
}

/// Every fault alone in an otherwise good token, so that nothing else can be why it is refused.
#[test]
fn one_fault_is_refused_for_what_it_is() {
    let seen = RefCell::new(Seen::default());
    let warm = world::gate();
    for from in [From::Platform, From::Partner] {
        let good = right(from);
        assert_eq!(decide(&warm, &good.request(), NOW), PERMITTED, "{from:?}");
        for fault in faults::all() {
            let mut case = good.clone();
            fault.clone().into_case(&mut case);
            let agreed = agree(&warm, (&case, &case.request()), NOW, &seen);
            agreed.unwrap_or_else(|failure| panic!("{from:?}, {fault:?}: {failure}"));
        }
    }
    let seen = seen.into_inner().decisions;
    let _ = writeln!(std::io::stderr(), "single faults: {seen:?}");
    assert!(seen.values().sum::<u32>() > 200 && seen.len() > 20, "{seen:?}");
}

#[test]
fn a_token_of_every_algorithm_is_verified() {
    let gate = world::gate();
    for algorithm in Algorithm::ALL {
        let key = world::platform_key(algorithm);
        let token = world::good_token(key).sign(key);
        for is_known in [false, true] {
            assert_eq!(bits::was_known(&gate, &token), Some(is_known), "{algorithm}");
            assert_eq!(bits::ask_with(&gate, &token), PERMITTED, "{algorithm}, {is_known}");
        }
        for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
            let disguised = world::good_token(key).header("alg", other.as_str()).sign(key);
            let refused = bits::ask_with(&gate, &disguised);
            assert_eq!(refused.reason, "token.algorithm", "{algorithm} as {other}");
            let renamed = world::good_token(world::platform_key(other)).sign(key);
            let refused = bits::ask_with(&gate, &renamed);
            assert_eq!(refused.reason, "token.signature", "{algorithm} signs for {other}");
        }
    }
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::with_cases(64) })]

    /// Whatever text the claims have, and whichever algorithm signs it.
    #[test]
    fn what_is_minted_is_verified(
        index in 0..9usize,
        subject in "\\PC{1,40}",
        identifier in "\\PC{0,40}",
        padding in proptest::collection::vec("\\PC{0,8}", 0..8),
    ) {
        let key = &world::platform_keys()[index];
        let token = world::good_token(key)
            .claim("sub", subject)
            .claim("jti", identifier)
            .claim("padding", padding)
            .sign(key);
        let gate = world::gate();
        prop_assert_eq!(bits::ask_with(&gate, &token), PERMITTED);
        prop_assert_eq!(bits::ask_with(&gate, &token), PERMITTED);
    }
}
