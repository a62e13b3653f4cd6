//! A delegation on the wire, and from there.

use serde::{Deserialize, Serialize};
use tenantguard::control::{Act, Consent, Delegate, Delegation, DelegationStage, Label};
use tenantguard::identity::{PermissionName, PrincipalId};
use tenantguard::time::UnixTime;
use utoipa::ToSchema;

use super::problem::Problem;
use super::target::malformed;
use crate::delegation::Terms;
use crate::state::Record;

/// Which of the delegate's principals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum PrincipalsName {
    /// Each of them: `any`.
    All(AnyName),
    /// These, `namespace/subject`.
    Named(Vec<String>),
}

/// The word for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnyName {
    /// `any`
    Any,
}

/// How far a delegation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageName {
    /// It waits for the delegator's consent.
    Proposed,
    /// The delegator agreed.
    Consented,
    /// It is held up for now.
    Suspended,
    /// It was taken back, and stays so.
    Revoked,
}

impl StageName {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Consented => "consented",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
        }
    }
}

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ActBody {
    /// Who.
    pub by: String,
    /// When (RFC 3339).
    pub at: String,
}

/// The delegator's consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConsentBody {
    /// Who agreed, and when.
    #[serde(flatten)]
    pub act: ActBody,
    /// Where that is written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// Who changed it last, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastChange {
    /// Who, and when.
    #[serde(flatten)]
    pub act: ActBody,
    /// Why.
    pub reason: String,
}

/// A delegation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DelegationBody {
    /// Its id.
    pub id: String,
    /// The delegator: whose data.
    pub from: String,
    /// The delegate: who may act.
    pub to: String,
    /// Which of its principals: `any`, or a list.
    pub principals: PrincipalsName,
    /// For what.
    pub permissions: Vec<String>,
    /// Only by tokens that are for one of these; none for any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// From when on (RFC 3339).
    pub not_before: String,
    /// Until when (RFC 3339).
    pub expires: String,
    /// How far it has come.
    pub stage: StageName,
    /// What names the terms, from `from` to `expires`: a consent says it.
    pub terms: String,
    /// Who proposed these terms.
    pub proposed: ActBody,
    /// Who consented to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentBody>,
    /// Who suspended or revoked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<ActBody>,
    /// Who changed it last, and why: for the operator and auditors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_change: Option<LastChange>,
}

impl From<&Act> for ActBody {
    fn from(act: &Act) -> Self {
        Self { by: act.by.to_string(), at: time(act.at) }
    }
}

impl From<&Consent> for ConsentBody {
    fn from(consent: &Consent) -> Self {
        let reference = consent.reference.as_ref().map(Label::to_string);
        Self { act: (&consent.act).into(), reference }
    }
}

impl From<Record> for LastChange {
    fn from(record: Record) -> Self {
        let act = ActBody { by: record.by.to_string(), at: record.at.to_string() };
        Self { act, reason: record.reason.to_string() }
    }
}

impl From<&Delegate> for PrincipalsName {
    fn from(delegate: &Delegate) -> Self {
        match delegate {
            Delegate::Any => Self::All(AnyName::Any),
            Delegate::Principals(named) => {
                Self::Named(named.iter().map(ToString::to_string).collect())
            }
        }
    }
}

impl From<&Delegation> for DelegationBody {
    fn from(delegation: &Delegation) -> Self {
        let (stage, ended) = match &delegation.stage {
            DelegationStage::Proposed => (StageName::Proposed, None),
            DelegationStage::Consented(_) => (StageName::Consented, None),
            DelegationStage::Suspended { act, .. } => (StageName::Suspended, Some(act)),
            DelegationStage::Revoked { act, .. } => (StageName::Revoked, Some(act)),
        };
        Self {
            id: delegation.id.to_string(),
            from: delegation.from.to_string(),
            to: delegation.to.to_string(),
            principals: (&delegation.principals).into(),
            permissions: delegation.permissions.iter().map(ToString::to_string).collect(),
            audiences: delegation.audiences.iter().map(ToString::to_string).collect(),
            not_before: time(delegation.not_before),
            expires: time(delegation.expires),
            stage,
            terms: Terms::of(delegation).digest().to_string(),
            proposed: (&delegation.proposed).into(),
            consent: delegation.stage.consent().map(ConsentBody::from),
            ended: ended.map(ActBody::from),
            last_change: None,
        }
    }
}

fn time(seconds: u64) -> String {
    UnixTime::from_secs(seconds).to_string()
}

pub(super) fn principals(named: &PrincipalsName) -> Result<Delegate, Problem> {
    let PrincipalsName::Named(named) = named else { return Ok(Delegate::Any) };
    let parse = |text: &String| {
        PrincipalId::parse(text)
            .map_err(|error| malformed(&format!("principals: {text:?}: {error}")))
    };
    named.iter().map(parse).collect::<Result<_, _>>().map(Delegate::Principals)
}

pub(super) fn permissions(named: &[String]) -> Result<Vec<PermissionName>, Problem> {
    let parse = |text: &String| {
        PermissionName::parse(text)
            .map_err(|error| malformed(&format!("permissions: {text:?}: {error}")))
    };
    named.iter().map(parse).collect()
}

pub(super) fn audiences(named: &[String]) -> Result<Vec<Label>, Problem> {
    named.iter().map(|text| label("audiences", text)).collect()
}

pub(super) fn label(member: &str, text: &str) -> Result<Label, Problem> {
    Label::parse(text).map_err(|error| malformed(&format!("{member} {error}")))
}

pub(super) fn moment(member: &str, text: &str) -> Result<u64, Problem> {
    let moment = UnixTime::parse(text).map(UnixTime::as_secs);
    moment.ok_or_else(|| {
        malformed(&format!("{member} is no time as of RFC 3339, such as 2026-12-31T00:00:00Z"))
    })
}
