//! A decision, with Criterion: each engine on policies with 10, 100, 1,000 and 10,000 tenants. A
//! measurement goes through all requests of the workload, round and round.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion};
use tenantguard_policy_engines::world::{World, requests};
use tenantguard_policy_engines::{ENGINES, SIZES, load};

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let mut group = criterion.benchmark_group("decision");
    for tenants in SIZES {
        let world = World::new(tenants);
        let requests = requests::of(&world);
        for (name, engine) in ENGINES {
            let (mut loaded, mut order) = (None, (0..requests.len()).cycle());
            group.bench_function(BenchmarkId::new(name, tenants), |bencher| {
                // Here, so that what Criterion leaves out is not loaded either.
                let engine = loaded.get_or_insert_with(|| {
                    load((name, engine), &world, &requests).expect("all answers are right")
                });
                bencher.iter(|| engine.decide(black_box(order.next().unwrap_or(0))));
            });
        }
    }
    group.finish();
    criterion.final_summary();
}
