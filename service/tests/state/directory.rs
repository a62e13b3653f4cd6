//! The tenant directory.

use anyhow::Result;
use tenantguard::artifact::Isolation::{Dedicated, Shared};
use tenantguard::control::{Target, TenantStatus};
use tenantguard::identity::CellName;
use tenantguard_service::directory::{Directory, DirectoryError, TenantChange};
use tenantguard_service::state::Cause;

use crate::support::{embedded, note, subject, tenant, token};

#[tokio::test]
async fn a_tenant_is_created_moved_suspended_and_deleted_on_the_feed() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("control.redb");
    let control = embedded(&path).await?;
    let directory = Directory::new(control.clone());
    let acme = tenant("acme");
    let unknown = directory.change(&acme, TenantChange::Suspend, note()).await;
    assert!(matches!(unknown, Err(DirectoryError::Unknown(_))));
    let create = || directory.create(acme.clone(), Shared, None, note());
    let created = create().await?;
    assert_eq!(create().await?.changed, 0);
    assert!(created.position.epoch.0 > 0);

    let cell = CellName::parse("acme-eu")?;
    directory.change(&acme, TenantChange::Classify(Dedicated), note()).await?;
    directory.change(&acme, TenantChange::Move(Some(cell.clone())), note()).await?;
    let found = control.tenant(&acme).expect("acme");
    assert_eq!((found.isolation, found.cell), (Dedicated, Some(cell)));
    assert!(matches!(create().await, Err(DirectoryError::Exists(_))));

    let mut asked = subject(token("acme", 1), u64::MAX);
    asked.tenant = Some(Target::Tenant(acme.clone()));
    for (change, is_refused) in
        [(TenantChange::Suspend, true), (TenantChange::Resume, false), (TenantChange::Delete, true)]
    {
        directory.change(&acme, change, note()).await?;
        let cause = control.refusal(&asked).map(|refusal| refusal.cause);
        assert_eq!(cause, is_refused.then_some(Cause::Suspended));
    }
    assert!(matches!(create().await, Err(DirectoryError::Deleted(_))));
    let resumed = directory.change(&acme, TenantChange::Resume, note()).await;
    assert!(matches!(resumed, Err(DirectoryError::Deleted(_))));
    control.close().await;
    drop((directory, control));
    let control = embedded(&path).await?;
    assert_eq!(control.tenant(&acme).map(|it| it.status), Some(TenantStatus::Deleted));
    Ok(())
}

#[tokio::test]
async fn tenants_are_listed_page_by_page() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let control = embedded(&dir.path().join("control.redb")).await?;
    let directory = Directory::new(control.clone());
    for number in 0..25 {
        directory.create(tenant(&format!("t{number:02}")), Shared, None, note()).await?;
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = control.tenants(after.as_ref(), 10);
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        found.extend(page.into_iter().map(|tenant| tenant.id.to_string()));
    }
    let expected: Vec<_> = (0..25).map(|number| format!("t{number:02}")).collect();
    assert_eq!(found, expected);
    Ok(())
}
