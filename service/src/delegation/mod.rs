//! Delegations that come and go while proxies run: proposed by either side, agreed to by the
//! delegator, held up, taken back. What is written here reaches every proxy over the feed.
//!
//! [`Terms`] are what is agreed to, `rules` who may do what to a delegation, [`Bounds`] what terms
//! may be; this is the one place where a change is made, one at a time.

mod bounds;
mod error;
mod rules;
mod terms;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tenantguard::control::{Act, Delegation, Entry, EntryKey, Label, TenantStatus};
use tenantguard::identity::TenantId;

pub use self::bounds::Bounds;
pub use self::error::{DelegationError, TermsError};
pub use self::rules::{Agreement, Amendment, By, DelegationChange, Proposal, change, propose};
pub use self::terms::{Terms, TermsDigest, TermsDigestError};
use crate::auth::{Mandate, Reach, Tokens};
use crate::state::{Change, Control, Note, Receipt, Record};

/// What an id begins with that the service has made.
const PREFIX: &str = "dlg-";

/// The delegations of a [`Control`].
#[derive(Clone)]
pub struct Delegations {
    control: Control,
    /// The policy that terms are held against, if there is one.
    tokens: Option<Arc<Tokens>>,
    max_lifetime: Duration,
    /// One change at a time: each is made from what the one before it left.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// A delegation that was made, or changed.
#[derive(Debug, Clone)]
pub struct Made {
    /// As it is now.
    pub delegation: Delegation,
    /// Where that stands in the feed.
    pub receipt: Receipt,
}

/// What is asked for in a proposal.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its id; one is made, unless it is given.
    pub id: Option<TenantId>,
    /// Its terms, from `not_before` on.
    pub terms: Terms,
    /// Whether it begins at once, rather than at the terms' `not_before`.
    pub begins_now: bool,
    /// The delegator agrees at once.
    pub consent: Option<Agreement>,
}

/// Which ones to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// From this tenant.
    pub from: Option<TenantId>,
    /// To this tenant.
    pub to: Option<TenantId>,
    /// That have come so far.
    pub stage: Option<&'static str>,
}

impl Delegations {
    /// The delegations of this state, none to last longer than `max_lifetime`.
    #[must_use]
    pub fn new(control: Control, tokens: Option<Arc<Tokens>>, max_lifetime: Duration) -> Self {
        Self { control, tokens, max_lifetime, turn: Arc::default() }
    }

    /// Proposes one.
    ///
    /// # Errors
    /// [`DelegationError`]
    pub async fn propose(
        &self,
        wanted: Wanted,
        mandate: Mandate,
        note: Note,
    ) -> Result<Made, DelegationError> {
        let Wanted { id, mut terms, begins_now, consent } = wanted;
        let id = id.map_or_else(random_id, Ok)?;
        let _turn = self.turn.lock().await;
        let old = self.control.delegation(&id);
        let by = self.by(mandate, &note)?;
        if begins_now {
            // Sent again, it is the same as it was.
            terms.not_before = old.as_ref().map_or(by.act.at, |old| old.not_before);
        }
        let new = propose(old.as_ref(), Proposal { id, terms: terms.sorted(), consent }, &by)?;
        if old.is_none() && self.stands_in_policy(&new.id) {
            return Err(DelegationError::Taken(new.id));
        }
        self.write(old.as_ref(), new, note).await
    }

    /// Changes one.
    ///
    /// # Errors
    /// [`DelegationError`]
    pub async fn change(
        &self,
        id: &TenantId,
        wanted: DelegationChange,
        mandate: Mandate,
        note: Note,
    ) -> Result<Made, DelegationError> {
        let _turn = self.turn.lock().await;
        let old = self.control.delegation(id);
        let old = old.filter(|old| mandate.reaches([&old.from, &old.to]));
        let old = old.ok_or_else(|| DelegationError::Unknown(id.clone()))?;
        let new = change(&old, wanted, &self.by(mandate, &note)?)?;
        self.write(Some(&old), new, note).await
    }

    /// One that the reach covers an end of.
    #[must_use]
    pub fn get(&self, id: &TenantId, reach: &Reach) -> Option<Delegation> {
        self.control.delegation(id).filter(|found| covers(reach, found))
    }

    /// Who changed one last, and why.
    ///
    /// # Errors
    /// [`DelegationError::Control`] if the store cannot be read.
    pub async fn record(&self, id: &TenantId) -> Result<Option<Record>, DelegationError> {
        Ok(self.control.delegation_record(id).await?)
    }

    /// At most `limit` that the filter names and that the reach covers an end of, after `after`.
    #[must_use]
    pub fn list(
        &self,
        filter: &Filter,
        reach: &Reach,
        after: Option<&TenantId>,
        limit: usize,
    ) -> Vec<Delegation> {
        let is_wanted = |entry: &Entry| match entry {
            Entry::Delegation(it) => filter.names(it) && covers(reach, it),
            _ => false,
        };
        let after = after.map(|id| EntryKey::Delegation(id.clone()));
        let found = self.control.entries(is_wanted, after.as_ref(), limit).into_iter();
        let found = found.filter_map(|entry| match entry {
            Entry::Delegation(it) => Some(*it),
            _ => None,
        });
        found.collect()
    }

    fn by(&self, mandate: Mandate, note: &Note) -> Result<By, DelegationError> {
        let by = Label::parse(note.by.as_str()).map_err(DelegationError::Name)?;
        Ok(By { mandate, act: Act { by, at: self.control.now().as_secs() } })
    }

    fn stands_in_policy(&self, id: &TenantId) -> bool {
        let gate = self.tokens.as_ref().map(|tokens| tokens.gate());
        gate.is_some_and(|gate| gate.policy().delegations().any(|row| row.id() == id.as_str()))
    }

    async fn write(
        &self,
        old: Option<&Delegation>,
        new: Delegation,
        note: Note,
    ) -> Result<Made, DelegationError> {
        let terms = Terms::of(&new);
        if old.is_none_or(|old| Terms::of(old) != terms) {
            let gate = self.tokens.as_ref().map(|tokens| tokens.gate());
            let bounds = Bounds {
                policy: gate.as_ref().map(|gate| gate.policy()),
                has_tenant: &|id| {
                    let found = self.control.tenant(id);
                    found.is_some_and(|entry| entry.status != TenantStatus::Deleted)
                },
                max_lifetime: self.max_lifetime,
                now: self.control.now().as_secs(),
            };
            bounds.check(&terms)?;
        }
        let changes = vec![Change::Delegation(Box::new(new.clone()))];
        let receipt = self.control.apply(changes, note).await?;
        Ok(Made { delegation: new, receipt })
    }
}

impl Filter {
    fn names(&self, delegation: &Delegation) -> bool {
        let Self { from, to, stage } = self;
        from.as_ref().is_none_or(|from| *from == delegation.from)
            && to.as_ref().is_none_or(|to| *to == delegation.to)
            && stage.is_none_or(|stage| stage == delegation.stage.name())
    }
}

fn covers(reach: &Reach, delegation: &Delegation) -> bool {
    [&delegation.from, &delegation.to].into_iter().any(|end| reach.cover(end).is_ok())
}

fn random_id() -> Result<TenantId, DelegationError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(DelegationError::Random)?;
    let digits = base16ct::lower::encode_string(&bytes);
    // Letters, digits and a hyphen make an id.
    TenantId::parse(&format!("{PREFIX}{digits}"))
        .map_err(|_| DelegationError::Random(getrandom::Error::UNEXPECTED))
}
