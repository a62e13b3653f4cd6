//! The tenants of a frame or a shard. One is named where it comes up first and is a number from then
//! on: the tenants are few and the entries many, and each byte is hashed, and each name checked, by
//! every proxy.

use std::collections::BTreeMap;

use super::short::{ReplicaKey, Short};
use super::wire::{DecodeError, Fault, Reader, put_name};
use crate::identity::TenantId;

/// The numbers of the tenants that were written.
#[derive(Debug, Clone, Default)]
pub(super) struct TenantNumbers(BTreeMap<TenantId, u16>);

impl TenantNumbers {
    /// Whether a new tenant might find no number.
    pub(super) fn are_out(&self) -> bool {
        self.0.len() > usize::from(u16::MAX)
    }

    pub(super) fn put(&mut self, tenant: &TenantId, out: &mut Vec<u8>) {
        let next = u16::try_from(self.0.len()).unwrap_or(u16::MAX);
        if let Some(number) = self.0.get(tenant) {
            out.extend_from_slice(&number.to_le_bytes());
        } else {
            self.0.insert(tenant.clone(), next);
            out.extend_from_slice(&next.to_le_bytes());
            put_name(out, tenant.as_str());
        }
    }
}

/// The tenants that were read, by their numbers.
#[derive(Debug, Default)]
pub(super) struct TenantsRead(Vec<TenantRead>);

/// A tenant that was read: its name was checked.
#[derive(Debug)]
pub(super) struct TenantRead {
    /// Where in the bytes its name stands.
    at: usize,
    short: Option<Short>,
}

impl TenantsRead {
    /// Reads which tenant is meant.
    pub(super) fn read(&mut self, reader: &mut Reader<'_>) -> Result<&mut TenantRead, DecodeError> {
        let before = reader.clone();
        let number = reader.u16()?;
        let nth = usize::from(number);
        if nth == self.0.len() {
            let at = reader.offset();
            reader.name("tenant", |text| TenantId::is_name(text).then_some(()).ok_or(()))?;
            self.0.push(TenantRead { at, short: None });
        }
        self.0.get_mut(nth).ok_or_else(|| before.fail(Fault::Unknown("tenant's number", number)))
    }
}

impl TenantRead {
    /// Its name, in the bytes that it was read from.
    pub(super) fn id(&self, reader: &Reader<'_>) -> Result<TenantId, DecodeError> {
        reader.seek(self.at).name("tenant", TenantId::parse)
    }

    /// What stands for its name in a replica, made once.
    pub(super) fn short(
        &mut self,
        key: &ReplicaKey,
        reader: &Reader<'_>,
    ) -> Result<Short, DecodeError> {
        match self.short {
            Some(short) => Ok(short),
            None => {
                let name = reader.seek(self.at).name("tenant", Ok::<_, ()>)?;
                Ok(*self.short.insert(key.short_of_tenant(name)))
            }
        }
    }
}
