//! How an issuer's claims map to ours: where tenant, principal, roles and scope stand, what they
//! mean here, what must be there, and what never leaves the gate.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::identity::{RoleName, TenantId};
use crate::token::{Json, Object};

/// The most steps that a pointer may have.
const STEP_LIMIT: usize = 8;

/// Why a text does not say where a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimPathError {
    /// Nothing at all.
    #[error("is empty")]
    Empty,
    /// A pointer of more than eight steps.
    #[error("has more than {STEP_LIMIT} steps")]
    TooDeep,
    /// `~` in a pointer that is neither `~0` nor `~1`.
    #[error("has a `~` that is neither `~0` (for `~`) nor `~1` (for `/`)")]
    Escape,
}

/// Where a claim stands: by its name, or, beginning with a slash, by a JSON Pointer (RFC 6901).
/// `scp`, `https://example.com/tenant`, `/realm_access/roles`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClaimPath {
    text: Box<str>,
    steps: Vec<Box<str>>,
}

impl ClaimPath {
    /// Reads a name or a pointer.
    ///
    /// # Errors
    /// [`ClaimPathError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, ClaimPathError> {
        let steps: Vec<Box<str>> = match text.strip_prefix('/') {
            None if text.is_empty() => return Err(ClaimPathError::Empty),
            None => vec![text.into()],
            Some(pointer) => pointer.split('/').map(unescape).collect::<Result<_, _>>()?,
        };
        if steps.len() > STEP_LIMIT {
            return Err(ClaimPathError::TooDeep);
        }
        Ok(Self { text: text.into(), steps })
    }

    /// A claim by its plain name.
    #[must_use]
    pub fn name(name: &'static str) -> Self {
        Self { text: name.into(), steps: vec![name.into()] }
    }

    /// The value there, if there is one.
    #[must_use]
    pub fn find<'j>(&self, claims: &'j Object) -> Option<&'j Json> {
        let (first, further) = self.steps.split_first()?;
        further.iter().try_fold(claims.get(first)?, |value, step| match value {
            Json::Object(object) => object.get(step),
            Json::Array(items) => items.get(step.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The text that it was read from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn unescape(step: &str) -> Result<Box<str>, ClaimPathError> {
    let mut parts = step.split('~');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (plain, rest) = match (part.strip_prefix('0'), part.strip_prefix('1')) {
            (Some(rest), _) => ('~', rest),
            (_, Some(rest)) => ('/', rest),
            (None, None) => return Err(ClaimPathError::Escape),
        };
        out.push(plain);
        out.push_str(rest);
    }
    Ok(out.into())
}

impl TryFrom<String> for ClaimPath {
    type Error = ClaimPathError;

    fn try_from(text: String) -> Result<Self, ClaimPathError> {
        Self::parse(&text)
    }
}

impl From<ClaimPath> for String {
    fn from(path: ClaimPath) -> Self {
        path.text.into()
    }
}

impl fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClaimPath({})", self.text)
    }
}

/// Where the acting tenant comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TenantSource {
    /// A claim.
    Claim(ClaimPath),
    /// Always this one: an issuer that serves a single tenant and need not know its name here.
    Constant(TenantId),
}

/// Where the principal comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PrincipalSource {
    /// A claim, as it is.
    Claim(ClaimPath),
    /// An e-mail address, normalized; verified by the issuer, and of one of these domains.
    Email {
        /// The claim.
        claim: ClaimPath,
        /// Domains in lower case.
        domains: Vec<Box<str>>,
    },
}

/// Where the roles come from: one role or a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleSource {
    /// The claim.
    pub claim: ClaimPath,
    /// The issuer's names for our roles; what is not among them gives nothing. Without a map the
    /// names are ours.
    pub map: Option<BTreeMap<Box<str>, RoleName>>,
}

/// How an issuer's claims map to ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimMap {
    /// The acting tenant; `tenant_id` unless mapped.
    pub tenant: TenantSource,
    /// The principal; `sub` unless mapped.
    pub principal: PrincipalSource,
    /// The roles; `tenant_role` unless mapped.
    pub roles: RoleSource,
    /// The scopes; `scope` unless mapped. Only a mapped one may be a list.
    pub scope: ClaimPath,
    /// Claims that must be there.
    pub required: Vec<ClaimPath>,
    /// Claims that never leave the gate: a token that has one is not passed on.
    pub drop: Vec<ClaimPath>,
}

impl ClaimMap {
    /// The name of the scope claim unless it is mapped.
    pub const SCOPE: &'static str = "scope";
}

impl Default for ClaimMap {
    fn default() -> Self {
        Self {
            tenant: TenantSource::Claim(ClaimPath::name("tenant_id")),
            principal: PrincipalSource::Claim(ClaimPath::name("sub")),
            roles: RoleSource { claim: ClaimPath::name("tenant_role"), map: None },
            scope: ClaimPath::name(Self::SCOPE),
            required: Vec::new(),
            drop: Vec::new(),
        }
    }
}

/// An address in lower case, if it is of one of the domains. The local part is folded too: in
/// theory its case may matter, in practice two spellings are one mailbox.
pub(crate) fn normalize_email(address: &str, domains: &[Box<str>]) -> Option<String> {
    let address = address.trim().to_ascii_lowercase();
    let (local, domain) = address.split_once('@')?;
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let is_plain =
        |c: char| c.is_ascii_graphic() && !matches!(c, '@' | '"' | '(' | ')' | ',' | '<' | '>');
    let is_ours = domains.iter().any(|own| **own == *domain);
    let is_address = !local.is_empty() && local.chars().all(is_plain);
    (is_ours && is_address).then(|| format!("{local}@{domain}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_claim_is_found_by_name_or_pointer() {
        let claims = br#"{"scp":"a","https://x/t":"b","realm":{"roles":["c","d"],"a/b":{"~":"e"}},"/odd":"f"}"#;
        let claims = Object::parse(claims).unwrap();
        for (path, value) in [
            ("scp", Some("a")),
            ("https://x/t", Some("b")),
            ("/scp", Some("a")),
            ("/realm/roles/1", Some("d")),
            ("/realm/roles/2", None),
            ("/realm/roles/x", None),
            ("/realm/a~1b/~0", Some("e")),
            ("/~1odd", Some("f")),
            ("/scp/x", None),
            ("realm/roles", None),
        ] {
            let found = ClaimPath::parse(path).unwrap();
            let text = match found.find(&claims) {
                Some(Json::String(text)) => Some(text.as_str()),
                _ => None,
            };
            assert_eq!(text, value, "{path}");
        }
        for bad in ["", "/a~2", "/~", "/a/a/a/a/a/a/a/a/a"] {
            assert!(ClaimPath::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_has_one_spelling_and_a_known_domain() {
        let domains = ["partnerco.example".into()];
        let normal = |address| normalize_email(address, &domains);
        assert_eq!(
            normal("Paula.P@PartnerCo.Example").as_deref(),
            Some("paula.p@partnerco.example")
        );
        assert_eq!(normal(" a@partnerco.example. ").as_deref(), Some("a@partnerco.example"));
        for bad in [
            "",
            "a",
            "@partnerco.example",
            "a@partnerco.example.evil",
            "a@evil@partnerco.example",
            "a@sub.partnerco.example",
            "a b@partnerco.example",
            "\"a\"@partnerco.example",
            "<a@partnerco.example>",
            "a@pаrtnerco.example",
        ] {
            assert_eq!(normal(bad), None, "{bad}");
        }
    }
}
