//! Who can reach whom through what: every pair of tenants, every role, route and method, over the
//! compiled policy.
//!
//! Home access is told once for each class of tenants (see `meaning` for why that is exact), as
//! permissions of roles and doors of permissions; access to another's data once for each
//! delegation. What a role may do bounds what several together may do, so single roles are
//! exhaustive. Scopes of a token only take away, except where an issuer's authority is `scopes`.
//! What the control service delegates later, or a proxy's route relaxes, is not in a policy.

mod home;
mod news;
mod report;
pub mod svg;
mod time;

use std::collections::BTreeMap;

use tenantguard::artifact::Policy;
use tenantguard::permissions::{PermissionId, PermissionSet};
use tenantguard::request::Mode;
use tenantguard::time::UnixTime;

pub use self::news::{News, Piece};
pub use self::report::{
    Class, Consent, Door, Exception, Idle, Issuer, Names, Opened, Principals, Reach, Unenforced,
    VERSION,
};
pub use self::time::{Time, TimeError};
use crate::meaning::{By, Delegation, Meaning, Need, Route};

/// The doors of a policy.
struct Doors {
    /// Those that ask a permission and are enforced.
    by_permission: BTreeMap<PermissionId, Vec<Door>>,
    public: Vec<Door>,
    unenforced: Vec<Unenforced>,
}

impl Reach {
    /// Finds out. With a moment, only what holds then; without, whatever holds at some time.
    #[must_use]
    pub fn of(policy: &Policy, at: Option<UnixTime>) -> Self {
        let meaning = Meaning::of(policy);
        let doors = Doors::of(&meaning);
        let mut exceptions = Vec::new();
        let mut idle = Vec::new();
        for delegation in &meaning.delegations {
            match exception(&meaning, &doors, delegation, at) {
                Ok(exception) => exceptions.push(exception),
                Err(why) => idle.push(idle_one(&meaning, delegation, why)),
            }
        }
        exceptions.sort_by(|a, b| key(a).cmp(&key(b)));
        Self {
            version: VERSION,
            policy: policy.digest().to_string(),
            at: at.map(|at| Time::from_secs(at.as_secs())),
            claim: claim(&exceptions, &doors.unenforced),
            exceptions,
            unenforced: doors.unenforced,
            idle,
            public: doors.public,
            issuers: home::issuers(&meaning),
            classes: home::classes(&meaning),
            doors: home::doors(&meaning, doors.by_permission),
        }
    }
}

fn key(exception: &Exception) -> (&str, &str, &str) {
    (&exception.acting, &exception.resource, &exception.delegation)
}

fn claim(exceptions: &[Exception], unenforced: &[Unenforced]) -> String {
    let claim = "No request by one tenant touches another tenant's data";
    let plural = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    let delegations = plural(exceptions.len(), "delegation");
    let open = plural(unenforced.len(), "door");
    match (exceptions.is_empty(), unenforced.is_empty()) {
        (true, true) => format!("{claim}."),
        (false, true) => format!("{claim}, except by {delegations}."),
        (true, false) => format!("{claim}, except through {open} where the gate is not enforced."),
        (false, false) => format!(
            "{claim}, except by {delegations}, and through {open} where the gate is not enforced."
        ),
    }
}

impl Doors {
    fn of(meaning: &Meaning<'_>) -> Self {
        let mut doors =
            Self { by_permission: BTreeMap::new(), public: Vec::new(), unenforced: Vec::new() };
        for route in &meaning.routes {
            doors.add(route);
        }
        doors.by_permission.values_mut().for_each(|doors| doors.sort_unstable());
        doors.public.sort_unstable();
        doors.unenforced.sort_unstable();
        doors
    }

    fn add(&mut self, route: &Route) {
        for (method, need) in &route.methods {
            let door = Door {
                method: method.to_string(),
                route: route.template.to_string(),
                hosts: route.hosts.iter().map(ToString::to_string).collect(),
                resource_tenant: route.resource_text(),
            };
            match (need, route.mode) {
                (Need::Nothing, _) => self.public.push(door),
                (_, mode @ (Mode::Shadow | Mode::Off)) => {
                    self.unenforced.push(Unenforced { mode: mode.as_str().to_owned(), door });
                }
                (Need::Permission(id), Mode::Enforce) => {
                    self.by_permission.entry(*id).or_default().push(door);
                }
            }
        }
    }

    /// The doors to another's data that these permissions open.
    fn to_others(&self, set: &PermissionSet) -> impl Iterator<Item = (PermissionId, &Door)> {
        let opened = set.iter().filter_map(|id| Some((id, self.by_permission.get(&id)?)));
        opened
            .flat_map(|(id, doors)| doors.iter().map(move |door| (id, door)))
            .filter(|(_, door)| door.resource_tenant.is_some())
    }
}

/// What a delegation opens, or why it opens nothing.
fn exception(
    meaning: &Meaning<'_>,
    doors: &Doors,
    delegation: &Delegation,
    at: Option<UnixTime>,
) -> Result<Exception, &'static str> {
    is_in_time(delegation, at)?;
    let issuers: Vec<String> =
        meaning.speakers_under(delegation).map(|speaker| speaker.url.clone()).collect();
    if issuers.is_empty() {
        return Err("no issuer may speak for the principals that it names");
    }
    let mut granted = meaning.granted_by(delegation);
    if granted.is_empty() {
        return Err("no role of the delegate has a permission that it names");
    }
    granted.retain(|(_, set)| doors.to_others(set).next().is_some());
    let opened = opened(meaning, doors, &granted);
    if opened.is_empty() {
        return Err("no enforced route that names a tenant asks for its permissions");
    }
    let roles = granted.iter().map(|(by, set)| (by.text(), meaning.names(set)));
    Ok(Exception {
        acting: meaning.tenant(delegation.to).to_owned(),
        resource: meaning.tenant(delegation.from).to_owned(),
        delegation: delegation.id.to_string(),
        principals: principals(delegation),
        audiences: delegation.audiences.iter().map(ToString::to_string).collect(),
        issuers,
        roles: roles.collect(),
        doors: opened,
        not_before: Time::from_secs(delegation.not_before),
        expires: Time::from_secs(delegation.expires),
        consent: Consent {
            by: delegation.consent.by.to_string(),
            at: Time::from_secs(delegation.consent.at),
            reference: delegation.consent.reference.to_string(),
        },
    })
}

fn is_in_time(delegation: &Delegation, at: Option<UnixTime>) -> Result<(), &'static str> {
    match at.map(UnixTime::as_secs) {
        Some(at) if at >= delegation.expires => Err("it has expired"),
        Some(at) if at < delegation.not_before => Err("it has not begun"),
        _ => Ok(()),
    }
}

/// The doors to another's data that some role opens.
fn opened(meaning: &Meaning<'_>, doors: &Doors, granted: &[(By, PermissionSet)]) -> Vec<Opened> {
    let mut all = PermissionSet::new();
    granted.iter().for_each(|(_, set)| all.union_with(set));
    let opened = doors.to_others(&all).filter_map(|(id, door)| {
        Some(Opened { permission: meaning.permission(id)?.to_string(), door: door.clone() })
    });
    let mut opened: Vec<Opened> = opened.collect();
    opened.sort_unstable();
    opened
}

fn principals(delegation: &Delegation) -> Principals {
    match &delegation.principals {
        None => Principals::Any,
        Some(names) => {
            let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
            names.sort_unstable();
            Principals::Only(names)
        }
    }
}

fn idle_one(meaning: &Meaning<'_>, delegation: &Delegation, why: &str) -> Idle {
    Idle {
        delegation: delegation.id.to_string(),
        acting: meaning.tenant(delegation.to).to_owned(),
        resource: meaning.tenant(delegation.from).to_owned(),
        why: why.to_owned(),
    }
}
