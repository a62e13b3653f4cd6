//! Who else can get at a tenant's data, and by which delegation: those of the policy and the living
//! ones in one list.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenantguard::artifact::{DelegationRow, Policy};
use tenantguard::control::{Delegation, Label};
use tenantguard::identity::{PermissionName, TenantId};
use tenantguard::time::UnixTime;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::access::DelegationLooker;
use super::body::{Asked, Told};
use super::grant::{ActBody, AnyName, ConsentBody, PrincipalsName, moment};
use super::problem::{Problem, ProblemBody};
use super::target::{malformed, tenant};
use crate::auth::Reach;
use crate::delegation::Filter;

/// Where a delegation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantKind {
    /// In the policy.
    Static,
    /// In the control state.
    Living,
}

/// A delegation that lets somebody in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GrantBody {
    /// Where it stands.
    pub kind: GrantKind,
    /// Its id.
    pub id: String,
    /// Who may act.
    pub to: String,
    /// Which of its principals: `any`, or a list.
    pub principals: PrincipalsName,
    /// For what, as far as the delegator has it to give.
    pub permissions: Vec<String>,
    /// Only by tokens that are for one of these; none for any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// From when on (RFC 3339).
    pub not_before: String,
    /// Until when (RFC 3339).
    pub expires: String,
    /// By whose consent.
    pub consent: ConsentBody,
}

/// Who can get at a tenant's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhoCan {
    /// Whose data.
    pub tenant: String,
    /// When (RFC 3339).
    pub at: String,
    /// By which delegations, by the delegate's name and their own.
    pub grants: Vec<GrantBody>,
}

/// What is asked.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct WhoCanQuery {
    /// Whose data; the caller's tenant, unless it is said.
    pub tenant: Option<String>,
    /// With what permission; any, unless it is said.
    pub permission: Option<String>,
    /// When (RFC 3339); now, unless it is said.
    pub at: Option<String>,
}

/// Who can get at a tenant's data, and by which delegation
///
/// Those that hold at that moment, of the policy and living ones together.
#[utoipa::path(get, operation_id = "who_can",
    path = "/v1/who-can", tag = "delegations", params(WhoCanQuery),
    responses((status = 200, description = "They can.", body = WhoCan),
        (status = 403, description = "It is another tenant.", body = ProblemBody)))]
pub async fn who_can(
    DelegationLooker { reach }: DelegationLooker,
    Asked(query): Asked<WhoCanQuery>,
    State(app): State<Arc<App>>,
) -> Result<Told<WhoCan>, Problem> {
    let from = tenant(query.tenant.as_deref(), &reach)?;
    let permission = query.permission.as_deref().map(|name| {
        PermissionName::parse(name).map_err(|error| malformed(&format!("permission {error}")))
    });
    let permission = permission.transpose()?;
    let at = query.at.as_deref().map(|text| moment("at", text)).transpose()?;
    let at = at.unwrap_or_else(|| app.control.now().as_secs());
    let filter = Filter { from: Some(from.clone()), stage: Some("consented"), ..Filter::default() };
    let living = app.delegations.list(&filter, &Reach::Everywhere, None, usize::MAX);
    let gate = app.tokens.as_ref().map(|tokens| tokens.gate());
    let question = Question { from: &from, permission: permission.as_ref(), at };
    let mut grants = question.living(gate.as_ref().map(|gate| gate.policy()), &living);
    if let Some(gate) = &gate {
        grants.extend(question.of_policy(gate.policy()));
    }
    grants.sort_by(|one, other| (&one.to, &one.id).cmp(&(&other.to, &other.id)));
    let at = UnixTime::from_secs(at).to_string();
    Ok(Told(WhoCan { tenant: from.to_string(), at, grants }))
}

/// Who can get at whose data, with what, and when.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Whose data.
    pub from: &'a TenantId,
    /// With what; anything, unless it is said.
    pub permission: Option<&'a PermissionName>,
    /// In seconds since the epoch.
    pub at: u64,
}

impl Question<'_> {
    /// Those that stand in the policy.
    #[must_use]
    pub fn of_policy(&self, policy: &Policy) -> Vec<GrantBody> {
        let at = UnixTime::from_secs(self.at);
        let rows = policy.delegations().filter(|row| row.is_live_at(at));
        rows.filter_map(|row| self.row(policy, &row)).collect()
    }

    fn row(&self, policy: &Policy, row: &DelegationRow<'_>) -> Option<GrantBody> {
        let name = |index| policy.tenant(index).map(|tenant| tenant.id());
        if name(row.from())? != self.from.as_str() {
            return None;
        }
        let named = row.permissions().iter().filter_map(|id| policy.permission(id));
        let reference = row.consent_reference();
        Some(GrantBody {
            kind: GrantKind::Static,
            id: row.id().to_owned(),
            to: name(row.to())?.to_owned(),
            principals: match row.is_for_any_principal() {
                true => PrincipalsName::All(AnyName::Any),
                false => PrincipalsName::Named(row.principals().map(str::to_owned).collect()),
            },
            permissions: self.of_use(Some(policy), named)?,
            audiences: row.audiences().map(str::to_owned).collect(),
            not_before: row.not_before().to_string(),
            expires: row.expires().to_string(),
            consent: ConsentBody {
                act: ActBody { by: row.consent_by().to_owned(), at: row.consent_at().to_string() },
                reference: Some(reference.to_owned()).filter(|it| !it.is_empty()),
            },
        })
    }

    /// Those of the control state. Only what is consented to and not held up lets anybody in.
    fn living(&self, policy: Option<&Policy>, living: &[Delegation]) -> Vec<GrantBody> {
        let is_live = |it: &&Delegation| it.not_before <= self.at && self.at < it.expires;
        let grant = |it: &Delegation| {
            let named = it.permissions.iter().map(PermissionName::as_str);
            let time = |seconds| UnixTime::from_secs(seconds).to_string();
            Some(GrantBody {
                kind: GrantKind::Living,
                id: it.id.to_string(),
                to: it.to.to_string(),
                principals: (&it.principals).into(),
                permissions: self.of_use(policy, named)?,
                audiences: it.audiences.iter().map(Label::to_string).collect(),
                not_before: time(it.not_before),
                expires: time(it.expires),
                consent: it.stage.consent().map(ConsentBody::from)?,
            })
        };
        living.iter().filter(is_live).filter_map(grant).collect()
    }

    /// What the delegator has to give of it, if that is what was asked for.
    fn of_use<'n>(
        &self,
        policy: Option<&Policy>,
        named: impl Iterator<Item = &'n str>,
    ) -> Option<Vec<String>> {
        let may_give = |name: &&str| {
            let Some(policy) = policy else { return true };
            let delegator = policy.find_tenant(self.from.as_str()).map(|row| row.index());
            let mut known = policy.permissions();
            known.any(|(id, own)| own == *name && policy.may_give(delegator, id))
        };
        let given: Vec<String> = named.filter(may_give).map(str::to_owned).collect();
        let is_asked = self.permission.is_none_or(|it| given.iter().any(|own| own == it.as_str()));
        (is_asked && !given.is_empty()).then_some(given)
    }
}
