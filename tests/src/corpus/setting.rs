//! What the cases of a table are decided by: a policy, and the delegations that a control service
//! has brought. Times in both are relative to now, so that the tables stay true.

use serde_json::{Map, Value};
use tenantguard::artifact::Policy;
use tenantguard::control::{Act, Consent, Delegate, Delegation, DelegationStage, Label};
use tenantguard::identity::{PermissionName, PrincipalId, TenantId};
use tenantguard::time::UnixTime;
use tenantguard_policy::{Findings, Format};

use super::table::{Living, Stage, Table};
use super::{CorpusError, template};
use crate::policy;

const POLICIES: &[(&str, &str)] =
    &[("partners", include_str!("../../corpus/policies/partners.json"))];
/// How long a delegation is live before and after now, where it does not say it.
const USUAL: u64 = 3600;

/// A policy, and delegations beside it.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The policy's text.
    pub policy: String,
    /// What it is written in.
    pub format: Format,
    /// What the control service has brought.
    pub living: Vec<Delegation>,
}

impl Setting {
    /// The setting of a table at the time `now`.
    ///
    /// # Errors
    /// [`CorpusError`]: a mistake in the table.
    pub fn of(table: &Table, now: u64) -> Result<Self, CorpusError> {
        let living = table.living.iter().map(|(id, living)| living.delegation(id, now));
        let living = living.collect::<Result<_, _>>()?;
        let Some(name) = &table.policy else {
            return Ok(Self { policy: policy::YAML.to_owned(), format: Format::Yaml, living });
        };
        let mut policy = named(name)?;
        merge(&mut policy, &table.changes);
        fill_times(&mut policy, now);
        Ok(Self { policy: policy.to_string(), format: Format::Json, living })
    }

    /// The policy, compiled.
    ///
    /// # Errors
    /// [`CorpusError::Policy`]
    pub fn compile(&self) -> Result<Policy, CorpusError> {
        let compiled = tenantguard_policy::compile(&self.policy, self.format, &policy::key_files());
        compiled.map_err(|findings| wrong(&findings))
    }

    /// The policy as the filter's configuration.
    ///
    /// # Errors
    /// [`CorpusError::Policy`]
    pub fn plugin_configuration(&self) -> Result<String, CorpusError> {
        let text = policy::configuration(&self.policy, self.format, &policy::key_files());
        text.map_err(|findings| wrong(&findings))
    }
}

fn wrong(findings: &Findings) -> CorpusError {
    CorpusError::Policy(findings.to_string())
}

fn named(name: &str) -> Result<Value, CorpusError> {
    let (_, text) = POLICIES.iter().find(|(known, _)| *known == name).ok_or_else(|| {
        let known: Vec<&str> = POLICIES.iter().map(|(name, _)| *name).collect();
        CorpusError::Unknown { kind: "the policy", name: name.to_owned(), known: known.join(", ") }
    })?;
    let file = format!("policies/{name}");
    serde_json::from_str(text).map_err(|cause| CorpusError::Format { file, cause })
}

/// A JSON merge patch (RFC 7396).
fn merge(to: &mut Value, changes: &Map<String, Value>) {
    if !to.is_object() {
        *to = Value::Object(Map::new());
    }
    let Some(fields) = to.as_object_mut() else { return };
    for (name, change) in changes {
        match change {
            Value::Null => drop(fields.remove(name)),
            Value::Object(changes) => {
                merge(fields.entry(name.clone()).or_insert(Value::Null), changes);
            }
            value => drop(fields.insert(name.clone(), value.clone())),
        }
    }
}

/// Writes every `now+N` as the moment that it is.
fn fill_times(value: &mut Value, now: u64) {
    match value {
        Value::String(text) => {
            if let Some(secs) = template::instant(text, now) {
                *text = UnixTime::from_secs(secs).to_string();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill_times(item, now)),
        Value::Object(fields) => fields.values_mut().for_each(|field| fill_times(field, now)),
        _ => {}
    }
}

impl Living {
    fn delegation(&self, id: &str, now: u64) -> Result<Delegation, CorpusError> {
        let field = |field, value: &str, why: String| CorpusError::Living {
            id: id.to_owned(),
            field,
            value: value.to_owned(),
            why,
        };
        let tenant = |name, value: &str| {
            TenantId::parse(value).map_err(|error| field(name, value, error.to_string()))
        };
        let label = |name, value: &str| {
            Label::parse(value).map_err(|error| field(name, value, error.to_string()))
        };
        let time = |name, value: &Option<String>, usual| match value {
            None => Ok(usual),
            Some(text) => template::instant(text, now)
                .ok_or_else(|| field(name, text, "is not now, now+N or now-N".to_owned())),
        };
        let principal = |value: &String| {
            PrincipalId::parse(value).map_err(|e| field("principals", value, e.to_string()))
        };
        let permission = |value: &String| {
            PermissionName::parse(value).map_err(|e| field("permissions", value, e.to_string()))
        };
        let reference = self.reference.as_deref().map(|text| label("reference", text));
        let act = Act { by: label("by", "control/admin")?, at: now };
        Ok(Delegation {
            id: tenant("id", id)?,
            from: tenant("from", &self.from)?,
            to: tenant("to", &self.to)?,
            principals: match &self.principals {
                None => Delegate::Any,
                Some(these) => {
                    Delegate::Principals(these.iter().map(principal).collect::<Result<_, _>>()?)
                }
            },
            permissions: self.permissions.iter().map(permission).collect::<Result<_, _>>()?,
            audiences: self
                .audiences
                .iter()
                .map(|audience| label("audiences", audience))
                .collect::<Result<_, _>>()?,
            not_before: time("not_before", &self.not_before, now.saturating_sub(USUAL))?,
            expires: time("expires", &self.expires, now.saturating_add(USUAL))?,
            proposed: act.clone(),
            stage: self.stage.with(act, reference.transpose()?),
        })
    }
}

impl Stage {
    fn with(self, act: Act, reference: Option<Label>) -> DelegationStage {
        let consent = Consent { act: act.clone(), reference };
        match self {
            Self::Proposed => DelegationStage::Proposed,
            Self::Consented => DelegationStage::Consented(consent),
            Self::Suspended => DelegationStage::Suspended { consent, act },
            Self::Revoked => DelegationStage::Revoked { consent: Some(consent), act },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table(text: &Value) -> Table {
        serde_json::from_value(text.clone()).unwrap()
    }

    #[test]
    fn changes_are_laid_over_the_policy_and_times_are_filled_in() {
        let changes = json!({"cross_tenant": {"bill": "delegator"}, "tenants": {"hooli": null},
            "delegations": {"added": {"from": "globex", "expires": "now+5"}}});
        let table =
            table(&json!({"about": "", "policy": "partners", "changes": changes, "cases": []}));
        let setting = Setting::of(&table, 1_800_000_000).unwrap();
        let policy: Value = serde_json::from_str(&setting.policy).unwrap();
        assert_eq!(policy["cross_tenant"]["bill"], "delegator");
        assert_eq!(policy["delegations"]["added"]["expires"], "2027-01-15T08:00:05.000Z");
        assert_eq!(policy["tenants"].get("hooli"), None);
        assert_ne!(policy["tenants"].get("acme"), None);
    }

    #[test]
    fn what_is_no_time_or_no_tenant_is_an_error() {
        for (field, value) in [("expires", "tomorrow"), ("from", "no tenant")] {
            let mut living = json!({"from": "acme", "to": "globex", "permissions": ["r:read"]});
            living[field] = json!(value);
            let table = table(&json!({"about": "", "living": {"one": living}, "cases": []}));
            let error = Setting::of(&table, 0).unwrap_err().to_string();
            assert!(error.contains(field) && error.contains(value), "{error}");
        }
    }

    #[test]
    fn an_unknown_policy_is_an_error() {
        let table = table(&json!({"about": "", "policy": "nobody-s", "cases": []}));
        assert!(Setting::of(&table, 0).unwrap_err().to_string().contains("partners"));
    }
}
