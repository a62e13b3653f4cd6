//! A replica beside a naive model of what the entries mean, over random feeds: as deltas, as a
//! snapshot, and as both; in slices of any size; with bytes that nobody wrote.

mod world;

use proptest::prelude::*;

use self::world::{
    KEY, Model, NOW, assert_equal, delta, empty, expiry, frames, hash, proceed, snapshot, start,
    take_snapshot, target, tenant,
};
use super::*;
use crate::artifact::Isolation;
use crate::control::{Entry, Frame, HandleKind, HistoryId, Keep, Revocation, Target, TenantStatus};

proptest! {
    #[test]
    fn deltas_in_slices_add_up_to_what_the_entries_mean(frames in frames(), budget in 1..9_usize) {
        let mut replica = empty();
        let (bytes, end) = delta(start(), &frames);
        replica.take_delta(bytes).unwrap();
        proceed(&mut replica, budget).unwrap();
        prop_assert_eq!(replica.position(), Some(end));
        assert_equal(&replica, &Model::of(&frames))?;
        replica.forget(UnixTime::from_secs(NOW));
        assert_equal(&replica, &Model::of(&frames))?;
    }

    #[test]
    fn a_snapshot_and_the_deltas_after_it_are_the_same_as_all_deltas(
        frames in frames(),
        cut in any::<prop::sample::Index>(),
        budget in 1..9_usize,
    ) {
        let (before, after) = frames.split_at(cut.index(frames.len()));
        let (_, middle) = delta(start(), before);
        let mut replica = Replica::new(KEY);
        take_snapshot(&mut replica, &snapshot(&Model::of(before), middle), budget).unwrap();
        assert_equal(&replica, &Model::of(before))?;
        let (bytes, end) = delta(middle, after);
        replica.take_delta(bytes).unwrap();
        proceed(&mut replica, budget).unwrap();
        prop_assert_eq!(replica.position(), Some(end));
        assert_equal(&replica, &Model::of(&frames))?;
    }

    #[test]
    fn what_is_damaged_is_refused_and_changes_nothing(
        good in frames(),
        bad in frames(),
        place in any::<prop::sample::Index>(),
        bit in 0..8_u32,
    ) {
        let mut replica = empty();
        let (bytes, middle) = delta(start(), &good);
        replica.take_delta(bytes).unwrap();
        proceed(&mut replica, 3).unwrap();
        let (mut bytes, end) = delta(middle, &[bad.concat()]);
        let at = place.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        prop_assert!(replica.take_delta(bytes).and_then(|()| proceed(&mut replica, 3)).is_err());
        // The frame itself is whole where the damage is behind it.
        let model = match replica.position() == Some(end) {
            true => Model::of(&[good.concat(), bad.concat()]),
            false => Model::of(&good),
        };
        prop_assert!(replica.position() == Some(middle) || replica.position() == Some(end));
        assert_equal(&replica, &model)?;
        let (manifest, mut shards) = snapshot(&Model::of(&bad), end);
        if let Some(shard) = shards.last_mut() {
            let at = place.index(shard.len());
            shard[at] ^= 1_u8 << bit;
            prop_assert!(take_snapshot(&mut replica, &(manifest, shards), 3).is_err());
            prop_assert_eq!(replica.wanted(), None);
        }
        assert_equal(&replica, &model)?;
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut replica = empty();
        prop_assert!(replica.take_delta(bytes.clone()).is_err());
        prop_assert!(replica.take_manifest(&bytes).is_err());
        prop_assert!(replica.take_shard(bytes.clone()).is_err());
        let (manifest, _) = snapshot(&Model::of(&[vec![Entry::Tenant(TenantEntry {
            id: tenant(0),
            isolation: Isolation::Shared,
            cell: None,
            status: TenantStatus::Active,
        })]]), start().after(b"x"));
        replica.take_manifest(&manifest.encode()).unwrap();
        prop_assert!(replica.take_shard(bytes).is_err());
        prop_assert_eq!(replica.position(), Some(start()));
    }

    #[test]
    fn a_frame_of_nonsense_that_the_chain_vouches_for_is_refused_whole(
        good in frames(),
        nonsense in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let (frame, _) = Frame::encode(&good.concat());
        let bytes = [frame, vec![0xff], nonsense].concat();
        let at = start().after(&bytes);
        let delta = Delta::encode(&start(), [(at.hash, bytes.as_slice())].into_iter());
        let mut replica = empty();
        replica.take_delta(delta).unwrap();
        prop_assert!(matches!(proceed(&mut replica, 100), Err(ReplicaError::Frame(_))));
        prop_assert_eq!(replica.position(), Some(start()));
        prop_assert_eq!(replica.len(), 0);
    }
}

#[test]
fn only_what_leads_on_is_taken() {
    let frames = [vec![Entry::Revoked(Revocation {
        target: target(HandleKind::Session, 0, 0),
        keep: Keep::Forever,
    })]];
    let model = Model::of(&frames);
    let mut nothing = Replica::new(KEY);
    let (bytes, one) = delta(start(), &frames);
    assert_eq!(nothing.take_delta(bytes.clone()), Err(ReplicaError::NoCopy));
    assert_eq!(nothing.take_shard(Vec::new()), Err(ReplicaError::NotAskedFor));

    let mut replica = empty();
    replica.take_delta(bytes.clone()).unwrap();
    proceed(&mut replica, 1).unwrap();
    for (what, from) in [
        ("twice", start()),
        ("a gap", one.after(b"x")),
        ("another history", Position::start(HistoryId::from_bytes([4; 16]))),
        ("a fork", start().after(b"y")),
    ] {
        let (bytes, _) = delta(from, &frames);
        assert!(matches!(replica.take_delta(bytes), Err(ReplicaError::Delta(_))), "{what}");
    }
    let (back, _) = (snapshot(&model, start()), ());
    assert!(matches!(take_snapshot(&mut replica, &back, 1), Err(ReplicaError::Behind { .. })));
    // The same place by another way, another history, or further on: whoever takes it knows better.
    for to in [start().after(b"y"), Position::start(HistoryId::from_bytes([4; 16]))] {
        take_snapshot(&mut replica, &snapshot(&model, to), 1).unwrap();
        assert_eq!(replica.position(), Some(to));
    }
}

#[test]
fn deltas_that_come_while_a_snapshot_is_loaded_are_not_undone_by_it() {
    let revoked = |nth| {
        Entry::Revoked(Revocation {
            target: target(HandleKind::Session, 0, nth),
            keep: Keep::Forever,
        })
    };
    let (first, one) = delta(start(), &[vec![revoked(0)]]);
    let (second, two) = delta(one, &[vec![revoked(1)]]);
    let mut replica = empty();
    let (manifest, shards) = snapshot(&Model::of(&[vec![revoked(0)]]), one);
    replica.take_manifest(&manifest.encode()).unwrap();
    for bytes in [first, second] {
        replica.take_delta(bytes).unwrap();
        proceed(&mut replica, 1).unwrap();
    }
    let version = replica.version();
    replica.take_shard(shards[0].clone()).unwrap();
    proceed(&mut replica, 1).unwrap();
    assert_eq!((replica.position(), replica.version(), replica.len()), (Some(two), version, 2));
}

#[test]
fn a_clock_that_is_none_forgets_nothing() {
    let mut replica = empty();
    let hash = hash(HandleKind::Token, 1);
    let (bytes, _) = delta(
        start(),
        &[vec![Entry::Revoked(Revocation {
            target: Target::Token { tenant: tenant(0), hash },
            keep: Keep::Expiry(expiry(hash)),
        })]],
    );
    replica.take_delta(bytes).unwrap();
    proceed(&mut replica, 1).unwrap();
    replica.forget(UnixTime::from_secs(u64::MAX));
    assert_eq!(replica.len(), 1);
    replica.forget(UnixTime::from_secs(expiry(hash) + 100_000));
    assert_eq!(replica.len(), 0);
}
