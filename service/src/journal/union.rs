//! Two states without a common past: nothing acknowledged is lost, so what is missing in Redis's is
//! added to it. Of two words on one thing the later one counts; a cut-off never moves back, and a
//! delegation that was revoked stays so.

use std::collections::HashMap;

use tenantguard::control::{Delegation, DelegationStage, Entry, EntryKey, Position};

use super::{Event, Remote};
use crate::state::Record;
use crate::store::{Commit, Embedded, Store, StoreError};

/// All that a store's frames add up to.
pub(super) async fn live(store: &dyn Store) -> Result<Vec<(Entry, Record)>, StoreError> {
    let (mut all, mut page) = (Vec::new(), None);
    loop {
        let found = store.live(page).await?;
        all.extend(found.entries);
        page = found.next;
        if page.is_none() {
            return Ok(all);
        }
    }
}

/// A store's head and state. The head first: what is written meanwhile may come twice.
pub(super) async fn everything(
    store: &dyn Store,
) -> Result<(Position, Vec<(Entry, Record)>), StoreError> {
    let head = store.head().await?.ok_or_else(|| StoreError::Open {
        store: store.name().into(),
        detail: "it is empty".into(),
    })?;
    Ok((head, live(store).await?))
}

/// Takes Redis's state over and puts what it lacks behind it.
pub(super) async fn unite(
    local: &Embedded,
    remote: &mut Remote,
    head: &mut Position,
    theirs: Position,
) -> Result<Event, StoreError> {
    let (base, state) = (theirs, live(remote.store.as_ref()).await?);
    let ours = live(local).await?;
    let missing = missing(&state, ours);
    tracing::warn!(
        missing = missing.len(),
        "Redis and the journal have no common past; what Redis lacks is handed in again"
    );
    let commits = Commit::chain(&base, &missing);
    local.adopt(base, state.clone(), commits.clone()).await?;
    remote.pushed = base;
    remote.unpushed = commits.iter().cloned().collect();
    *head = commits.last().map_or(base, |commit| commit.position);
    Ok(Event::Adopted { base, live: state, commits })
}

/// What of `ours` has to be said again on top of `theirs`.
fn missing(theirs: &[(Entry, Record)], ours: Vec<(Entry, Record)>) -> Vec<(Entry, Record)> {
    let theirs: HashMap<EntryKey, &(Entry, Record)> =
        theirs.iter().map(|it| (it.0.key(), it)).collect();
    ours.into_iter().filter(|ours| adds(&theirs, ours)).collect()
}

fn adds(theirs: &HashMap<EntryKey, &(Entry, Record)>, (entry, record): &(Entry, Record)) -> bool {
    if let Entry::CutOff(it) = entry
        && is_restored(theirs, EntryKey::Revocation(it.target.clone()), record)
    {
        return false;
    }
    if let Entry::Suspension(it) = entry
        && is_restored(theirs, EntryKey::Revocation(it.target.clone()), record)
    {
        return false;
    }
    match (entry, theirs.get(&entry.key())) {
        (_, None) => true,
        (entry, Some((same, _))) if entry == same => false,
        (Entry::CutOff(ours), Some((Entry::CutOff(theirs), _))) => ours.at > theirs.at,
        (Entry::Delegation(ours), Some((Entry::Delegation(theirs), _))) if ends(ours, theirs) => {
            true
        }
        (Entry::Delegation(ours), Some((Entry::Delegation(theirs), _))) if ends(theirs, ours) => {
            false
        }
        (_, Some((_, other))) => record.at > other.at,
    }
}

/// Whether a delegation was revoked that the other word has as something else. That is final, unless
/// the other one was proposed afterwards, under an id that had become free.
fn ends(revoked: &Delegation, other: &Delegation) -> bool {
    match (&revoked.stage, &other.stage) {
        (_, DelegationStage::Revoked { .. }) => false,
        (DelegationStage::Revoked { act, .. }, _) => other.proposed.at <= act.at,
        (_, _) => false,
    }
}

fn is_restored(
    theirs: &HashMap<EntryKey, &(Entry, Record)>,
    key: EntryKey,
    record: &Record,
) -> bool {
    matches!(theirs.get(&key), Some((Entry::Restored(_), other)) if other.at >= record.at)
}

#[cfg(test)]
mod tests {
    use tenantguard::control::{
        Act, Consent, CutOff, Delegate, Handle, Keep, Label, Revocation, Target,
    };
    use tenantguard::identity::TenantId;
    use tenantguard::time::UnixTime;

    use super::*;

    fn target() -> Target {
        let acme = TenantId::parse("acme").unwrap();
        Handle::Session { issuer: "i", tenant: &acme, sid: "s" }.target()
    }

    fn at(secs: u64, entry: Entry) -> (Entry, Record) {
        (entry, Record { at: UnixTime::from_secs(secs), ..Record::unknown() })
    }

    fn revocation() -> Revocation {
        Revocation { target: target(), keep: Keep::Forever }
    }

    fn cut_off(secs: u64) -> Entry {
        Entry::CutOff(CutOff { target: target(), at: secs, keep: Keep::Forever })
    }

    /// Proposed at a second, and then at this stage.
    fn delegation(proposed: u64, stage: DelegationStage) -> Entry {
        let tenant = |name| TenantId::parse(name).unwrap();
        Entry::Delegation(Box::new(Delegation {
            id: tenant("d"),
            from: tenant("acme"),
            to: tenant("globex"),
            principals: Delegate::Any,
            permissions: vec![],
            audiences: vec![],
            not_before: 0,
            expires: 100,
            proposed: act(proposed),
            stage,
        }))
    }

    fn act(at: u64) -> Act {
        Act { by: Label::parse("x").unwrap(), at }
    }

    #[test]
    fn a_revoked_delegation_stays_so_whichever_word_came_last() {
        let consented = |proposed| {
            let consent = Consent { act: act(proposed), reference: None };
            delegation(proposed, DelegationStage::Consented(consent))
        };
        let stage = DelegationStage::Revoked { consent: None, act: act(5) };
        let revoked = delegation(1, stage);
        for (what, theirs, ours, is_said_again) in [
            ("revoked, and lost", at(9, consented(1)), at(5, revoked.clone()), true),
            ("revoked by them", at(5, revoked.clone()), at(9, consented(1)), false),
            ("proposed anew", at(5, revoked.clone()), at(9, consented(6)), true),
            ("proposed anew by them", at(9, consented(6)), at(5, revoked.clone()), false),
            ("known", at(5, revoked.clone()), at(5, revoked), false),
            ("the later word", at(1, consented(1)), at(2, consented(2)), true),
        ] {
            assert_eq!(missing(&[theirs], vec![ours]).len() == 1, is_said_again, "{what}");
        }
    }

    #[test]
    fn a_union_keeps_every_revocation_and_every_later_word() {
        let (revoked, restored) = (Entry::Revoked(revocation()), Entry::Restored(revocation()));
        for (what, theirs, ours, is_said_again) in [
            ("lost", None, at(1, revoked.clone()), true),
            ("known", Some(at(1, revoked.clone())), at(1, revoked.clone()), false),
            ("taken back later", Some(at(2, restored.clone())), at(1, revoked.clone()), false),
            ("taken back before", Some(at(1, restored.clone())), at(2, revoked.clone()), true),
            ("revoked before", Some(at(1, revoked.clone())), at(2, restored.clone()), true),
            ("a later cut-off", Some(at(2, cut_off(5))), at(1, cut_off(6)), true),
            ("an earlier cut-off", Some(at(1, cut_off(6))), at(2, cut_off(5)), false),
            ("a cut-off taken back", Some(at(2, restored)), at(1, cut_off(5)), false),
        ] {
            let theirs: Vec<_> = theirs.into_iter().collect();
            assert_eq!(missing(&theirs, vec![ours.clone()]).len() == 1, is_said_again, "{what}");
        }
    }
}
