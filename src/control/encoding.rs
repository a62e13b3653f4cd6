//! An entry as bytes: one tag, then its fields in their order. An entry that stands alone has one
//! encoding, as has one that follows others; whatever does not encode an entry is refused.

use super::delegation::{
    Act, Consent, Delegate, Delegation, DelegationStage, LIST_LIMIT, Label, LabelError,
};
use super::entry::{CutOff, Entry, Keep, Revocation, Suspension, TenantEntry, TenantStatus};
use super::handle::{HandleKind, Target};
use super::hash::HandleHash;
use super::short::{ReplicaKey, Short};
use super::tenants::{TenantNumbers, TenantsRead};
use super::wire::{DecodeError, Fault, Reader, put_name};
use crate::artifact::Isolation;
use crate::identity::{CellName, Namespace, PermissionName, PrincipalId, TenantId};

const REVOKED: u8 = 1;
const RESTORED: u8 = 2;
const CUT_OFF: u8 = 3;
const DELEGATION: u8 = 4;
const SUSPENSION: u8 = 5;
const TENANT: u8 = 6;

impl Entry {
    /// Appends its bytes, where it stands alone.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.put(&mut TenantNumbers::default(), out);
    }

    /// Appends its bytes behind those of others.
    pub(super) fn put(&self, tenants: &mut TenantNumbers, out: &mut Vec<u8>) {
        match self {
            Self::Revoked(Revocation { target, keep }) => {
                out.push(REVOKED);
                put_target(target, tenants, out);
                put_keep(*keep, out);
            }
            Self::Restored(Revocation { target, keep }) => {
                out.push(RESTORED);
                put_target(target, tenants, out);
                put_keep(*keep, out);
            }
            Self::CutOff(CutOff { target, at, keep }) => {
                out.push(CUT_OFF);
                put_target(target, tenants, out);
                out.extend_from_slice(&at.to_le_bytes());
                put_keep(*keep, out);
            }
            Self::Delegation(delegation) => put_delegation(delegation, out),
            Self::Suspension(Suspension { target, is_on, keep }) => {
                out.push(SUSPENSION);
                put_target(target, tenants, out);
                out.push(u8::from(*is_on));
                put_keep(*keep, out);
            }
            Self::Tenant(tenant) => put_tenant(tenant, out),
        }
    }

    /// Reads one entry that is all of `bytes`.
    ///
    /// # Errors
    /// [`DecodeError`] says where the bytes cease to be an entry.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let entry = Self::read(&mut reader, &mut TenantsRead::default())?;
        reader.end().map(|()| entry)
    }

    /// Reads one entry that follows others.
    pub(super) fn read(
        reader: &mut Reader<'_>,
        tenants: &mut TenantsRead,
    ) -> Result<Self, DecodeError> {
        let at = reader.clone();
        match reader.u8()? {
            REVOKED => read_revocation(reader, tenants).map(Self::Revoked),
            RESTORED => read_revocation(reader, tenants).map(Self::Restored),
            CUT_OFF => Ok(Self::CutOff(CutOff {
                target: read_target(reader, tenants)?,
                at: reader.u64()?,
                keep: read_keep(reader)?,
            })),
            DELEGATION => read_delegation(reader).map(|it| Self::Delegation(Box::new(it))),
            SUSPENSION => Ok(Self::Suspension(Suspension {
                target: read_target(reader, tenants)?,
                is_on: read_flag(reader)?,
                keep: read_keep(reader)?,
            })),
            TENANT => read_tenant(reader).map(Self::Tenant),
            other => Err(at.unknown("kind of entry", other)),
        }
    }
}

/// An entry as a replica takes it: of a revocation, of which there are many, only what it needs.
#[derive(Debug)]
pub(crate) enum Fact {
    /// As [`Entry::Revoked`].
    Revoked(HandleKind, Short, Keep),
    /// Any other entry.
    Entry(Box<Entry>),
}

impl Fact {
    /// Reads one that follows others.
    pub(super) fn read(
        reader: &mut Reader<'_>,
        tenants: &mut TenantsRead,
        key: &ReplicaKey,
    ) -> Result<Self, DecodeError> {
        let mut ahead = reader.clone();
        if ahead.u8()? != REVOKED {
            return Entry::read(reader, tenants).map(|entry| Self::Entry(Box::new(entry)));
        }
        *reader = ahead;
        let kind = read_kind(reader)?;
        let short = read_short(kind, reader, tenants, key)?;
        Ok(Self::Revoked(kind, short, read_keep(reader)?))
    }
}

/// As [`read_target`], for a replica.
fn read_short(
    kind: HandleKind,
    reader: &mut Reader<'_>,
    tenants: &mut TenantsRead,
    key: &ReplicaKey,
) -> Result<Short, DecodeError> {
    let tenant = match kind {
        HandleKind::Key => None,
        HandleKind::Tenant => {
            let target = Target::Tenant(tenants.read(reader)?.id(reader)?);
            return Ok(key.short(&target));
        }
        _ => Some(tenants.read(reader)?.short(key, reader)?),
    };
    let hash = reader.array().map(HandleHash::from_bytes)?;
    Ok(key.short_of(tenant, kind, &hash))
}

fn read_kind(reader: &mut Reader<'_>) -> Result<HandleKind, DecodeError> {
    let at = reader.clone();
    let number = reader.u8()?;
    HandleKind::from_wire(number).ok_or_else(|| at.unknown("kind of handle", number))
}

fn read_revocation(
    reader: &mut Reader<'_>,
    tenants: &mut TenantsRead,
) -> Result<Revocation, DecodeError> {
    Ok(Revocation { target: read_target(reader, tenants)?, keep: read_keep(reader)? })
}

fn put_target(target: &Target, tenants: &mut TenantNumbers, out: &mut Vec<u8>) {
    out.push(target.kind() as u8);
    if let Some(tenant) = target.tenant() {
        tenants.put(tenant, out);
    }
    if !matches!(target, Target::Tenant(_)) {
        out.extend_from_slice(target.hash().as_bytes());
    }
}

fn read_target(reader: &mut Reader<'_>, tenants: &mut TenantsRead) -> Result<Target, DecodeError> {
    let kind = read_kind(reader)?;
    let mut tenant = |reader: &mut Reader<'_>| tenants.read(reader)?.id(reader);
    let hash = |reader: &mut Reader<'_>| reader.array().map(HandleHash::from_bytes);
    Ok(match kind {
        HandleKind::Token => Target::Token { tenant: tenant(reader)?, hash: hash(reader)? },
        HandleKind::Session => Target::Session { tenant: tenant(reader)?, hash: hash(reader)? },
        HandleKind::Principal => Target::Principal { tenant: tenant(reader)?, hash: hash(reader)? },
        HandleKind::Tenant => Target::Tenant(tenant(reader)?),
        HandleKind::Key => Target::Key { hash: hash(reader)? },
    })
}

fn put_keep(keep: Keep, out: &mut Vec<u8>) {
    match keep {
        Keep::Forever => out.push(0),
        Keep::Until(at) => {
            out.push(1);
            out.extend_from_slice(&at.to_le_bytes());
        }
        Keep::Expiry(at) => {
            out.push(2);
            out.extend_from_slice(&at.to_le_bytes());
        }
    }
}

fn read_keep(reader: &mut Reader<'_>) -> Result<Keep, DecodeError> {
    let at = reader.clone();
    match reader.u8()? {
        0 => Ok(Keep::Forever),
        1 => reader.u64().map(Keep::Until),
        2 => reader.u64().map(Keep::Expiry),
        other => Err(at.unknown("kind of expiry", other)),
    }
}

fn read_flag(reader: &mut Reader<'_>) -> Result<bool, DecodeError> {
    let at = reader.clone();
    match reader.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(at.unknown("yes or no", other)),
    }
}

fn put_tenant(tenant: &TenantEntry, out: &mut Vec<u8>) {
    out.push(TENANT);
    put_name(out, tenant.id.as_str());
    out.push(match tenant.isolation {
        Isolation::Shared => 1,
        Isolation::Dedicated => 2,
    });
    put_name(out, tenant.cell.as_ref().map_or("", CellName::as_str));
    out.push(tenant.status as u8);
}

fn read_tenant(reader: &mut Reader<'_>) -> Result<TenantEntry, DecodeError> {
    let id = reader.name("tenant", TenantId::parse)?;
    let at = reader.clone();
    let isolation = match reader.u8()? {
        1 => Isolation::Shared,
        2 => Isolation::Dedicated,
        other => return Err(at.unknown("class", other)),
    };
    let cell = reader.name("cell", |text| {
        Some(text).filter(|text| !text.is_empty()).map(CellName::parse).transpose()
    })?;
    let at = reader.clone();
    let number = reader.u8()?;
    let status = TenantStatus::ALL
        .into_iter()
        .find(|status| *status as u8 == number)
        .ok_or_else(|| at.unknown("tenant status", number))?;
    Ok(TenantEntry { id, isolation, cell, status })
}

fn put_delegation(delegation: &Delegation, out: &mut Vec<u8>) {
    out.push(DELEGATION);
    for name in [&delegation.id, &delegation.from, &delegation.to] {
        put_name(out, name.as_str());
    }
    match &delegation.principals {
        Delegate::Any => out.push(0),
        Delegate::Principals(principals) => {
            out.push(1);
            put_list(principals, out, |principal, out| {
                put_name(out, principal.namespace().as_str());
                put_name(out, principal.subject());
            });
        }
    }
    put_list(&delegation.permissions, out, |permission, out| put_name(out, permission.as_str()));
    put_list(&delegation.audiences, out, put_label);
    out.extend_from_slice(&delegation.not_before.to_le_bytes());
    out.extend_from_slice(&delegation.expires.to_le_bytes());
    put_act(&delegation.proposed, out);
    put_stage(&delegation.stage, out);
}

fn put_label(label: &Label, out: &mut Vec<u8>) {
    put_name(out, label.as_str());
}

fn put_act(act: &Act, out: &mut Vec<u8>) {
    put_label(&act.by, out);
    out.extend_from_slice(&act.at.to_le_bytes());
}

fn put_consent(consent: &Consent, out: &mut Vec<u8>) {
    put_act(&consent.act, out);
    put_name(out, consent.reference.as_ref().map_or("", Label::as_str));
}

fn put_stage(stage: &DelegationStage, out: &mut Vec<u8>) {
    match stage {
        DelegationStage::Proposed => out.push(0),
        DelegationStage::Consented(consent) => {
            out.push(1);
            put_consent(consent, out);
        }
        DelegationStage::Suspended { consent, act } => {
            out.push(2);
            put_consent(consent, out);
            put_act(act, out);
        }
        DelegationStage::Revoked { consent, act } => {
            out.push(3);
            out.push(u8::from(consent.is_some()));
            if let Some(consent) = consent {
                put_consent(consent, out);
            }
            put_act(act, out);
        }
    }
}

fn read_delegation(reader: &mut Reader<'_>) -> Result<Delegation, DecodeError> {
    let id = reader.name("delegation id", TenantId::parse)?;
    let from = reader.name("tenant", TenantId::parse)?;
    let to = reader.name("tenant", TenantId::parse)?;
    let principals = match read_flag(reader)? {
        false => Delegate::Any,
        true => Delegate::Principals(read_list("principals", reader, |reader| {
            let namespace = reader.name("namespace", Namespace::parse)?;
            reader.name("subject", |subject| PrincipalId::new(namespace, subject))
        })?),
    };
    let permissions = read_list("permissions", reader, |reader| {
        reader.name("permission", PermissionName::parse)
    })?;
    let audiences = read_list("audiences", reader, read_label)?;
    Ok(Delegation {
        id,
        from,
        to,
        principals,
        permissions,
        audiences,
        not_before: reader.u64()?,
        expires: reader.u64()?,
        proposed: read_act(reader)?,
        stage: read_stage(reader)?,
    })
}

fn read_label(reader: &mut Reader<'_>) -> Result<Label, DecodeError> {
    reader.name("label", Label::parse)
}

fn read_act(reader: &mut Reader<'_>) -> Result<Act, DecodeError> {
    Ok(Act { by: read_label(reader)?, at: reader.u64()? })
}

fn read_consent(reader: &mut Reader<'_>) -> Result<Consent, DecodeError> {
    let act = read_act(reader)?;
    let reference = reader.name("reference", |text| match Label::parse(text) {
        Err(LabelError::Empty) if text.is_empty() => Ok(None),
        label => label.map(Some),
    })?;
    Ok(Consent { act, reference })
}

fn read_stage(reader: &mut Reader<'_>) -> Result<DelegationStage, DecodeError> {
    let at = reader.clone();
    Ok(match reader.u8()? {
        0 => DelegationStage::Proposed,
        1 => DelegationStage::Consented(read_consent(reader)?),
        2 => {
            let consent = read_consent(reader)?;
            DelegationStage::Suspended { consent, act: read_act(reader)? }
        }
        3 => {
            let had_consent = read_flag(reader)?;
            let consent = had_consent.then(|| read_consent(reader)).transpose()?;
            DelegationStage::Revoked { consent, act: read_act(reader)? }
        }
        other => return Err(at.unknown("stage of a delegation", other)),
    })
}

/// Writes at most [`LIST_LIMIT`] items: whoever makes a grant refuses longer lists.
fn put_list<T>(items: &[T], out: &mut Vec<u8>, put: impl Fn(&T, &mut Vec<u8>)) {
    let items = items.get(..LIST_LIMIT).unwrap_or(items);
    out.extend_from_slice(&u16::try_from(items.len()).unwrap_or(u16::MAX).to_le_bytes());
    for item in items {
        put(item, out);
    }
}

fn read_list<'a, T>(
    what: &'static str,
    reader: &mut Reader<'a>,
    mut read: impl FnMut(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let at = reader.clone();
    let count = usize::from(reader.u16()?);
    if count > LIST_LIMIT {
        return Err(at.fail(Fault::Count(what, count as u64)));
    }
    let mut items = Vec::with_capacity(count);
    for _ in 0..count {
        items.push(read(reader)?);
    }
    Ok(items)
}
