//! What a copy of the control state costs a worker: the memory of a million revocations, how long
//! loading them holds it up at a time, a delta of ten thousand onto them, and one check. Prints
//! medians between extremes.
//!
//! One program, natively and as wasm: `cargo xtask bench replica` runs both.

mod world;

use std::hint::black_box;
use std::time::{Duration, Instant};

use tenantguard::replica::{Progress, Replica};
use tenantguard::time::UnixTime;

use crate::world::{DELTA, ENTRIES, NOW};

/// How many entries are applied before the worker is given back, as in the filter.
const SLICE: usize = 5_000;
const DELTAS: u64 = 51;
const CHECKS: u64 = 100_000;
const ROUNDS: usize = 11;

fn main() {
    let (manifest, shards) = world::snapshot();
    let pages = memory();
    let (mut replica, steps) = load(&manifest, &shards);
    let grown = memory().zip(pages).map(|(after, before)| after - before);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let each = |bytes: usize| bytes as f64 / replica.len() as f64;
    println!("{} revocations from {} shards", replica.len(), shards.len());
    println!("bytes an entry       {:.2}", each(replica.weight()));
    if let Some(grown) = grown {
        println!("the memory grew by   {:.2} bytes an entry, for shards too", each(grown));
    }
    println!("loaded in            {:.0} ms", millis(steps.iter().sum()));
    println!(
        "longest step         {:.2} ms",
        steps.iter().copied().map(millis).fold(0.0, f64::max)
    );

    let good = world::watched(ENTRIES * 10);
    print_check("check, good token", &replica, &good, true);
    print_check("check, revoked token", &replica, &world::watched(2), false);

    let (mut at, mut took) = (world::start(), Vec::new());
    for nth in 0..DELTAS {
        let (bytes, next) = world::delta(at, nth);
        let begun = Instant::now();
        replica.take_delta(bytes).expect("it follows");
        while replica.proceed(usize::MAX).expect("a good delta") == Progress::More {}
        took.push(millis(begun.elapsed()));
        assert_eq!(replica.position(), Some(next));
        at = next;
    }
    println!("a delta of {DELTA}    {} ms", spread(took));
    assert_eq!(replica.len() as u64, ENTRIES + DELTAS * DELTA);
}

/// A copy of everything, with how long each step took that a worker would have been held up by.
fn load(manifest: &[u8], shards: &[Vec<u8>]) -> (Replica, Vec<Duration>) {
    let (mut replica, mut steps) = (Replica::new(world::key()), Vec::new());
    replica.take_manifest(manifest).expect("a manifest");
    for bytes in shards {
        let bytes = bytes.clone();
        let begun = Instant::now();
        replica.take_shard(bytes).expect("the shard");
        steps.push(begun.elapsed());
        loop {
            let begun = Instant::now();
            let progress = replica.proceed(SLICE).expect("a good shard");
            steps.push(begun.elapsed());
            if progress == Progress::Done {
                break;
            }
        }
    }
    assert_eq!(replica.position(), Some(world::start()));
    (replica, steps)
}

fn print_check(name: &str, replica: &Replica, token: &tenantguard::replica::Watched, good: bool) {
    let now = UnixTime::from_secs(NOW);
    let round = || {
        let begun = Instant::now();
        for _ in 0..CHECKS {
            assert_eq!(black_box(replica).check(black_box(token), now).is_ok(), good);
        }
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let checks = CHECKS as f64;
        begun.elapsed().as_secs_f64() * 1e9 / checks
    };
    println!("{name:<21}{} ns", spread((0..ROUNDS).map(|_| round()).collect()));
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The median, and the extremes in parentheses.
fn spread(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    format!("{:.2} ({:.2}–{:.2})", at(values.len() / 2), at(0), at(values.len().wrapping_sub(1)))
}

/// How much memory the VM has, in bytes; natively nobody says.
fn memory() -> Option<usize> {
    #[cfg(target_arch = "wasm32")]
    return Some(core::arch::wasm32::memory_size::<0>() << 16);
    #[cfg(not(target_arch = "wasm32"))]
    None
}
