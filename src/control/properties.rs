//! What holds of every entry, and of any bytes at all.

use proptest::prelude::*;

use super::*;
use crate::artifact::Isolation;
use crate::identity::{CellName, Namespace, PermissionName, PrincipalId, TenantId};

fn name() -> impl Strategy<Value = TenantId> {
    "[a-zA-Z0-9][a-zA-Z0-9._-]{0,20}".prop_map(|text| TenantId::parse(&text).unwrap())
}

fn target() -> impl Strategy<Value = Target> {
    let hash = any::<[u8; 16]>().prop_map(HandleHash::from_bytes);
    (0..5, name(), hash).prop_map(|(kind, tenant, hash)| match kind {
        0 => Target::Token { tenant, hash },
        1 => Target::Session { tenant, hash },
        2 => Target::Principal { tenant, hash },
        3 => Target::Tenant(tenant),
        _ => Target::Key { hash },
    })
}

fn keep() -> impl Strategy<Value = Keep> {
    prop_oneof![
        any::<u64>().prop_map(Keep::Expiry),
        any::<u64>().prop_map(Keep::Until),
        Just(Keep::Forever),
    ]
}

fn delegation() -> impl Strategy<Value = Delegation> {
    let principal = (name(), "[^\\p{Cc}]{1,20}").prop_map(|(namespace, subject)| {
        PrincipalId::new(Namespace::parse(namespace.as_str()).unwrap(), &subject).unwrap()
    });
    let principals = prop_oneof![
        Just(Delegate::Any),
        prop::collection::vec(principal, 0..4).prop_map(Delegate::Principals),
    ];
    let permission = "[a-z]{1,9}:[a-z]{1,9}".prop_map(|it| PermissionName::parse(&it).unwrap());
    let permissions = prop::collection::vec(permission, 0..4);
    let audiences = prop::collection::vec(label(), 0..3);
    let life = (any::<u64>(), any::<u64>(), act(), stage());
    (name(), name(), name(), principals, permissions, audiences, life).prop_map(
        |(id, from, to, principals, permissions, audiences, life)| {
            let (not_before, expires, proposed, stage) = life;
            Delegation {
                id,
                from,
                to,
                principals,
                permissions,
                audiences,
                not_before,
                expires,
                proposed,
                stage,
            }
        },
    )
}

fn label() -> impl Strategy<Value = Label> {
    "[a-z][^\\p{Cc}]{0,20}".prop_map(|text| Label::parse(&text).unwrap())
}

fn act() -> impl Strategy<Value = Act> {
    (label(), any::<u64>()).prop_map(|(by, at)| Act { by, at })
}

fn stage() -> impl Strategy<Value = DelegationStage> {
    let consent = || {
        (act(), prop::option::of(label())).prop_map(|(act, reference)| Consent { act, reference })
    };
    prop_oneof![
        Just(DelegationStage::Proposed),
        consent().prop_map(DelegationStage::Consented),
        (consent(), act()).prop_map(|(consent, act)| DelegationStage::Suspended { consent, act }),
        (prop::option::of(consent()), act())
            .prop_map(|(consent, act)| DelegationStage::Revoked { consent, act }),
    ]
}

fn tenant() -> impl Strategy<Value = TenantEntry> {
    let isolation = prop_oneof![Just(Isolation::Shared), Just(Isolation::Dedicated)];
    let cell = prop::option::of(name().prop_map(|it| CellName::parse(it.as_str()).unwrap()));
    let status = prop::sample::select(TenantStatus::ALL.to_vec());
    (name(), isolation, cell, status).prop_map(|(id, isolation, cell, status)| TenantEntry {
        id,
        isolation,
        cell,
        status,
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    let revocation = || (target(), keep()).prop_map(|(target, keep)| Revocation { target, keep });
    prop_oneof![
        revocation().prop_map(Entry::Revoked),
        revocation().prop_map(Entry::Restored),
        (target(), any::<u64>(), keep()).prop_map(|(target, at, keep)| Entry::CutOff(CutOff {
            target,
            at,
            keep
        })),
        (target(), any::<bool>(), keep()).prop_map(|(target, is_on, keep)| Entry::Suspension(
            Suspension { target, is_on, keep }
        )),
        delegation().prop_map(|it| Entry::Delegation(Box::new(it))),
        tenant().prop_map(Entry::Tenant),
    ]
}

fn bytes_of(entry: &Entry) -> Vec<u8> {
    let mut bytes = Vec::new();
    entry.encode(&mut bytes);
    bytes
}

fn start() -> Position {
    Position::start(HistoryId::from_bytes([3; 16]))
}

/// A delta of frames that hold these entries.
fn delta(frames: &[Vec<Entry>]) -> (Vec<u8>, Position) {
    let mut at = start();
    let frames: Vec<_> = frames
        .iter()
        .map(|entries| {
            let (frame, taken) = Frame::encode(entries);
            assert_eq!(taken, entries.len());
            at = at.after(&frame);
            (at.hash, frame)
        })
        .collect();
    (Delta::encode(&start(), frames.iter().map(|(hash, frame)| (*hash, frame.as_slice()))), at)
}

/// All entries of a delta, or the first thing that is wrong with it.
fn read(bytes: &[u8]) -> Result<(Vec<Entry>, Position), DeltaError> {
    let mut delta = Delta::read(bytes, &start())?;
    let mut entries = Vec::new();
    while let Some(frame) = delta.next_frame()? {
        for entry in frame.entries() {
            entries.push(entry?);
        }
    }
    Ok((entries, delta.position()))
}

proptest! {
    #[test]
    fn an_entry_is_read_as_it_was_written(entry in entry()) {
        prop_assert_eq!(Entry::decode(&bytes_of(&entry)), Ok(entry));
    }

    #[test]
    fn an_entry_cut_short_or_gone_on_with_is_none(entry in entry(), cut in any::<prop::sample::Index>()) {
        let mut bytes = bytes_of(&entry);
        prop_assert!(Entry::decode(&bytes[..cut.index(bytes.len())]).is_err());
        bytes.push(0);
        prop_assert!(Entry::decode(&bytes).is_err());
    }

    #[test]
    fn any_bytes_are_one_entry_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(entry) = Entry::decode(&bytes) {
            prop_assert_eq!(bytes_of(&entry), bytes, "one entry has one encoding");
        }
    }

    #[test]
    fn two_things_have_two_keys(one in entry(), other in entry()) {
        prop_assert_eq!(one.key() == other.key(), one.key().encode() == other.key().encode());
    }

    #[test]
    fn a_delta_brings_what_was_put_into_it(
        frames in prop::collection::vec(prop::collection::vec(entry(), 0..5), 0..5),
    ) {
        let (bytes, at) = delta(&frames);
        prop_assert_eq!(read(&bytes), Ok((frames.concat(), at)));
    }

    #[test]
    fn a_delta_with_any_bit_turned_is_refused(
        frames in prop::collection::vec(prop::collection::vec(entry(), 1..3), 1..4),
        place in any::<prop::sample::Index>(),
        bit in 0..8_u32,
    ) {
        let (mut bytes, _) = delta(&frames);
        let place = place.index(bytes.len());
        bytes[place] ^= 1_u8 << bit;
        prop_assert!(read(&bytes).is_err(), "bit {} of byte {}", bit, place);
    }

    #[test]
    fn any_bytes_are_refused_as_delta_manifest_and_shard(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        prop_assert!(read(&bytes).is_err());
        prop_assert!(Manifest::decode(&bytes).is_err());
        let named = ShardRef { digest: [0; 32], bytes: 0, entries: 0 };
        prop_assert!(Shard::open(&bytes, &named).is_err());
    }

    #[test]
    fn a_shard_and_its_manifest_bring_what_was_put_into_them(
        entries in prop::collection::vec(entry(), 1..20),
        bit in any::<prop::sample::Index>(),
    ) {
        let mut writer = ShardWriter::default();
        prop_assert!(entries.iter().all(|entry| writer.push(entry)));
        let (mut bytes, named) = writer.finish();
        let manifest = Manifest { position: start().after(b"x"), shards: vec![named] };
        prop_assert_eq!(Manifest::decode(&manifest.encode()), Ok(manifest));
        let mut found = Vec::new();
        let mut shard = Shard::open(&bytes, &named).unwrap();
        while let Some(entry) = shard.next_entry().unwrap() {
            found.push(entry);
        }
        prop_assert_eq!(found, entries);
        let place = bit.index(bytes.len() * 8);
        bytes[place / 8] ^= 1 << (place % 8);
        prop_assert!(Shard::open(&bytes, &named).is_err());
    }
}

#[test]
fn a_frame_and_a_shard_take_only_as_much_as_they_may() {
    let target = Target::Tenant(TenantId::parse(&"t".repeat(128)).unwrap());
    let entry = Entry::Revoked(Revocation { target, keep: Keep::Until(1) });
    let many = vec![entry.clone(); ENTRY_COUNT_LIMIT + 1];
    let (frame, taken) = Frame::encode(&many);
    assert_eq!(taken, ENTRY_COUNT_LIMIT);
    assert_eq!(Frame::new(&frame).entries().filter(Result::is_ok).count(), taken);
    let mut writer = ShardWriter::default();
    while writer.push(&entry) {}
    let (bytes, named) = writer.finish();
    assert!(bytes.len() <= SHARD_LIMIT && bytes.len() > SHARD_LIMIT - 200);
    assert_eq!(named.entries as usize, (bytes.len() - 5) / bytes_of(&entry).len());
}

#[test]
fn what_claims_to_be_more_than_may_be_is_refused_before_it_is_read() {
    let manifest = Manifest { position: start(), shards: Vec::new() }.encode();
    let mut huge = manifest.clone();
    let count = huge.len() - 4;
    huge[count..].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(
        Manifest::decode(&huge),
        Err(DecodeError { fault: Fault::Count("shards", _), .. })
    ));
    let (mut bytes, _) = delta(&[vec![]]);
    let length = bytes.len() - 5;
    bytes[length..length + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(
        read(&bytes),
        Err(DeltaError::Bytes(DecodeError { fault: Fault::Count("bytes", _), .. }))
    ));
}
