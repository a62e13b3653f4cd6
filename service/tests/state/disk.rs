//! A disk that fills up and is given room again: refused in plain words, and nothing is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use redb::StorageBackend;
use tenantguard_service::clock::SystemClock;
use tenantguard_service::journal::{Stores, TenantStores};
use tenantguard_service::state::{Control, ControlError, Settings, StoreSettings};
use tenantguard_service::store::{Embedded, StoreError};

use crate::support::{is_revoked, note, revoke, token};

/// A file on a disk with so many bytes.
#[derive(Debug, Clone)]
struct SmallDisk {
    file: Arc<std::fs::File>,
    room: Arc<AtomicU64>,
}

impl SmallDisk {
    fn check(&self, end: u64) -> std::io::Result<()> {
        if end > self.room.load(Ordering::Relaxed) {
            return Err(std::io::Error::from(std::io::ErrorKind::StorageFull));
        }
        Ok(())
    }
}

impl StorageBackend for SmallDisk {
    fn len(&self) -> std::io::Result<u64> {
        self.file.metadata().map(|metadata| metadata.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        use std::os::unix::fs::FileExt as _;
        self.file.read_exact_at(out, offset)
    }

    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.check(len)?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> std::io::Result<()> {
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        use std::os::unix::fs::FileExt as _;
        self.check(offset + data.len() as u64)?;
        self.file.write_all_at(data, offset)
    }
}

async fn open(disk: &SmallDisk) -> Result<Control> {
    let disk = disk.clone();
    let local = Embedded::over(move || disk.clone())?;
    let all = TenantStores::new(Arc::new(local.clone()), Default::default());
    let stores = Stores { local, remote: None, sessions: all.clone(), records: all };
    let settings = Settings::new(StoreSettings::Embedded { path: "of no file".into() });
    Ok(Control::with(stores, settings, Arc::new(SystemClock::default())).await?)
}

#[tokio::test]
async fn a_full_disk_refuses_loses_nothing_and_goes_on_when_there_is_room() -> Result<()> {
    let disk = SmallDisk {
        file: Arc::new(tempfile::tempfile()?),
        room: Arc::new(AtomicU64::new(8 << 20)),
    };
    let control = open(&disk).await?;
    let batch = |number: u32| {
        (number * 1000..(number + 1) * 1000).map(|it| revoke(token("acme", it))).collect()
    };
    let mut acknowledged = 0;
    let error = loop {
        match control.apply(batch(acknowledged), note()).await {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 1000, "the disk does not fill up");
    };
    println!("after {} writes: {error}", acknowledged * 1000);
    assert!(matches!(error, ControlError::Store(StoreError::Full { .. })), "{error}");
    assert!(acknowledged > 0);
    assert!(control.status().store.trouble.is_some(), "the status says so");
    assert!(!is_revoked(&control, &token("acme", acknowledged * 1000)), "what was refused is not");
    for _ in 0..5 {
        // Room that the write that failed gave back may do for another one.
        match control.apply(batch(acknowledged), note()).await {
            Ok(_) => acknowledged += 1,
            Err(ControlError::Store(StoreError::Full { .. })) => {}
            Err(other) => panic!("{other}"),
        }
    }

    disk.room.store(1 << 30, Ordering::Relaxed);
    let receipt = control.apply(batch(acknowledged), note()).await?;
    assert_eq!(receipt.changed, 1000);
    assert!(control.status().store.trouble.is_none());
    control.close().await;
    drop(control);
    let control = open(&disk).await?;
    assert_eq!(control.feed().position(), receipt.position);
    for number in 0..(acknowledged + 1) * 1000 {
        assert!(is_revoked(&control, &token("acme", number)), "{number} is lost");
    }
    Ok(())
}
