//! The section of delegations, by delegator and delegate.

use std::collections::BTreeMap;

use tenantguard::artifact::layout::{self, Name};
use tenantguard::delegation::Bill;

use super::tables::{Tables, append};
use super::{CompileError, Input};
use crate::ordered;
use crate::source::{Delegation, Listed};

/// Writes all delegations.
pub(super) fn write(input: &Input<'_>, tables: &mut Tables) -> Result<(), CompileError> {
    let mut ids: Vec<&str> = input.source.tenants.iter().map(|tenant| tenant.id.as_str()).collect();
    ids.sort_unstable();
    let positions: BTreeMap<&str, u32> = ordered::map(ids.into_iter().zip(0..));
    let mut sorted = BTreeMap::new();
    for delegation in &input.source.delegations {
        let ends = delegation.from.as_ref().zip(delegation.to.as_ref());
        let position = |id: &str| positions.get(id).copied();
        let ends = ends.and_then(|(from, to)| {
            Some((position(from.value.as_str())?, position(to.value.as_str())?))
        });
        if let Some((from, to)) = ends {
            sorted.insert((from, to, &delegation.name), delegation);
        }
    }
    for ((from, to, _), delegation) in sorted {
        let row = row(input, delegation, (from, to), tables)?;
        tables.delegations.push(row);
    }
    Ok(())
}

fn row(
    input: &Input<'_>,
    delegation: &Delegation,
    (from, to): (u32, u32),
    tables: &mut Tables,
) -> Result<layout::Delegation, CompileError> {
    let consent = delegation.consent.as_ref();
    let text = |of: Option<&str>, tables: &mut Tables| tables.texts.add(of.unwrap_or_default());
    let mut principals = Vec::new();
    if let Listed::These(named) = &delegation.principals {
        for principal in named {
            let text = tables.texts.add(principal.value.as_str())?;
            principals.push(Name { text });
        }
    }
    let audiences = delegation.audiences.iter().map(|audience| {
        let text = tables.texts.add(&audience.value)?;
        Ok(Name { text })
    });
    let audiences = audiences.collect::<Result<Vec<_>, CompileError>>()?;
    let bill = delegation.bill.unwrap_or(input.source.cross_tenant.bill);
    let secs = |time: &Option<crate::place::Located<tenantguard::time::UnixTime>>, or: u64| {
        time.as_ref().map_or(or, |time| time.value.as_secs()).into()
    };
    Ok(layout::Delegation {
        id: tables.texts.add(&delegation.name)?,
        from: from.into(),
        to: to.into(),
        any_principal: u8::from(matches!(delegation.principals, Listed::Any)),
        principals: append(&mut tables.principals, principals)?,
        audiences: append(&mut tables.principals, audiences)?,
        bill: u8::from(bill == Bill::Delegator),
        permissions: tables.sets.add(&input.resolved.declared.expand(&delegation.permissions))?,
        not_before: secs(&delegation.not_before, 0),
        // Without an end that could be read it is over.
        expires: secs(&delegation.expires, 0),
        consent_by: text(consent.map(|consent| consent.by.value.as_str()), tables)?,
        consent_at: consent.map_or(0, |consent| consent.at.value.as_secs()).into(),
        consent_reference: text(consent.map(|c| c.reference.value.as_str()), tables)?,
        line: input.line(&delegation.place),
    })
}
