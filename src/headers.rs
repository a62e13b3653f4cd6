//! The headers that are ours: recognized however spelled on the way in, set from a permit on the
//! way out.

use std::sync::Arc;

/// Why a text is not a header prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a header prefix: write lower-case letters, digits and `-`, beginning with `x-` and ending with `-`"
)]
pub struct PrefixError;

/// A header that we own, without its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Header {
    /// The acting tenant.
    TenantId,
    /// Whose data it is: what the upstream filters on.
    ResourceTenantId,
    /// How the resource tenant is isolated.
    TenantIsolation,
    /// The cluster that serves the resource tenant.
    TenantCell,
    /// The principal, `namespace/subject`.
    PrincipalId,
    /// The roles that the policy knows, comma-separated.
    TenantRoles,
    /// The effective permissions, space-separated.
    TenantScope,
    /// The delegation acted under.
    DelegationId,
    /// The tenant that delegated.
    DelegatorId,
    /// One id for everything that comes of one request at the first hop.
    TenantContextId,
    /// This hop's decision.
    AuditId,
}

impl Header {
    /// Every header that we own, with its name after the prefix.
    const ALL: [(Self, &'static str); 11] = [
        (Self::TenantId, "tenant-id"),
        (Self::ResourceTenantId, "resource-tenant-id"),
        (Self::TenantIsolation, "tenant-isolation"),
        (Self::TenantCell, "tenant-cell"),
        (Self::PrincipalId, "principal-id"),
        (Self::TenantRoles, "tenant-roles"),
        (Self::TenantScope, "tenant-scope"),
        (Self::DelegationId, "delegation-id"),
        (Self::DelegatorId, "delegator-id"),
        (Self::TenantContextId, "tenant-context-id"),
        (Self::AuditId, "audit-id"),
    ];
}

/// The names of our headers under one prefix.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HeaderNames {
    prefix: Box<str>,
    /// In the order of [`Header::ALL`].
    names: Vec<(Header, Arc<str>)>,
}

impl HeaderNames {
    /// The prefix unless the policy sets another.
    pub const DEFAULT_PREFIX: &'static str = "x-";

    /// Names the headers under a prefix such as `x-` or `x-acme-`.
    ///
    /// # Errors
    /// [`PrefixError`] if the prefix could not begin a header name.
    pub fn new(prefix: &str) -> Result<Self, PrefixError> {
        let is_prefix = prefix.len() <= 32
            && prefix.starts_with("x-")
            && prefix.ends_with('-')
            && prefix.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !is_prefix {
            return Err(PrefixError);
        }
        let names = Header::ALL.map(|(header, name)| (header, format!("{prefix}{name}").into()));
        Ok(Self { prefix: prefix.into(), names: names.into() })
    }

    /// The full name of a header.
    #[must_use]
    pub fn name(&self, header: Header) -> &str {
        self.names.get(header as usize).map_or("", |(_, name)| name)
    }

    pub(crate) fn shared_name(&self, header: Header) -> Arc<str> {
        let own = self.names.get(header as usize);
        own.map_or_else(|| Arc::from(""), |(_, name)| Arc::clone(name))
    }

    /// The header that `name` is a spelling of: case does not count, and `_` is read as `-`,
    /// because servers behind us may do so.
    #[must_use]
    pub fn recognize(&self, name: &str) -> Option<Header> {
        // Every prefix begins with `x-`, and few other headers do.
        let [b'x' | b'X', b'-' | b'_', ..] = name.as_bytes() else {
            return None;
        };
        self.names.iter().find(|(_, own)| same_header(own, name)).map(|(header, _)| *header)
    }
}

impl TryFrom<String> for HeaderNames {
    type Error = PrefixError;

    fn try_from(prefix: String) -> Result<Self, PrefixError> {
        Self::new(&prefix)
    }
}

impl From<HeaderNames> for String {
    fn from(names: HeaderNames) -> Self {
        names.prefix.into()
    }
}

fn same_header(own: &str, name: &str) -> bool {
    own.len() == name.len()
        && own.bytes().zip(name.bytes()).all(|(own, byte)| match byte {
            b'_' => own == b'-',
            _ => own == byte.to_ascii_lowercase(),
        })
}

/// The value of a header: shared with what it was made from where that is possible, because every
/// request gets some of them.
#[derive(Debug, Clone)]
pub enum HeaderValue {
    /// One of a few that never change.
    Static(&'static str),
    /// The text of a name or of a known token's bearer.
    Shared(Arc<str>),
    /// One of the request's ids, in hexadecimal digits.
    Id([u8; 32]),
    /// Made for this request.
    Owned(Vec<u8>),
}

impl HeaderValue {
    /// The value's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Static(text) => text.as_bytes(),
            Self::Shared(text) => text.as_bytes(),
            Self::Id(digits) => digits,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl PartialEq for HeaderValue {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for HeaderValue {}

/// What is done to a permitted request's headers before it goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderChanges {
    /// Names to remove, as they were spelled in the request; each once.
    pub remove: Vec<String>,
    /// Names to set, each to exactly one value.
    pub set: Vec<(Arc<str>, HeaderValue)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn our_headers_are_recognized_however_spelled() {
        let names = HeaderNames::new("x-").unwrap();
        for spelled in ["x-tenant-id", "X-Tenant-ID", "x_tenant_id", "x-tenant_id"] {
            assert_eq!(names.recognize(spelled), Some(Header::TenantId), "{spelled}");
        }
        for other in ["x-tenant", "x-tenant-idx", "tenant-id", "x-request-id", "", "x.tenant.id"] {
            assert_eq!(names.recognize(other), None, "{other}");
        }
    }

    #[test]
    fn every_header_has_its_own_name() {
        let names = HeaderNames::new("x-acme-").unwrap();
        for (header, name) in Header::ALL {
            assert_eq!(names.name(header), format!("x-acme-{name}"));
            assert_eq!(&*names.shared_name(header), names.name(header));
            assert_eq!(names.recognize(names.name(header)), Some(header));
        }
    }

    #[test]
    fn a_prefix_begins_a_header_name() {
        assert_eq!(HeaderNames::new("x-acme-").unwrap().name(Header::AuditId), "x-acme-audit-id");
        for bad in ["", "x", "X-", "x-acme", "x-a b-", "authorization-", ":-"] {
            assert!(HeaderNames::new(bad).is_err(), "{bad:?}");
        }
    }
}
