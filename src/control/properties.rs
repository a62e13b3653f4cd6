//! What holds of every entry, and of any bytes at all.

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::artifact::Isolation;
use crate::identity::{CellName, Namespace, PermissionName, PrincipalId, TenantId};

fn name() -> impl Strategy<Value = TenantId> {
    "[a-zA-Z0-9][a-zA-Z0-9._-]{0,20}".prop_map(|text| TenantId::parse(&text).unwrap())
}

fn target() -> impl Strategy<Value = Target> {
    let hash = any::<[u8; 16]>().prop_map(HandleHash::from_bytes);
    // Of a few tenants, one may come up again.
    let tenant = prop_oneof![name(), "[abc]".prop_map(|text| TenantId::parse(&text).unwrap())];
    (0..5, tenant, hash).prop_map(|(kind, tenant, hash)| match kind {
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
        prop_assert_eq!(entries_of(&bytes, &named), entries);
        let place = bit.index(bytes.len() * 8);
        bytes[place / 8] ^= 1 << (place % 8);
        prop_assert!(Shard::open(&bytes, &named).is_err());
    }
}

#[test]
fn a_frame_and_a_shard_take_only_as_much_as_they_may() {
    let long = |nth: usize| Entry::Revoked(revoked(&format!("{nth:0>128}")));
    let short = Entry::Revoked(revoked("a"));
    let many: Vec<Entry> = (0..=ENTRY_COUNT_LIMIT).map(long).collect();
    let (frame, taken) = Frame::encode(&many);
    assert_eq!(taken, ENTRY_COUNT_LIMIT);
    assert_eq!(Frame::new(&frame).entries().filter(Result::is_ok).count(), taken);
    let mut writer = ShardWriter::default();
    let pushed = (0..).take_while(|nth| writer.push(&long(*nth))).count();
    assert!(!writer.push(&short), "there would be room, but what was left out may be told of");
    let (bytes, named) = writer.finish();
    assert!(bytes.len() <= SHARD_LIMIT && bytes.len() > SHARD_LIMIT - 200);
    assert_eq!(named.entries as usize, pushed);
    assert_eq!(pushed, (bytes.len() - 5) / bytes_of(&long(0)).len());
    assert_eq!(entries_of(&bytes, &named).len(), pushed);
}

#[test]
fn a_shard_has_a_number_for_each_of_its_tenants() {
    let mut writer = ShardWriter::default();
    let some = |nth: usize| Entry::Revoked(revoked(&format!("{nth:x}")));
    let pushed = (0..).take_while(|nth| writer.push(&some(*nth))).count();
    assert_eq!(pushed, 1 << 16);
    let (bytes, named) = writer.finish();
    assert!(bytes.len() < SHARD_LIMIT);
    assert!(entries_of(&bytes, &named).into_iter().eq((0..pushed).map(some)));
}

#[test]
fn a_tenant_is_named_once_and_only_one_that_was_named_has_a_number() {
    let entries = ["acme", "globex", "acme", "acme"].map(|name| Entry::Revoked(revoked(name)));
    let (frame, _) = Frame::encode(&entries);
    let body = |number: u8, name: &[u8]| [&[1, 4, number, 0], name, &[0]].concat();
    let named = |name: &[u8]| [&[name.len() as u8, 0], name].concat();
    let (acme, globex) = (named(b"acme"), named(b"globex"));
    let written = [body(0, &acme), body(1, &globex), body(0, b""), body(0, b"")].concat();
    assert_eq!(frame, [&[2], written.as_slice()].concat());
    for (what, wrong, at) in [
        ("a number that comes too early", body(3, &globex), 14),
        ("no name", body(1, b""), 16),
        ("a name that is none", body(1, &named(b"glo bex")), 16),
    ] {
        let frame = [&[2], body(0, &acme).as_slice(), &wrong].concat();
        let read: Vec<_> = Frame::new(&frame).entries().collect();
        assert_eq!(read[0], Ok(entries[0].clone()), "{what}");
        assert_eq!(read[1].as_ref().map_err(|error| error.at), Err(at), "{what}");
    }
}

/// A tenant, forever.
fn revoked(name: &str) -> Revocation {
    Revocation { target: Target::Tenant(TenantId::parse(name).unwrap()), keep: Keep::Forever }
}

fn entries_of(bytes: &[u8], named: &ShardRef) -> Vec<Entry> {
    let mut shard = Shard::open(bytes, named).unwrap();
    std::iter::from_fn(|| shard.next_entry().unwrap()).collect()
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

#[test]
fn what_another_version_wrote_is_refused_as_that() {
    let version = |bytes: &[u8]| [&bytes[..4], &[1], &bytes[5..]].concat();
    let is_told = |fault: Fault| assert_eq!(fault, Fault::Version(1));

    is_told(Frame::new(&[1]).entries().next().unwrap().unwrap_err().fault);
    match read(&version(&delta(&[vec![]]).0)) {
        Err(DeltaError::Bytes(error)) => is_told(error.fault),
        other => panic!("{other:?}"),
    }
    let manifest = Manifest { position: start(), shards: Vec::new() }.encode();
    is_told(Manifest::decode(&version(&manifest)).unwrap_err().fault);
    let (bytes, named) = ShardWriter::default().finish();
    let bytes = version(&bytes);
    let named = ShardRef { digest: Sha256::digest(&bytes).into(), ..named };
    match Shard::open(&bytes, &named).err() {
        Some(ShardError::Bytes(error)) => is_told(error.fault),
        other => panic!("{other:?}"),
    }
}
