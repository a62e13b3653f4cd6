//! The state: idempotent changes, refusals, and what outlives the process.

use anyhow::Result;
use tenantguard::control::{Entry, Handle, Target};
use tenantguard::identity::Namespace;
use tenantguard_service::state::{Cause, Change, Control, ControlError};

use crate::support::{ISSUER, embedded, is_revoked, note, revoke, subject, tenant, token};

#[tokio::test]
async fn every_kind_of_handle_can_be_refused_and_restored() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let control = embedded(&dir.path().join("control.redb")).await?;
    let acme = tenant("acme");
    let namespace = Namespace::parse("platform")?;
    let mut asked = subject(token("acme", 1), 1_000);
    let session = Handle::Session { issuer: ISSUER, tenant: &acme, sid: "s" }.target();
    let bob = Handle::Principal { tenant: &acme, namespace: &namespace, subject: "bob" }.target();
    let key = Handle::Key { issuer: ISSUER, kid: "k" }.target();
    asked.session = Some(session.clone());
    asked.principal = Some(bob.clone());
    asked.key = Some(key.clone());
    let cases = [
        (revoke(token("acme", 1)), Cause::Revoked),
        (revoke(session), Cause::Revoked),
        (revoke(bob.clone()), Cause::CutOff),
        (revoke(Target::Tenant(acme.clone())), Cause::CutOff),
        (revoke(key), Cause::Revoked),
        (Change::Suspend(bob), Cause::Suspended),
        (Change::Suspend(Target::Tenant(acme)), Cause::Suspended),
    ];
    for (change, cause) in cases {
        let (Change::Revoke { target, .. } | Change::Suspend(target)) = &change else {
            continue;
        };
        let target = target.clone();
        assert_eq!(control.refusal(&asked), None, "before {change:?}");
        let first = control.apply(vec![change.clone()], note()).await?;
        assert_eq!((first.changed, first.unchanged), (1, 0), "{change:?}");
        let refusal = control.refusal(&asked).expect("a refusal");
        assert_eq!((refusal.handle, refusal.cause), (target.kind(), cause));
        let records = control.records(&target).await?;
        let holds = |entry: &Entry| !matches!(entry, Entry::Restored(_));
        let by: Vec<_> = records.iter().filter(|it| holds(&it.0)).map(|it| &it.1.by).collect();
        assert_eq!(by, [&note().by], "{change:?}");
        let back = control.apply(vec![Change::Restore(target.clone())], note()).await?;
        assert_eq!(back.changed, 1);
        assert!(back.position.epoch > first.position.epoch);
        let twice = control.apply(vec![Change::Restore(target)], note()).await?;
        assert_eq!((twice.changed, twice.position), (0, back.position), "{change:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_cut_off_refuses_what_was_issued_until_then_and_the_skew() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let control = embedded(&dir.path().join("control.redb")).await?;
    let target = Target::Tenant(tenant("acme"));
    control.apply(vec![Change::CutOff { target: target.clone(), at: 1_000 }], note()).await?;
    let earlier = control.apply(vec![Change::CutOff { target, at: 900 }], note()).await?;
    assert_eq!(earlier.changed, 0, "a cut-off never moves back");
    for (issued_at, is_refused) in [(0, true), (1_000, true), (1_060, true), (1_061, false)] {
        let refusal = control.refusal(&subject(token("acme", 1), issued_at));
        assert_eq!(refusal.is_some(), is_refused, "issued at {issued_at}");
    }
    assert_eq!(control.refusal(&subject(token("globex", 1), 0)), None);
    Ok(())
}

#[tokio::test]
async fn asking_twice_is_the_same_as_once_also_within_one_request() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let control = embedded(&dir.path().join("control.redb")).await?;
    let change = Change::Revoke { target: token("acme", 1), expiry: Some(u64::MAX) };
    let preview = control.preview(&[change.clone(), change.clone()])?;
    assert_eq!((preview.changed, preview.unchanged), (1, 1));
    assert!(!is_revoked(&control, &token("acme", 1)), "a preview changes nothing");
    let receipt = control.apply(vec![change.clone(), change.clone()], note()).await?;
    assert_eq!((receipt.changed, receipt.unchanged), (1, 1));
    let again = control.apply(vec![change], note()).await?;
    assert_eq!((again.changed, again.position), (0, receipt.position));
    Ok(())
}

#[tokio::test]
async fn another_tenants_handle_hash_hits_nothing() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let control = embedded(&dir.path().join("control.redb")).await?;
    let theirs = token("globex", 1);
    let seen = Target::Token { tenant: tenant("acme"), hash: theirs.hash() };
    control.apply(vec![revoke(seen.clone())], note()).await?;
    assert!(!is_revoked(&control, &theirs));
    assert!(is_revoked(&control, &seen));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_whole() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let control = embedded(&dir.path().join("control.redb")).await?;
    let position = control.status().position;
    let changes = vec![revoke(token("acme", 1)), Change::Suspend(token("acme", 2))];
    let refused = control.apply(changes, note()).await;
    assert!(matches!(refused, Err(ControlError::NotSuspendable(_))));
    assert_eq!(control.status().position, position);
    assert!(!is_revoked(&control, &token("acme", 1)), "nothing of a refused request is done");
    control.close().await;
    let closed = control.apply(vec![revoke(token("acme", 1))], note()).await;
    assert!(matches!(closed, Err(ControlError::ShuttingDown)));
    Ok(())
}

#[tokio::test]
async fn everything_is_there_after_a_restart() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("control.redb");
    let control: Control = embedded(&path).await?;
    let targets: Vec<_> = (0..5_000).map(|number| token("acme", number)).collect();
    let changes = targets.iter().cloned().map(revoke).collect();
    let receipt = control.apply(changes, note()).await?;
    control.apply(vec![Change::Restore(targets[7].clone())], note()).await?;
    let status = control.status();
    control.close().await;
    drop(control);
    let control = embedded(&path).await?;
    assert_eq!(control.status().position, status.position);
    assert_eq!(control.status().entries, status.entries);
    for (number, target) in targets.iter().enumerate() {
        assert_eq!(is_revoked(&control, target), number != 7, "token {number}");
    }
    assert!(control.feed().covers(&status.position, &receipt.position));
    Ok(())
}

#[test]
fn a_state_whose_writer_is_gone_says_so() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let writers = tokio::runtime::Runtime::new()?;
    let control = writers.block_on(embedded(&dir.path().join("control.redb")))?;
    assert!(!control.has_failed());
    // As by a panic, the task is dropped and nobody has closed the state.
    drop(writers);
    assert!(control.has_failed());
    let refused = tokio::runtime::Runtime::new()?
        .block_on(control.apply(vec![revoke(token("acme", 1))], note()));
    assert!(matches!(refused, Err(ControlError::ShuttingDown)), "{refused:?}");
    Ok(())
}
