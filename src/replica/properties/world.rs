//! Feeds, what they mean, and how a replica takes them.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::{Progress, Replica, ReplicaError, Watched};
use crate::artifact::Isolation;
use crate::control::{
    Act, CutOff, Delegate, Delegation, DelegationStage, Delta, Entry, Frame, HandleHash,
    HandleKind, Handles, HistoryId, Keep, Label, Manifest, Position, ReplicaKey, Revocation,
    ShardWriter, Suspension, Target, TenantEntry, TenantStatus,
};
use crate::identity::TenantId;
use crate::time::UnixTime;

pub(super) const NOW: u64 = 1_800_000_000;
pub(super) const KEY: ReplicaKey = ReplicaKey::new([9; 16]);
/// How many different ones of each there are: few, so that entries meet.
pub(super) const EACH: u8 = 4;

pub(super) fn tenant(nth: u8) -> TenantId {
    TenantId::parse(["acme", "globex", "initech", "hooli"][usize::from(nth % EACH)]).unwrap()
}

/// A token's `exp` is a matter of its handle, as it is in life.
pub(super) fn expiry(hash: HandleHash) -> u64 {
    NOW + 60 + u64::from(hash.as_bytes()[0]) * 1_000
}

pub(super) fn hash(kind: HandleKind, nth: u8) -> HandleHash {
    HandleHash::from_bytes([nth * 8 + kind as u8; 16])
}

pub(super) fn target(kind: HandleKind, of: u8, nth: u8) -> Target {
    let (tenant, hash) = (tenant(of), hash(kind, nth));
    match kind {
        HandleKind::Token => Target::Token { tenant, hash },
        HandleKind::Session => Target::Session { tenant, hash },
        HandleKind::Principal => Target::Principal { tenant, hash },
        HandleKind::Tenant => Target::Tenant(tenant),
        HandleKind::Key => Target::Key { hash },
    }
}

pub(super) fn any_target() -> impl Strategy<Value = Target> {
    (prop::sample::select(HandleKind::ALL.to_vec()), 0..EACH, 0..EACH)
        .prop_map(|(kind, of, nth)| target(kind, of, nth))
}

pub(super) fn keep() -> impl Strategy<Value = Keep> {
    prop_oneof![
        (NOW + 1..NOW + 400_000).prop_map(Keep::Until),
        (NOW - 100_000..NOW).prop_map(Keep::Until),
        Just(Keep::Forever),
    ]
}

/// Who knows a token's `exp` knows the right one.
pub(super) fn revocation() -> impl Strategy<Value = Revocation> {
    (any_target(), keep(), any::<bool>()).prop_map(|(target, keep, is_dated)| {
        let keep = match target {
            Target::Token { hash, .. } if is_dated => Keep::Expiry(expiry(hash)),
            // What is over means nothing to a token that is not, so it is not looked at here.
            _ => match keep {
                Keep::Until(at) if at <= NOW => Keep::Forever,
                keep => keep,
            },
        };
        Revocation { target, keep }
    })
}

pub(super) fn entry() -> impl Strategy<Value = Entry> {
    let cut_off = (any_target(), NOW - 100..NOW + 100).prop_map(|(target, at)| CutOff {
        target,
        at,
        keep: Keep::Forever,
    });
    let suspension = (any_target(), any::<bool>(), keep())
        .prop_map(|(target, is_on, keep)| Suspension { target, is_on, keep });
    let directory =
        (0..EACH, prop::sample::select(TenantStatus::ALL.to_vec())).prop_map(|(nth, status)| {
            TenantEntry { id: tenant(nth), isolation: Isolation::Shared, cell: None, status }
        });
    let delegation =
        (0..EACH, 0..EACH, 0..EACH, any::<bool>()).prop_map(|(id, from, to, is_revoked)| {
            let act = Act { by: Label::parse("somebody").unwrap(), at: NOW };
            Delegation {
                id: tenant(id),
                from: tenant(from),
                to: tenant(to),
                principals: Delegate::Any,
                permissions: Vec::new(),
                audiences: Vec::new(),
                not_before: 0,
                expires: NOW + 1,
                proposed: act.clone(),
                stage: match is_revoked {
                    true => DelegationStage::Revoked { consent: None, act },
                    false => DelegationStage::Proposed,
                },
            }
        });
    prop_oneof![
        4 => revocation().prop_map(Entry::Revoked),
        2 => revocation().prop_map(Entry::Restored),
        2 => cut_off.prop_map(Entry::CutOff),
        1 => suspension.prop_map(Entry::Suspension),
        1 => directory.prop_map(Entry::Tenant),
        1 => delegation.prop_map(|it| Entry::Delegation(Box::new(it))),
    ]
}

pub(super) fn frames() -> impl Strategy<Value = Vec<Vec<Entry>>> {
    prop::collection::vec(prop::collection::vec(entry(), 0..6), 1..8)
}

/// What the entries mean, found out by reading them from the first to the last.
pub(super) struct Model(BTreeMap<Vec<u8>, Entry>);

impl Model {
    pub(super) fn of(frames: &[Vec<Entry>]) -> Self {
        let mut holds = BTreeMap::new();
        for entry in frames.concat() {
            for ended in entry.also_ends() {
                holds.remove(&ended.encode());
            }
            holds.insert(entry.key().encode(), entry);
        }
        Self(holds)
    }

    pub(super) fn refuses(&self, token: &Handles, issued: u64, skew: u64) -> bool {
        let targets = [
            Some(&token.token),
            token.session.as_ref(),
            Some(&token.principal),
            Some(&token.tenant),
            token.key.as_ref(),
        ];
        self.0.values().any(|entry| match entry {
            Entry::Revoked(it) => targets.contains(&Some(&it.target)),
            Entry::CutOff(it) => targets.contains(&Some(&it.target)) && issued <= it.at + skew,
            Entry::Suspension(it) => {
                let is_over = matches!(it.keep, Keep::Until(at) if at <= NOW);
                targets.contains(&Some(&it.target)) && it.is_on && !is_over
            }
            Entry::Tenant(it) => {
                Some(&it.id) == token.token.tenant() && it.status != TenantStatus::Active
            }
            Entry::Restored(_) | Entry::Delegation(_) => false,
        })
    }

    pub(super) fn grants(&self, from: &TenantId, to: &TenantId) -> Vec<Delegation> {
        let grants = self.0.values().filter_map(|entry| match entry {
            Entry::Delegation(it) if it.from == *from && it.to == *to => Some((**it).clone()),
            _ => None,
        });
        let mut grants: Vec<Delegation> = grants.collect();
        grants.sort_by(|a, b| a.id.cmp(&b.id));
        grants
    }
}

/// Every token that there could be.
pub(super) fn tokens() -> impl Iterator<Item = (Handles, Watched)> {
    let some = (0..EACH).flat_map(|of| (0..EACH).map(move |nth| (of, nth)));
    some.flat_map(|(of, nth)| {
        [0, 1, 2, 3].map(|variant| {
            let has = |bit: u8| variant & bit != 0;
            let handles = Handles {
                token: target(HandleKind::Token, of, nth),
                session: has(1).then(|| target(HandleKind::Session, of, nth)),
                principal: target(HandleKind::Principal, of, nth),
                tenant: target(HandleKind::Tenant, of, nth),
                key: has(2).then(|| target(HandleKind::Key, of, nth)),
            };
            let times = [NOW - 50 + u64::from(nth) * 30, expiry(hash(HandleKind::Token, nth)), 10];
            (handles.clone(), Watched::new(&KEY, handles, tenant(of), times))
        })
    })
}

pub(super) fn assert_equal(replica: &Replica, model: &Model) -> Result<(), TestCaseError> {
    for (handles, token) in tokens() {
        let found = replica.check(&token, UnixTime::from_secs(NOW));
        let expected = model.refuses(&handles, token.issued(), token.skew());
        prop_assert_eq!(found.is_err(), expected, "{:?}, {:?}", found, handles);
    }
    for (from, to) in (0..EACH).flat_map(|from| (0..EACH).map(move |to| (from, to))) {
        let (from, to) = (tenant(from), tenant(to));
        let mut found: Vec<Delegation> = replica
            .delegations(from.as_str(), to.as_str())
            .iter()
            .map(|it| (**it).clone())
            .collect();
        found.sort_by(|a, b| a.id.cmp(&b.id));
        prop_assert_eq!(found, model.grants(&from, &to));
    }
    Ok(())
}

pub(super) fn start() -> Position {
    Position::start(HistoryId::from_bytes([3; 16]))
}

/// A delta that leads on from `from`, and where to.
pub(super) fn delta(from: Position, frames: &[Vec<Entry>]) -> (Vec<u8>, Position) {
    let mut at = from;
    let frames: Vec<_> = frames
        .iter()
        .map(|entries| {
            let (frame, _) = Frame::encode(entries);
            at = at.after(&frame);
            (at.hash, frame)
        })
        .collect();
    (Delta::encode(&from, frames.iter().map(|(hash, frame)| (*hash, frame.as_slice()))), at)
}

/// A snapshot of what holds, in shards of a few entries.
pub(super) fn snapshot(model: &Model, position: Position) -> (Manifest, Vec<Vec<u8>>) {
    let holds: Vec<&Entry> =
        model.0.values().filter(|entry| !matches!(entry, Entry::Restored(_))).collect();
    let (shards, named) = holds
        .chunks(3)
        .map(|entries| {
            let mut writer = ShardWriter::default();
            assert!(entries.iter().all(|entry| writer.push(entry)));
            writer.finish()
        })
        .unzip();
    (Manifest { position, shards: named }, shards)
}

pub(super) fn proceed(replica: &mut Replica, budget: usize) -> Result<(), ReplicaError> {
    while replica.proceed(budget)? == Progress::More {}
    Ok(())
}

pub(super) fn take_snapshot(
    replica: &mut Replica,
    (manifest, shards): &(Manifest, Vec<Vec<u8>>),
    budget: usize,
) -> Result<(), ReplicaError> {
    replica.take_manifest(&manifest.encode())?;
    proceed(replica, budget)?;
    while let Some(wanted) = replica.wanted() {
        let nth = manifest.shards.iter().position(|shard| *shard == wanted).unwrap();
        replica.take_shard(shards[nth].clone())?;
        proceed(replica, budget)?;
    }
    Ok(())
}

/// A replica that has seen nothing but the beginning.
pub(super) fn empty() -> Replica {
    let mut replica = Replica::new(KEY);
    take_snapshot(&mut replica, &snapshot(&Model::of(&[]), start()), 1).unwrap();
    replica
}
