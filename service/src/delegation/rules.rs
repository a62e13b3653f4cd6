//! Who may do what to a delegation, and what becomes of it: pure functions from what it was to what
//! it is. What terms may be is another question ([`Bounds`](super::Bounds)).
//!
//! Nobody but the delegator agrees to anything, whoever proposed it; what was revoked stays so; and
//! each change is idempotent, so that a request whose answer was lost can be sent again.

use tenantguard::control::{Act, Consent, Delegate, Delegation, DelegationStage, Label};
use tenantguard::identity::{PermissionName, TenantId};

use super::error::DelegationError;
use super::terms::{Terms, TermsDigest};
use crate::auth::Mandate;

/// Who changes something, and when.
#[derive(Debug, Clone)]
pub struct By {
    /// In whose name.
    pub mandate: Mandate,
    /// Who, and when.
    pub act: Act,
}

/// A delegation that is to be.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// Its id.
    pub id: TenantId,
    /// Its terms.
    pub terms: Terms,
    /// The delegator agrees at once.
    pub consent: Option<Agreement>,
}

/// The delegator agrees.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Agreement {
    /// Where that is written down.
    pub reference: Option<Label>,
}

/// A change to a delegation that is there.
#[derive(Debug, Clone)]
pub enum DelegationChange {
    /// The delegator agrees to these terms.
    Consent {
        /// To which.
        terms: TermsDigest,
        /// How.
        agreement: Agreement,
    },
    /// It lets nobody in for now.
    Suspend,
    /// It lets in again whom it did.
    Resume,
    /// It is taken back, for good.
    Revoke,
    /// It gets other terms.
    Amend {
        /// The terms that are amended.
        terms: TermsDigest,
        /// What is to be different.
        amendment: Amendment,
        /// How the delegator agrees, if it is the delegator who amends.
        agreement: Agreement,
    },
}

/// What is to be different about terms; what is not said stays.
#[derive(Debug, Clone, Default)]
pub struct Amendment {
    /// Which principals.
    pub principals: Option<Delegate>,
    /// For what.
    pub permissions: Option<Vec<PermissionName>>,
    /// By tokens for whom.
    pub audiences: Option<Vec<Label>>,
    /// From when on.
    pub not_before: Option<u64>,
    /// Until when.
    pub expires: Option<u64>,
}

impl Amendment {
    fn apply(self, mut terms: Terms) -> Terms {
        let Self { principals, permissions, audiences, not_before, expires } = self;
        terms.principals = principals.unwrap_or(terms.principals);
        terms.permissions = permissions.unwrap_or(terms.permissions);
        terms.audiences = audiences.unwrap_or(terms.audiences);
        terms.not_before = not_before.unwrap_or(terms.not_before);
        terms.expires = expires.unwrap_or(terms.expires);
        terms.sorted()
    }
}

/// What a proposal makes. To propose the same again changes nothing, but that the delegator may
/// agree in doing so.
///
/// # Errors
/// [`DelegationError`]
pub fn propose(
    old: Option<&Delegation>,
    proposal: Proposal,
    by: &By,
) -> Result<Delegation, DelegationError> {
    let Proposal { id, terms, consent } = proposal;
    if let Some(own) = &by.mandate.tenant
        && !by.mandate.reaches([&terms.from, &terms.to])
    {
        return Err(DelegationError::Outside { own: own.clone() });
    }
    if consent.is_some() {
        delegator_only(&terms.from, by, "consent to")?;
    }
    let proposed = match old {
        None => with_terms(id, terms, by.act.clone(), DelegationStage::Proposed),
        Some(old) if Terms::of(old) == terms && !is_revoked(old) => old.clone(),
        Some(_) => return Err(DelegationError::Taken(id)),
    };
    match consent {
        Some(agreement) => agree(&proposed, agreement, by),
        None => Ok(proposed),
    }
}

/// What a change makes of a delegation that is there, and that the caller has to do with.
///
/// # Errors
/// [`DelegationError`]
pub fn change(
    old: &Delegation,
    change: DelegationChange,
    by: &By,
) -> Result<Delegation, DelegationError> {
    let is_over = old.expires <= by.act.at;
    match change {
        DelegationChange::Revoke => return Ok(revoke(old, by)),
        DelegationChange::Suspend => {
            delegator_or_operator(old, by, "suspend")?;
            return suspend(old, by);
        }
        DelegationChange::Consent { .. } => delegator_only(&old.from, by, "consent to")?,
        DelegationChange::Resume => delegator_only(&old.from, by, "resume")?,
        DelegationChange::Amend { .. } => {}
    }
    if is_over {
        return Err(DelegationError::Expired(old.id.clone()));
    }
    match change {
        DelegationChange::Consent { terms, agreement } => {
            is_about(old, terms)?;
            agree(old, agreement, by)
        }
        DelegationChange::Amend { terms, amendment, agreement } => {
            is_about(old, terms)?;
            amend(old, amendment, agreement, by)
        }
        _ => resume(old),
    }
}

fn agree(old: &Delegation, agreement: Agreement, by: &By) -> Result<Delegation, DelegationError> {
    match &old.stage {
        DelegationStage::Proposed => {
            let consent = Consent { act: by.act.clone(), reference: agreement.reference };
            Ok(at_stage(old, DelegationStage::Consented(consent)))
        }
        DelegationStage::Consented(_) => Ok(old.clone()),
        _ => Err(stage(old, "consent to")),
    }
}

fn suspend(old: &Delegation, by: &By) -> Result<Delegation, DelegationError> {
    match &old.stage {
        DelegationStage::Consented(consent) => {
            let (consent, act) = (consent.clone(), by.act.clone());
            Ok(at_stage(old, DelegationStage::Suspended { consent, act }))
        }
        DelegationStage::Suspended { .. } => Ok(old.clone()),
        _ => Err(stage(old, "suspend")),
    }
}

fn resume(old: &Delegation) -> Result<Delegation, DelegationError> {
    match &old.stage {
        DelegationStage::Suspended { consent, .. } => {
            Ok(at_stage(old, DelegationStage::Consented(consent.clone())))
        }
        DelegationStage::Consented(_) => Ok(old.clone()),
        _ => Err(stage(old, "resume")),
    }
}

/// Everybody who has to do with it may: the delegate gives it up.
fn revoke(old: &Delegation, by: &By) -> Delegation {
    match is_revoked(old) {
        true => old.clone(),
        false => {
            let (consent, act) = (old.stage.consent().cloned(), by.act.clone());
            at_stage(old, DelegationStage::Revoked { consent, act })
        }
    }
}

/// Other terms are another proposal, which the delegator agrees to in making it. What was held up
/// stays so then.
fn amend(
    old: &Delegation,
    amendment: Amendment,
    agreement: Agreement,
    by: &By,
) -> Result<Delegation, DelegationError> {
    let terms = amendment.apply(Terms::of(old));
    if is_revoked(old) {
        return Err(stage(old, "amend"));
    }
    if terms == Terms::of(old) {
        return Ok(old.clone());
    }
    let is_agreed = by.mandate.speaks_for(&old.from);
    let consent = Consent { act: by.act.clone(), reference: agreement.reference };
    let stage = match &old.stage {
        _ if !is_agreed => DelegationStage::Proposed,
        DelegationStage::Suspended { act, .. } => {
            DelegationStage::Suspended { consent, act: act.clone() }
        }
        _ => DelegationStage::Consented(consent),
    };
    Ok(with_terms(old.id.clone(), terms, by.act.clone(), stage))
}

fn is_about(old: &Delegation, seen: TermsDigest) -> Result<(), DelegationError> {
    match Terms::of(old).digest() == seen {
        true => Ok(()),
        false => Err(DelegationError::Changed(old.id.clone())),
    }
}

fn delegator_only(from: &TenantId, by: &By, verb: &'static str) -> Result<(), DelegationError> {
    match by.mandate.speaks_for(from) {
        true => Ok(()),
        false => Err(DelegationError::DelegatorOnly { from: from.clone(), verb }),
    }
}

fn delegator_or_operator(
    old: &Delegation,
    by: &By,
    verb: &'static str,
) -> Result<(), DelegationError> {
    match by.mandate.is_operator || by.mandate.speaks_for(&old.from) {
        true => Ok(()),
        false => Err(DelegationError::NotTheDelegate { from: old.from.clone(), verb }),
    }
}

fn is_revoked(delegation: &Delegation) -> bool {
    matches!(delegation.stage, DelegationStage::Revoked { .. })
}

fn stage(old: &Delegation, verb: &'static str) -> DelegationError {
    DelegationError::Stage { id: old.id.clone(), stage: old.stage.name(), verb }
}

fn at_stage(old: &Delegation, stage: DelegationStage) -> Delegation {
    Delegation { stage, ..old.clone() }
}

fn with_terms(id: TenantId, terms: Terms, proposed: Act, stage: DelegationStage) -> Delegation {
    let Terms { from, to, principals, permissions, audiences, not_before, expires } = terms;
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
}
