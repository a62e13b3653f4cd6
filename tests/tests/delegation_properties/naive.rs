//! What is right, in the plainest way: reads the policy's source and the claims as JSON, looks at every
//! delegation there is, and shares no code with the core. Slow, and meant to be read.

use serde_json::Value;

use crate::world::{Ask, ISSUERS, Permitted, Place, World, issuer_url};

const SKEW: u64 = 30;
const DECLARED: [&str; 3] = ["r:read", "r:write", "s:read"];

/// Who a good token speaks for.
struct Bearer<'a> {
    /// The issuer that signed, and the one by whose word the principal is who it is.
    issuers: [&'a Value; 2],
    principal: String,
    acting: &'a str,
    roles: Vec<String>,
    lives: u64,
    audiences: Vec<String>,
}

/// Whether a request may pass, and under which delegation.
pub(crate) fn says(world: &World, ask: &Ask, at: u64) -> Option<Permitted> {
    let bearer = bearer(world, ask, at)?;
    let needed = world.policy["routes"][0]["methods"][ask.method].as_str()?;
    if !may_at_home(&world.policy, &bearer, ask, needed) {
        return None;
    }
    let resource = match ask.place {
        Place::Nowhere => bearer.acting,
        Place::Path(tenant) | Place::Header(tenant) => tenant,
        Place::Token => ask.claims["delegated_tenant_id"].as_str().unwrap_or(bearer.acting),
    };
    let delegation = match resource == bearer.acting {
        true if is_delegation_issuer(bearer.issuers[0]) => return None,
        true => None,
        false => Some(covering(world, &bearer, ask, resource, needed, at)?),
    };
    Some(Permitted { acting: bearer.acting.to_owned(), resource: resource.to_owned(), delegation })
}

fn bearer<'a>(world: &'a World, ask: &'a Ask, at: u64) -> Option<Bearer<'a>> {
    let policy = &world.policy;
    let signer = issuer_of(&ask.claims["iss"])?;
    let issuer = &policy["issuers"][signer];
    let (issued, expires) = (ask.claims["iat"].as_u64()?, ask.claims["exp"].as_u64()?);
    let lives = expires.checked_sub(issued)?;
    let is_in_time = issued <= at + SKEW && at < expires + SKEW;
    let audiences = list(&ask.claims["aud"]);
    let is_for_us = audiences.iter().any(|aud| has(&policy["audiences"], aud));
    if !is_in_time || lives > seconds(&issuer["max_lifetime"]) || !is_for_us {
        return None;
    }
    let voucher =
        if is_delegation_issuer(issuer) { issuer_of(&ask.claims["act"]["iss"])? } else { signer };
    let vouching = &policy["issuers"][voucher];
    if is_delegation_issuer(issuer) && is_delegation_issuer(vouching) {
        return None;
    }
    let acting = ask.claims["tenant_id"].as_str()?;
    let issuers = [issuer, vouching];
    let may_be_said = issuers.iter().all(|it| allows(&it["asserts"]["tenants"], acting));
    if !may_be_said || !exists(world, acting) {
        return None;
    }
    let roles = roles(policy, issuers, &list(&ask.claims["tenant_role"]))?;
    let principal = format!("{voucher}/{}", ask.claims["sub"].as_str()?);
    Some(Bearer { issuers, principal, acting, roles, lives, audiences })
}

/// The id of the one delegation that covers the request, if there is exactly one and the delegator may
/// give it.
fn covering(
    world: &World,
    bearer: &Bearer<'_>,
    ask: &Ask,
    resource: &str,
    needed: &str,
    at: u64,
) -> Option<String> {
    if !exists(world, resource) || !may_cross(&world.policy["cross_tenant"], bearer, ask, resource)
    {
        return None;
    }
    let named = &ask.claims["delegation_id"];
    let all = all_delegations(world);
    let mut covering = all
        .iter()
        .filter(|one| one["from"] == resource && one["to"] == bearer.acting)
        .filter(|one| named.is_null() || one["id"] == *named)
        .filter(|one| one["stage"] == "consented")
        .filter(|one| time(&one["not_before"]) <= at && at < time(&one["expires"]))
        .filter(|one| one["principals"] == "any" || has(&one["principals"], &bearer.principal))
        .filter(|one| list(&one["permissions"]).iter().any(|p| stands_for(p, needed)))
        .filter(|one| {
            let wanted = list(&one["audiences"]);
            wanted.is_empty() || bearer.audiences.iter().any(|aud| wanted.contains(aud))
        });
    let only = covering.next()?;
    if covering.next().is_some() || !ceiling(&world.policy, resource, needed) {
        return None;
    }
    only["id"].as_str().map(str::to_owned)
}

/// Whether the token itself is fit for the data of another tenant.
fn may_cross(rules: &Value, bearer: &Bearer<'_>, ask: &Ask, resource: &str) -> bool {
    let said = &ask.claims["delegated_tenant_id"];
    let is_whole = said.is_string() && ask.claims["delegation_id"].is_string();
    let is_delegation_token = is_delegation_issuer(bearer.issuers[0]);
    (said.is_null() || *said == resource)
        && (!is_delegation_token || is_whole)
        && (is_delegation_token || rules["require_token"] != true)
        && (rules["max_lifetime"].is_null() || bearer.lives <= seconds(&rules["max_lifetime"]))
}

fn is_delegation_issuer(issuer: &Value) -> bool {
    issuer["delegation_tokens"] == true
}

/// Those of the policy in the form of the living ones, with the latter.
fn all_delegations(world: &World) -> Vec<Value> {
    let fixed = world.policy["delegations"].as_object().into_iter().flatten();
    let fixed = fixed.map(|(id, one)| {
        let mut one = one.clone();
        one["id"] = id.as_str().into();
        one["stage"] = "consented".into();
        one
    });
    fixed.chain(world.living.iter().cloned()).collect()
}

fn issuer_of(url: &Value) -> Option<&'static str> {
    ISSUERS.into_iter().find(|name| *url == issuer_url(name).as_str())
}

fn exists(world: &World, tenant: &str) -> bool {
    world.policy["tenants"].get(tenant).is_some() || world.directory.contains(&tenant)
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(list).collect(),
        _ => vec![],
    }
}

fn has(items: &Value, wanted: &str) -> bool {
    list(items).iter().any(|item| item == wanted)
}

fn allows(listed: &Value, wanted: &str) -> bool {
    *listed == "any" || has(listed, wanted)
}

/// `90s`.
fn seconds(value: &Value) -> u64 {
    value.as_str().and_then(|text| text.strip_suffix('s')?.parse().ok()).unwrap_or(u64::MAX)
}

/// Seconds since 1970, or a moment of 2027-01-15, on which [`crate::world::NOW`] is 08:00:00.
fn time(value: &Value) -> u64 {
    if let Some(secs) = value.as_u64() {
        return secs;
    }
    let clock = value.as_str().and_then(|text| text.strip_prefix("2027-01-15T")).expect("this day");
    let number = |from: usize| clock[from..from + 2].parse::<u64>().expect("two digits");
    1_800_000_000 - 8 * 3600 + number(0) * 3600 + number(3) * 60 + number(6)
}

/// The roles that count; nothing if one of them refuses the token.
fn roles(
    policy: &Value,
    [issuer, vouching]: [&Value; 2],
    claimed: &[String],
) -> Option<Vec<String>> {
    let may_give = |issuer: &Value, role| allows(&issuer["asserts"]["roles"], role);
    let mut roles = vec![];
    for role in claimed {
        if is_delegation_issuer(issuer) && !may_give(issuer, role) {
            return None;
        }
        match may_give(vouching, role) {
            true if policy["roles"].get(role).is_some() => roles.push(role.clone()),
            true => {}
            false if vouching["unlisted_roles"] == "ignore" => {}
            false => return None,
        }
    }
    Some(roles)
}

fn may_at_home(policy: &Value, bearer: &Bearer<'_>, ask: &Ask, needed: &str) -> bool {
    let (tenant, roles) = (bearer.acting, &bearer.roles);
    let by_roles = roles.iter().any(|role| allow(policy, tenant, role, needed))
        && !roles.iter().any(|role| deny(policy, tenant, role, needed));
    let scopes = ask.claims["scope"].as_str().unwrap_or_default();
    let by_scopes = scopes.split(' ').any(|scope| {
        scope == needed || list(&policy["scopes"][scope]).iter().any(|p| stands_for(p, needed))
    });
    let [issuer, vouching] = bearer.issuers;
    match vouching["authority"].as_str() {
        // The scope of a delegation token counts, whoever vouches.
        Some("roles") if !is_delegation_issuer(issuer) => by_roles,
        Some("scopes") => by_scopes,
        _ => by_roles && by_scopes,
    }
}

/// The role and all that it extends, however far.
fn with_all_extended(policy: &Value, role: &str) -> Vec<String> {
    let mut all = vec![role.to_owned()];
    for extended in list(&policy["roles"][role]["extends"]) {
        all.extend(with_all_extended(policy, &extended));
    }
    all
}

/// What overrides of a role say in a tenant; `effect` is `grant` or `deny`.
fn overridden(policy: &Value, tenant: &str, role: &str, effect: &str, needed: &str) -> bool {
    policy["overrides"].as_array().into_iter().flatten().any(|one| {
        one["tenant"] == tenant
            && one["role"] == role
            && list(&one[effect]).iter().any(|p| stands_for(p, needed))
    })
}

fn allow(policy: &Value, tenant: &str, role: &str, needed: &str) -> bool {
    with_all_extended(policy, role).iter().any(|role| {
        let own = list(&policy["roles"][role]["permissions"]);
        own.iter().any(|p| stands_for(p, needed))
            || overridden(policy, tenant, role, "grant", needed)
    })
}

fn deny(policy: &Value, tenant: &str, role: &str, needed: &str) -> bool {
    let all = with_all_extended(policy, role);
    all.iter().any(|role| overridden(policy, tenant, role, "deny", needed))
}

/// Whether anybody in a tenant could do it: some role there can, or some issuer goes by scopes alone.
fn ceiling(policy: &Value, tenant: &str, needed: &str) -> bool {
    let issuers = policy["issuers"].as_object().expect("issuers");
    let by_scopes = issuers.values().any(|issuer| {
        issuer["authority"] == "scopes" && allows(&issuer["asserts"]["tenants"], tenant)
    });
    let roles = policy["roles"].as_object().expect("roles");
    let can =
        |role: &String| allow(policy, tenant, role, needed) && !deny(policy, tenant, role, needed);
    by_scopes || roles.keys().any(can)
}

/// `r:*` stands for every permission of `r` that is declared.
fn stands_for(pattern: &str, needed: &str) -> bool {
    let is_declared = DECLARED.contains(&needed);
    match pattern.strip_suffix('*') {
        Some(resource) => is_declared && needed.starts_with(resource),
        None => pattern == needed,
    }
}
