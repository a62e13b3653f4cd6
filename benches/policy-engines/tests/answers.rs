//! Every engine gives the oracle's answer to every request, under policies small enough to test.

use tenantguard_policy_engines::world::{World, requests};
use tenantguard_policy_engines::{ENGINES, load};

#[test]
fn all_engines_answer_alike() {
    for tenants in [10, 100] {
        let world = World::new(tenants);
        let requests = requests::of(&world);
        for engine in ENGINES {
            let loaded = load(engine, &world, &requests);
            assert!(
                loaded.is_ok(),
                "{tenants}: {}",
                loaded.err().map(|error| error.to_string()).unwrap_or_default()
            );
        }
    }
}
