//! From a compiled policy to its meaning.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenantguard::artifact::host::HostFrame;
use tenantguard::artifact::route::{ResourceTenant, RouteRow};
use tenantguard::artifact::template::Template;
use tenantguard::artifact::{DelegationRow, Policy, RoleId, RoleRow};
use tenantguard::permissions::{PermissionId, PermissionSet};

use super::shape::Shape;
use super::speakers::{Extent, Speaker};
use super::{By, Class, Consent, Delegation, Meaning, Name, Need, Resource, Route, SetId, Tenant};

impl<'p> Meaning<'p> {
    /// Spells a policy out.
    pub(crate) fn of(policy: &'p Policy) -> Self {
        let permissions: Vec<Name> = policy.permissions().map(|(_, name)| name.into()).collect();
        let speakers: Vec<Speaker> = policy
            .issuers()
            .filter(|(_, issuer)| !issuer.delegation_tokens)
            .map(|(_, issuer)| Speaker::of(issuer))
            .collect();
        let mut reader = Reader::new(policy, &permissions);
        let tenants = reader.tenants(&speakers);
        Self {
            policy,
            tenants,
            classes: reader.classes,
            sets: reader.sets,
            routes: policy.routes().map(route).collect(),
            delegations: policy.delegations().map(|row| delegation(policy, row)).collect(),
            permissions,
            speakers,
        }
    }
}

/// The roles that somebody may give to a tenant, by position, and whether scopes alone may count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Assertable {
    roles: Vec<bool>,
    scope: bool,
}

/// Sets and classes, each distinct one once.
struct Reader<'p> {
    policy: &'p Policy,
    roles: Vec<Name>,
    /// What each role gives in tenants that do not change it.
    base: Vec<SetId>,
    sets: Vec<PermissionSet>,
    set_ids: BTreeMap<Vec<PermissionId>, SetId>,
    classes: Vec<Class>,
    class_ids: BTreeMap<(Assertable, Vec<(RoleId, SetId)>), usize>,
    class_of_grants: BTreeMap<Vec<(By, SetId)>, usize>,
    everything: SetId,
}

impl<'p> Reader<'p> {
    fn new(policy: &'p Policy, permissions: &[Name]) -> Self {
        let mut reader = Self {
            policy,
            roles: policy.roles().map(|(_, name)| name.into()).collect(),
            base: Vec::new(),
            sets: Vec::new(),
            set_ids: BTreeMap::new(),
            classes: Vec::new(),
            class_ids: BTreeMap::new(),
            class_of_grants: BTreeMap::new(),
            everything: SetId(0),
        };
        reader.everything = reader.set((0..).zip(permissions).map(|(id, _)| PermissionId(id)));
        let rows: Vec<_> = policy.roles().filter_map(|(id, _)| policy.base_role(id)).collect();
        reader.base = rows.iter().map(|row| reader.row(row)).collect();
        reader
    }

    fn set(&mut self, ids: impl Iterator<Item = PermissionId>) -> SetId {
        let key: Vec<PermissionId> = ids.collect();
        if let Some(id) = self.set_ids.get(&key) {
            return *id;
        }
        let id = SetId(self.sets.len());
        self.sets.push(key.iter().copied().collect());
        self.set_ids.insert(key, id);
        id
    }

    /// What a role alone gives. Several together never give more than each by itself, because a
    /// denial only takes away.
    fn row(&mut self, row: &RoleRow<'_>) -> SetId {
        let (allow, deny) = (row.allow(), row.deny());
        self.set(allow.iter().filter(move |id| !deny.contains(*id)))
    }

    fn tenants(&mut self, speakers: &[Speaker]) -> Vec<Tenant> {
        let (of_all, of_some) = speakers_by_tenant(speakers);
        let mut masks: BTreeMap<&[usize], Assertable> = BTreeMap::new();
        let mut tenants = Vec::new();
        for (row, position) in self.policy.tenants().zip(0..) {
            let of_this = of_some.get(row.id()).map(Vec::as_slice).unwrap_or_default();
            let mask = masks.entry(of_this).or_insert_with(|| {
                let who = of_all.iter().chain(of_this).filter_map(|at| speakers.get(*at));
                assertable(&self.roles, &who.collect::<Vec<_>>())
            });
            let own: Vec<_> = self.policy.own_roles(&row).collect();
            let own = own.iter().map(|(role, row)| (*role, self.row(row))).collect();
            let class = self.class(mask.clone(), own);
            if let Some(class) = self.classes.get_mut(class) {
                class.tenants.push(position);
            }
            let (id, cell) = (row.id().into(), row.cell().into());
            tenants.push(Tenant { id, cell, isolation: row.isolation(), class });
        }
        tenants
    }

    /// The class of tenants with these rows of their own, of those that somebody may assert and
    /// that differ from the base.
    fn class(&mut self, mask: Assertable, mut own: Vec<(RoleId, SetId)>) -> usize {
        own.retain(|(role, set)| {
            let at = role.0 as usize;
            mask.roles.get(at) == Some(&true) && self.base.get(at) != Some(set)
        });
        let key = (mask, own);
        if let Some(class) = self.class_ids.get(&key) {
            return *class;
        }
        let grants = self.grants(&key.0, &key.1);
        let next = self.classes.len();
        let class = *self.class_of_grants.entry(grants.clone()).or_insert(next);
        if class == next {
            self.classes.push(Class { grants, tenants: Vec::new() });
        }
        self.class_ids.insert(key, class);
        class
    }

    fn grants(&self, mask: &Assertable, own: &[(RoleId, SetId)]) -> Vec<(By, SetId)> {
        let own: BTreeMap<usize, SetId> =
            own.iter().map(|(role, set)| (role.0 as usize, *set)).collect();
        let rows = self.base.iter().zip(&self.roles).zip(&mask.roles).zip(0usize..);
        let may_be_given = rows.filter(|((_, may), _)| **may);
        let by_role = may_be_given.map(|(((base, role), _), at)| {
            (By::Role(Arc::clone(role)), own.get(&at).copied().unwrap_or(*base))
        });
        let by_scope = mask.scope.then_some((By::Scope, self.everything));
        let has_some = |(_, set): &(By, SetId)| self.sets.get(set.0).is_some_and(|s| !s.is_empty());
        by_role.chain(by_scope).filter(has_some).collect()
    }
}

/// The speakers for any tenant, and those for single ones, by position.
fn speakers_by_tenant(speakers: &[Speaker]) -> (Vec<usize>, BTreeMap<&str, Vec<usize>>) {
    let mut of_all = Vec::new();
    let mut of_some: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (speaker, at) in speakers.iter().zip(0..) {
        match &speaker.tenants {
            Extent::Any => of_all.push(at),
            Extent::Only(names) => {
                names.iter().for_each(|name| of_some.entry(name).or_default().push(at));
            }
        }
    }
    (of_all, of_some)
}

fn assertable(roles: &[Name], speakers: &[&Speaker]) -> Assertable {
    let given = |by: &By| speakers.iter().any(|speaker| speaker.gives(by));
    let may = roles.iter().map(|role| given(&By::Role(Arc::clone(role))));
    Assertable { roles: may.collect(), scope: given(&By::Scope) }
}

fn route(row: RouteRow<'_>) -> Route {
    let template = Template::parse(row.template());
    let segments = template.as_ref().map(Template::segments).unwrap_or_default();
    let shape = |host| Shape::new(host, segments);
    let hosts: Vec<HostFrame<'_>> = row.hosts().collect();
    let methods = row.methods().map(|method| {
        (method.name.into(), method.permission.map_or(Need::Nothing, Need::Permission))
    });
    Route {
        shapes: match hosts.is_empty() {
            true => vec![shape(None)],
            false => hosts.iter().copied().map(|host| shape(Some(host))).collect(),
        },
        template: row.template().into(),
        hosts: hosts.iter().map(host_text).collect(),
        methods: methods.collect(),
        resource: match row.resource() {
            ResourceTenant::Acting => None,
            ResourceTenant::PathSegment(index) => Some(Resource::PathSegment(index)),
            ResourceTenant::Header(name) => Some(Resource::Header(name.into())),
            ResourceTenant::HostLabel => Some(Resource::HostLabel),
            ResourceTenant::Token => Some(Resource::Token),
        },
        mode: row.mode(),
        usage: row.usage().as_str(),
        body_limit: row.body_limit(),
        on_stale: row.on_stale(),
        revocation: row.revocation(),
        streams: row.streams(),
    }
}

/// A host pattern; the artifact does not keep the name of its parameter.
fn host_text(frame: &HostFrame<'_>) -> Name {
    match frame {
        HostFrame::Whole(text) => (*text).into(),
        HostFrame::Around { before, after } => format!("{before}{{}}{after}").into(),
    }
}

fn delegation(policy: &Policy, row: DelegationRow<'_>) -> Delegation {
    let may_give = |id: &PermissionId| policy.may_give(Some(row.from()), *id);
    let principals = || row.principals().map(Name::from).collect();
    Delegation {
        id: row.id().into(),
        from: row.from().0 as usize,
        to: row.to().0 as usize,
        principals: (!row.is_for_any_principal()).then(principals),
        permissions: row.permissions().iter().filter(may_give).collect(),
        audiences: row.audiences().map(Name::from).collect(),
        bill: row.bill(),
        not_before: row.not_before().as_secs(),
        expires: row.expires().as_secs(),
        consent: Consent {
            by: row.consent_by().into(),
            at: row.consent_at().as_secs(),
            reference: row.consent_reference().into(),
        },
    }
}
