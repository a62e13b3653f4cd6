//! TenantGuard decides without asking for memory. A file of its own: the allocator counts for the
//! whole process.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tenantguard_policy_engines::engines::Engine as _;
use tenantguard_policy_engines::engines::tenantguard::TenantGuard;
use tenantguard_policy_engines::oracle;
use tenantguard_policy_engines::world::{World, requests};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn a_decision_allocates_nothing() {
    let world = World::new(100);
    let requests = requests::of(&world);
    let right = requests.iter().filter(|r| oracle::decide(&world, r).is_allowed()).count();
    let mut engine = TenantGuard::new(&world, &requests).expect("the policy compiles");

    let region = Region::new(ALLOCATOR);
    let allowed = (0..requests.len()).filter(|nth| engine.decide(*nth)).count();
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations, change.deallocations), (0, 0, 0));
    assert_eq!(allowed, right);

    let region = Region::new(ALLOCATOR);
    drop(std::hint::black_box(vec![1_u8; 64]));
    assert_eq!(region.change().allocations, 1, "the allocator counts");
}
