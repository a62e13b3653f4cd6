//! A million revocations, a thousand tenants, and what follows: bits that look random and are the
//! same on every run.

use tenantguard::control::{
    Delta, ENTRY_COUNT_LIMIT, Entry, Frame, HandleHash, Handles, HistoryId, Keep, Manifest,
    Position, ReplicaKey, Revocation, ShardRef, ShardWriter, Target,
};
use tenantguard::identity::TenantId;
use tenantguard::replica::Watched;

/// Any time will do, as long as it is always the same one.
pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const ENTRIES: u64 = 1_000_000;
/// How many revocations a delta brings.
pub(crate) const DELTA: u64 = 10_000;
const TENANTS: u64 = 1_000;

pub(crate) fn key() -> ReplicaKey {
    ReplicaKey::new([7; 16])
}

fn tenant(nth: u64) -> TenantId {
    TenantId::parse(&format!("tenant-{:04}", nth % TENANTS)).expect("a name")
}

/// SplitMix64.
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

pub(crate) fn start() -> Position {
    Position::start(HistoryId::from_bytes([1; 16]))
}

/// A snapshot: its manifest's bytes, and its shards.
pub(crate) fn snapshot() -> (Vec<u8>, Vec<Vec<u8>>) {
    let (mut full, mut writer): (Vec<(Vec<u8>, ShardRef)>, _) = Default::default();
    for entry in (0..ENTRIES).map(revocation) {
        if !ShardWriter::push(&mut writer, &entry) {
            full.push(std::mem::take(&mut writer).finish());
            assert!(writer.push(&entry));
        }
    }
    full.push(writer.finish());
    let shards = full.iter().map(|(_, shard)| *shard).collect();
    let manifest = Manifest { position: start(), shards }.encode();
    (manifest, full.into_iter().map(|(bytes, _)| bytes).collect())
}

/// The `nth` delta of new revocations, from where the copy stands; and where it leads.
pub(crate) fn delta(from: Position, nth: u64) -> (Vec<u8>, Position) {
    let first = ENTRIES + nth * DELTA;
    let entries: Vec<Entry> = (first..first + DELTA).map(revocation).collect();
    let mut at = from;
    let frames: Vec<_> = entries
        .chunks(ENTRY_COUNT_LIMIT)
        .map(|entries| {
            let (frame, _) = Frame::encode(entries);
            at = at.after(&frame);
            (at.hash, frame)
        })
        .collect();
    let bytes = Delta::encode(&from, frames.iter().map(|(hash, frame)| (*hash, frame.as_slice())));
    (bytes, at)
}

/// The `nth` token, as a copy is asked about it.
pub(crate) fn watched(nth: u64) -> Watched {
    let tenant = tenant(nth);
    let other = |kind: u64| HandleHash::from_bytes([bits(nth + (kind << 40)).to_le_bytes()[0]; 16]);
    let handles = Handles {
        token: token(nth),
        session: Some(Target::Session { tenant: tenant.clone(), hash: other(1) }),
        principal: Target::Principal { tenant: tenant.clone(), hash: other(2) },
        tenant: Target::Tenant(tenant.clone()),
        key: Some(Target::Key { hash: other(3) }),
    };
    Watched::new(&key(), handles, tenant, [NOW - 60, expiry(nth), 30])
}
