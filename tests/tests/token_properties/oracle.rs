//! What the rules say of a [`Case`], in the plainest way and without the core: every rule that it
//! breaks at a time, each as the reason codes that name it. No order, no cache, no cryptography.

use serde_json::Value;

use crate::case::{Case, From, issuer_keys};
use crate::world::{AUDIENCE, PARTNER, PLATFORM};

/// A rule that is broken, as the codes that may say so.
pub(crate) type Broken = &'static [&'static str];

/// All the rules that a case breaks at `now`. They are those of the issuer that the token names,
/// whoever made it.
pub(crate) fn broken(case: &Case, now: u64) -> Vec<Broken> {
    let claimed = case.iss.as_ref().and_then(Value::as_str);
    let from = [(PLATFORM, From::Platform), (PARTNER, From::Partner)]
        .into_iter()
        .find_map(|(url, from)| (claimed == Some(url)).then_some(from));
    let Some(from) = from else {
        return [header(case, case.from), vec![&["issuer.unknown"]]].concat();
    };
    [header(case, from), identity(case, from), times(case, from, now), access(case)].concat()
}

fn header(case: &Case, from: From) -> Vec<Broken> {
    let header = case.header();
    let text = |name: &str| header.get(name).map(|value| value.as_str());
    let mut broken: Vec<Broken> = vec![];
    match case.extra_header.as_ref().map(|(name, _)| *name) {
        Some("crit") => broken.push(&["token.critical"]),
        Some("b64") => broken.push(&["token.unencoded"]),
        Some("zip") => broken.push(&["token.compressed"]),
        Some("jku" | "jwk" | "x5u" | "x5c") => broken.push(&["token.embedded_key"]),
        _ => {}
    }
    let kid = match text("kid") {
        Some(None) => {
            broken.push(&["token.malformed"]);
            return broken;
        }
        Some(Some(kid)) if kid.len() > 256 => {
            broken.push(&["token.malformed"]);
            return broken;
        }
        kid => kid.flatten(),
    };
    match text("typ") {
        Some(None) => broken.push(&["token.malformed"]),
        typ if !is_our_type(from, typ.flatten()) => broken.push(&["token.type"]),
        _ => {}
    }
    // The signature is good if the key that signed is the issuer's key that the header means.
    let alg = text("alg").flatten().unwrap_or_default();
    let means = |key: &&tenantguard_mint::DevKey| match kid {
        Some(kid) => key.kid() == kid && key.algorithm().as_str() == alg,
        None => key.algorithm().as_str() == alg,
    };
    let meant: Vec<_> = issuer_keys(from).iter().filter(means).collect();
    let is_signed =
        matches!(meant.as_slice(), [key] if key.public_jwk() == case.key().public_jwk());
    if !is_signed {
        broken.push(&["token.algorithm", "token.key", "token.signature"]);
    }
    broken
}

/// Upper and lower case are the same in a media type, and `application/` goes without saying.
fn is_our_type(from: From, typ: Option<&str>) -> bool {
    let typ = typ.map(str::to_lowercase);
    let typ = typ.as_deref().map(|typ| typ.strip_prefix("application/").unwrap_or(typ));
    match from {
        From::Platform => [None, Some("jwt"), Some("at+jwt")].contains(&typ),
        From::Partner => typ == Some("at+jwt"),
    }
}

fn identity(case: &Case, from: From) -> Vec<Broken> {
    let mut broken: Vec<Broken> = vec![];
    match list(case.aud.as_ref()) {
        None => broken.push(&["token.claims"]),
        Some(audiences) if !audiences.iter().any(|audience| audience == AUDIENCE) => {
            broken.push(&["token.audience"]);
        }
        Some(_) => {}
    }
    match &case.sub {
        Some(Value::String(sub))
            if (1..=256).contains(&sub.len()) && !sub.contains(char::is_control) => {}
        _ => broken.push(&["token.claims"]),
    }
    match &case.tenant {
        Some(Value::String(tenant)) => {
            if from == From::Partner && tenant != "partnerco" {
                broken.push(&["issuer.tenant", "tenant.claim"]);
            } else if !["acme", "globex", "partnerco"].contains(&tenant.as_str()) {
                broken.push(&["tenant.unknown", "tenant.claim"]);
            }
        }
        _ => broken.push(&["tenant.claim", "token.claims"]),
    }
    match list(case.roles.as_ref()) {
        None => broken.push(&["token.claims"]),
        Some(roles) => {
            let is_theirs = |role: &String| ["viewer", "analyst"].contains(&role.as_str());
            if from == From::Partner && !roles.iter().all(is_theirs) {
                broken.push(&["issuer.role"]);
            }
        }
    }
    if !matches!(case.scope, None | Some(Value::String(_))) {
        broken.push(&["token.claims"]);
    }
    broken
}

/// A string is a list of one; absent is empty; anything else is no list.
fn list(value: Option<&Value>) -> Option<Vec<String>> {
    match value {
        None => Some(vec![]),
        Some(Value::String(one)) => Some(vec![one.clone()]),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map(str::to_owned)).collect()
        }
        Some(_) => None,
    }
}

fn times(case: &Case, from: From, now: u64) -> Vec<Broken> {
    let (skew, longest) = match from {
        From::Platform => (30, 3_600),
        From::Partner => (0, 600),
    };
    let integer = |value: &Option<Value>| value.as_ref().map(|v| v.as_u64().map(i128::from));
    let (Some(Some(exp)), Some(Some(iat))) = (integer(&case.exp), integer(&case.iat)) else {
        return vec![&["token.claims"]];
    };
    let nbf = match integer(&case.nbf) {
        Some(None) => return vec![&["token.claims"]],
        nbf => nbf.flatten(),
    };
    let now = i128::from(now);
    let mut broken: Vec<Broken> = vec![];
    if now >= exp + skew {
        broken.push(&["token.expired"]);
    }
    if iat > now + skew || nbf.is_some_and(|nbf| nbf > now + skew) {
        broken.push(&["token.not_yet_valid"]);
    }
    if exp - iat > longest || exp < iat {
        broken.push(&["token.lifetime"]);
    }
    broken
}

/// Whether roles and scope give what is asked, and whose data it is.
fn access(case: &Case) -> Vec<Broken> {
    let mut broken: Vec<Broken> = vec![];
    let needed = if case.method == "PUT" { "reports:write" } else { "reports:read" };
    let tenant = case.tenant.as_ref().and_then(Value::as_str).unwrap_or_default();
    let roles = list(case.roles.as_ref()).unwrap_or_default();
    let has = |role: &str| roles.iter().any(|own| own == role);
    let is_given = match needed {
        "reports:read" => has("viewer") || has("analyst") || has("editor"),
        _ => has("editor") && tenant != "globex",
    };
    if !is_given {
        broken.push(&["permission.missing"]);
    }
    let scope = case.scope.as_ref().and_then(Value::as_str).unwrap_or_default();
    if !scope.split(' ').any(|word| word == "reports" || word == needed) {
        broken.push(&["scope.missing"]);
    }
    if case.resource.is_some_and(|resource| resource != tenant) {
        broken.push(&["delegation.none"]);
    }
    broken
}
