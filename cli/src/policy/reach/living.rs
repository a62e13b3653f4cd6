//! What the control service holds beside a policy, as one more file of it: the delegations that are
//! consented to, and the tenants that signed up.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use tenantguard_policy::Checked;
use tenantguard_service::http::{
    DelegationBody, DelegationList, IsolationName, StageName, StatusName, TenantBody, TenantList,
};

use crate::control::{Client, ControlError, segment};

/// What consent is written down as that nobody has written down.
const NO_REFERENCE: &str = "-";

/// The fragment of a policy that adds what the service holds. What the policy lists already, and
/// permissions that it does not know, are left out: they open nothing.
pub(super) fn fragment(client: &Client, checked: &Checked) -> Result<String, ControlError> {
    let source = checked.source();
    let mut known: BTreeSet<String> = source.tenants.iter().map(|it| it.id.to_string()).collect();
    let declared: BTreeSet<&str> = checked.permissions().collect();
    let is_new = |it: &TenantBody| it.status == StatusName::Active && !known.contains(&it.tenant);
    let newcomers: Vec<_> = tenants(client)?.into_iter().filter(is_new).collect();
    known.extend(newcomers.iter().map(|it| it.tenant.clone()));
    let delegations: Map<_, _> = delegations(client)?
        .into_iter()
        .filter(|it| it.stage == StageName::Consented)
        .filter(|it| known.contains(&it.from) && known.contains(&it.to))
        .filter_map(|it| delegation(it, &declared))
        .collect();
    let tenants: Map<_, _> = newcomers.into_iter().map(tenant).collect();
    Ok(json!({"tenants": tenants, "delegations": delegations}).to_string())
}

fn tenant(tenant: TenantBody) -> (String, Value) {
    let isolation = match tenant.isolation {
        IsolationName::Shared => "shared",
        IsolationName::Dedicated => "dedicated",
    };
    let body = match tenant.cell {
        Some(cell) => json!({"isolation": isolation, "cell": cell}),
        None => json!({"isolation": isolation}),
    };
    (tenant.tenant, body)
}

fn delegation(it: DelegationBody, declared: &BTreeSet<&str>) -> Option<(String, Value)> {
    let known = |name: &String| declared.contains(name.as_str());
    let permissions: Vec<String> = it.permissions.into_iter().filter(known).collect();
    let consent = it.consent.filter(|_| !permissions.is_empty())?;
    let mut body = json!({
        "from": it.from,
        "to": it.to,
        "principals": it.principals,
        "permissions": permissions,
        "not_before": it.not_before,
        "expires": it.expires,
        "consent": {
            "by": consent.act.by,
            "at": consent.act.at,
            "reference": consent.reference.unwrap_or_else(|| NO_REFERENCE.to_owned()),
        },
    });
    if let (Some(fields), false) = (body.as_object_mut(), it.audiences.is_empty()) {
        fields.insert("audiences".to_owned(), it.audiences.into());
    }
    Some((it.id, body))
}

fn tenants(client: &Client) -> Result<Vec<TenantBody>, ControlError> {
    let (mut found, mut path) = (Vec::new(), "/v1/tenants".to_owned());
    loop {
        let TenantList { tenants, next } = client.get(&path)?;
        found.extend(tenants);
        match next {
            Some(next) => path = format!("/v1/tenants?after={}", segment(&next)),
            None => return Ok(found),
        }
    }
}

fn delegations(client: &Client) -> Result<Vec<DelegationBody>, ControlError> {
    let first = "/v1/delegations?stage=consented";
    let (mut found, mut path) = (Vec::new(), first.to_owned());
    loop {
        let DelegationList { delegations, next } = client.get(&path)?;
        found.extend(delegations);
        match next {
            Some(next) => path = format!("{first}&after={}", segment(&next)),
            None => return Ok(found),
        }
    }
}
