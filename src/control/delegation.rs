//! A grant from one tenant to another as the feed carries it: what a proxy needs to decide and to
//! record, by whose word it holds among it. Why somebody did what stays with the control service.

use std::fmt;

use crate::identity::{PermissionName, PrincipalId, TenantId};
use crate::time::UnixTime;

/// The most principals, permissions or audiences that one grant names.
pub const LIST_LIMIT: usize = 256;
/// How long a grant that is over is remembered, in seconds: whoever still uses it is told that it
/// has expired, not that there never was one.
const REMEMBERED: u64 = 24 * 3600;
/// The longest label, in bytes.
const LABEL_LIMIT: usize = 256;

/// Why a text is no label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// Nothing in it.
    #[error("is empty")]
    Empty,
    /// Too much in it.
    #[error("is longer than 256 bytes")]
    TooLong,
    /// It would not stay on its line of a log.
    #[error("has a control character")]
    Control,
}

/// A text for people that is kept and shown and never compared: who somebody was, where something
/// is written down. 1 to 256 bytes without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Label(Box<str>);

impl Label {
    /// Checks `text`.
    ///
    /// # Errors
    /// [`LabelError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, LabelError> {
        match text {
            _ if text.trim().is_empty() => Err(LabelError::Empty),
            _ if text.len() > LABEL_LIMIT => Err(LabelError::TooLong),
            _ if text.chars().any(char::is_control) => Err(LabelError::Control),
            _ => Ok(Self(text.into())),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who of the delegate may use a grant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Delegate {
    /// Each of its principals.
    Any,
    /// These. At most 256 of them.
    Principals(Vec<PrincipalId>),
}

/// Somebody did something to a grant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Act {
    /// Who, as the control service knows its callers.
    pub by: Label,
    /// When, in seconds since the epoch.
    pub at: u64,
}

/// That the delegator agreed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Consent {
    /// Who agreed for it, and when.
    pub act: Act,
    /// Where that is written down, such as the number of a contract.
    pub reference: Option<Label>,
}

/// How far a grant has come. Only one that is consented lets anybody at anything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DelegationStage {
    /// It waits for the delegator's consent.
    Proposed,
    /// The delegator agreed.
    Consented(Consent),
    /// It is held up for now.
    Suspended {
        /// What holds again when that is over.
        consent: Consent,
        /// By whom.
        act: Act,
    },
    /// It was taken back, and stays so.
    Revoked {
        /// What held before, if it had come so far.
        consent: Option<Consent>,
        /// By whom.
        act: Act,
    },
}

impl DelegationStage {
    /// The word that names it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Consented(_) => "consented",
            Self::Suspended { .. } => "suspended",
            Self::Revoked { .. } => "revoked",
        }
    }

    /// The delegator's consent, if it has ever been given.
    #[must_use]
    pub const fn consent(&self) -> Option<&Consent> {
        match self {
            Self::Proposed => None,
            Self::Consented(consent) | Self::Suspended { consent, .. } => Some(consent),
            Self::Revoked { consent, .. } => consent.as_ref(),
        }
    }
}

/// A grant, live or not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Delegation {
    /// Its id, spelled like a tenant's.
    pub id: TenantId,
    /// The delegator: whose data.
    pub from: TenantId,
    /// The delegate: who may act.
    pub to: TenantId,
    /// Which of its principals.
    pub principals: Delegate,
    /// For what. At most 256 of them.
    pub permissions: Vec<PermissionName>,
    /// Only by tokens that are for one of these; none means that any audience of the policy will
    /// do. At most 256 of them.
    pub audiences: Vec<Label>,
    /// From when on, in seconds since the epoch.
    pub not_before: u64,
    /// Until when, in seconds since the epoch.
    pub expires: u64,
    /// Who proposed it.
    pub proposed: Act,
    /// How far it has come.
    pub stage: DelegationStage,
}

impl Delegation {
    /// Whether it has been over for a day: then nobody is told of it any more.
    #[must_use]
    pub const fn is_forgotten(&self, now: UnixTime) -> bool {
        self.expires.saturating_add(REMEMBERED) <= now.as_secs()
    }
}
