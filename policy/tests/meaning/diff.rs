//! What `diff` tells is what changed, no more and no less.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tenantguard::artifact::Policy;
use tenantguard_policy::diff::Diff;
use tenantguard_policy::reach::Door;
use tenantguard_policy::{Format, compile};

use super::naive::{Ask, allows};
use super::spec::{ROLES, Spec, TENANTS, files, spec};
use crate::common::GOOD;

/// Requests that together are of every kind that two of the templates can tell apart.
const PATHS: [&str; 11] = [
    "/a/b",
    "/a/other",
    "/other/b",
    "/t/x/d",
    "/t/x/other",
    "/t/b/d",
    "/t/b",
    "/t/x/y/z",
    "/h",
    "/f/b",
    "/f/x/y",
];

/// Tenant, role, method, path.
type Use = (String, String, String, String);

/// What roles of an issuer with all rights may do at home: the access part of a policy alone.
fn uses(policy: &Policy) -> BTreeSet<Use> {
    let mut uses = BTreeSet::new();
    for tenant in TENANTS {
        for role in ROLES {
            for (method, path) in ["GET", "PUT"].iter().flat_map(|m| PATHS.map(|p| (*m, p))) {
                let (roles, at) = (&[role][..], 60);
                // A path that names a tenant names its own.
                let path = path.replace("/t/x/", &format!("/t/{tenant}/"));
                let path = path.as_str();
                let ask = Ask {
                    tenant,
                    principal: "platform/p",
                    roles,
                    resource: tenant,
                    method,
                    path,
                    at,
                };
                if allows(policy, &ask, false) {
                    uses.insert([tenant, role, method, path].map(str::to_owned).into());
                }
            }
        }
    }
    uses
}

fn covers(door: &Door, method: &str, path: &str) -> bool {
    let (mut template, mut path) = (door.route.split('/'), path.split('/'));
    door.method == method
        && loop {
            match (template.next(), path.next()) {
                (None, None) => break true,
                (Some(part), Some(_)) if part.ends_with("...}") => break true,
                (Some(part), Some(segment)) if part.starts_with('{') || part == segment => {}
                _ => break false,
            }
        }
}

/// The same policy with issuers that may say everything.
fn with_free_issuers(spec: &Spec) -> Policy {
    let mut spec = spec.clone();
    for issuer in &mut spec.issuers {
        (issuer.tenants, issuer.roles, issuer.authority) = (None, None, "roles");
    }
    spec.compile().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn diff_is_what_changed(old in spec(), new in spec()) {
        let (old, new) = (with_free_issuers(&old), with_free_issuers(&new));
        let diff = Diff::between(&old, &new);
        let (had, has) = (uses(&old), uses(&new));
        let open = |method: &str, path: &str| diff.open.iter().any(|c| covers(&c.door, method, path));
        for (changed, gained) in [(has.difference(&had), true), (had.difference(&has), false)] {
            for (tenant, role, method, path) in changed {
                let told = diff.access.iter().any(|change| {
                    let doors = if gained { &change.gained } else { &change.lost };
                    change.tenants.contains(tenant)
                        && change.roles.contains(role)
                        && doors.iter().any(|door| covers(door, method, path))
                });
                prop_assert!(told || open(method, path), "{tenant} {role} {method} {path} {diff:#?}");
            }
        }
        for change in &diff.access {
            for (doors, now) in [(&change.gained, true), (&change.lost, false)] {
                let (more, less) = if now { (&has, &had) } else { (&had, &has) };
                for (door, role) in doors.iter().flat_map(|d| change.roles.iter().map(move |r| (d, r))) {
                    // What names the tenant elsewhere than in the path has one path only.
                    let is_here = |(t, r, m, p): &&Use| {
                        change.tenants.contains(t) && r == role && covers(door, m, p)
                    };
                    let is_seen = PATHS.iter().any(|p| covers(door, &door.method, p)) || door.route.starts_with("/t/");
                    let found = more.difference(less).any(|u| is_here(&u));
                    prop_assert!(found || !is_seen, "{door:?} {role} {}", change.tenants.join(" "));
                }
            }
        }
    }

    #[test]
    fn the_form_is_no_change(spec in spec()) {
        let policy = |name| compile(&spec.text(name), Format::Yaml, files()).unwrap();
        let diff = Diff::between(&policy("x"), &policy("another"));
        prop_assert!(diff.is_empty(), "{diff:#?}");
    }

    #[test]
    fn there_and_back_is_the_other_way_round(old in spec(), new in spec()) {
        let (old, new) = (old.compile().unwrap(), new.compile().unwrap());
        let (there, back) = (Diff::between(&old, &new), Diff::between(&new, &old));
        prop_assert_eq!(there.is_empty(), back.is_empty());
        let count = |diff: &Diff| {
            let pairs = diff.pairs.iter().flat_map(|p| &p.delegations);
            let (gained, lost) = pairs.fold((0, 0), |(g, l), d| (g + d.gained.len(), l + d.lost.len()));
            (gained, lost, diff.issuers.len(), diff.settings.len(), diff.open.len())
        };
        let (there, (gained, lost, issuers, settings, open)) = (count(&there), count(&back));
        prop_assert_eq!(there, (lost, gained, issuers, settings, open));
    }
}

#[test]
fn what_a_route_says_of_revocation_is_part_of_its_meaning() {
    const PLAIN: &str = "methods: {GET: users:read}\n";
    let policy = |fields: &str| {
        let text = GOOD.replace(PLAIN, &format!("{PLAIN}{fields}"));
        compile(&text, Format::Yaml, &crate::common::files()).unwrap()
    };
    let without = policy("");
    for (fields, expected) in [
        ("    on_stale: deny\n", [("on_stale", "ask", "deny")]),
        ("    on_stale: {allow: 2m}\n", [("on_stale", "ask", "allow for 120 s")]),
        ("    revocation: ask\n", [("revocation", "copy", "ask")]),
        ("    streams: keep\n", [("streams", "close", "keep")]),
    ] {
        let diff = Diff::between(&without, &policy(fields));
        let changes = diff.routes.iter().flat_map(|route| &route.fields);
        let found: Vec<_> = changes
            .map(|change| (&*change.field, change.before.as_deref(), change.after.as_deref()))
            .collect();
        assert_eq!(found, expected.map(|(name, was, is)| (name, Some(was), Some(is))), "{fields}");
    }
    for default in ["    on_stale: ask\n", "    revocation: copy\n", "    streams: close\n"] {
        assert!(Diff::between(&without, &policy(default)).is_empty(), "{default}");
    }
}
