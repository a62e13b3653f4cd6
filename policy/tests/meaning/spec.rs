//! Small policies at random, as text and as what they were made of.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::sample::subsequence;
use tenantguard::artifact::Policy;
use tenantguard_policy::{Format, compile};

use crate::common;

pub(crate) const TENANTS: [&str; 3] = ["acme", "globex", "partner"];
pub(crate) const ROLES: [&str; 3] = ["viewer", "editor", "admin"];
pub(crate) const ISSUERS: [&str; 2] = ["platform", "sso"];
const PERMISSIONS: [&str; 4] = ["a:read", "a:write", "b:read", "b:write"];
const METHODS: [&str; 2] = ["GET", "PUT"];
/// Templates with what names the resource tenant, and a request that no other template covers.
pub(crate) const TEMPLATES: [(&str, &str, &str); 9] = [
    ("/a/{x}", "", "/a/other"),
    ("/a/b", "", "/a/b"),
    ("/{x}/b", "", "/other/b"),
    ("/t/{tenant}/d", "path.tenant", "/t/TENANT/d"),
    ("/t/{tenant}/{x}", "path.tenant", "/t/TENANT/other"),
    ("/t/{tenant}/{rest...}", "path.tenant", "/t/TENANT/x/y/z"),
    ("/h", "header.x-account", "/h"),
    ("/k", "token", "/k"),
    ("/f/{rest...}", "", "/f/x/y"),
];

/// A route that every policy has.
pub(crate) const EVERY: &str = "/every";

#[derive(Debug, Clone)]
pub(crate) struct Issuer {
    pub(crate) tenants: Option<Vec<&'static str>>,
    pub(crate) roles: Option<Vec<&'static str>>,
    pub(crate) authority: &'static str,
}

/// A template by position, methods with permissions, and a mode.
type Route = (usize, Vec<(&'static str, &'static str)>, &'static str);

#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) issuers: Vec<Issuer>,
    roles: Vec<Vec<&'static str>>,
    extends: bool,
    overrides: Vec<(usize, usize, Vec<&'static str>, Vec<&'static str>)>,
    routes: Vec<Route>,
    delegations: Vec<(usize, usize, bool, Vec<&'static str>, u32)>,
}

/// The key files of every policy here, made once.
pub(crate) fn files() -> &'static BTreeMap<String, String> {
    static FILES: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    FILES.get_or_init(common::files)
}

fn some(of: &'static [&'static str], least: usize) -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(of.to_vec(), least..=of.len())
}

fn issuer() -> impl Strategy<Value = Issuer> {
    let authority = prop::sample::select(vec!["roles_and_scopes", "roles", "scopes"]);
    let parts = (prop::option::of(some(&TENANTS, 1)), prop::option::of(some(&ROLES, 1)), authority);
    parts.prop_map(|(tenants, roles, authority)| Issuer { tenants, roles, authority })
}

fn route() -> impl Strategy<Value = Route> {
    let permission = || prop::sample::select(PERMISSIONS.to_vec());
    let methods = (some(&METHODS, 1), permission(), permission())
        .prop_map(|(methods, a, b)| methods.into_iter().zip([a, b]).collect());
    let mode = prop::sample::select(vec!["enforce", "enforce", "enforce", "shadow"]);
    (0..TEMPLATES.len(), methods, mode)
}

/// A policy at random.
pub(crate) fn spec() -> impl Strategy<Value = Spec> {
    let role = prop::collection::vec(some(&PERMISSIONS, 0), ROLES.len());
    let changed = (0..TENANTS.len(), 0..ROLES.len(), some(&PERMISSIONS, 0), some(&PERMISSIONS, 0));
    let delegation =
        (0..TENANTS.len(), 0..TENANTS.len(), any::<bool>(), some(&PERMISSIONS, 1), 0..3u32);
    let parts = (
        prop::collection::vec(issuer(), 2),
        role,
        any::<bool>(),
        prop::collection::vec(changed, 0..3),
        prop::collection::vec(route(), 1..6),
        prop::collection::vec(delegation, 0..4),
    );
    parts.prop_map(|(issuers, roles, extends, overrides, mut routes, mut delegations)| {
        routes.sort_by_key(|(template, ..)| *template);
        routes.dedup_by_key(|(template, ..)| *template);
        delegations.retain(|(from, to, ..)| from != to);
        Spec { issuers, roles, extends, overrides, routes, delegations }
    })
}

fn list(items: &[&str]) -> String {
    format!("[{}]", items.iter().map(|i| format!("'{i}'")).collect::<Vec<_>>().join(", "))
}

/// The beginning and the end of delegations, in seconds since 1970.
pub(crate) fn window(nth: u32) -> (u64, u64) {
    [(0, 100), (50, 150), (100, 200)][nth as usize]
}

fn rfc_3339(secs: u64) -> String {
    tenantguard::time::UnixTime::from_secs(secs).to_string().replace(".000Z", "Z")
}

impl Spec {
    /// The policy, compiled; `None` if its checks refuse it.
    pub(crate) fn compile(&self) -> Option<Policy> {
        compile(&self.text("x"), Format::Yaml, files()).ok()
    }

    /// The policy as text, its sections and parameters in another form for another `name`.
    pub(crate) fn text(&self, name: &str) -> String {
        let mut sections = vec![self.issuers(), self.roles(), self.routes(name)];
        sections.push(self.delegations());
        if name != "x" {
            sections.reverse();
        }
        format!("version: 1\naudiences: [api]\n{}", sections.concat())
    }

    fn issuers(&self) -> String {
        let mut text = "issuers:\n".to_owned();
        for (issuer, name) in self.issuers.iter().zip(ISSUERS) {
            let names = |of: &Option<Vec<&str>>| of.as_ref().map_or("any".to_owned(), |n| list(n));
            let (tenants, roles) = (names(&issuer.tenants), names(&issuer.roles));
            writeln!(text, "  {name}:\n    issuer: https://{name}.example").unwrap();
            writeln!(
                text,
                "    keys: {{jwks_file: {}.jwks.json}}",
                ["platform", "partner"][usize::from(name == "sso")]
            )
            .unwrap();
            writeln!(text, "    asserts: {{tenants: {tenants}, roles: {roles}}}").unwrap();
            writeln!(text, "    authority: {}\n    max_lifetime: 1h", issuer.authority).unwrap();
        }
        text
    }

    fn roles(&self) -> String {
        let mut text = "tenants:\n".to_owned();
        TENANTS.iter().for_each(|t| writeln!(text, "  {t}: {{isolation: shared}}").unwrap());
        text.push_str("roles:\n");
        for (permissions, name) in self.roles.iter().zip(ROLES) {
            let extends = if self.extends && name == "admin" { "extends: [editor], " } else { "" };
            writeln!(text, "  {name}: {{{extends}permissions: {}}}", list(permissions)).unwrap();
        }
        let mut seen = BTreeSet::new();
        let of_use = |(tenant, role, grant, deny): &&(usize, usize, Vec<&str>, Vec<&str>)| {
            (!grant.is_empty() || !deny.is_empty()) && seen.insert((*tenant, *role))
        };
        let overrides: Vec<_> = self.overrides.iter().filter(of_use).collect();
        if !overrides.is_empty() {
            text.push_str("overrides:\n");
        }
        for (tenant, role, grant, deny) in overrides {
            let field = |name: &str, items: &[&str]| match items {
                [] => String::new(),
                items => format!(", {name}: {}", list(items)),
            };
            let (grant, deny) = (field("grant", grant), field("deny", deny));
            let (tenant, role) = (TENANTS[*tenant], ROLES[*role]);
            writeln!(text, "  - {{tenant: {tenant}, role: {role}{grant}{deny}}}").unwrap();
        }
        text
    }

    fn routes(&self, parameter: &str) -> String {
        let mut text = "routes:\n  - {path: /pub, public: true}\n".to_owned();
        // Whatever is random, every permission is one that some route asks for.
        let methods = ["GET", "PUT", "POST", "DELETE"].into_iter().zip(PERMISSIONS);
        let methods: Vec<_> = methods.map(|(m, p)| format!("{m}: '{p}'")).collect();
        writeln!(text, "  - {{path: {EVERY}, methods: {{{}}}}}", methods.join(", ")).unwrap();
        for (template, methods, mode) in &self.routes {
            let (path, resource, _) = TEMPLATES[*template];
            let path = path.replace("{x}", &format!("{{{parameter}}}"));
            writeln!(text, "  - path: '{path}'\n    mode: {mode}").unwrap();
            if !resource.is_empty() {
                writeln!(text, "    resource_tenant: {resource}").unwrap();
            }
            let methods: Vec<_> = methods.iter().map(|(m, p)| format!("{m}: '{p}'")).collect();
            writeln!(text, "    methods: {{{}}}", methods.join(", ")).unwrap();
        }
        text
    }

    fn delegations(&self) -> String {
        if self.delegations.is_empty() {
            return String::new();
        }
        let mut text = "delegations:\n".to_owned();
        for ((from, to, any, permissions, nth), n) in self.delegations.iter().zip(0..) {
            let (from, to) = (TENANTS[*from], TENANTS[*to]);
            let who = if *any { "any" } else { "[sso/paula]" };
            let (begins, ends) = window(*nth);
            writeln!(text, "  d{n}:\n    from: {from}\n    to: {to}\n    principals: {who}")
                .unwrap();
            writeln!(text, "    permissions: {}", list(permissions)).unwrap();
            writeln!(text, "    not_before: {}\n    expires: {}", rfc_3339(begins), rfc_3339(ends))
                .unwrap();
            text.push_str("    consent: {by: a, at: 1970-01-01T00:00:00Z, reference: r}\n");
        }
        text
    }
}
