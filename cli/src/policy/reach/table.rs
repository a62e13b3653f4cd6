//! What can be reached, on the screen: the isolation claim with its exceptions first.

use std::collections::BTreeMap;
use std::fmt::{Result, Write as _};

use tenantguard_policy::reach::{Class, Door, Exception, Issuer, Names, Principals, Reach};

use super::super::lists::{self, door, hosts, short, wrapped};
use crate::output::{BAD, BOLD, DIM, GOOD, WARNING, bytes_human, styled};

/// What the claim is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    /// The policy alone.
    Policy,
    /// The policy with what the control service holds.
    Live,
}

pub(super) fn screen(name: &str, reach: &Reach, basis: Basis) -> String {
    let mut screen = String::new();
    // Writing to a string cannot fail.
    let _ = draw(&mut screen, name, reach, basis);
    screen
}

fn draw(screen: &mut String, name: &str, reach: &Reach, basis: Basis) -> Result {
    let at = reach.at.as_ref().map_or(String::new(), |at| format!(" at {at}"));
    writeln!(screen, "{name}{at}  {}\n", styled(DIM, &reach.policy))?;
    let is_kept = reach.exceptions.is_empty() && reach.unenforced.is_empty();
    let style = if is_kept { GOOD } else { BOLD };
    let claim = reach.claim.trim_end_matches('.');
    writeln!(screen, "{}", styled(style, format!("{claim}{}", if is_kept { "." } else { ":" })))?;
    for (exception, nth) in reach.exceptions.iter().zip(1..) {
        draw_exception(screen, exception, nth)?;
    }
    let by_what = match basis {
        Basis::Policy => {
            "By this policy: what the control service or a proxy's route adds is not in it."
        }
        Basis::Live => {
            "By this policy with what the control service holds now: what a proxy's route adds is not in it."
        }
    };
    writeln!(screen, "\n{}", styled(DIM, by_what))?;
    unenforced(screen, reach)?;
    idle(screen, reach)?;
    if !reach.public.is_empty() {
        lists::section(screen, "Without identity, and nobody's data")?;
        doors(screen, "  ", &reach.public)?;
    }
    issuers(screen, &reach.issuers)?;
    classes(screen, &reach.classes)?;
    if !reach.doors.is_empty() {
        lists::section(screen, "What permissions open")?;
        for (permission, opened) in &reach.doors {
            writeln!(screen, "  {}", styled(BOLD, permission))?;
            doors(screen, "    ", opened)?;
        }
    }
    Ok(())
}

fn draw_exception(screen: &mut String, exception: &Exception, nth: usize) -> Result {
    let Exception { acting, resource, delegation, .. } = exception;
    let arrow = format!("{acting} -> {resource}");
    writeln!(screen, "\n  {nth}. {}  {delegation}", styled(WARNING, arrow))?;
    let principals = match &exception.principals {
        Principals::Any => format!("any of {acting}"),
        Principals::Only(names) => bytes_human(names.join(", ").as_bytes()),
    };
    let field = |screen: &mut String, name: &str, value: &str| {
        let value = wrapped(value, 18);
        writeln!(screen, "     {} {value}", styled(DIM, format!("{name:<12}")))
    };
    field(screen, "principals", &principals)?;
    if !exception.audiences.is_empty() {
        field(screen, "audiences", &bytes_human(exception.audiences.join(", ").as_bytes()))?;
    }
    field(screen, "issuers", &bytes_human(exception.issuers.join(", ").as_bytes()))?;
    let roles = exception.roles.iter();
    let roles: Vec<String> =
        roles.map(|(role, permissions)| format!("{role} ({})", permissions.join(", "))).collect();
    field(screen, "with role", &roles.join(", "))?;
    for (opened, nth) in exception.doors.iter().zip(0..) {
        let name = if nth == 0 { "through" } else { "" };
        let line = format!("{}  {}", door(&opened.door), styled(DIM, &opened.permission));
        writeln!(screen, "     {} {line}", styled(DIM, format!("{name:<12}")))?;
    }
    field(screen, "from, until", &format!("{}, {}", exception.not_before, exception.expires))?;
    let consent = &exception.consent;
    let consent = format!("{}, by {} at {}", consent.reference, consent.by, consent.at);
    field(screen, "consent", &bytes_human(consent.as_bytes()))
}

fn unenforced(screen: &mut String, reach: &Reach) -> Result {
    if reach.unenforced.is_empty() {
        return Ok(());
    }
    lists::section(screen, "Not enforced: whoever comes, whatever they ask, goes through")?;
    for open in &reach.unenforced {
        let mode = styled(BAD, format!("{:<6}", open.mode));
        writeln!(screen, "  {mode} {}", door(&open.door))?;
    }
    Ok(())
}

fn idle(screen: &mut String, reach: &Reach) -> Result {
    if reach.idle.is_empty() {
        return Ok(());
    }
    lists::section(screen, "Delegations that open nothing")?;
    for idle in &reach.idle {
        let arrow = format!("{} -> {}", idle.acting, idle.resource);
        writeln!(screen, "  {arrow}  {}  {}", idle.delegation, styled(DIM, &idle.why))?;
    }
    Ok(())
}

/// Methods of one route share a line.
fn doors(screen: &mut String, indent: &str, doors: &[Door]) -> Result {
    let mut by_route: BTreeMap<(&str, &[String]), Vec<&str>> = BTreeMap::new();
    let mut named: BTreeMap<(&str, &[String]), Option<&str>> = BTreeMap::new();
    for door in doors {
        let route = (door.route.as_str(), door.hosts.as_slice());
        by_route.entry(route).or_default().push(&door.method);
        named.insert(route, door.resource_tenant.as_deref());
    }
    let width = by_route.values().map(|methods| methods.join(" ").len()).max().unwrap_or(0);
    for (route, methods) in by_route {
        let methods = format!("{:<width$}", methods.join(" "));
        let whose = named.get(&route).copied().flatten();
        let whose = whose.map_or(String::new(), |w| styled(DIM, format!("  data of {w}")));
        writeln!(screen, "{indent}{methods}  {}{}{whose}", hosts(route.1), route.0)?;
    }
    Ok(())
}

fn issuers(screen: &mut String, issuers: &[Issuer]) -> Result {
    lists::section(screen, "Who may speak for whom")?;
    let width = issuers.iter().map(|issuer| issuer.issuer.len()).max().unwrap_or(0);
    for issuer in issuers {
        let names = |names: &Names, what: &str| match names {
            Names::Any => format!("any {what}"),
            Names::Only(names) if names.is_empty() => format!("no {what}"),
            Names::Only(names) => format!("{what} {}", short(names)),
        };
        let url = bytes_human(issuer.issuer.as_bytes());
        let (tenants, roles) = (names(&issuer.tenants, "tenant"), names(&issuer.roles, "role"));
        let authority = styled(DIM, format!("by {}", issuer.authority.replace('_', " ")));
        writeln!(screen, "  {url:<width$}  {tenants}, {roles}  {authority}")?;
    }
    Ok(())
}

/// The first class in full, the others by what differs from it.
fn classes(screen: &mut String, classes: &[Class]) -> Result {
    lists::section(screen, "Each tenant in its own data")?;
    let Some(first) = classes.first() else {
        return writeln!(screen, "  {}", styled(DIM, "there are no tenants"));
    };
    for (class, nth) in classes.iter().zip(0..) {
        writeln!(screen, "  {}", styled(BOLD, short(&class.tenants)))?;
        if class.roles.is_empty() {
            writeln!(
                screen,
                "    {}",
                styled(DIM, "nothing: no role that they can have gives any")
            )?;
        }
        let known = |role: &String| nth > 0 && first.roles.get(role) == class.roles.get(role);
        let width = class.roles.keys().map(String::len).max().unwrap_or(0);
        for (role, permissions) in class.roles.iter().filter(|(role, _)| !known(role)) {
            let permissions = wrapped(&permissions.join(", "), width + 6);
            writeln!(screen, "    {role:<width$}  {permissions}")?;
        }
        let rest = class.roles.keys().filter(|role| known(role)).count();
        let gone = first.roles.keys().filter(|role| !class.roles.contains_key(*role));
        for role in gone {
            writeln!(screen, "    {role:<width$}  {}", styled(DIM, "nothing"))?;
        }
        if rest > 0 {
            let same = format!("{rest} more roles as {}", short(&first.tenants));
            writeln!(screen, "    {}", styled(DIM, same))?;
        }
    }
    Ok(())
}
