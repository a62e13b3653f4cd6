//! What a copy of the control state costs a proxy, in the core alone: how many bytes an entry takes
//! at a million, how long loading them holds up a worker, a delta of ten thousand, and one check.
//! Natively; in the filter the same code runs as wasm.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use tenantguard::control::{
    Delta, ENTRY_COUNT_LIMIT, Entry, Frame, HandleHash, Handles, HistoryId, Keep, Manifest,
    Position, ReplicaKey, Revocation, ShardRef, ShardWriter, Target,
};
use tenantguard::identity::TenantId;
use tenantguard::replica::{Progress, Replica, Watched};
use tenantguard::time::UnixTime;

/// Any time will do, as long as it is always the same one.
const NOW: u64 = 1_800_000_000;
const ENTRIES: u64 = 1_000_000;
const DELTA: u64 = 10_000;
/// How many entries are applied before the worker is given back.
const SLICE: usize = 4_096;
const TENANTS: u64 = 1_000;

fn tenant(nth: u64) -> TenantId {
    TenantId::parse(&format!("tenant-{:04}", nth % TENANTS)).expect("a name")
}

/// Bits that look random and are the same on every run (SplitMix64).
fn bits(nth: u64) -> u64 {
    let mut word = nth.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

fn token(nth: u64) -> Target {
    let [low, high] = [bits(2 * nth), bits(2 * nth + 1)].map(u64::to_le_bytes);
    let mut hash = [0; 16];
    hash.iter_mut().zip(low.into_iter().chain(high)).for_each(|(to, from)| *to = from);
    Target::Token { tenant: tenant(nth), hash: HandleHash::from_bytes(hash) }
}

fn expiry(nth: u64) -> u64 {
    NOW + 60 + nth % 3_600
}

/// Half of them know when their tokens expire, within the hour.
fn revocation(nth: u64) -> Entry {
    let keep = match nth % 2 {
        0 => Keep::Expiry(expiry(nth)),
        _ => Keep::Until(NOW + 24 * 3_600 + nth % 600),
    };
    Entry::Revoked(Revocation { target: token(nth), keep })
}

fn start() -> Position {
    Position::start(HistoryId::from_bytes([1; 16]))
}

fn shards() -> Vec<(Vec<u8>, ShardRef)> {
    let (mut full, mut writer) = (Vec::new(), ShardWriter::default());
    for entry in (0..ENTRIES).map(revocation) {
        if !writer.push(&entry) {
            full.push(std::mem::take(&mut writer).finish());
            assert!(writer.push(&entry));
        }
    }
    full.push(writer.finish());
    full
}

fn delta() -> Vec<u8> {
    let entries: Vec<Entry> = (ENTRIES..ENTRIES + DELTA).map(revocation).collect();
    let mut at = start();
    let frames: Vec<_> = entries
        .chunks(ENTRY_COUNT_LIMIT)
        .map(|entries| {
            let (frame, _) = Frame::encode(entries);
            at = at.after(&frame);
            (at.hash, frame)
        })
        .collect();
    Delta::encode(&start(), frames.iter().map(|(hash, frame)| (*hash, frame.as_slice())))
}

/// A copy of everything, with how long each step took that a worker would have been held up by.
fn load(shards: &[(Vec<u8>, ShardRef)]) -> (Replica, Vec<Duration>) {
    let manifest =
        Manifest { position: start(), shards: shards.iter().map(|(_, it)| *it).collect() };
    let (mut replica, mut steps) = (Replica::new(ReplicaKey::new([7; 16])), Vec::new());
    replica.take_manifest(&manifest.encode()).expect("a manifest");
    for (bytes, _) in shards {
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
    assert_eq!(replica.position(), Some(start()));
    (replica, steps)
}

fn watched(nth: u64) -> Watched {
    let tenant = tenant(nth);
    let other = |kind: u64| HandleHash::from_bytes([bits(nth + (kind << 40)).to_le_bytes()[0]; 16]);
    let handles = Handles {
        token: token(nth),
        session: Some(Target::Session { tenant: tenant.clone(), hash: other(1) }),
        principal: Target::Principal { tenant: tenant.clone(), hash: other(2) },
        tenant: Target::Tenant(tenant.clone()),
        key: Some(Target::Key { hash: other(3) }),
    };
    Watched::new(&ReplicaKey::new([7; 16]), handles, tenant, [NOW - 60, expiry(nth), 30])
}

fn replica(criterion: &mut Criterion) {
    let (shards, delta) = (shards(), delta());
    let begun = Instant::now();
    let (full, steps) = load(&shards);
    let (took, longest) = (begun.elapsed(), steps.iter().max().copied().unwrap_or_default());
    let each = full.weight() as f64 / full.len() as f64;
    println!(
        "{} entries: {each:.2} bytes an entry, loaded in {took:?} from {} shards,",
        full.len(),
        shards.len()
    );
    println!("the longest of {} steps {longest:?}", steps.len());

    criterion.bench_function("a delta of 10,000 onto 1,000,000", |bencher| {
        let setup = || (load(&shards).0, delta.clone());
        let apply = |(mut replica, delta): (Replica, Vec<u8>)| {
            replica.take_delta(delta).expect("it follows");
            while replica.proceed(SLICE).expect("a good delta") == Progress::More {}
            replica
        };
        bencher.iter_batched(setup, apply, BatchSize::PerIteration);
    });
    for (name, nth, is_good) in
        [("a token that is good", 2 * ENTRIES, true), ("a revoked one", 2, false)]
    {
        let token = watched(nth);
        let now = UnixTime::from_secs(NOW);
        assert_eq!(full.check(&token, now).is_ok(), is_good, "{name}");
        criterion.bench_function(&format!("check of {name}, among 1,000,000"), |bencher| {
            bencher.iter(|| full.check(black_box(&token), now));
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(5));
    targets = replica
}
criterion_main!(benches);
